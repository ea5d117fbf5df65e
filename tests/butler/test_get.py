"""Components and composites as they are read: from which file, how much of it, and what is said when they are not."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from persistence import (
    Box,
    Butler,
    CameraMapper,
    DataIdError,
    Exposure,
    FormatterError,
    MissingPartWarning,
    NoResults,
    PolicyError,
    ReadProxy,
    TemplateUndefined,
    UnknownDatasetType,
    UnknownKeyWarning,
)
from persistence.composites import provenance
from persistence.composites.provenance import origins

POLICY = """
exposures:
  calexp: {template: 'calexp/%(visit)d.fits', python: lsst.afw.image.ExposureF, storage: FitsStorage}
  joined:
    python: lsst.afw.image.ExposureF
    composite: {calexp: {datasetType: calexp, inputOnly: true}, wcs: {datasetType: new_wcs}}
  new_wcs: {template: 'wcs/%(visit)d.fits', python: lsst.afw.geom.SkyWcs, storage: FitsStorage}
datasets:
  src: {template: 'src/%(visit)d.fits', storage: FitsCatalogStorage}
  note: {template: 'note/%(visit)d.txt', storage: TextStorage}
  pair: {python: types.SimpleNamespace, composite: {a: {datasetType: note}, b: {datasetType: src}}}
  nested: {python: types.SimpleNamespace, composite: {pair: {datasetType: pair}, note: {datasetType: note}}}
  maybe:
    python: types.SimpleNamespace
    composite: {a: {datasetType: note}, b: {datasetType: src, optional: true}}
  each: {python: types.SimpleNamespace, composite: {notes: {datasetType: note, subset: true}}}
  some(each): {composite: {notes: {datasetType: note, subset: true, optional: true}}}
  later: {python: types.SimpleNamespace, composite: {src: {datasetType: src, deferred: true}}}
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Butler:
    """Return a Butler on a rerun over a repository, with one exposure, and a catalog, of visit 1."""
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(POLICY)
    low = Butler(outputs={"root": "low", "mapper": "camera.yaml", "mode": "rw"})
    low.put(exposure(), "calexp", visit=1)
    low.put("low", "note", visit=1)
    low.put(Table({"id": [1, 2], "flux": [3.0, 4.0]}), "src", visit=1)
    return Butler(inputs="low", outputs={"root": "high", "mode": "rw"})


def sky(ra: float) -> WCS:
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval = ["RA---TAN", "DEC--TAN"], [ra, 5.0]
    made.wcs.crpix, made.wcs.cd = [2.0, 3.0], np.eye(2) * 1e-4
    return made


def exposure(rows: int = 6, columns: int = 8) -> Exposure:
    image = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    return Exposure(image, fits.Header({"OBJECT": "x"}), variance=image + 1, given_wcs=sky(10.0))


# -- names
# ----------------------------------------------------------------------------------------------

