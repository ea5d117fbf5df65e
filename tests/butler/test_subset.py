"""Subsets and data references: what they hand on, and to whom."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from persistence import (
    Butler,
    ButlerSubset,
    DataId,
    IncompleteDataId,
    NoResults,
    UnknownDatasetType,
    UnknownKey,
)

ID = {"visit": 410877, "ccdnum": 28}


def test_a_reference_writes_and_reads_what_it_stands_for(own: Path) -> None:
    reference = Butler(own).dataRef("raw", dataId=ID)
    for text in ("one", "two"):
        reference.put({"text": text}, "processCcd_metadata", True)
    assert reference.datasetExists("processCcd_metadata", write=True)
    path = Path(reference.getUri("processCcd_metadata"))
    assert path == Path(reference.getUri("processCcd_metadata", write=True))
    assert path.with_name(f"{path.name}~1").exists()
    assert str(reference.get("processCcd_metadata", immediate=False)["text"]) == "two"
    assert reference.getButler() is reference.butlerSubset.butler


def test_more_keys_may_be_given_to_each_method(butler: Butler) -> None:
    (reference,) = ButlerSubset(butler, "raw", "visit", DataId(visit=410877))
    assert reference.datasetExists(ccdnum=28, hdu=41)
    assert reference.getUri(ccdnum=28).endswith("[41]")
    assert reference.get("raw_md", ccdnum=28)["CCDNUM"] == 28


def test_a_subset_of_a_repository_that_the_tags_hide_is_empty(filled: Path) -> None:
    butler = Butler(inputs={"root": str(filled), "tags": "seen"})
    assert len(butler.subset("raw", dataId=DataId(tag="hidden"))) == 0
    assert len(butler.subset("packages", dataId=DataId(tag="hidden"))) == 0
    (reference,) = butler.subset("raw", dataId=DataId(ID, tag="seen"))
    assert reference.dataId.tag == {"seen"}


def test_what_is_known_whole_is_not_looked_up(butler: Butler) -> None:
    nowhere = {"visit": 1, "ccdnum": 1, "hdu": 1, "filter": "g", "date": "x", "object": "y"}
    assert butler.subset("raw", dataId=nowhere).cache == [nowhere]
    assert len(butler.subset("packages")) == 1


def test_a_subset_is_gone_through_again_from_its_start(butler: Butler) -> None:
    subset = butler.subset("raw", filter="g")
    assert [one.dataId for one in subset] == [one.dataId for one in subset]
    assert len(subset) == len(subset.cache) == 61


@pytest.mark.parametrize(("level", "there"), [("visit", 61), ("sensor", 0), ("", 0)])
def test_what_a_reference_is_made_of_lies_one_level_below(
    butler: Butler, level: str, there: int
) -> None:
    reference = next(iter(butler.subset("raw", level, visit=410877)))
    assert len(reference.subItems()) == there
    assert len(next(iter(butler.subset("raw", "visit", visit=410877))).subItems("sensor")) == 61


def test_the_type_of_a_subset_has_to_exist(butler: Butler) -> None:
    with pytest.raises(UnknownDatasetType, match="did you mean"):
        butler.subset("rav")


def test_the_part_of_a_data_id_that_tells_it_from_others_is_visit_and_detector(
    butler: Butler,
) -> None:
    assert butler.dataRef("raw", visit=410877, ccdnum=28).telling() == {
        "visit": 410877,
        "ccdnum": 28,
    }
    assert butler.dataRef("raw", "visit", visit=410877).telling() == {
        "visit": 410877, "date": "2014-02-27", "filter": "g", "object": "Invented field 477",
    }  # fmt: skip


# -- aggregates
# -----------------------------------------------------------------------------------------

AGGREGATES = """
datasets:
  src: {template: 'src/%(filter)s/%(tract)d/%(patch)s.txt', storage: TextStorage}
  note: {template: 'note/%(visit)d-%(ccd)d.txt', storage: TextStorage}
  sky: {template: 'sky.txt', storage: TextStorage}
  all: {composite: {parts: {datasetType: src, subset: true}}, python: types.SimpleNamespace}
  by_tract(all): {keys: {tract: int}}
  by_filter(all): {keys: {filter: str}}
  by_both(all): {keys: {tract: int, filter: str}}
  with_sky(all): {composite: {sky: {datasetType: sky}}}
  coadd: {template: 'coadd/%(tract)d.txt', storage: TextStorage}
  with_coadd(all): {composite: {coadd: {datasetType: coadd}}}
  notes: {composite: {parts: {datasetType: note, subset: true}}, python: types.SimpleNamespace}
  by_visit(notes): {keys: {visit: int}}
  both:
    composite: {all: {datasetType: all}, notes: {datasetType: notes}}
    python: types.SimpleNamespace
  visits:
    composite: {parts: {datasetType: by_visit, subset: true}}
    python: types.SimpleNamespace
  of_visit:
    composite: {parts: {datasetType: by_visit}, more: {datasetType: note, dataIdFrom: parts.x}}
    python: types.SimpleNamespace
  of_sky:
    composite: {sky: {datasetType: sky}, more: {datasetType: note, dataIdFrom: sky.x}}
    python: types.SimpleNamespace
  with_file:
    template: 'file.txt'
    storage: TextStorage
    composite: {own: {datasetType: with_file}, parts: {datasetType: note, subset: true}}
    python: types.SimpleNamespace
