"""Datasets that are read later."""

from __future__ import annotations

from persistence.composites.handle import Handle
from persistence.dataids.dataid import DataId


def handle(read):
    return Handle("src", DataId(visit=1, ccd=2), read)


def test_nothing_is_read_before_somebody_asks():
    told = []
    made = handle(lambda view, options: told.append((view, dict(options))))
    assert told == []
    assert repr(made) == "Handle('src', {'visit': 1, 'ccd': 2})"
    assert told == []


def test_views_and_options_reach_the_reader():
    told = []
    made = handle(lambda view, options: told.append((view, dict(options))) or len(told))
    assert [made.get(), made.get("schema"), made.get(columns=("a", "b"))] == [1, 2, 3]
    assert told == [(None, {}), ("schema", {}), (None, {"columns": ("a", "b")})]


def test_a_handle_says_what_it_is_of():
    made = handle(lambda view, options: None)
    assert (made.datasetType, made.dataId) == ("src", {"visit": 1, "ccd": 2})
