"""Summaries of what registries hold."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence.cli import main
from persistence.dataids import grammar
from persistence.registry import summaries
from persistence.registry.sqlite import SqliteRegistry

COLUMNS = "visit int, ccdnum int, filter text, date text, expTime double, object text"


def register(root: Path, rows: list[tuple[Any, ...]], columns: str = COLUMNS) -> Path:
    """Return a registry of rows as no ingest would."""
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        connection.execute(f"CREATE TABLE raw_visit ({columns})")
        connection.execute(f"CREATE TABLE raw (id integer primary key, {columns})")
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        places = ", ".join("?" * len(columns.split(", ")))
        connection.executemany(f"INSERT INTO raw ({names}) VALUES ({places})", rows)
    connection.close()
    return root


@pytest.fixture
def survey(root: Path) -> Path:
    """Return a repository of visits in two fields and filters, of two detectors each."""
    visits = [(number, "g" if number % 2 else "r", "2015-03-02", 30.1) for number in range(11, 20)]
    rows = [
        (number, detector, name, date, time, "COSMOS" if number < 17 else "SN-C3")
        for number, name, date, time in visits
        for detector in (1, 2)
    ]
    return register(root, [*rows, (7, 1, "r", "2015-03-01", None, "COSMOS")])


def test_each_visit_is_a_line_ordered_by_filter_and_number(run: Any, survey: Path) -> None:
    done = run("registry", survey)
    assert (done.status, done.err) == (0, "")
    first, *lines = [line.split() for line in done.out.splitlines()]
    assert first == ["filter", "object", "date", "expTime", "visit", "detectors"]
    assert lines[0] == ["g", "COSMOS", "2015-03-02", "30.1", "11", "2"]
    assert lines[5] == ["r", "COSMOS", "2015-03-01", "7", "1"]
    assert [line[-2] for line in lines] == [
        "11",
        "13",
        "15",
        "17",
        "19",
        "7",
        "12",
        "14",
        "16",
        "18",
    ]


@pytest.mark.parametrize(
    ("words", "visits"),
    [
        (["--filter", "r"], [7, 12, 14, 16, 18]),
        (["--filter", "[gr]", "--field", "SN-*"], [17, 19, 18]),
        (["--field", "COSMOS", "--visit", "15..99"], [15, 16]),
        (["--visit", "11..15:2", "18^19"], [11, 13, 15, 19, 18]),
        (["--visit", "12..18:3"], [15, 12, 18]),
        (["--visit", "13", *map(str, range(1000, 4000))], [13]),
    ],
)
def test_rows_are_chosen(run: Any, survey: Path, words: list[str], visits: list[int]) -> None:
    assert [
        row["visit"] for row in json.loads(run("registry", survey, *words, "--format=json").out)
    ] == visits


def test_the_summary_adds_up_and_its_options_stand_for_the_visits(run: Any, survey: Path) -> None:
    done = run("registry", survey, "--summary")
    assert done.out.splitlines() == [
        "filter  object  visits  expTime  id",
        "g       COSMOS       3     90.3  --id visit=11^13^15",
        "g       SN-C3        2     60.2  --id visit=17^19",
        "r       COSMOS       4     90.3  --id visit=7^12^14^16",
        "r       SN-C3        1     30.1  --id visit=18",
        "total               10    270.9",
    ]
    rows = json.loads(run("registry", survey, "--summary", "--format=json").out)
    assert [row["visits"] for row in rows] == [3, 2, 4, 1]  # sums are for people
    for row in rows:
        known = {data_id["visit"] for data_id in grammar.parse(row["id"].split()[1:])}
        found = json.loads(
            run(
                "registry",
                survey,
                "--filter",
                row["filter"],
                "--field",
                row["object"],
                "--format=json",
            ).out
        )
        assert {str(one["visit"]) for one in found} == known


def test_csv_has_a_column_for_each(run: Any, survey: Path) -> None:
    (row,) = csv.DictReader(
        io.StringIO(run("registry", survey, "--visit", "7", "--format=csv").out)
    )
    assert row == {
        "filter": "r", "object": "COSMOS", "date": "2015-03-01", "expTime": "", "visit": "7", "detectors": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "row", "told"),
    [
        (
            "visit int, ccd int, field text",
            (3, 1, "M31"),
            {"field": "M31", "visit": 3, "detectors": 1},
        ),
        ("expId int, filter text", (3, "g"), {"filter": "g", "expId": 3, "detectors": 1}),
        ("visit int", (3,), {"visit": 3, "detectors": 1}),
        (
            "visit int, field text, object text, dayObs text, date text",
            (3, "f", "o", "2015-01-01", "2015-01-01T01:02:03"),
            {"field": "f", "dayObs": "2015-01-01", "visit": 3, "detectors": 1},
        ),
    ],
)
def test_columns_are_those_of_the_registry(
    run: Any, root: Path, columns: str, row: tuple[Any, ...], told: dict[str, Any]
) -> None:
    register(root, [row], columns)
    assert json.loads(run("registry", root, "--format=json").out) == [told]
    (summary,) = json.loads(run("registry", root, "--summary", "--format=json").out)
    assert summary["visits"] == 1
    assert "total" in run("registry", root, "--summary").out


def test_detectors_are_counted_not_rows(run: Any, root: Path) -> None:
    register(root, [(1, 1), (1, 1), (1, 2)], "visit int, detector int")
    assert json.loads(run("registry", root, "--format=json").out) == [{"visit": 1, "detectors": 2}]


def test_a_rerun_shows_the_registry_of_its_parent(run: Any, rerun: Path) -> None:
    assert [row["visit"] for row in json.loads(run("registry", rerun, "--format=json").out)] == [
        410877,
        410878,
    ]


def test_calibrations_are_listed_with_their_windows(run: Any, rerun: Path) -> None:
    done = run("registry", rerun, "--calib-type", "bias")
    assert done.out.splitlines() == [
        "validStart  validEnd    calibDate   filter  detectors",
        "2015-01-01  2015-03-01  2015-02-18  NONE            1",
        "2015-01-01  2015-12-31  2015-03-01  NONE            1",
        "2015-03-02  2015-04-01  2015-03-05  NONE            1",
    ]
    rows = json.loads(
        run("registry", rerun, "--calib-type", "flat", "--filter", "r", "--format=json").out
    )
    assert [row["calibDate"] for row in rows] == ["2015-03-04"]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--visit", "5"], 1, "No rows for registry: visits {'visit': ['5']}"),
        (["--filter", "G"], 1, "No rows for registry"),
        (["--visit", "9..5"], 2, "range '9..5' is empty"),
        (["--visit", "1..5:0"], 2, "range '1..5:0' is empty"),
        (["--visit", "x"], 2, "'x' is neither the number of a visit"),
        (["--calib-type", "falt"], 2, "has no calibrations of type 'falt'; did you mean 'flat'"),
        (["--calib-type", "dark"], 1, "No rows for registry: dark {}"),
        (["--calib-type", "bias", "--field", "x"], 2, "--field is of visits"),
        (["--calib-type", "bias", "--summary"], 2, "--summary is of visits"),
    ],
)
def test_what_is_not_there_or_cannot_be_meant_is_told(
    run: Any, rerun: Path, words: list[str], status: int, told: str
) -> None:
    done = run("registry", rerun, *words)
    assert (done.status, done.out) == (status, "")
    assert told in done.err


def test_json_of_nothing_is_an_empty_list(run: Any, survey: Path) -> None:
    done = run("registry", survey, "--visit", "5", "--format=json")
    assert (done.status, done.out) == (1, "[]\n")


def test_without_a_registry_that_is_told(run: Any, root: Path) -> None:
    assert "No registry of" in run("registry", root).err
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        connection.execute("CREATE TABLE other (x int)")
    connection.close()
    done = run("registry", root)
    assert (done.status, "has no table of visits (it has ['other'])" in done.err) == (1, True)
    assert "No calibRegistry" in run("registry", root, "--calib-type", "bias").err


def test_nothing_changes(run: Any, own: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in own.rglob("*")}
    run("registry", own, "--summary")
    assert {path: path.lstat().st_mtime_ns for path in own.rglob("*")} == before


@pytest.mark.real
def test_the_real_registry_has_its_visits(real: Path, tmp_path: Path, run: Any) -> None:
    root = Path(shutil.copytree(real / "decam_registry", tmp_path / "repo"))
    os.chmod(root, 0o755)
    registry = SqliteRegistry(str(root / "registry.sqlite3"))
    rows = summaries.visits(registry, summaries.names_of(registry))
    assert sum(row["detectors"] for row in rows) == registry.count("raw")
    assert len(rows) == registry.count("raw_visit")
    assert main.main(["registry", str(root), "--summary", "--mapper", "decam"]) == 0
