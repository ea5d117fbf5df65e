"""Which data references have data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsst.daf.persistence import Butler, ButlerSubsetIterator, dataExists, searchDataRefs


def test_only_references_with_data_are_found(own: Path) -> None:
    butler = Butler(own)
    Path(butler.getUri("raw", visit=410877, ccdnum=2).split("[")[0]).unlink()
    every = butler.subset("raw")
    found = searchDataRefs(butler, "raw")
    assert [one.dataId for one in found] == [
        one.dataId for one in every if one.dataId["visit"] == 410878
    ]
    assert [dataExists(one) for one in every] == [one.dataId["visit"] == 410878 for one in every]
    assert len(searchDataRefs(butler, "raw", "visit", {"visit": 410878, "ccdnum": 1})) == 1
    assert searchDataRefs(butler, "raw", dataId={"visit": 410877, "ccdnum": 1}) == []


class Group:
    """A reference that is made of others, some of them with data."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def subItems(self) -> Any:
        return self.items

    def datasetExists(self) -> bool:
        raise AssertionError("its items are asked")


class Single(Group):
    def __init__(self, there: bool) -> None:
        super().__init__()
        self.there = there

    def datasetExists(self) -> bool:
        return self.there


@pytest.mark.parametrize(
    ("reference", "there"),
    [
        (Single(True), True),
        (Single(False), False),
        (Group(Single(False), Single(True)), True),
        (Group(Single(False), Group(Single(False))), False),
    ],
    ids=["there", "gone", "one of two", "none"],
)
def test_a_reference_made_of_others_has_data_if_one_of_them_has(
    reference: Any, there: bool
) -> None:
    assert dataExists(reference) is there


def test_an_iterator_gives_the_references_of_a_subset(butler: Butler) -> None:
    subset = butler.subset("raw", visit=410877)
    iterator = ButlerSubsetIterator(subset)
    assert [one.dataId for one in iterator] == [one.dataId for one in subset]
    assert next(iterator, None) is None
    assert [one.dataId for one in ButlerSubsetIterator(subset)] == subset.cache
