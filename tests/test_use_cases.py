"""The ten use cases of the request for composite datasets, each with its own policy and code (doc/composites.rst).

The code that the policies name is in ``tests/code/mypackage.py``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from persistence import (
    Butler,
    Exposure,
    FormatterError,
    IncompleteDataId,
    Mask,
    NoResults,
    RepositoryError,
    SourceChanged,
    UnsafeContent,
)
from persistence.composites.provenance import origins
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.psf.psf import GaussianPsf

SCI = "sci-results/%(run)d/%(camcol)d/%(filter)s"
TAIL = "%(run)06d-%(filter)s%(camcol)d-%(field)04d.fits"
# What the request's policies have in common.
CALEXP = f"""
  calexp:
    template: '{SCI}/calexp/calexp-{TAIL}'
    python: lsst.afw.image.ExposureF
    persistable: ExposureF
    storage: FitsStorage
    level: None
"""
ICSRC = f"""
  icSrc:
    template: '{SCI}/icSrc/icSrc-{TAIL}'
    python: lsst.afw.table.SourceCatalog
    persistable: ignored
    storage: FitsCatalogStorage
"""
ID = {"run": 1, "camcol": 2, "filter": "g", "field": 3}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory, where the code that the policies name can be found."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "code")
    monkeypatch.chdir(tmp_path)
    from mypackage import MyMapper

    monkeypatch.setattr(MyMapper, "policyFile", str(tmp_path / "MyMapper.yaml"))
    return tmp_path


def repository(root: str, policy: str) -> Butler:
    """Return a repository of a camera with a policy."""
    from mypackage import MyMapper

    Path("MyMapper.yaml").write_text(policy)
    return Butler(outputs={"root": root, "mapper": MyMapper, "mode": "rw"})


def wcs(ra: float, dec: float = -30.0) -> WCS:
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval, made.wcs.crpix = [ra, dec], [16.0, 11.0]
    made.wcs.cd = np.diag([-7e-5, 7e-5])
    return made


def exposure(ra: float = 10.0, **parts: Any) -> Exposure:
    image = np.arange(600, dtype=np.float32).reshape(20, 30)
    mask = Mask.from_flags({"DETECTED": image > 590, "SAT": image < 3})
    whole = Exposure(
        image,
        fits.Header({"OBJECT": "somewhere"}),
        mask=mask,
        variance=image + 1,
        given_wcs=wcs(ra),
    )
    return whole.replaced(
        photo_calib=PhotoCalib.from_zero_point(27.0), psf=GaussianPsf((11, 11), 1.5)
    ).replaced(**parts)


def catalog(start: int = 1, number: int = 5, **columns: Any) -> Table:
    ids = np.arange(start, start + number, dtype=np.int64)
    return Table({"id": ids, "flux": ids * 1.5, **columns})


def files(root: str) -> list[str]:
    """Return every dataset's file in a repository."""
    found = (os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    return sorted(
        os.path.relpath(path, root) for path in found if not path.endswith((".yaml", ".jsonl"))
    )


def same_sky(one: Any, ra: float) -> bool:
    return bool(np.allclose(one.wcs.crval, [ra, -30.0], atol=1e-9, rtol=0))


# -- 1. Access an exposure with an updated WCS and calibration
# -----------------------------------------------

JOINTCAL = f"""
exposures:
{CALEXP}
  jointcalexp:
    python: lsst.afw.image.ExposureF
    composite:
      calexp:
        datasetType: calexp
        inputOnly: True
      wcs:
        datasetType: jointcal_wcs
      calib:
        datasetType: jointcal_calib
    assembler: mypackage.JointcalAssembler
    disassembler: mypackage.JointcalDisassembler
datasets:
  jointcal_wcs:
    template: 'wcs/%(tract)d/wcs-{TAIL}'
    python: lsst.afw.image.Wcs
    persistable: Wcs
    storage: FitsStorage
  jointcal_calib:
    template: 'wcs/%(tract)d/calib-{TAIL}'
    python: lsst.afw.image.Calib
    persistable: Calib
    storage: FitsStorage
"""


@pytest.fixture
def jointcal() -> Butler:
    """Return a Butler on the output of jointcal, whose input holds what single-visit processing made."""
    repository("single_visit_processing", JOINTCAL).put(exposure(10.0), "calexp", ID)
    butler = Butler(
        inputs="single_visit_processing", outputs={"root": "jointcal_processing", "mode": "rw"}
    )
    butler.put(wcs(11.0), "jointcal_wcs", ID, tract=7)
    butler.put(PhotoCalib.from_zero_point(28.5), "jointcal_calib", ID, tract=7)
    return butler


def test_1_the_updated_wcs_and_calib_supersede_those_of_the_exposure(jointcal: Butler) -> None:
    updated = jointcal.get("jointcalexp", ID, tract=7)
    assert same_sky(updated.wcs, 11.0)
    assert updated.photo_calib.zero_point == pytest.approx(28.5)
    assert updated.psf == GaussianPsf((11, 11), 1.5)
    assert np.array_equal(updated.image, exposure().image)
    assert same_sky(jointcal.get("calexp", ID).wcs, 10.0)


def test_1_the_tract_is_needed_only_where_the_new_components_are(jointcal: Butler) -> None:
    assert jointcal.datasetExists("calexp", ID)
    assert jointcal.getKeys("jointcalexp") == jointcal.getKeys("calexp") | {"tract": int}
    with pytest.raises(
        IncompleteDataId,
        match=r"jointcal_wcs [^\n]*\n  needs  tract(.*\n)*  component  wcs of jointcalexp",
    ):
        jointcal.get("jointcalexp", ID)


def test_1_what_is_written_is_the_new_components_alone(jointcal: Butler) -> None:
    updated = jointcal.get("jointcalexp", ID, tract=7)
    updated.setWcs(wcs(12.0))
    before = files("single_visit_processing")
    jointcal.put(updated, "jointcalexp", ID, tract=8)
    assert [path for path in files("jointcal_processing") if "/8/" in path] == [
        "wcs/8/calib-000001-g2-0003.fits",
        "wcs/8/wcs-000001-g2-0003.fits",
    ]
    assert files("single_visit_processing") == before
    assert same_sky(Butler("jointcal_processing").get("jointcalexp", ID, tract=8).wcs, 12.0)


def test_1_each_component_is_searched_for_along_the_chain_and_the_object_knows_where_it_was(
    jointcal: Butler,
) -> None:
    updated = jointcal.get("jointcalexp", ID, tract=7)
    places = {name: os.path.basename(location.root) for name, location in origins(updated).items()}
    assert places == {
        "calexp": "single_visit_processing",
        "wcs": "jointcal_processing",
        "calib": "jointcal_processing",
    }


def test_1_the_exposure_is_found_by_its_processing_stage(jointcal: Butler) -> None:
    jointcal.defineDataset("calexp:sfm(calexp)", section="exposures")
    jointcal.defineDataset(
        "calexp:jointcal(jointcalexp)",
        section="exposures",
        composite={"calexp": {"datasetType": "calexp:sfm"}},
    )
    assert same_sky(jointcal.get("calexp:jointcal", ID, tract=7).wcs, 11.0)
    assert same_sky(jointcal.get("calexp.wcs:jointcal", ID, tract=7), 11.0)
    assert same_sky(jointcal.get("calexp", ID).wcs, 10.0)
    jointcal.defineStage("calexp", "jointcal")
    later = Butler("jointcal_processing", trust=["mypackage.JointcalAssembler"])
    for butler in (jointcal, later):
        assert same_sky(butler.get("calexp", ID, tract=7).wcs, 11.0)
        assert same_sky(butler.get("calexp_wcs", ID, tract=7), 11.0)
        assert same_sky(butler.get("calexp:sfm", ID).wcs, 10.0)
    # The parts that the assembler is called with are the repository's choice; so it has to be
    # trusted.
    with pytest.raises(
        UnsafeContent, match=r"names code \(.*calexp:jointcal.yaml:3: mypackage.JointcalAssembler\)"
    ):
        Butler("jointcal_processing").get("calexp", ID, tract=7)
    # A stage that was not reached is missing; no earlier one takes its place.
    with pytest.raises(NoResults, match=r"jointcal_wcs"):
        jointcal.get("calexp", ID, tract=9)


# -- 2. Load components of an exposure individually
# ----------------------------------------------------------

COMPONENTS = f"""
exposures:
{CALEXP}
  whole:
    python: lsst.afw.image.ExposureF
    composite:
      exposure: {{datasetType: pixels}}
      psf: {{datasetType: whole_psf}}
      calib: {{datasetType: calexp_calib}}
  pixels(calexp): {{template: 'pixels-{TAIL}'}}
datasets:
  calexp_calib:
    template: '{SCI}/calexp/calexp-{TAIL}'
    python: lsst.afw.image.Calib
    storage: FitsStorage
  whole_psf: {{template: 'psf-{TAIL}', python: lsst.afw.detection.Psf, storage: FitsStorage}}
"""


@pytest.fixture
def components() -> Butler:
    """Return a Butler whose calexp is one file, and whose `whole` has a PSF of its own."""
    butler = repository("repo", COMPONENTS)
    butler.put(exposure(10.0), "calexp", ID)
    butler.put(exposure(10.0), "pixels", ID)
    butler.put(GaussianPsf((9, 9), 2.5), "whole_psf", ID)
    return butler


def test_2_a_component_of_one_file_and_one_of_its_own_are_asked_for_alike(
    components: Butler,
) -> None:
    assert components.get("calexp.psf", ID) == GaussianPsf((11, 11), 1.5)
    assert components.get("whole.psf", ID) == GaussianPsf((9, 9), 2.5)
    assert components.get("whole", ID).psf == GaussianPsf((9, 9), 2.5)


def test_2_a_type_of_a_component_reads_it_out_of_the_exposures_file(components: Butler) -> None:
    assert components.get("calexp_calib", ID).zero_point == pytest.approx(27.0)
    assert components.get("whole.calib", ID).zero_point == pytest.approx(27.0)


def test_2_such_a_type_cannot_be_put_over_the_exposure(components: Butler) -> None:
    before = Path("repo", files("repo")[-1]).read_bytes()
    with pytest.raises(
        FormatterError, match=r"calexp_calib is a part of calexp, whose file it would replace"
    ):
        components.put(PhotoCalib(1.0), "calexp_calib", ID)
    assert Path("repo", files("repo")[-1]).read_bytes() == before


PARTS = {
    "wcs": "wcs",
    "psf": "psf",
    "photoCalib": "photo_calib",
    "image": "image",
    "mask": "mask",
    "variance": "variance",
    "metadata": "metadata",
    "bbox": "bbox",
    "detector": "detector",
    "visitInfo": "visit_info",
    "filter": "filter",
}


def told(name: str, part: Any) -> Any:
    """Return what can be compared of a component."""
    comparable = {"wcs": "wcs.crval", "mask": "array", "metadata": "cards"}
    for attribute in comparable.get(name, "").split(".") if name in comparable else ():
        part = getattr(part, attribute)
    return (
        part["OBJECT"].value
        if name == "metadata"
        else np.asarray(part).tolist()
        if np.ndim(part)
        else part
    )


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("kind", ["calexp", "whole"])
def test_2_each_component_of_any_exposure_is_what_the_whole_has(
    components: Butler, kind: str, name: str
) -> None:
    whole, part = components.get(kind, ID), components.get(f"{kind}.{name}", ID)
    assert told(name, part) == told(name, getattr(whole, PARTS[name]))


# -- 3. Catalogs with their WCS and calibration, and what they share with the exposure
# -----------------------

EXTENDED = f"""
exposures:
{CALEXP}
  full:
    python: lsst.afw.image.ExposureF
    composite: {{calexp: {{datasetType: calexp}}, wcs: {{datasetType: the_wcs}}}}
datasets:
{ICSRC}
  the_wcs: {{template: 'wcs/wcs-{TAIL}', python: lsst.afw.image.Wcs, persistable: Wcs, storage: FitsStorage}}
  calib: {{template: 'wcs/calib-{TAIL}', python: lsst.afw.image.Calib, persistable: Calib, storage: FitsStorage}}
  extended_icSrc:
    python: CLASS
    composite:
      icSrc: {{datasetType: icSrc}}
      wcs: {{datasetType: the_wcs}}
      calib: {{datasetType: calib}}
"""
STYLES = {
    "by attributes": ("lsst.afw.table.SourceCatalog", "by_attributes"),
    "by setters": ("mypackage.SourceCatalogWithInfo", "by_setters"),
    "by container class": ("mypackage.SourceCatalogWithInfo", None),
}


def extended(style: str) -> Butler:
    """Return a repository whose catalogs are extended in one of the request's three ways."""
    cls, functions = STYLES[style]
    policy = EXTENDED.replace("CLASS", cls)
    if functions:
        policy += f"    assembler: mypackage.{functions}_assembler\n    disassembler: mypackage.{functions}_disassembler\n"
    butler = repository("A", policy)
    butler.put(exposure(10.0), "calexp", ID)
    butler.put(catalog(), "icSrc", ID)
    butler.put(wcs(13.0), "the_wcs", ID)
    butler.put(PhotoCalib.from_zero_point(25.0), "calib", ID)
    return butler


@pytest.mark.parametrize("style", STYLES)
def test_3_a_catalog_has_its_wcs_and_calib(style: str) -> None:
    made = extended(style).get("extended_icSrc", ID)
    assert same_sky(made.wcs, 13.0)
    assert made.calib.zero_point == pytest.approx(25.0)
    assert list(getattr(made, "sourceCatalog", made)["id"]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("style", STYLES)
def test_3_parts_that_nobody_changed_are_referred_to_not_written_again(style: str) -> None:
    extended(style)
    butler = Butler(inputs="A", outputs={"root": "B", "mode": "rw"})
    made = butler.get("extended_icSrc", ID)
    getattr(made, "sourceCatalog", made)["flux"] *= 2
    butler.put(made, "extended_icSrc", ID)
    links = [path for path in files("B") if os.path.islink(f"B/{path}")]
    assert links == ["wcs/calib-000001-g2-0003.fits", "wcs/wcs-000001-g2-0003.fits"]
    again = Butler("B").get("extended_icSrc", ID)
    assert list(getattr(again, "sourceCatalog", again)["flux"]) == [3.0, 6.0, 9.0, 12.0, 15.0]
    assert same_sky(again.wcs, 13.0)


def test_3_a_container_that_is_filled_by_hand_is_put_and_read_again() -> None:
    from mypackage import SourceCatalogWithInfo

    extended("by container class")
    butler = Butler(inputs="A", outputs={"root": "B", "mode": "rw"})
    srcCatEx = SourceCatalogWithInfo()
    srcCatEx.setIcSrc(butler.get("icSrc", ID))
    srcCatEx.setWcs(butler.get("the_wcs", ID))
    srcCatEx.setCalib(butler.get("calib", ID))
    butler.put(srcCatEx, "extended_icSrc", ID)
    assert same_sky(Butler(inputs="B", outputs="C").get("extended_icSrc", ID).getWcs(), 13.0)


def test_3_an_exposure_and_a_catalog_share_one_wcs() -> None:
    butler = extended("by container class")
    cat, exp = butler.get("extended_icSrc", ID), butler.get("full", ID)
    assert cat.wcs is exp.wcs
    assert cat.wcs is butler.get("extended_icSrc.wcs", ID)
    assert butler.cache.info()[:2] == (2, 2)
    part = butler.get("full.calexp", ID)
    assert part.wcs is butler.get("calexp.wcs", ID)
    assert part.psf is butler.get("calexp.psf", ID)
    # Who asks for a whole dataset may change it: it is his own.
    assert butler.get("calexp", ID).wcs is not part.wcs
    apart = Butler("A", cache=False)
    assert apart.get("extended_icSrc", ID).wcs is not apart.get("full", ID).wcs


def test_3_a_source_that_is_replaced_after_it_was_referred_to_is_noticed() -> None:
    extended("by container class")
    butler = Butler(inputs="A", outputs={"root": "B", "mode": "rw"})
    butler.put(butler.get("extended_icSrc", ID), "extended_icSrc", ID)
    Butler("A").put(wcs(14.0), "the_wcs", ID)
    with pytest.raises(
        SourceChanged, match=r"B/wcs/wcs-.*refers to .*A/wcs/wcs-.*which has changed since"
    ):
        Butler("B").get("extended_icSrc", ID)
    butler.put(wcs(14.0), "the_wcs", ID)
    assert same_sky(Butler("B").get("extended_icSrc", ID).wcs, 14.0)


# -- 4. Before and after detection, with a shared exposure
# ---------------------------------------------------

DETECTION = f"""
exposures:
{CALEXP}
datasets:
  calexpBackground:
    template: '{SCI}/calexp/bkgd-calexp-{TAIL}'
    python: lsst.afw.image.ImageF
    storage: FitsStorage
  coadd_detection:
    python: mypackage.ExposureWithBackground
    composite:
      background: {{datasetType: calexpBackground}}
      exposure: {{datasetType: calexp}}
    assembler: mypackage.ExposureWithBackgroundAssembler
    disassembler: mypackage.ExposureWithBackgroundDisassembler
  coadd_postdetect(coadd_detection):
    composite:
      exposure: {{datasetType: calexp, inputOnly: True}}
"""


def test_4_after_detection_the_background_alone_is_written() -> None:
    first = repository("datasets_A", DETECTION)
    first.put(exposure(10.0), "calexp", ID)
    first.put(np.zeros((20, 30), np.float32), "calexpBackground", ID)
    butler = Butler(inputs="datasets_A", outputs={"root": "datasets_B", "mode": "rw"})
    exp = butler.get("coadd_detection", ID)
    exp.exposure.image[:] -= 5
    exp.background.image[:] += 5
    butler.put(exp, "coadd_detection", ID)
    assert (
        len([path for path in files("datasets_B") if not os.path.islink(f"datasets_B/{path}")]) == 2
    )
    butler = Butler(inputs="datasets_B", outputs={"root": "datasets_C", "mode": "rw"})
    exp = butler.get("coadd_postdetect", ID)
    exp.background.image[:] += 1
    butler.put(exp, "coadd_postdetect", ID)
    assert files("datasets_C") == ["sci-results/1/2/g/calexp/bkgd-calexp-000001-g2-0003.fits"]
    before, after = (
        Butler(root).get("coadd_postdetect", ID) for root in ("datasets_B", "datasets_C")
    )
    assert (before.background.image.max(), after.background.image.max()) == (5.0, 6.0)
    assert np.array_equal(before.exposure.image, after.exposure.image)


# -- 5. Object tables whose columns are in several files
# -----------------------------------------------------

OBJECTS = f"""
datasets:
  srccat(icSrc): {{description: 'the catalogs of all bands'}}
{ICSRC}
  srccat_blue(srccat): {{template: 'sci-results/%(run)d/%(camcol)d/b/icSrc/icSrc-%(run)06d-b-%(field)04d.fits'}}
  srccat_green(srccat): {{template: 'sci-results/%(run)d/%(camcol)d/g/icSrc/icSrc-%(run)06d-g-%(field)04d.fits'}}
  srccat_bg:
    python: lsst.afw.table.SourceCatalog
    composite:
      blue: {{datasetType: srccat_blue}}
      green: {{datasetType: srccat_green}}
    assembler: mypackage.srccat_bg_assembler
  objects:
    composite:
      blue: {{datasetType: srccat_blue, deferred: true}}
      green: {{datasetType: srccat_green, deferred: true}}
    assembler: persistence.composites.ready_made.join_columns
  post_assembled_bg_srccat(srccat):
    template: 'sci-results/%(run)d/%(camcol)d/bg/icSrc/icSrc-%(run)06d-bg%(camcol)d-%(field)04d.fits'
"""
FIELD = {"run": 1, "camcol": 2, "field": 3}


@pytest.fixture
def objects() -> Butler:
    """Return a Butler on catalogs of the same objects in two bands; the second one's rows are in another order."""
    butler = repository("files", OBJECTS)
    butler.put(catalog(b_mag=np.arange(5.0)), "srccat_blue", FIELD)
    butler.put(catalog(g_mag=np.arange(5.0) + 10)[::-1], "srccat_green", FIELD)
    return butler


def test_5_the_requests_own_assembler_joins_and_the_result_is_put_as_one_file(
    objects: Butler,
) -> None:
    joined = objects.get("srccat_bg", FIELD)
    assert joined.colnames == ["id_blue", "flux_blue", "b_mag", "id_green", "flux_green", "g_mag"]
    out = Butler(inputs="files", outputs={"root": "path_to_put", "mode": "rw"})
    out.put(joined, "post_assembled_bg_srccat", FIELD)
    assert list(out.get("post_assembled_bg_srccat", FIELD)["b_mag"]) == list(range(5))


def test_5_a_joined_table_is_matched_by_id(objects: Butler) -> None:
    joined = objects.get("objects", FIELD)
    assert joined.colnames == ["id", "flux", "b_mag", "green.flux", "g_mag"]
    assert list(joined["g_mag"]) == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert len(joined) == 5


def test_5_only_the_columns_that_are_asked_for_are_read(
    objects: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    from persistence.formatters import catalog as formatter

    asked: list[Any] = []
    read = formatter.read
    monkeypatch.setattr(
        formatter, "read", lambda location: (asked.append(location), read(location))[1]
    )
    table = objects.get("objects", FIELD, columns=["g_mag"])
    assert table.colnames == ["id", "g_mag"]
    columns = {
        location.datasetType: location.options["columns"]
        for location in asked
        if "columns" in location.options
    }
    assert columns == {"srccat_blue": ("id",), "srccat_green": ("id", "g_mag")}
    lazy = objects.get("objects", FIELD, immediate=False)
    asked.clear()
    assert list(lazy["b_mag"]) == list(range(5))
    assert {location.datasetType for location in asked if "columns" in location.options} == {
        "srccat_blue"
    }


# -- 6. Aggregates of rows
# -----------------------------------------------------------------------------------

AGGREGATE = """
datasets:
  deepCoadd_src:
    template: 'deepCoadd-results/%(filter)s/%(tract)d/%(patch)s/src-%(filter)s-%(tract)d-%(patch)s.fits'
    python: lsst.afw.table.SourceCatalog
    persistable: ignored
    storage: FitsCatalogStorage
  deepCoadd_src_aggregate:
    python: lsst.afw.table.SourceCatalog
    composite:
      deepCoaddSrc: {datasetType: deepCoadd_src, subset: True}
    assembler: mypackage.AssembleAggregateDeepCoadd
  stacked(deepCoadd_src_aggregate): {assembler: persistence.composites.ready_made.stack_rows}
  lenient(stacked):
    composite: {deepCoaddSrc: {optional: true}}
"""


@pytest.fixture
def patches() -> Butler:
    """Return a Butler on a rerun: two tracts of two patches, one of which lies in the repository below."""
    repository("my_input_dir", AGGREGATE).put(
        catalog(100), "deepCoadd_src", filter="g", tract=0, patch="0,0"
    )
    butler = Butler(inputs="my_input_dir", outputs={"root": "rerun", "mode": "rw"})
    for number, (tract, patch) in enumerate([(0, "0,1"), (1, "0,0"), (1, "1,1")], 2):
        butler.put(catalog(100 * number), "deepCoadd_src", filter="g", tract=tract, patch=patch)
    return butler


@pytest.mark.parametrize("kind", ["deepCoadd_src_aggregate", "stacked"])
def test_6_the_catalogs_of_all_patches_become_one(patches: Butler, kind: str) -> None:
    whole = patches.get(kind, filter="g")
    assert len(whole) == 20
    assert sorted(whole["id"] // 100) == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5
    assert sorted(set(patches.get(kind, filter="g", tract=1)["id"] // 100)) == [3, 4]
    assert patches.get("stacked", filter="g", columns=["id"]).colnames == ["id"]


def test_6_every_part_knows_where_it_came_from(patches: Butler) -> None:
    places = origins(patches.get("stacked", filter="g"))["deepCoaddSrc"]
    assert sorted(os.path.basename(location.root) for location in places) == [
        "my_input_dir",
        *["rerun"] * 3,
    ]


# -- 7. Precursors, by data IDs that are stored in the object
# ------------------------------------------------

PRECURSORS = f"""
exposures:
{CALEXP}
  deepCoadd: {{template: 'deepCoadd/%(tract)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}}
datasets:
  calexp_sky:
    template: '{SCI}/calexp/calexp-{TAIL}'
    python: lsst.afw.image.Wcs
    storage: FitsStorage
  coadd_with_inputs:
    python: mypackage.CoaddWithInputs
    composite:
      coadd: {{datasetType: deepCoadd}}
      input_wcs: {{datasetType: calexp_sky, dataIdFrom: coadd.metadata.INPUT, inputOnly: true}}
"""


def test_7_a_coadd_comes_with_the_wcs_of_each_exposure_that_went_into_it() -> None:
    butler = repository("repo", PRECURSORS)
    coadd = exposure(20.0)
    for field in (3, 4, 5):
        butler.put(exposure(10.0 + field), "calexp", ID, field=field)
        coadd.header.append(("INPUT", f"run=1 camcol=2 filter=g field={field}"))
    butler.put(coadd, "deepCoadd", tract=1)
    made = butler.get("coadd_with_inputs", tract=1)
    assert [round(each.wcs.crval[0], 6) for each in made.input_wcs] == [13.0, 14.0, 15.0]
    assert butler.getKeys("coadd_with_inputs") == {"tract": int}


def test_7_a_precursor_that_is_gone_is_named() -> None:
    butler = repository("repo", PRECURSORS)
    coadd = exposure(20.0)
    for field in (3, 4):
        coadd.header.append(("INPUT", f"run=1 camcol=2 filter=g field={field}"))
    butler.put(exposure(10.0), "calexp", ID)
    butler.put(coadd, "deepCoadd", tract=1)
    with pytest.raises(
        NoResults, match=r"1 of 2 parts are missing: calexp_sky[^\n]*\n  missing .*'field': 4"
    ):
        butler.get("coadd_with_inputs", tract=1)


# -- 8. A repository of catalogs alone
# -----------------------------------------------------------------------

CATALOGS = f"""
exposures:
{CALEXP}
datasets:
{ICSRC}
  calexp_calib:
    template: '{SCI}/calexp/calexp-{TAIL}'
    python: lsst.afw.image.Calib
    storage: FitsStorage
  calibrated:
    python: mypackage.SourceCatalogWithInfo
    composite:
      icSrc: {{datasetType: icSrc}}
      calib: {{datasetType: calexp_calib}}
"""


def test_8_the_catalogs_are_taken_out_with_the_calibrations_that_they_need() -> None:
    full = repository("full", CATALOGS)
    for field in (3, 4):
        full.put(exposure(10.0), "calexp", ID, field=field)
        full.put(catalog(field), "icSrc", ID, field=field)
    from mypackage import MyMapper

    # There, a calibration has a file of its own.
    slim = {"datasets": {"calexp_calib": {"template": f"calib/{TAIL}"}}}
    out = Butler(outputs={"root": "slim", "mapper": MyMapper, "policy": slim, "mode": "rw"})
    for reference in full.subset("icSrc", run=1):
        out.put(reference.get("calibrated"), "calibrated", reference.dataId)
    os.rename("full", "gone")
    found = Butler("slim").get("calibrated", ID, field=4)
    assert (found.calib.zero_point, list(found.sourceCatalog["id"])) == (
        pytest.approx(27.0),
        [4, 5, 6, 7, 8],
    )
    assert not [
        path for path in files("slim") if "calexp" in path or os.path.islink(f"slim/{path}")
    ]


# -- 9. A WCS that is stored separately, and images that are replaced
# ----------------------------------------

REPLACED = f"""
exposures:
{CALEXP}
  with_wcs:
    python: lsst.afw.image.ExposureF
    composite: {{exposure: {{datasetType: calexp, inputOnly: true}}, wcs: {{datasetType: new_wcs}}}}
  with_mask:
    python: lsst.afw.image.ExposureF
    composite: {{exposure: {{datasetType: calexp, inputOnly: true}}, mask: {{datasetType: new_mask}}}}
  with_plane:
    python: lsst.afw.image.ExposureF
    composite: {{exposure: {{datasetType: calexp, inputOnly: true}}, detected: {{datasetType: plane}}}}
    assembler: mypackage.replace_plane
  with_image:
    python: lsst.afw.image.ExposureF
    composite: {{image: {{datasetType: new_image}}, exposure: {{datasetType: calexp, inputOnly: true}}}}
  with_two:
    python: lsst.afw.image.ExposureF
    composite:
      variance: {{datasetType: new_image}}
      image: {{datasetType: new_image}}
      mask: {{datasetType: new_flags}}
      exposure: {{datasetType: calexp, inputOnly: true}}
  of_parts:
    python: lsst.afw.image.ExposureF
    composite: {{variance: {{datasetType: new_variance}}, image: {{datasetType: new_image}}}}
  new_image: {{template: 'image-{TAIL}', python: lsst.afw.image.ImageF, storage: FitsStorage}}
  new_variance: {{template: 'variance-{TAIL}', python: lsst.afw.image.ImageF, storage: FitsStorage}}
  new_flags: {{template: 'flags-{TAIL}', python: lsst.afw.image.ImageI, storage: FitsStorage}}
  plane: {{template: 'plane-{TAIL}', python: lsst.afw.image.ImageU, storage: FitsStorage}}
  new_mask: {{template: 'mask-{TAIL}', python: lsst.afw.image.Mask, storage: FitsStorage}}
  new_wcs: {{template: 'wcs-{TAIL}', python: lsst.afw.geom.SkyWcs, storage: FitsStorage}}
"""


@pytest.fixture
def replaced() -> Butler:
    """Return a Butler with an exposure, and a WCS, a mask and a mask plane that are stored elsewhere."""
    butler = repository("repo", REPLACED)
    butler.put(exposure(10.0), "calexp", ID)
    butler.put(wcs(15.0), "new_wcs", ID)
    butler.put(Mask.from_flags({"CLIPPED": np.eye(20, 30) > 0}), "new_mask", ID)
    butler.put(np.eye(20, 30, dtype=np.uint16), "plane", ID)
    return butler


def test_9_a_wcs_is_replaced_by_one_that_is_persisted_elsewhere(replaced: Butler) -> None:
    assert same_sky(replaced.get("with_wcs", ID).wcs, 15.0)


def test_9_a_mask_is_replaced_and_written_alone(replaced: Butler) -> None:
    made = replaced.get("with_mask", ID)
    assert made.mask.counts() == {"CLIPPED": 20}
    assert np.array_equal(made.image, exposure().image)
    made.setMask(Mask.from_flags({"CLIPPED": made.image > 3}))
    out = Butler(inputs="repo", outputs={"root": "out", "mode": "rw"})
    out.put(made, "with_mask", ID)
    assert files("out") == ["mask-000001-g2-0003.fits"]
    assert out.get("with_mask", ID).mask.counts() == {"CLIPPED": 596}


def write(kind: str, pixels: Any, **cards: Any) -> None:
    """Write an image of its own as another program does."""
    header = fits.Header({"ORIGIN": kind, **cards})
    fits.writeto(f"repo/{kind}-000001-g2-0003.fits", pixels, header, overwrite=True)


NEW = np.full((20, 30), 7, "f4")


def test_9_an_image_is_replaced_and_written_alone(replaced: Butler) -> None:
    write("image", NEW)
    made = replaced.get("with_image", ID)
    assert type(made.image) is np.ndarray
    assert np.array_equal(made.image, NEW)
    assert np.array_equal(made.variance, exposure().variance)
    assert made.mask.counts() == exposure().mask.counts()
    assert same_sky(made.wcs, 10.0)
    assert replaced.get("with_image.image", ID).image.mean() == 7
    assert replaced.get("with_image_sub", ID, bbox=(2, 3, 5, 4)).image.shape == (4, 5)
    assert "pixels" in str(made)
    made.image += 1
    out = Butler(inputs="repo", outputs={"root": "out", "mode": "rw"})
    out.put(made, "with_image", ID)
    assert files("out") == ["image-000001-g2-0003.fits"]
    assert np.array_equal(fits.getdata("out/image-000001-g2-0003.fits"), NEW + 1)
    assert np.array_equal(out.get("with_image", ID).image, NEW + 1)


def test_9_all_images_are_replaced_whatever_their_order(replaced: Butler) -> None:
    write("image", NEW)
    write("flags", np.eye(20, 30, dtype="i4") * 4, MP_EDGE=2)
    made = replaced.get("with_two", ID)
    assert same_sky(made.wcs, 10.0)
    assert np.array_equal(made.image, NEW)
    assert np.array_equal(made.variance, NEW)
    assert made.mask.counts() == {"EDGE": 20}


def test_9_an_exposure_is_made_of_images_alone(replaced: Butler) -> None:
    write("image", NEW)
    write("variance", NEW + 1)
    made = replaced.get("of_parts", ID)
    assert np.array_equal(made.image, NEW)
    assert np.array_equal(made.variance, NEW + 1)
    assert made.header["ORIGIN"] == "image"


@pytest.mark.parametrize(
    ("kind", "pixels", "problem"),
    [
        (
            "image",
            NEW.T,
            "'variance', .*image-000001-g2-0003.fits: variance has 20 x 30 pixels, the exposure's image 30 x 20",
        ),
        (
            "flags",
            np.eye(20, 30, dtype="i4"),
            "'mask', .*: an image of int32 with 0 cards MP_\\* in its header is not a mask",
        ),
    ],
)
def test_9_an_image_that_does_not_fit_is_refused(
    replaced: Butler, kind: str, pixels: Any, problem: str
) -> None:
    write("image", NEW)
    write("flags", np.eye(20, 30, dtype="i4"), MP_EDGE=0)
    write(kind, pixels)
    with pytest.raises(FormatterError, match=problem):
        replaced.get("with_two", ID)


def test_9_one_plane_is_replaced_and_the_others_stay(replaced: Butler) -> None:
    made = replaced.get("with_plane", ID)
    assert np.array_equal(made.mask["DETECTED"], np.eye(20, 30) > 0)
    assert made.mask.counts()["SAT"] == 3


# -- 10. All detectors of a visit
# ----------------------------------------------------------------------------

VISIT = """
exposures:
  calexp: {template: 'v%(visit)d/c%(ccd)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}
datasets:
  visit_transmission: {template: 'v%(visit)d/psf.fits', python: lsst.afw.detection.Psf, storage: FitsStorage}
  ccd_exposure:
    python: mypackage.CcdExposure
    tables: []
    composite:
      exposure: {datasetType: calexp}
      visit: {datasetType: visit_transmission}
  visit_exposure:
    python: mypackage.VisitExposure
    composite:
      ccds: {datasetType: ccd_exposure, subset: true}
"""


def test_10_what_a_visits_detectors_share_is_read_once() -> None:
    butler = repository("repo", VISIT)
    butler.put(GaussianPsf((11, 11), 1.25), "visit_transmission", visit=8)
    for ccd in range(4):
        butler.put(exposure(10.0 + ccd), "calexp", visit=8, ccd=ccd)
    whole = butler.get("visit_exposure", visit=8)
    assert [round(each.exposure.wcs.wcs.crval[0]) for each in whole.ccds] == [10, 11, 12, 13]
    assert len({id(each.visit) for each in whole.ccds}) == 1
    assert whole.ccds[0].visit == GaussianPsf((11, 11), 1.25)
    assert butler.cache.info().hits == 3
    with pytest.raises((NoResults, RepositoryError)):
        butler.get("visit_exposure", visit=9)


def test_the_page_on_composites_lists_the_tests_of_each_case() -> None:
    page = (Path(__file__).parents[1] / "doc" / "composites.rst").read_text()
    for number in range(1, 11):
        assert f"``test_{number}_...``" in page
        assert any(name.startswith(f"test_{number}_") for name in globals())
