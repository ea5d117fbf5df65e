"""Each module imports only from modules of a lower layer, and each outside library has its modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "python" / "persistence"

# A module, or a package with all in it, and its layer. The longest name that fits counts.
LAYERS = {
    "errors": 0,
    "dataids.dataid": 1,
    "dataids.template": 2,
    "dataids.location": 2,
    "dataids.request": 2,
    "files.atomic": 2,
    "cameras.identifiers": 2,
    "calibs.validity": 2,
    "files.fits_headers": 2,
    "files.sqlite": 1,
    "files.yaml_nodes": 2,
    "types": 3,
    "types.wcs.astdump": 1,
    "types.wcs.astpoly": 2,
    "types.wcs.astmaps": 1,
    "types.wcs.astsphere": 2,
    "types.wcs.astbuild": 3,
    "types.wcs.astframes": 4,
    "types.wcs.sipfit": 4,
    "types.wcs.skywcs": 5,
    "types.wcs.storedwcs": 6,
    "types.archives.cells": 3,
    "types.psf.resample": 1,
    "types.psf.functions": 4,
    "types.psf.kernels": 5,
    "types.psf.psfimage": 6,
    "types.psf.psf": 7,
    "types.psf.psfex": 7,
    "types.psf.coaddpsf": 7,
    "types.wcs.transforms": 5,
    "types.fields.transmission": 7.5,
    "types.fields.spline": 1,
    "types.fields.background": 5,
    "types.pixels.box": 1,
    "types.exposure.shared": 1,
    "types.exposure.detector": 3,
    "types.metadata.difference": 2,
    "types.metadata.entry": 2,
    "types.pixels.mask": 2,
    "types.exposure.visitinfo": 2,
    "types.archives.archive": 1,
    "types.fields.boundedfield": 2,
    "types.exposure.apcorrmap": 4,
    "types.pixels.polygon": 2,
    "types.fields.skyfields": 3,
    "types.exposure.coaddinputs": 4,
    "types.exposure.photocalib": 3,
    "types.table.aliases": 2,
    "types.table.schema": 3,
    "types.table.footprint": 3,
    "types.table.catalog": 5,
    "types.exposure.translator": 4,
    "types.exposure.components": 2,
    "types.exposure.afwheader": 3,
    "types.exposure.exposurenames": 2,
    "types.exposure.fromheader": 4,
    "types.exposure.exposure": 5,
    "policy.dataset_type": 3,
    "policy.schema": 3,
    "policy.composites": 3.5,
    "policy.section": 3.5,
    "policy.signatures": 1,
    "policy.check_code": 2,
    "policy.load": 4,
    "policy.refuse_code": 5,
    "policy.recipes": 3,
    "skymap": 6,
    "types.wcs.sphere": 1,
    "refcats.htm": 2,
    "refcats.catalog": 8,
    "skymap.polygon": 1,
    "skymap.config": 1,
    "skymap.grid": 2,
    "skymap.patch": 2,
    "skymap.covering": 2,
    "skymap.tract": 3,
    "skymap.base": 4,
    "skymap.healpixels": 1,
    "skymap.rings": 5,
    "skymap.dodeca": 5,
    "skymap.discrete": 5,
    "skymap.equat": 5,
    "skymap.healpix": 5,
    "registry.sqlite": 3,
    "registry.filesystem": 3,
    "registry.database": 4,
    "registry.summaries": 4,
    "registry.writer": 5,
    "registry.calibs": 6,
    "registry": 4,
    "formatters": 7.8,
    # They need no formatter, and catalogs need them when they are asked for objects.
    "files.bintable": 3,
    "types.archives.read": 4,
    "butler.repository_cfg": 3,
    "cameras.hooks": 3,
    "cameras.detectors": 3,
    "cameras.mapper": 5,
    "cameras.camera_mapper": 6,
    "cameras.hook_results": 4,
    "composites.assemble": 4,
    "composites.ready_made": 6,
    "cameras.yaml_camera": 7,
    "cameras.installed": 8,
    "formatters.views": 8.7,
    "cli.picture": 3,
    "butler.vocabulary": 8.9,
    "butler.repository": 9,
    "calibs.choose": 6,
    "calibs.explain": 7,
    "calibs.roots": 7,
    "calibs.series": 7,
    "calibs.timeline": 8,
    "butler.repository_args": 2,
    "butler.nearest": 10,
    "butler.chain": 11,
    "butler.proxy": 1,
    "butler.subset": 2,
    "ingest.config": 5,
    "ingest.parse": 6,
    "ingest.plan": 7,
    "ingest.siblings": 7,
    "ingest.calibconfig": 7,
    "ingest.windows": 8,
    "ingest.calibplan": 8,
    "ingest.shares": 9,
    "ingest.base": 10,
    "ingest.calibs": 11,
    "ingest.curatedfiles": 8,
    "ingest.curated": 12,
    "ingest.task": 11,
    "ingest": 1,
    "butler.open": 12,
    "composites.handle": 1,
    "formatters.stack_classes": 5,
    "composites.stored_data_ids": 2,
    "composites.provenance": 3,
    "composites.cache": 3,
    "files.batch": 3,
    "composites.references": 4,
    "policy.in_repository": 4,
    "butler.get_composite": 12,
    "butler.get": 12.5,
    "butler.define": 12,
    "butler.put": 13,
    "butler.butler": 14,
    "": 15,
    "testing": 16,
    "butler.exists": 12,
    "dataids.grammar": 2,
    "cli.complete.memory": 3,
    "cli.complete.registered": 3,
    "cli.complete.outline": 15,
    "cli.complete.taskscripts": 15,
    "cli.complete.completers": 15.5,
    "cli.complete.completion": 15.7,
    "dataids.ranges": 2,
    "dataids.shorthand": 3,
    "cli.textfiles": 1,
    "cli.stdout": 1,
    "cli.wordfiles": 2,
    "dataids.literals": 1,
    "pipe.cmdline.notes": 1,
    "pipe.cmdline.show": 1,
    "pipe.cmdline.overrides": 2,
    "pipe.cmdline.overridefiles": 7,
    "cli.keys": 1,
    "cli.places": 9,
    "pipe.cmdline.clobbering": 9,
    "pipe.cmdline.repositories": 15,
    "cli.matching": 5,
    "pipe.cmdline.containers": 13,
    "pipe.cmdline.coaddcontainers": 14,
    "pipe.cmdline.idarguments": 14,
    "pipe.cmdline.options": 15,
    "pipe.cmdline": 16,
    "pipe.struct": 1,
    "pipe.logs": 1,
    "pipe.timing": 1,
    "pipe.task": 4,
    "pipe.records": 2,
    "pipe.work": 3,
    "pipe.executors": 4,
    "pipe.executors.serial": 5,
    "pipe.executors.processes": 5,
    "pipe.executors.dask": 5,
    "cli.progress": 1,
    "pipe.versions": 4,
    "pipe.stored": 8,
    "pipe.report": 4,
    "pipe.runner": 9,
    "pipe.cmdlinetask": 17,
    "pipe": 1,
    "tasks.isr_config": 1,
    "tasks.calibrate_config": 1,
    "tasks.robust": 1,
    "tasks.stamps": 1,
    "tasks.matching": 2,
    "tasks.astrometry": 2,
    "tasks.trim": 4,
    "tasks.amplifiers": 6,
    "tasks.options": 6,
    "tasks.sky": 6,
    "tasks.references": 9,
    "tasks.measure": 7,
    "tasks.sources": 11,
    "tasks.recognize": 10,
    "tasks.isr": 12,
    "tasks.char_image": 12,
    "tasks.calibrate": 12,
    "tasks": 18,
    "gen2": 19,
    "cli": 19,
    "compat": 1,
    "compat.testobjects": 6,
    "cameras.gen2_mappings": 5,
    "compat.obsbase": 6,
    "compat.deprecation": 1,
    "compat.safefileio": 3,
    "compat.locations": 3,
    "compat.references": 3,
    "compat.policy": 4,
    "compat.fsscanner": 5,
    "compat.utils": 5,
    "compat.registries": 6,
    "compat.repositorycfg": 9,
    "compat.storageinterface": 9,
    "compat.posixstorage": 10,
    "compat.storage": 11,
    "compat.repos": 15,
}
# Formatters may use each other's parts, and commands theirs.
PEERS = ("formatters", "cli")

# Outside library -> the modules that may import it, in all or lazily.
LIBRARIES = {
    "sqlite_utils": {"registry.database"},
    "yaml": {"formatters.yaml", "files.yaml_nodes"},
    "astropy.io": {
        "compat.obsbase",
        "formatters.background",
        "formatters.catalog_read",
        "formatters.catalog_write",
        "formatters.components",
        "formatters.fits",
        "formatters.fits_open",
        "formatters.fits_write",
        "formatters.parts",
    },
    "astropy.table": {
        "formatters.calibs",
        "formatters.calibs_yaml",
        "formatters.catalog",
        "formatters.catalog_layout",
        "formatters.catalog_read",
        "formatters.catalog_write",
        "ingest.curatedfiles",
        "refcats.catalog",
        "tasks.sources",
        "types.table.catalog",
        "types.exposure.coaddinputs",
        "types.metadata.defects",
        "types.metadata.isr",
        "types.table.parquet",
        "types.table.stacked",
    },
    "pyarrow": {"types.table.parquet"},
    "pandas": {"types.table.parquet"},
    "matplotlib": {"formatters.figure", "cli.picture", "calibs.timeline"},
    "lsst.sphgeom": {"skymap.polygon"},
    "rich": {"cli.progress"},
    "distributed": {"pipe.executors.dask"},
    "cloudpickle": {"pipe.executors.dask"},
    "pebble": {"pipe.executors.processes"},
    "lsst.pex.config": {
        "pipe.cmdline.overrides",
        "pipe.cmdline.show",
        "pipe.task",
        "tasks.calibrate_config",
        "tasks.char_image",
        "tasks.isr_config",
        "tasks.process_ccd_config",
    },
    "ccdproc": {"tasks.amplifiers"},
    "scipy": {"tasks.matching"},
    "sep": {"tasks.measure", "tasks.sky"},
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield name, ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    """Give every module that is imported at run time, lazily or not."""
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


def own(name: str) -> str:
    """Give the module of this package that an imported name is in, or is."""
    inside = name.removeprefix("persistence").lstrip(".")
    while inside and not (
        (PACKAGE / inside.replace(".", "/")).is_dir()
        or (PACKAGE / f"{inside.replace('.', '/')}.py").exists()
    ):
        inside = inside.rpartition(".")[0]
    return inside


def layer(name: str) -> int:
    head = name
    while head and head not in LAYERS:
        head = head.rpartition(".")[0]
    assert head or not name, f"{name} has no layer: give it one in LAYERS"
    return LAYERS[head]


@pytest.mark.parametrize(
    ("name", "tree"), list(modules()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_module_imports_only_from_lower_layers(name: str, tree: ast.Module) -> None:
    for target in imported(tree):
        if target.split(".")[0] != "persistence":
            continue
        inside = own(target)
        peers = any(name.startswith(peer) and inside.startswith(peer) for peer in PEERS)
        lower = layer(inside) < layer(name) or inside == name
        assert peers or lower, (
            f"{name} (layer {layer(name)}) imports {inside or 'persistence'} (layer {layer(inside)})"
        )


@pytest.mark.parametrize(
    ("name", "tree"), list(modules()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_outside_library_is_imported_where_it_belongs(name: str, tree: ast.Module) -> None:
    for target in imported(tree):
        for library, allowed in LIBRARIES.items():
            if target == library or target.startswith(f"{library}."):
                assert name in allowed, f"{name} imports {library}, which is for {sorted(allowed)}"


def test_nothing_of_this_package_imports_a_camera() -> None:
    for name, tree in modules():
        assert not [target for target in imported(tree) if target.split(".")[0] == "obs_decam"], (
            name
        )


@pytest.mark.parametrize("every", [name for name in LAYERS if name])
def test_each_layer_names_a_module_that_exists(every: str) -> None:
    assert own(f"persistence.{every}") == every