"""
SRC, NOTE = {"filter": str, "tract": int, "patch": str}, {"visit": int, "ccd": int}


@pytest.fixture
def aggregates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Butler:
    """Return a Butler on a rerun: two tracts in two filters, and two visits, partly below it."""
    monkeypatch.chdir(tmp_path)
    Path("camera.yaml").write_text(AGGREGATES)
    low = Butler(outputs={"root": "low", "mapper": "camera.yaml", "mode": "rw"})
    low.put("g 0 0", "src", filter="g", tract=0, patch="0,0")
    for ccd in (1, 2):
        low.put(f"5 {ccd}", "note", visit=5, ccd=ccd)
        low.put(f"6 {ccd}", "note", visit=6, ccd=ccd)
    butler = Butler(inputs="low", outputs={"root": "high", "mode": "rw"})
    butler.put("g 0 1", "src", filter="g", tract=0, patch="0,1")
    butler.put("g 1 0", "src", filter="g", tract=1, patch="0,0")
    butler.put("r 1 0", "src", filter="r", tract=1, patch="0,0")
    return butler


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("all", SRC),
        ("all.parts", SRC),
        ("notes", NOTE),
        ("with_sky", SRC),
        ("with_coadd", {"tract": int}),
        ("both", {**SRC, **NOTE}),
        ("by_tract", {"tract": int}),
        ("by_both", {"tract": int, "filter": str}),
        ("by_visit", {"visit": int}),
        ("visits", {"visit": int}),
        ("of_visit", {"visit": int}),
        ("of_sky", {}),
        ("with_file", {}),
        ("sky", {}),
    ],
)
def test_an_aggregate_has_the_keys_of_its_definition_or_those_of_its_parts(
    aggregates: Butler, name: str, keys: dict[str, type]
) -> None:
    assert aggregates.getKeys(name) == keys


@pytest.mark.parametrize(
    ("name", "data_id", "found"),
    [
        ("all", {}, {"": ["g 0 0", "g 0 1", "g 1 0", "r 1 0"]}),
        ("all", {"tract": 1}, {"tract=1": ["g 1 0", "r 1 0"]}),
        ("all", {"filter": "g", "tract": "1"}, {"filter=g tract=1": ["g 1 0"]}),
        ("by_tract", {}, {"tract=0": ["g 0 0", "g 0 1"], "tract=1": ["g 1 0", "r 1 0"]}),
        ("by_tract", {"tract": 1}, {"tract=1": ["g 1 0", "r 1 0"]}),
        ("by_tract", {"filter": "r"}, {"filter=r tract=1": ["r 1 0"]}),
        ("by_filter", {"tract": 1}, {"filter=g tract=1": ["g 1 0"], "filter=r tract=1": ["r 1 0"]}),
        ("by_both", {"tract": 0}, {"filter=g tract=0": ["g 0 0", "g 0 1"]}),
        ("by_both", {"tract": 2}, {}),
        ("notes", {"ccd": 2}, {"ccd=2": ["5 2", "6 2"]}),
        ("by_visit", {}, {"visit=5": ["5 1", "5 2"], "visit=6": ["6 1", "6 2"]}),
        ("by_visit", {"ccd": 1}, {"ccd=1 visit=5": ["5 1"], "ccd=1 visit=6": ["6 1"]}),
        ("of_visit", {"visit": 7}, {"visit=7": None}),
    ],
)
def test_a_subset_of_aggregates_has_one_for_each_value_of_the_keys_that_its_definition_names(
    aggregates: Butler, name: str, data_id: dict[str, Any], found: dict[str, list[str] | None]
) -> None:
    """Without such keys, there is one aggregate of all parts that the data ID matches."""
    subset = aggregates.subset(name, dataId=data_id)
    assert len(subset) == len(found)
    for reference in subset:
        text = " ".join(f"{key}={value}" for key, value in sorted(reference.dataId.items()))
        assert reference.datasetExists() is (found[text] is not None)
        if found[text] is not None:
            assert sorted(reference.get().parts) == found[text]


def test_a_component_that_is_no_list_tells_which_there_are(aggregates: Butler) -> None:
    aggregates.put("coadd 1", "coadd", tract=1)
    (reference,) = aggregates.subset("with_coadd")
    assert reference.dataId == {"tract": 1}
    assert reference.get().coadd == "coadd 1"


def test_aggregates_may_be_parts_of_others(aggregates: Butler) -> None:
    assert [len(visit.parts) for visit in aggregates.get("visits").parts] == [2, 2]
    whole = aggregates.dataRef("both").get()
    assert (len(whole.all.parts), len(whole.notes.parts)) == (4, 4)
    (part,) = aggregates.get("visits", visit=6).parts
    assert sorted(part.parts) == ["6 1", "6 2"]


def test_aggregates_of_raws_are_found_in_the_registry(own: Path) -> None:
    butler = Butler(own)
    parts = {"parts": {"datasetType": "raw", "subset": True, "deferred": True}}
    for name, keys in (("exposure", {"visit": "int"}), ("raws", {})):
        butler.defineDataset(name, python="types.SimpleNamespace", composite=parts, keys=keys)
    assert butler.getKeys("raws") == butler.getKeys("raw")
    visits = [reference.dataId for reference in butler.subset("exposure")]
    assert visits == [{"visit": 410877}, {"visit": 410878}]
    (reference,) = butler.subset("exposure", filter="g")
    assert reference.dataId == {"visit": 410877, "filter": "g"}
    assert len(reference.get().parts) == 61
    assert len(butler.subset("raws", filter="g")) == 1


# -- registries that do not know everything
# ------------------------------------------------------------------------------------------


@pytest.mark.real
def test_what_is_null_in_a_registry_is_not_in_a_data_id(real: Path, tmp_path: Path) -> None:
    """An older DecamMapper left ``hdu`` NULL, and had no column ``object``."""
    root = tmp_path / "older"
    shutil.copytree(real / "gen2_registries" / "decam_older", root)
    butler = Butler(root)
    for name, keys in (
        ("instcal", {"visit", "ccdnum"}),
        ("raw", {"visit", "ccdnum", "date", "filter"}),
    ):
        references = list(butler.subset(name))
        assert len(references) == 122
        assert {frozenset(one.dataId) for one in references} == {frozenset(keys)}
    reference = butler.dataRef("instcal", visit=176837, ccdnum=3)
    reference.put({"text": 1}, "processCcd_metadata")
    assert reference.get("processCcd_metadata")["text"] == 1
    assert reference.getUri("calexp", write=True).endswith("0176837/calexp/calexp-0176837_03.fits")
    assert not reference.datasetExists()
    assert butler.queryMetadata("instcal", ["hdu", "ccdnum"], visit=176837)[0] == (None, 1)
    with pytest.raises(NoResults, match=r"looked for  0176837/instcal0176837\.fits\.fz"):
        reference.get("instcal")
    with pytest.raises(UnknownKey, match=r"'object' is not a column of .*older/registry\.sqlite3"):
        butler.subset("raw", object="M31")


def test_a_column_that_a_path_needs_is_named_if_it_is_null_or_absent(own: Path) -> None:
    connection = sqlite3.connect(own / "registry.sqlite3")
    with connection:
        connection.execute("UPDATE raw SET filter = NULL WHERE ccdnum = 28")
        connection.execute("UPDATE raw SET hdu = NULL")
    butler = Butler(own)
    with pytest.raises(IncompleteDataId, match=r"needs  filter, which is NULL in .*registry\.sql"):
        butler.get("raw", ID)
    # The detector tells the HDU.
    assert butler.get("raw_md", visit=410877, ccdnum=3)["CCDNUM"] == 3
    hdu = Butler(own).getUri("raw", visit=410877, ccdnum=3).rpartition("[")[2]
    with fits.open(next(own.rglob("decam0410877.fits*"))) as hdus:
        assert hdus[int(hdu[:-1])].header["CCDNUM"] == 3
    with connection:
        connection.execute("ALTER TABLE raw DROP COLUMN filter")
    connection.close()
    for call in (
        lambda: Butler(own).get("raw", visit=410877, ccdnum=3),
        lambda: Butler(own).subset("raw"),
    ):
        with pytest.raises(
            (IncompleteDataId, UnknownKey),
            match=r"raw: 'filter' is not a column of .*registry\.sql",
        ):
            call()


COMPOSITES = """
exposures:
  raw: {template: 'r-%(visit)d-%(snap)d.fits', storage: FitsStorage, tables: [raw]}
