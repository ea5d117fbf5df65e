"""Catalogs of the same objects, joined column by column."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table, join
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.table.joined import JoinedTable


class Part:
    """A table that is read in part, and tells what was read of it."""

    def __init__(self, **columns):
        self.table, self.read = Table(columns), []

    def __str__(self):
        return "the part"

    def get(self, view=None, **options):
        self.read.append(view or options.get("columns"))
        return self.table[:0] if view == "schema" else self.table[list(options["columns"])]


def two():
    return {
        "a": Part(id=[3, 1, 2], ra=[3.0, 1.0, 2.0], s=[1, 2, 3]),
        "b": Part(id=[1, 2, 3], f=[10, 20, 30], s=[7, 8, 9]),
    }


def test_the_columns_of_all_are_there_and_only_the_columns_are_read():
    parts = two()
    joined = JoinedTable(parts)
    assert joined.colnames == ["id", "ra", "s", "f", "b.s"]
    assert "f" in joined
    assert "g" not in joined
    assert repr(joined) == "JoinedTable of a, b: 5 columns"
    assert [part.read for part in parts.values()] == [["schema"], ["schema"]]
    assert list(joined) == joined.colnames


def test_a_column_reads_that_column():
    parts = two()
    assert list(JoinedTable(parts)["ra"]) == [3.0, 1.0, 2.0]
    assert parts["a"].read == ["schema", ("id", "ra")]
    assert parts["b"].read == ["schema"]


@pytest.mark.parametrize("names", [("f", "ra"), ["f", "ra"], ["f", "ra", "f"], ["id", "f", "ra"]])
def test_several_columns_are_a_table_with_the_key_first(names):
    table = JoinedTable(two())[names]
    assert table.colnames == ["id", "f", "ra"]
    assert [list(row) for row in table] == [[3, 30, 3.0], [1, 10, 1.0], [2, 20, 2.0]]


def test_a_column_that_several_have_is_called_by_its_catalog():
    joined = JoinedTable(two())
    assert list(joined["s"]) == [1, 2, 3]
    assert list(joined["b.s"]) == [9, 7, 8]


def test_no_columns_are_the_key():
    assert JoinedTable(two())[[]].colnames == ["id"]


def test_the_first_catalogs_rows_count():
    parts = two()
    parts["b"] = Part(id=[9, 3, 2, 1], f=[90, 30, 20, 10])
    joined = JoinedTable(parts)
    assert len(joined) == 3
    assert list(joined["f"]) == [30, 10, 20]


def test_another_key_joins():
    joined = JoinedTable(
        {"a": Part(n=["x", "y"], f=[1, 2]), "b": Part(n=["y", "x"], g=[3, 4])}, key="n"
    )
    assert list(joined["g"]) == [4, 3]


WRONG = {
    "an object is missing": ({"id": [1, 2], "f": [1, 2]}, "b lacks 1 of the objects of a: 3"),
    "an object is there twice": (
        {"id": [1, 2, 3, 3], "f": [1, 2, 3, 3]},
        "b has several rows for one object",
    ),
    "there are none": (
        {"id": np.zeros(0, int), "f": np.zeros(0)},
        "b lacks 3 of the objects of a: 1, 2, 3",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_catalogs_of_other_objects_are_refused_when_they_are_read(what):
    columns, told = WRONG[what]
    joined = JoinedTable(two() | {"b": Part(**columns)})
    assert list(joined["ra"]) == [3.0, 1.0, 2.0]
    with pytest.raises(FormatterError, match=told):
        _ = joined["f"]


def test_a_catalog_without_the_key_is_refused_at_once():
    with pytest.raises(
        FormatterError, match=r"the part has no column 'id' to be joined by \(it has f\)"
    ):
        JoinedTable(two() | {"b": Part(f=[1])})


def test_a_misspelt_column_is_told_with_its_neighbour():
    with pytest.raises(FormatterError, match=r"no catalog has a column 'raa'; did you mean 'ra'\?"):
        JoinedTable(two()).read(["raa"])


@pytest.mark.parametrize("index", [0, slice(0, 2), None, np.array([True])])
def test_rows_are_had_from_what_is_read(index):
    with pytest.raises(FormatterError, match="a joined table returns columns by name"):
        _ = JoinedTable(two())[index]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**62), 2**62), unique=True, max_size=8), st.data())
def test_it_equals_a_plain_join_for_any_order_of_the_objects(ids, data):
    orders = [data.draw(st.permutations(ids)) for _ in range(3)]
    tables = [
        Table(
            {
                "id": np.array(order, np.int64),
                name: np.array([hash((name, one)) for one in order], np.int64),
            }
        )
        for name, order in zip("xyz", orders, strict=True)
    ]
    joined = JoinedTable(
        {
            table.colnames[1]: Part(**{name: table[name] for name in table.colnames})
            for table in tables
        }
    )
    found = joined.read()
    assert list(found["id"]) == orders[0]
    assert [list(row) for row in joined["z", "y"]] == [list(row) for row in found["id", "z", "y"]]
    if ids:
        plain = join(join(tables[0], tables[1], "id"), tables[2], "id")
        found.sort("id")
        plain.sort("id")
        assert [list(row) for row in found] == [list(row) for row in plain]


def test_a_column_takes_no_other_ones_name():
    with pytest.raises(
        FormatterError, match=r"two columns would have the name 'b\.f': b has 'f', too"
    ):
        JoinedTable(
            {"a": Part(**{"id": [1], "f": [1.0], "b.f": [2.0]}), "b": Part(id=[1], f=[3.0])}
        )
