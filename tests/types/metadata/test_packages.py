"""Versions of software, and what differs between two sets of them."""

from __future__ import annotations

import pytest

from persistence.types.metadata.difference import MISSING
from persistence.types.metadata.packages import Packages

MINE = Packages({"python": "3.7.8", "afw": "21.0.0+abc", "own": "1"})
THEIRS = Packages({"afw": "22.0.0", "python": "3.7.8", "new": "2"})


def test_versions_are_a_mapping_in_the_order_of_names():
    assert list(MINE) == ["afw", "own", "python"]
    assert MINE == {"python": "3.7.8", "afw": "21.0.0+abc", "own": "1"}
    assert hash(MINE) == hash(Packages(dict(MINE)))
    assert str(MINE) == "afw: 21.0.0+abc\nown: 1\npython: 3.7.8"


def test_a_package_that_is_not_there_suggests_its_neighbour():
    with pytest.raises(KeyError, match="no package 'pyton'; did you mean 'python'"):
        MINE["pyton"]


def test_a_comparison_names_all_that_differs():
    found = MINE.diff(THEIRS)
    assert list(found) == [
        ("afw", "21.0.0+abc", "22.0.0"),
        ("new", MISSING, "2"),
        ("own", "1", MISSING),
    ]
    assert str(found) == "afw: '21.0.0+abc' != '22.0.0'\nnew: missing != '2'\nown: '1' != missing"
    assert not MINE.diff(dict(MINE))


def test_gen2s_three_parts_are_the_comparison():
    assert MINE.missing(THEIRS) == {"new": "2"}
    assert MINE.extra(THEIRS) == {"own": "1"}
    assert MINE.difference(THEIRS) == {"afw": ("21.0.0+abc", "22.0.0")}


@pytest.mark.parametrize("versions", [{"a": 1}, {1: "a"}, {"a": None}, {"a": ["1"]}])
def test_a_version_is_text(versions):
    with pytest.raises(TypeError, match="a package's name and version"):
        Packages(versions)
