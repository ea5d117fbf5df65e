"""Values that TAB offers, from registries in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from persistence.registry import tab


@pytest.fixture
def visits(tmp_path: Path) -> Callable[[Sequence[object], int], str]:
    """Return a function that makes a registry of these visits, of some detectors each."""

    def make(numbers: Sequence[object], detectors: int) -> str:
        path = str(tmp_path / "registry.sqlite3")
        with sqlite3.connect(path) as connection:
            connection.execute(
                "CREATE TABLE raw (id integer primary key, visit int, ccdnum int, [odd name] text)"
            )
            connection.execute("CREATE TABLE raw_visit (visit int, unique(visit))")
            rows = (
                (visit, ccdnum, f"{ccdnum}")
                for visit in numbers
                for ccdnum in range(1, detectors + 1)
            )
            connection.executemany(
                "INSERT INTO raw (visit, ccdnum, [odd name]) VALUES (?, ?, ?)", rows
            )
            connection.executemany(
                "INSERT INTO raw_visit VALUES (?)", ((visit,) for visit in numbers)
            )
        connection.close()
        return path

    return make


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a registry as long as it takes, on a machine that is busy."""
    monkeypatch.setattr(tab, "_SECONDS", float("inf"))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("numbers", "begin", "offered"),
    [
        (range(100000, 100200), "", [str(number) for number in range(100000, 100200)]),
        (range(100000, 101000), "", [str(number) for number in range(10000, 10100)]),
        (range(100000, 101000), "1005", [str(number) for number in range(100500, 100600)]),
        (range(100000, 200000, 100), "", [str(number) for number in range(100, 200)]),
        (
            range(5, 2000),
            "",
            sorted({str(number)[:2] for number in range(5, 2000)}, key=lambda one: (len(one), one)),
        ),
        ([f"a^{number}" for number in range(3)], "", []),
        ([None, "", b"x", 7], "", ["7"]),
        (["a\x1b]0;title", "a\nb", "a b"], "", ["a b"]),
        ([], "", []),
    ],
)
def test_of_many_values_beginnings_are_offered(
    visits: Any, numbers: Any, begin: str, offered: list[str]
) -> None:
    path = visits(list(numbers), 1)
    assert tab.values(path, "visit", {}, begin) == offered
    assert tab.values(path, "VISIT]", {}, begin) == []


@pytest.mark.usefixtures("patient")
def test_of_a_large_table_without_an_index_some_rows_count(
    visits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab, "_LONG", 100)
    path = visits(range(1000, 1050), 62)
    # Of the visit table all rows, whatever else is chosen; of the other one the first rows.
    assert len(tab.values(path, "visit", {"ccdnum": "62"}, "")) == 50
    assert len(tab.values(path, "ccdnum", {"visit": "1049"}, "")) == 62
    assert tab.values(path, "odd name", {}, "6") == ["6", "60", "61", "62"]
    monkeypatch.setattr(tab, "_PART", 50)
    assert len(tab.values(path, "ccdnum", {}, "")) == 50
    monkeypatch.setattr(tab, "_PART", 3)
    assert tab.values(path, "ccdnum", {}, "") == ["1", "2", "3"]
    monkeypatch.setattr(tab, "_PART", 1)  # more than one may begin so
    assert tab.values(path, "ccdnum", {}, "") == []


def test_a_registry_that_takes_too_long_is_left(
    visits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab, "_SECONDS", -1.0)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        tab.values(visits(range(1000), 62), "ccdnum", {}, "")
