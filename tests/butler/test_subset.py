"""Subsets and data references: what they hand on, and to whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import Butler, ButlerSubset, DataId, UnknownDatasetType

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
