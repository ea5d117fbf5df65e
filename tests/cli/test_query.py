"""Values from the registry."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


def test_each_row_is_a_line_under_a_header(run: Any, filled: Path) -> None:
    done = run("query", filled, "raw", "visit", "filter", "--id", "ccdnum=28")
    assert done == (0, " visit  filter\n410877  g\n410878  r\n", "")


def test_it_gives_what_the_butler_gives(run: Any, filled: Path, butler: Butler) -> None:
    done = run("query", filled, "raw", "visit", "ccdnum", "expTime", "--format", "json")
    rows = [tuple(row.values()) for row in json.loads(done.out)]
    assert rows == butler.queryMetadata("raw", ["visit", "ccdnum", "expTime"])
    assert [type(value) for value in rows[0]] == [int, int, float]


@pytest.mark.parametrize(
    ("words", "visits"),
    [
        ([], [410877, 410878]),
        (["--id", "filter=r"], [410878]),
        (["--id", "visit=410870..410879:1", "ccdnum=5"], [410877, 410878]),
        (["--id", "filter=r", "--id", "filter=g"], [410878, 410877]),
        (["--id", "filter=g", "--id", "visit=410877"], [410877]),
        (["--id", "expTime=90", "filter=g"], [410877]),
    ],
)
def test_ids_choose_rows_and_each_row_comes_once(
    run: Any, filled: Path, words: list[str], visits: list[int]
) -> None:
    done = run("query", filled, "raw", "visit", *words, "--format=csv")
    assert (done.status, done.out) == (0, "".join(f"{line}\n" for line in ["visit", *visits]))


def test_what_matches_nothing_beside_what_matches_is_told(run: Any, filled: Path) -> None:
    done = run(
        "query", filled, "raw", "visit", "--format=csv", "--id", "visit=410876..410879", "ccd=28"
    )
    assert (done.status, done.out) == (0, "visit\n410877\n410878\n")
    assert done.err == "persistence: nothing is known of --id visit=410876^410879 ccdnum=28\n"


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["filter=gg"], ["filter=g, but not filter=gg"]),
        (
            ["visit=410870", "ccd=99"],
            ["visit=410877, but no visit=410870", "ccdnum=62, but no ccdnum=99"],
        ),
        (["expTime=95"], ["expTime=90.0, but not expTime=95.0"]),
    ],
)
def test_a_value_that_is_not_registered_is_told_with_the_nearest(
    run: Any, filled: Path, words: list[str], near: list[str]
) -> None:
    done = run("query", filled, "raw", "visit", "--id", *words)
    assert done.status == 1
    assert done.err.splitlines()[1:] == [f"  registered  {one}" for one in near]


def test_a_rerun_asks_its_parents_registry(run: Any, rerun: Path) -> None:
    assert run("query", rerun, "calexp", "filter", "--id", "visit=410878").out == "filter\nr\n"


@pytest.mark.parametrize(("form", "printed"), [("table", ""), ("json", "[]\n"), ("csv", "")])
def test_nothing_found_is_status_1_with_what_is_near(
    run: Any, filled: Path, form: str, printed: str
) -> None:
    done = run(
        "query", filled, "raw", "visit", "--id", "visit=410879", "ccdnum=28", "--format", form
    )
    assert (done.status, done.out) == (1, printed)
    assert done.err == (
        "persistence: No rows for query: raw {'visit': 410879, 'ccdnum': 28}\n"
        "  registered  ccdnum=28 visit=410878, but not visit=410879\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["raw", "vist"],
            "raw: 'vist' is not a column of .*registry.sqlite3; did you mean 'visit'",
        ),
        (["rwa", "visit"], "DecamMapper has no dataset type 'rwa'; did you mean 'raw'"),
        (["raw", "visit", "--id", "ccdnm=1"], "unknown key 'ccdnm'; did you mean 'ccdnum'"),
        (["raw", "visit", "--id", "ccdnum=x"], "ccdnum takes a value of type int"),
        (["raw"], "the following arguments are required: KEY"),
    ],
)
def test_what_is_mistyped_is_status_2(
    run: Any, filled: Path, words: list[str], message: str
) -> None:
    done = run("query", filled, *words)
    assert (done.status, done.out) == (2, "")
    assert re.search(f"persistence.*: {message}", done.err)


def test_a_damaged_registry_is_told_with_status_1(run: Any, root: Path) -> None:
    (root / "registry.sqlite3").write_text("this is no registry")
    done = run("query", root, "raw", "visit")
    assert (done.status, done.out) == (1, "")
    assert "registry.sqlite3 is not an SQLite registry, or is damaged" in done.err
