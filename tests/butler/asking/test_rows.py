"""Rows: how they are looked at, kept and shown."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from persistence.butler.asking.rows import Rows
from persistence.errors import NoResults, UnknownKey

TIME = datetime.datetime
KINDS: dict[str, type] = {
    "visit": int,
    "expTime": float,
    "filter": str,
    "written": TIME,
    "src": bool,
}
FIRST = datetime.datetime(2026, 11, 1, 2, 26, 40, 500_000, tzinfo=datetime.UTC)
# In ns since 1970: date -u -d @1793500000.
NANOSECONDS = 1_793_500_000_500_000_000
ROWS = [
    (1, 30.0, "g", NANOSECONDS, 1),
    (2, None, None, None, 0),
    (None, 1.5, "<r>", NANOSECONDS, None),
]


class Asked:
    """What is asked for rows, and how often."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows, self.times = rows, 0

    def __call__(self) -> Iterator[Any]:
        self.times += 1
        return iter(self.rows)


def test_rows_are_dictionaries_with_times_and_truths() -> None:
    rows = Rows("calexp", KINDS, Asked(ROWS))
    assert rows[0] == {
        "visit": 1,
        "expTime": 30.0,
        "filter": "g",
        "written": FIRST,
        "src": True,
    }
    assert rows[1:] == [dict(zip(KINDS, row, strict=True)) for row in rows.tuples()][1:]
    assert rows["src"] == [True, False, None]
    assert rows["filter"] == ["g", None, "<r>"]
    with pytest.raises(UnknownKey, match="no column 'fliter'; did you mean 'filter'"):
        rows["fliter"]
    with pytest.raises(IndexError):
        rows[3]


def test_nothing_is_asked_before_rows_are_looked_at_nor_kept_by_iteration() -> None:
    asked = Asked(ROWS)
    rows = Rows("calexp", KINDS, asked)
    assert asked.times == 0
    assert [row["visit"] for row in rows] == [1, 2, None]
    assert [row["visit"] for row in rows] == [1, 2, None]
    assert asked.times == 2
    assert rows
    assert not Rows("calexp", KINDS, Asked([]))
    assert len(rows) == 3
    before = asked.times
    assert [row["src"] for row in rows] == [True, False, None]
    assert len(rows) == 3
    assert asked.times == before


def test_a_list_of_the_rows_asks_once() -> None:
    asked = Asked(ROWS)
    assert len(list(Rows("calexp", KINDS, asked))) == 3
    assert asked.times == 1


def test_a_table_has_masks_where_there_is_no_value() -> None:
    table = Rows("calexp", KINDS, Asked(ROWS)).to_table()
    assert table.colnames == list(KINDS)
    assert table["visit"].dtype == np.int64
    assert table["visit"].mask.tolist() == [False, False, True]
    assert table["expTime"].mask.tolist() == [False, True, False]
    assert table["written"].mask.tolist() == [False, True, False]
    assert table["written"][0].isot == "2026-11-01T02:26:40.500"
    assert table["src"].mask.tolist() == [False, False, True]
    whole = Rows("calexp", KINDS, Asked(ROWS[:1])).to_table()
    assert not hasattr(whole["visit"], "mask")
    assert len(Rows("calexp", KINDS, Asked([])).to_table()) == 0


def test_a_data_frame_has_types_that_can_be_missing() -> None:
    pandas = pytest.importorskip("pandas")
    frame = Rows("calexp", KINDS, Asked(ROWS)).to_pandas()
    assert frame["visit"].dtype == "Int64"
    assert frame["src"].dtype == "boolean"
    assert frame["written"][0] == pandas.Timestamp(FIRST)
    assert frame.isna().sum().tolist() == [1, 1, 1, 1, 1]
    whole = Rows("calexp", KINDS, Asked(ROWS[:1])).to_pandas()
    assert whole["visit"].dtype == "int64"
    assert whole["src"].dtype == "bool"
    assert list(Rows("calexp", KINDS, Asked([])).to_pandas().columns) == list(KINDS)


def test_they_are_shown_in_a_few_lines() -> None:
    rows = Rows("calexp", KINDS, Asked(ROWS))
    assert repr(rows) == (
        "calexp: 3 rows\n"
        "visit  expTime  filter  written              src\n"
        "1      30.0     g       2026-11-01T02:26:40  True\n"
        "2                                            False\n"
        "       1.5      <r>     2026-11-01T02:26:40"
    )
    page = rows._repr_html_()
    assert "<th>expTime</th>" in page
    assert "&lt;r&gt;" in page
    many = Rows("calexp", {"visit": int}, Asked([(number,) for number in range(100)]))
    assert repr(many).startswith("calexp: more than 10 rows\nvisit\n0\n")
    assert len(repr(many).splitlines()) == 12
    assert len(many) == 100
    assert repr(many).startswith("calexp: 100 rows\n")
    assert "\x1b" not in repr(Rows("x", {"filter": str}, Asked([("\x1b[2J",)])))


def test_rows_that_are_no_datasets_have_no_references() -> None:
    with pytest.raises(NoResults, match="these rows are not datasets"):
        Rows("summary", KINDS, Asked(ROWS)).refs()
