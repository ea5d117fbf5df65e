"""Each outside library has its modules, and cameras announce themselves; pyproject.toml has the floors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "python" / "persistence"

# Outside library -> the modules that may import it, in all or lazily.
LIBRARIES = {
    "sqlite_utils": {"registry.database"},
    # Whatever is above asks by the contracts. Classes of ours are errors of SQLite too, which old
    # code may catch; and Gen2's registry has a connection.
    "sqlite3": {
        # The index is a file of its own, which no registry's contract is for.
        "butler.asking.cards",  # what was read of headers, in the user's cache
        "butler.asking.scratch",  # joins of what indexes, registries and users know
        "butler.index.home",
        "butler.index.keeper",
        "butler.index.store",
        "butler.index.tables",
        "butler.index.tree",
        "butler.index.write",
        "butler.provenance.store",
        "butler.sky.home",  # in the user's cache: what it read of journals
        "compat.registries",
        "errors",
        "files.sqlite",
        "registry.tab",
        "keep.rows",  # rows that go into the trash and come back, whatever their registry
        "sky.store",
        "registry.database",
        "registry.sqlite",
        "registry.sqlite_writer",
        "tasks.gen2ingest.register",  # its methods are given a connection
    },
    # Scripts of Gen2 call PyYAML themselves: lsst.daf.base made its types known to it.
    # Gen3's exports have tags of their own.
    "yaml": {"gen3.document", "formatters.yaml", "files.yaml_nodes", "gen2types.yaml_tags"},
    "astropy.io": {
        "formatters.background",
        "formatters.catalog_read",
        "formatters.catalog_write",
        "formatters.components",
        "formatters.fits",
        "formatters.fits_cards",
        "formatters.fits_open",
        "formatters.fits_tiles",
        "formatters.fits_write",
        "formatters.parts",
        "gen2types.images.imagefiles",
        "keep.fitsdiff",  # HDUs that differ, whatever they hold
        "gen2types.images.metadata",
    },
    "astropy.table": {
        "apdb.rows",
        "butler.ids",
        "butler.tables",
        "formatters.calibs",
        "formatters.calibs_yaml",
        "formatters.catalog",
        "formatters.catalog_layout",
        "formatters.catalog_read",
        "formatters.catalog_write",
        "formatters.footprint_write",
        "gen2types.table.ours",
        "ingest.curatedfiles",
        "ingest.filetable",
        "refcats.catalog",
        "refcats.convert",
        "refcats.source",
        "refcats.write",
        "tasks.difference.diasources",
        "tasks.difference.extents",
        "tasks.difference.trails",
        "quality.catalogs",
        "tasks.sources",
        "types.table.catalog",
        "types.exposure.coaddinputs",
        "types.metadata.defects",
        "types.metadata.isr",
        "types.table.parquet",
        "types.table.stacked",
    },
    "IPython": {"butler.ipython"},
    "pyarrow": {"types.table.parquet"},
    "pandas": {"apdb.daxapdb", "butler.tables", "types.table.parquet"},
    "matplotlib": {
        "calibs.timeline",  # the dates of an axis
        "drawing.figures",
        "drawing.image",
        "formatters.figure",
        "gen2types.display.figures",
        "plot.depthmaps",
        "plot.focalplane",
        "plot.quality",
        "plot.sky",
        "plot.stars",
        "plot.tracts",
    },
    "lsst.dax.apdb": {"apdb.daxapdb"},
    "lsst.daf.butler": {"gen3.formatters"},
    "lsst.sphgeom": {
        "apdb.daxapdb",
        "gen2types.spherepoint",
        "refcats.htm",
        "sky.polygon",
        "skymap.polygon",
    },
    "mocpy": {"butler.sky.shapes"},
    "rich": {"cli.progress", "cli.terminal"},
    "watchfiles": {"cli.watching.notices"},
    "distributed": {"pipe.executors.dask"},
    "cloudpickle": {"pipe.executors.dask"},
    "pebble": {"pipe.executors.processes"},
    "lsst.pex.config": {
        "apdb.config",
        "pipe.cmdline.overrides",
        "pipe.cmdline.show",
        "pipe.task",
        "tasks.ap_pipe_config",
        "tasks.aperture_config",
        "tasks.associate",
        "tasks.ap_corr",
        "tasks.calibrate_config",
        "tasks.char_image",
        "tasks.colorterms",
        "tasks.construct_config",
        "tasks.dia_pipe_config",
        "tasks.difference.template",
        "tasks.forced_phot_diff",
        "tasks.consolidate_visit_summary",
        "tasks.gen2ingest.configs",
        "tasks.image_difference_config",
        "tasks.isr_config",
        "tasks.measure_psf_config",
        "tasks.process_ccd_config",
        "tasks.renamed",
        "tasks.repair_config",
        "tasks.summary",
        "tasks.sky_sources",
    },
    "astroscrappy": {"tasks.repair"},
    "sqlalchemy": {"apdb.alchemy"},
    "scipy": {
        "apdb.association",
        "tasks.cosmic_rays",
        "tasks.crowding",
        "tasks.families",
        "tasks.difference.convolution",
        "tasks.difference.dipole",
        "tasks.difference.extents",
        "tasks.difference.kernelfit",
        "tasks.difference.level",
        "tasks.difference.trails",
        "tasks.difference.warp",
        "tasks.difference.zogy",
        "tasks.matching",
        "tasks.photometry",
        "tasks.psf_fit",
        "tasks.robust",
        "tasks.star_selector",
        "tasks.surfaces",
        "tasks.psf_summary",
        "tasks.voting",
    },
    "sep": {"tasks.apertures", "tasks.sky"},
    "isal": {"files.gzip_tiles"},
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield name, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield every module that is imported at run time, lazily or not."""
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


MODULES = dict(modules())


@pytest.mark.parametrize("name", MODULES)
def test_an_outside_library_is_imported_where_it_belongs(name: str) -> None:
    for target in imported(MODULES[name]):
        for library, allowed in LIBRARIES.items():
            if target == library or target.startswith(f"{library}."):
                assert name in allowed, f"{name} imports {library}, which is for {sorted(allowed)}"


def test_nothing_but_the_registry_knows_its_kinds() -> None:
    kinds = ("filesystem.FilesystemRegistry", "sqlite", "sqlite_writer", "database")
    names = tuple(f"persistence.registry.{kind}" for kind in kinds)
    knowing = {
        name
        for name, tree in MODULES.items()
        if any(target.startswith(names) for target in imported(tree))
    }
    # Gen2's names of kinds are classes of their own.
    assert {name for name in knowing if not name.startswith("registry.")} == {"compat.registries"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_module_in_the_table_exists(library: str) -> None:
    assert LIBRARIES[library] <= set(MODULES)


def test_nothing_of_this_package_imports_a_camera() -> None:
    for name, tree in MODULES.items():
        assert not [target for target in imported(tree) if target.split(".")[0] == "obs_decam"], (
            name
        )


def test_nothing_inside_imports_the_front_door() -> None:
    """The public names are imported lazily from all floors; inside, each has its own module."""
    for name, tree in MODULES.items():
        targets = {target for target in imported(tree) if target.count(".") == 1}
        inside = {target for target in targets if target.startswith("persistence.")}
        assert {target.partition(".")[2] for target in inside} <= {
            part.split(".")[0] for part in MODULES
        }, name
