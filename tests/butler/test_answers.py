"""Answers are Gen2's lists and sets, and tables besides."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from persistence import Butler
from persistence.butler.answers import TypeNames, Values


def test_values_of_a_query_are_a_list_and_a_table(butler: Butler) -> None:
    values = butler.queryMetadata("raw", ["visit", "filter"], ccdnum=28)
    assert values == [(410877, "g"), (410878, "r")]
    table = values.to_table()
    assert table.colnames == ["visit", "filter"]
    assert table["visit"].dtype == np.int64
    assert table["filter"].tolist() == ["g", "r"]
    frame = values.to_pandas()
    assert frame["visit"].tolist() == [410877, 410878]
    one = butler.queryMetadata("raw", "filter")
    assert one.to_table()["filter"].tolist() == list(one) == ["g", "r"]
    assert pickle.loads(pickle.dumps(values)).to_pandas().equals(frame)


def test_values_that_match_nothing_are_a_table_with_the_types_of_their_keys(butler: Butler) -> None:
    table = butler.queryMetadata("raw", ["visit", "filter"], visit=1).to_table()
    assert len(table) == 0
    assert table["visit"].dtype == np.int64
    assert table["filter"].dtype.kind == "U"


def test_a_subset_is_a_table_of_its_data_ids(butler: Butler) -> None:
    subset = butler.subset("raw", visit=410877)
    table = subset.to_table()
    assert len(table) == len(subset)
    assert set(table["visit"]) == {410877}
    assert table["ccdnum"].tolist() == [reference.dataId["ccdnum"] for reference in subset]
    assert len(subset.to_pandas()) == len(subset)
    assert len(butler.subset("raw", visit=1).to_table()) == 0


@pytest.mark.parametrize(
    ("values", "kind", "plain"),
    [
        ([1, 2.5], "f", [1.0, 2.5]),
        ([1, "a"], "U", ["1", "a"]),
        ([True, False], "b", [True, False]),
        ([b"x", 1], "U", ["b'x'", "1"]),
    ],
)
def test_values_of_several_types_have_a_type_that_holds_them(
    values: list[object], kind: str, plain: list[object]
) -> None:
    column = Values(values, ["x"]).to_table()["x"]
    assert column.dtype.kind == kind
    assert column.tolist() == plain


def test_a_value_that_is_missing_is_masked() -> None:
    table = Values([(1, None), (None, "a")], ["x", "y"]).to_table()
    assert table["x"].mask.tolist() == [False, True]
    assert table["y"].mask.tolist() == [True, False]


def test_dataset_types_are_sorted_and_views_apart(butler: Butler, filled: Path) -> None:
    names = butler.getDatasetTypes()
    assert list(names) == sorted(set(names))
    assert {"calexp", "calexp_md", "src", "raw_filename"} <= names
    assert isinstance(names, set)
    assert "calexp" in names.types
    assert "calexp_md" not in names.types
    assert "processCcd_config" in names.types  # a dataset type with an underscore is no view
    assert "calexp_md" in names.views["calexp"]
    assert set(names.types) | {view for views in names.views.values() for view in views} == names
    assert repr(names).startswith("{'")
    again = pickle.loads(pickle.dumps(names))
    assert (again, again.views) == (names, names.views)
    assert names.merged(TypeNames({"zzz"})).types[-1] == "zzz"
