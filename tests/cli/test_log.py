"""What was written when, by whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LINES = [
    {"op": "ingest", "t": 1.0, "f": "raw/1.fits"},
    {"op": "put", "t": 86400.0, "f": "calexp/1.fits", "d": "calexp", "id": {"visit": 1}, "r": "R"},
    {"op": "put", "t": 172800.25, "f": "src/1.fits", "d": "src", "id": {"visit": 1}},
    {"op": "run", "t": 86399.0, "f": "", "r": "R", "task": "processCcd"},
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree that is no repository of ours, with journals of two hosts."""
    folder = tmp_path / "tree/.persistence/journal"
    folder.mkdir(parents=True)
    for name, some in (("here-54321", LINES[1:]), ("far-away-54322", LINES[:1])):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in some))
    return tmp_path / "tree"


def told(run: Any, *words: object) -> list[dict[str, Any]]:
    done = run("log", *words, "--format", "json")
    assert done.status == 0
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def test_the_newest_are_first_with_who_wrote_them_where(run: Any, tree: Path) -> None:
    rows = told(run, tree)
    assert [row["path"] for row in rows] == ["src/1.fits", "calexp/1.fits", "raw/1.fits"]
    assert rows[1] == {
        "time": "1970-01-02 00:00:00 UTC", "user": "uid 54321", "host": "here", "what": "put",
        "type": "calexp", "id": "visit=1", "task": "processCcd", "path": "calexp/1.fits",
    }  # fmt: skip
    assert rows[2]["host"] == "far-away"


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (("-N", "1"), ["src/1.fits"]),
        (("-N", "0"), ["src/1.fits", "calexp/1.fits", "raw/1.fits"]),
        (("calexp",), ["calexp/1.fits"]),
        (("--since", "1970-01-02"), ["src/1.fits", "calexp/1.fits"]),
        (("--since", "1970-01-02T00:00:01"), ["src/1.fits"]),
        (("--since", "1970-01-02T01:00:00+01:00"), ["src/1.fits", "calexp/1.fits"]),
        (("--by", "54322"), ["raw/1.fits"]),
    ],
)
def test_what_is_not_wanted_is_left_out(
    run: Any, tree: Path, words: tuple[str, ...], paths: list[str]
) -> None:
    assert [row["path"] for row in told(run, tree, *words)] == paths


def test_what_is_left_out_is_told(run: Any, tree: Path) -> None:
    assert "these are the newest 1; -N 0 shows all" in run("log", tree, "-N", "1").err


def test_what_cannot_be_is_refused(run: Any, tree: Path, tmp_path: Path) -> None:
    done = run("log", tree, "--since", "yesterday")
    assert done.status == 2
    assert "--since yesterday" in done.err
    done = run("log", tree, "calxep")
    assert (done.status, done.out) == (1, "")
    assert done.err == f"persistence: no line of {tree} matches; did you mean 'calexp'?\n"
    (tmp_path / "bare").mkdir()
    done = run("log", tmp_path / "bare")
    assert (done.status, done.out) == (1, "")
    assert "has no .persistence/journal" in done.err
    assert run("log", tmp_path / "absent").status == 2
