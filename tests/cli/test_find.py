"""Datasets by conditions, compared with names of files and rows of the registry."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


def sql(root: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(root / "registry.sqlite3")) as connection:
        return connection.execute(query).fetchall()


def rows(text: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in json.loads(text)]


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        (["--where", "ccdnum in (28..30)"], "ccdnum BETWEEN 28 AND 30"),
        (["--where", "filter == 'g' and not ccdnum > 3"], "filter = 'g' AND ccdnum <= 3"),
        (["--where", "expTime > 80 and ccdnum = 5"], "expTime > 80 AND ccdnum = 5"),
        (["--id", "filter=g", "ccdnum=1..5"], "filter = 'g' AND ccdnum BETWEEN 1 AND 5"),
        (["--id", "ccd=1", "--id", "ccd=2"], "ccdnum IN (1, 2)"),
        (["--id", "ccd=1^2", "--where", "visit = 410878"], "ccdnum < 3 AND visit = 410878"),
        (["--where", ""], "1"),
    ],
)
def test_conditions_choose_the_rows_that_the_registry_has(
    run: Any, filled: Path, words: list[str], condition: str
) -> None:
    done = run("find", filled, "raw", *words, "--columns", "visit,ccdnum", "--format", "json")
    expected = sql(filled, f"SELECT visit, ccdnum FROM raw WHERE {condition}")
    assert (done.status, done.err) == (0, "")
    assert sorted(rows(done.out)) == sorted(expected) != []


def test_sizes_and_times_are_those_of_the_file(run: Any, rerun: Path) -> None:
    done = run("find", rerun, "calexp", "--columns", "size,written,path,repository")
    header, line = done.out.splitlines()
    assert header.split() == ["size", "written", "path", "repository"]
    size, written, path, repository = line.split()
    status = os.stat(os.path.join(repository, path))
    assert repository == str(rerun.parent / "first")
    assert int(size) == status.st_size
    from datetime import UTC, datetime

    assert written == datetime.fromtimestamp(int(status.st_mtime), UTC).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def test_paths_are_those_that_a_walk_finds(run: Any, rerun: Path, filled: Path) -> None:
    for name, root, pattern in (
        ("raw", filled, r"decam\d+\.fits\.fz$"),
        ("src", rerun.parent / "first", r"src-\d+_\d+\.fits$"),
    ):
        done = run("find", rerun, name, "--paths")
        expected = [
            os.path.join(folder, file)
            for folder, _, files in os.walk(root)
            for file in files
            if re.search(pattern, file)
        ]
        assert sorted(done.out.splitlines()) == sorted(expected) != []


def test_all_copies_are_shown_the_newest_first(run: Any, rerun: Path, tmp_path: Path) -> None:
    first = rerun.parent / "first"
    (source,) = first.glob("*/src/src-*.fits")
    Butler(inputs=str(rerun), outputs=str(tmp_path / "third"))
    copy = tmp_path / "third" / source.relative_to(first)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(source.read_bytes() + b" " * 2880)
    os.utime(copy, (10**9, 10**9))
    done = run("find", tmp_path / "third", "src", "--all", "--format", "json")
    found = [(row["repository"], row["size"]) for row in json.loads(done.out)]
    assert found == [
        (str(first), source.stat().st_size),
        (str(tmp_path / "third"), copy.stat().st_size),
    ]
    assert run("find", tmp_path / "third", "src", "--paths").out.splitlines() == [str(copy)]
    assert run("find", tmp_path / "third", "src", "--paths", "--all").out.splitlines() == [
        str(source), str(copy)
    ]  # fmt: skip


def test_order_and_limit(run: Any, filled: Path) -> None:
    words = ["--columns", "ccdnum visit", "--order", "ccdnum-,visit", "--limit", "3"]
    done = run("find", filled, "raw", *words, "--format", "csv")
    found = [tuple(map(int, row)) for row in list(csv.reader(io.StringIO(done.out)))[1:]]
    query = "SELECT ccdnum, visit FROM raw ORDER BY ccdnum DESC, visit LIMIT 3"
    assert found == sql(filled, query)


def test_equal_rows_are_shown_once_on_request(run: Any, filled: Path) -> None:
    for words, query in (
        ([], "SELECT ccdnum FROM raw"),
        (["--distinct"], "SELECT DISTINCT ccdnum FROM raw"),
    ):
        done = run("find", filled, "raw", "--columns", "ccdnum", *words, "--format=json")
        assert sorted(rows(done.out)) == sorted(sql(filled, query))


def test_short_gives_the_options_of_a_command(run: Any, filled: Path) -> None:
    words = ["--where", "ccdnum in (1..5)", "--columns", "visit,ccdnum", "--short"]
    done = run("find", filled, "raw", *words)
    assert done.out == "--id visit=410877^410878 ccdnum=1..5\n"


def test_what_arrives_by_hand_is_found_and_what_is_gone_is_not(run: Any, own: Path) -> None:
    run("find", own, "raw")
    (file,) = own.glob("20*/g/*.fits.fz")
    file.unlink()
    done = run("find", own, "raw", "--columns", "visit", "--distinct", "--format=csv")
    assert done.out.split() == ["visit", "410878"]
    stale = run("find", own, "raw", "--columns", "visit", "--distinct", "--as-indexed")
    assert stale.out.split() == ["visit", "410878"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rwa"], "no dataset type 'rwa'; did you mean 'raw'"),
        (["raw", "--where", "vist = 3"], "unknown key 'vist'; did you mean 'visit'"),
        (["raw", "--where", "visit in (1.."], "where, column 14"),
        (["raw", "--where", "visit = 'a'"], "where, column 9: visit is a whole number"),
        (["raw", "--columns", "vist"], "raw has no column 'vist'; did you mean 'visit'"),
        (["raw", "--order", "vist-"], "raw has no column 'vist'; did you mean 'visit'"),
        (["raw", "--limit", "-1"], "invalid number of rows value: '-1'"),
        (["raw", "--id", "vist=1"], "unknown key 'vist'"),
        (["raw", "--paths", "--short"], "--paths shows paths alone"),
        (["raw", "--columns", ""], "no column is requested"),
        (["raw", "--all", "--limit", "3"], "--all shows all of each copy"),
    ],
)
def test_what_is_mistyped_is_status_2(
    run: Any, filled: Path, words: list[str], message: str
) -> None:
    done = run("find", filled, *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize(("form", "printed"), [("table", ""), ("json", "[]\n")])
def test_nothing_found_is_status_1_with_how_many_there_are(
    run: Any, filled: Path, form: str, printed: str
) -> None:
    done = run("find", filled, "raw", "--where", "ccdnum > 100", "--format", form)
    assert (done.status, done.out) == (1, printed)
    assert done.err == (
        "persistence: No datasets for find: raw {'where': 'ccdnum > 100'}\n"
        "  122 raw are there, and none of them matches\n"
    )
    done = run("find", filled, "calexp", "--format", form)
    assert done.err.splitlines()[1] == "  no file of calexp is there"


def _as_stranger(words: Sequence[str]) -> str:
    """Return the status and all that is printed, by a process that keeps its index in memory."""
    from persistence.cli import main

    os.environ["XDG_CACHE_HOME"] = "/nonexistent"
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        status = main.main(words)
    return f"{status} {out.getvalue()}"


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        (["find", "calexp"], True),
        (["missing", "calexp"], True),
        (["missing", "src", "--given", "calexp"], True),
        (["find", "src"], False),
    ],
)
def test_a_directory_that_cannot_be_listed_is_told(
    open_folder: Path, filled: Path, as_nobody: Any, words: list[str], is_told: bool
) -> None:
    own = Path(shutil.copytree(filled, open_folder / "own"))
    for name, ccdnum in (("calexp", 1), ("calexp", 2), ("src", 1)):
        for visit in ("0410877", "0410878"):
            path = own / visit / name / f"{name}-{visit}_{ccdnum:02d}.fits"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    closed = own / "0410878" / "calexp"
    closed.chmod(0o700 if os.geteuid() == 0 else 0)
    command, *rest = words
    text = as_nobody(lambda: _as_stranger([command, str(own), *rest]))
    (open_folder / "both.yaml").write_text(f"a: {own}\nb: {own}\n")
    if command == "find":
        both = as_nobody(lambda: _as_stranger([command, str(open_folder / "both.yaml"), *rest]))
        assert both.count("cannot be listed") == is_told
    closed.chmod(0o755)
    assert (f"{closed} cannot be listed: Permission denied" in text) == is_told
    assert text.startswith("1 " if is_told else "0 ")
    assert "410877" in text