NAMES = {
    "note.x": (PolicyError, "must be a composite; note is none"),
    "calexp.psff": (UnknownDatasetType, "'calexp.psff'; did you mean 'calexp.psf'"),
    "pair.c": (UnknownDatasetType, "'pair.c'; did you mean 'pair.b' or 'pair.a'"),
    "joined.wsc": (UnknownDatasetType, "'joined.wsc'; did you mean 'joined.wcs'"),
    "calexp.wcs.x": (PolicyError, "must be a composite; calexp.wcs is none"),
    "calexp.": (UnknownDatasetType, "'calexp.'"),
    "nope.wcs": (UnknownDatasetType, "no dataset type 'nope'"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_nowhere_is_refused_with_what_is_near(repo: Butler, name: str) -> None:
    kind, told = NAMES[name]
    with pytest.raises(kind, match=told):
        repo.get(name, visit=1)


# What is done with a misspelt key beside the right ones.
MISSPELT = {
    "a file": lambda butler: butler.get("note", visit=1, vizit=2),
    "a composite": lambda butler: butler.get("pair", visit=1, vizit=2),
    "a nested composite": lambda butler: butler.get("nested", visit=1, vizit=2),
    "an aggregate": lambda butler: butler.get("each", visit=1, vizit=2),
    "a component": lambda butler: butler.get("nested.pair.a", visit=1, vizit=2),
    "a part that may be missing": lambda butler: butler.get("maybe", visit=1, vizit=2),
    "deferred": lambda butler: butler.get("later", visit=1, vizit=2).src.get(),
    "a proxy": lambda butler: butler.get("note", visit=1, vizit=2, immediate=False).upper(),
    "exists": lambda butler: butler.datasetExists("nested", visit=1, vizit=2),
    "the path": lambda butler: butler.getUri("note", visit=1, vizit=2),
    "the path to write": lambda butler: butler.getUri("note", visit=1, vizit=2, write=True),
    "put": lambda butler: butler.put("x", "note", visit=1, vizit=2),
    "subset": lambda butler: butler.subset("nested", visit=1, vizit=2),
    "query": lambda butler: butler.queryMetadata("note", "visit", visit=1, vizit=2),
}


@pytest.mark.parametrize("case", MISSPELT)
def test_a_misspelt_key_is_warned_of_once_at_the_callers_line(repo: Butler, case: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MISSPELT[case](repo)
    call = MISSPELT[case].__code__
    assert [(one.category, one.filename, one.lineno) for one in caught] == [
        (UnknownKeyWarning, __file__, call.co_firstlineno)
    ]
    assert "data ID key 'vizit' is known to no dataset type" in str(caught[0].message)
    assert "did you mean 'visit'" in str(caught[0].message)


def test_a_misspelt_key_of_what_is_missing_is_in_the_error(repo: Butler) -> None:
    for name in ("note", "pair", "nested"):
        with pytest.raises(NoResults, match=r"key 'vizit' is known to no .*; did you mean 'visit'"):
            repo.get(name, visit=7, vizit=1)


def test_a_component_of_a_component_is_reached_by_two_dots(repo: Butler) -> None:
    assert repo.get("nested.pair.a", visit=1) == "low"
    assert repo.datasetExists("nested.pair.b", visit=1)
    assert repo.getUri("nested.pair.b", visit=1).endswith("low/src/1.fits")


def test_a_name_with_dots_has_the_keys_and_the_data_ids_of_what_it_leads_to(repo: Butler) -> None:
    for name in ("pair.a", "nested.pair.a", "calexp.wcs"):
        assert repo.getKeys(name) == {"visit": int}
        assert [dict(one.dataId) for one in repo.subset(name, visit=1)] == [{"visit": 1}]
    (reference,) = repo.subset("calexp.wcs", visit=1)
    assert reference.get().wcs.crval.tolist() == [10.0, 5.0]


# -- where components come from
# --------------------------------------------------------------------------


def test_an_alias_of_a_component_gives_the_shared_one(repo: Butler) -> None:
    repo.defineAlias("sky", "calexp.wcs")
    wcs = repo.get("calexp.wcs", visit=1)
    assert repo.get("@sky", visit=1) is wcs


def test_a_composite_is_in_an_output_if_what_is_written_of_it_is(repo: Butler) -> None:
    assert not repo.datasetExists("joined", visit=1, write=True)
    repo.put(sky(20.0), "new_wcs", visit=1)
    assert repo.datasetExists("joined", visit=1, write=True)
    assert repo.datasetExists("pair", visit=1)
    assert not repo.datasetExists("pair", visit=1, write=True)


def test_a_list_is_there_if_every_part_of_it_is(own: Path) -> None:
    butler = Butler(own)
    for name, part in (("raws", "raw"), ("exposures", "calexp")):
        butler.defineDataset(
            name,
            python="types.SimpleNamespace",
            composite={"all": {"datasetType": part, "subset": True}},
        )
    butler.put(exposure(), "calexp", visit=410877, ccdnum=28)
    assert butler.datasetExists("raws", visit=410877)
    # of the other chips: `get` refuses it
    assert not butler.datasetExists("exposures", visit=410877)
    assert butler.datasetExists("exposures", visit=410877, ccdnum=28)


def test_a_composite_has_no_path_but_its_components_have(repo: Butler) -> None:
    with pytest.raises(
        TemplateUndefined, match=r"assembled from .*: use those of joined\.calexp, joined\.wcs"
    ):
        repo.getUri("joined", visit=1)


def test_components_are_searched_for_one_by_one(repo: Butler) -> None:
    with pytest.raises(
        NoResults, match=r"No locations for get: new_wcs(.*\n)*  component  wcs of joined"
    ):
        repo.get("joined", visit=1)
    assert not repo.datasetExists("joined", visit=1)
    repo.put(sky(20.0), "new_wcs", visit=1)
    made = repo.get("joined", visit=1)
    assert made.wcs.wcs.crval.tolist() == [20.0, 5.0]
    assert repo.datasetExists("joined", visit=1)
    roots = {name: os.path.basename(location.root) for name, location in origins(made).items()}
    assert roots == {"calexp": "low", "wcs": "high"}


class Standardising(CameraMapper):
    """A camera that standardises the same file in several ways."""

    def std_same(self, item: Table, dataId: Any) -> Table:
        item["flux"] *= 2
        return item

    def std_copied(self, item: Table, dataId: Any) -> Table:
        return item.copy()


@pytest.mark.parametrize(
    ("name", "options", "is_file"),
    [
        ("src", {}, True),
        ("same", {}, True),
        ("copied", {}, False),
        ("src", {"columns": ["flux"]}, False),
        ("pair.b", {}, True),
        ("twice.same", {}, True),
        ("twice.copied", {}, False),
        ("calexp", {}, True),
        ("calexp.wcs", {}, False),
        ("calexp.image", {}, False),
    ],
)
def test_only_the_object_that_a_whole_file_was_read_into_is_known_to_be_of_the_file(
    repo: Butler, name: str, options: dict[str, Any], is_file: bool
) -> None:
    like_src = "{template: 'src/%(visit)d.fits', storage: FitsCatalogStorage}"
    parts = "{same: {datasetType: same}, copied: {datasetType: copied}}"
    Path("standardising.yaml").write_text(
        f"{POLICY}  same: {like_src}\n  copied: {like_src}\n"
        f"  twice: {{python: types.SimpleNamespace, composite: {parts}}}\n"
    )
    obj = Butler("low", mapper=Standardising("standardising.yaml")).get(name, visit=1, **options)
    location = provenance.location(obj)
    path = repo.getUri("calexp" if name.startswith("calexp") else "src", visit=1)
    assert (location and location.full_path) == (path if is_file else None)


def test_a_nested_composite_knows_where_the_innermost_parts_were(repo: Butler) -> None:
    made = repo.get("nested", visit=1)
    assert (made.pair.a, list(made.pair.b["id"]), made.note) == ("low", [1, 2], "low")
    repo.put("high", "note", visit=1)
    assert repo.get("nested", visit=1).pair.a == "high"


def test_a_view_of_a_composite_is_the_same_part_of_what_is_assembled(repo: Butler) -> None:
    repo.put(sky(20.0), "new_wcs", visit=1)
    assert repo.get("joined_wcs", visit=1).wcs.crval.tolist() == [20.0, 5.0]
    assert repo.get("joined_md", visit=1)["OBJECT"] == "x"
    assert repo.get("joined.variance", visit=1)[0, 0] == 1.0
    part = repo.get("joined_sub", visit=1, bbox=Box(2, 1, 3, 4))
    assert part.image.tolist() == exposure().image[1:5, 2:5].tolist()
    there = pytest.approx(sky(20.0).all_pix2world(2, 1, 0)[0], abs=1e-9)
    assert part.wcs.all_pix2world(2, 1, 0)[0] == part.local_wcs.all_pix2world(0, 0, 0)[0] == there


def test_what_may_be_missing_is_none_and_is_told(repo: Butler) -> None:
    repo.put("x", "note", visit=2)
    with pytest.warns(
        MissingPartWarning, match=r"a part is missing: No locations for get: src \{'visit': 2\}"
    ):
        assert repo.get("maybe", visit=2).b is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repo.get("maybe", visit=1).b is not None


def test_the_parts_of_a_list_that_are_missing_are_named_all_at_once(repo: Butler) -> None:
    for visit in (2, 3, 4):
        repo.put(str(visit), "note", visit=visit)
    assert sorted(repo.get("each").notes) == ["2", "3", "4"]
    with pytest.raises(
        NoResults,
        match=r"1 of 1 parts are missing: note \{\}\n  missing  \{'visit': 9\}\n  component  notes",
    ):
        repo.get("each", visit=9)
    with pytest.warns(MissingPartWarning, match=r"1 of 1 parts are missing: note"):
        assert repo.get("some", visit=9).notes == []


def test_a_list_that_nothing_answers_to_is_no_empty_list(tmp_path: Path, repo: Butler) -> None:
    empty = Butler(outputs={"root": "empty", "mapper": "camera.yaml", "mode": "rw"})
    with pytest.raises(
        NoResults, match=r"No dataset matches: note \{\}\n  component  notes of each"
    ):
        empty.get("each")
    assert empty.get("some").notes == []
    assert not empty.datasetExists("each")


def test_a_lazy_composite_is_assembled_when_it_is_used(repo: Butler) -> None:
    lazy = repo.get("joined", visit=1, immediate=False)
    assert type(lazy) is ReadProxy
    with pytest.raises(NoResults, match="new_wcs"):
        lazy.wcs  # noqa: B018  # that is its use
    repo.put(sky(20.0), "new_wcs", visit=1)
    assert lazy.wcs.wcs.crval.tolist() == [20.0, 5.0]


def test_a_deferred_part_reads_what_it_is_asked_for(repo: Butler) -> None:
    part = repo.get("later", visit=1).src
    assert part.get(columns=["flux"]).colnames == ["flux"]
    assert part.get("len") == 2
    assert part.get("schema").colnames == ["id", "flux"]
    assert repr(part) == "Handle('src', {'visit': 1})"
    with pytest.raises(NoResults, match="src"):
        repo.get("later", visit=2)


def test_columns_of_what_has_none_are_an_unknown_key(repo: Butler) -> None:
    assert repo.get("src", visit=1, columns="flux").colnames == ["flux"]
    with pytest.warns(UserWarning, match="data ID key 'columns'"):
        assert repo.get("note", visit=1, columns=["x"]) == "low"
    with pytest.warns(UserWarning, match="data ID key 'columns'"):
        repo.get("each", visit=1, columns=["x"])


def test_flags_of_a_catalog_leave_out_its_footprints(repo: Butler) -> None:
    """Gen2's scripts say ``flags=lsst.afw.table.SOURCE_IO_NO_FOOTPRINTS``."""
    table = Table({"id": [1, 2], "flux": [0.5, 1.5], "footprint": [4, 5]})
    repo.put(table, "src", visit=7)
    assert repo.get("src", visit=7).colnames == ["id", "flux", "footprint"]
    assert repo.get("src", {"visit": 7}, flags=1).colnames == ["id", "flux"]
    assert repo.get("src", visit=7, flags=2).colnames == ["id", "flux", "footprint"]
    assert repo.get("src", visit=7, flags=1, columns="flux").colnames == ["flux"]
    with pytest.raises(DataIdError, match="SOURCE_IO_NO_FOOTPRINTS"):
        repo.get("src", visit=7, flags="no")
    with pytest.warns(UserWarning, match="data ID key 'flags'"):
        assert repo.get("note", visit=1, flags=1) == "low"


# -- how much is read
# ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wcs", "metadata", "bbox", "visitInfo", "photoCalib", "filter"])
def test_a_component_that_the_header_tells_reads_header_bytes_only(
    repo: Butler, tmp_path: Path, name: str
) -> None:
    """Ruin every byte that is no header: what does not read them does not mind."""
    repo.put(exposure(500, 400), "calexp", visit=7)
    path = repo.getUri("calexp", visit=7)
    with fits.open(path, disable_image_compression=True) as hdus, open(path, "r+b") as stream:
        spans = [
            (hdu.fileinfo()["datLoc"], hdu.fileinfo()["datSpan"])
            for hdu in hdus
            if hdu.fileinfo()["datSpan"]
        ]
        assert spans
        for start, length in spans:
            stream.seek(start)
            stream.write(b"\xff" * length)
    repo.get(f"calexp.{name}", visit=7)
    with pytest.raises(FormatterError):
        repo.get("calexp.image", visit=7)


def test_the_bytes_that_the_wcs_of_a_compressed_exposure_takes_are_those_of_its_headers(
    repo: Butler, tmp_path: Path
) -> None:
    """Compare the bytes read for the component and for the whole, as the system counts them."""
    repo.put(exposure(1000, 900), "calexp", visit=7)
    path = repo.getUri("calexp", visit=7)
    with fits.open(path, disable_image_compression=True) as hdus:
        headers = sum(hdu.fileinfo()["datLoc"] - hdu.fileinfo()["hdrLoc"] for hdu in hdus)
    took = {
        name: bytes_read(lambda name=name: repo.get(name, visit=7))
        for name in ("calexp.wcs", "calexp")
    }
    size = os.path.getsize(path)
    assert took["calexp"] >= size
    # A buffer's length at each header, beyond it.
    assert took["calexp.wcs"] <= headers + 10 * 8192 < size / 4


def bytes_read(act: Any) -> int:
    """Count the bytes that reading from files took this process."""
    act()  # so that what is imported on the way is there

    def number() -> int:
        text = Path("/proc/self/io").read_text()
        return int(text.split("rchar: ")[1].split("\n")[0])

    if not os.path.exists("/proc/self/io"):
        pytest.skip("this system does not count the bytes that a process reads")
    before = number()
    idle = number() - before
    before = number()
    act()
    return number() - before - idle


@pytest.mark.parametrize(("hdu", "rows"), [({}, 1), ({"hdu": 2}, 2), ({"hdu": "2"}, 2)])
def test_the_hdu_of_a_catalog_can_be_chosen_in_the_data_id(
    tmp_path: Path, hdu: dict[str, Any], rows: int
) -> None:
    (tmp_path / "camera.yaml").write_text(
        "datasets: {src: {template: 'src%(visit)d.fits', storage: FitsCatalogStorage}}"
    )
    tables = [
        fits.BinTableHDU.from_columns([fits.Column("id", "K", array=range(number))])
        for number in (1, 2)
    ]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(tmp_path / "src1.fits")
    assert (
        len(Butler(tmp_path, mapper=str(tmp_path / "camera.yaml")).get("src", visit=1, **hdu))
        == rows
    )


def test_a_key_of_raws_called_hdu_chooses_nothing_in_a_catalog(own: Path) -> None:
    reference = Butler(own).dataRef("raw", visit=410877, ccdnum=28)
    assert reference.dataId["hdu"] > 1
    reference.put(Table({"id": np.arange(3)}), "src")
    assert len(reference.get("src")) == 3