datasets:
  src: {template: 's-%(visit)d.txt', storage: TextStorage, tables: [raw]}
  coadd: {template: 'c-%(tract)d-%(patch)s-%(filter)s.txt', storage: TextStorage}
  of_raws: {python: builtins.dict, composite: {one: {datasetType: raw}}}
  of_coadds: {python: builtins.dict, composite: {one: {datasetType: coadd}}}
  of_both: {python: builtins.dict, composite: {one: {datasetType: src}, two: {datasetType: coadd}}}
values: {snap: [0, 1]}
"""


@pytest.fixture
def composites(tmp_path: Path) -> Butler:
    (tmp_path / "camera.yaml").write_text(COMPOSITES)
    with sqlite3.connect(tmp_path / "registry.sqlite3") as connection:
        connection.execute("create table raw (visit int, filter text)")
        connection.executemany("insert into raw values (?, ?)", [(7, "g"), (8, "r")])
    connection.close()
    for name in ("c-0-1,1-g", "c-0-1,1-r", "c-3-2,2-g"):
        (tmp_path / f"{name}.txt").write_text("x")
    return Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))


@pytest.mark.parametrize(
    ("name", "given_id", "rows"),
    [
        ("raw", {}, [(7, 0), (7, 1), (8, 0), (8, 1)]),
        ("of_raws", {"visit": 7}, [(7, 0), (7, 1)]),
        ("of_raws", {"filter": "r", "snap": 1}, [(8, 1)]),
        ("coadd", {}, [(0, "1,1", "g"), (0, "1,1", "r"), (3, "2,2", "g")]),
        ("coadd", {"filter": "g"}, [(0, "1,1", "g"), (3, "2,2", "g")]),
        ("coadd", {"tract": 0, "patch": "1,1"}, [(0, "1,1", "g"), (0, "1,1", "r")]),
        ("coadd", {"tract": 5}, []),
        ("of_coadds", {}, [(0, "1,1", "g"), (0, "1,1", "r"), (3, "2,2", "g")]),
        ("of_coadds", {"tract": 3}, [(3, "2,2", "g")]),
    ],
)
def test_a_query_and_a_subset_give_the_same(
    composites: Butler, name: str, given_id: dict[str, Any], rows: list[tuple[Any, ...]]
) -> None:
    keys = list(composites.getKeys(name) or ())
    subset = composites.subset(name, dataId=given_id)
    assert sorted(tuple(one.dataId[key] for key in keys) for one in subset) == rows
    assert sorted(composites.queryMetadata(name, keys, given_id)) == rows
    for number, key in enumerate(keys):
        values = {row[number] for row in rows}
        if rows or key not in given_id:
            assert set(composites.queryMetadata(name, key, given_id)) == values


def test_what_was_given_stays_where_nobody_can_tell_it(composites: Butler) -> None:
    subset = composites.subset("of_both", visit=7)
    assert {one.dataId["visit"] for one in subset} == {7}
    assert len(subset) == 3
