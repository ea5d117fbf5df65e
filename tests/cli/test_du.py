"""Sizes of files, compared with what a walk through the directories finds."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


def walked(*roots: Path) -> dict[Path, int]:
    """Return every file, but for those that the project keeps beside a repository, with its size."""
    return {
        path: path.stat().st_size
        for root in roots
        for folder, folders, names in os.walk(root)
        for path in (Path(folder) / name for name in names)
        if ".persistence" not in path.parts
    }


def asked(run: Any, root: Path, *words: object) -> list[dict[str, Any]]:
    done = run("du", root, *words, "--format", "json")
    assert (done.status, done.err) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def sums(sizes: Iterable[tuple[Any, int]]) -> dict[Any, tuple[int, int]]:
    files, total = Counter[Any](), Counter[Any]()
    for group, size in sizes:
        files[group] += 1
        total[group] += size
    return {group: (files[group], total[group]) for group in files}


# What the names of files say, without the templates.
_BY_NAME = {
    r"/decam\d+\.fits\.fz$": "raw",
    r"/calexp-\d+_\d+\.fits$": "calexp",
    r"/src-\d+_\d+\.fits$": "src",
    r"/ossThumb-": "ossThumb",
    r"/deepCoadd-results/.*/obj": "deepCoadd_obj",
}


@pytest.fixture
def chain(rerun: Path, filled: Path) -> list[Path]:
    return [rerun, rerun.parent / "first", filled]


def test_all_files_of_all_repositories_count(run: Any, rerun: Path, chain: list[Path]) -> None:
    rows = asked(run, rerun)
    every = walked(*chain)
    assert sum(row["files"] for row in rows) == len(every)
    assert sum(row["bytes"] for row in rows) == sum(every.values())


def test_types_have_the_files_that_are_called_so(run: Any, rerun: Path, chain: list[Path]) -> None:
    rows = {row["type"]: (row["files"], row["bytes"]) for row in asked(run, rerun)}
    every = walked(*chain)
    for pattern, name in _BY_NAME.items():
        sizes = [size for path, size in every.items() if re.search(pattern, str(path))]
        if sizes:
            assert rows[name] == (len(sizes), sum(sizes)), name
    assert {"raw", "calexp", "src"} <= set(rows)


def test_a_rerun_is_a_repository_of_the_chain(run: Any, rerun: Path, chain: list[Path]) -> None:
    rows = {
        row["rerun"]: (row["files"], row["bytes"]) for row in asked(run, rerun, "--by", "rerun")
    }
    expected = {}
    for root in chain:
        sizes = walked(root)
        expected[str(root)] = (len(sizes), sum(sizes.values()))
    assert rows == {root: sizes for root, sizes in expected.items() if sizes[0]}


def test_keys_that_are_in_no_name_come_from_the_registry(
    run: Any, rerun: Path, filled: Path, chain: list[Path]
) -> None:
    """The calexp's name has no filter; its visit has."""
    with closing(sqlite3.connect(filled / "registry.sqlite3")) as connection:
        filters = dict(connection.execute("SELECT DISTINCT visit, filter FROM raw"))
    rows = {
        (row["filter"], row["type"]): (row["files"], row["bytes"])
        for row in asked(run, rerun, "--by", "filter,type")
    }
    sizes = [
        ((filters[int(found[1])], "calexp"), size)
        for path, size in walked(*chain).items()
        if (found := re.search(r"/calexp-(\d+)_\d+\.fits$", str(path)))
    ]
    assert sizes
    assert {group: each for group, each in rows.items() if group[1] == "calexp"} == sums(sizes)


def test_without_such_a_key_files_are_a_group_of_their_own(run: Any, rerun: Path) -> None:
    rows = {row["tract"]: row["files"] for row in asked(run, rerun, "--by", "tract")}
    assert rows[0] == 1
    assert rows[None] > 1


def test_the_table_shows_sizes_for_people_and_the_sum(run: Any, filled: Path) -> None:
    lines = [line.split() for line in run("du", filled).out.splitlines()]
    assert lines[0] == ["size", "files", "type"]
    assert lines[1][2:] == ["2", "raw"]
    assert lines[2][3:] == ["(other", "files)"]
    every = walked(filled)
    assert lines[-1][2:] == [str(len(every)), "total"]
    assert float(lines[-1][0]) == pytest.approx(sum(every.values()) / 1e6, rel=0.005)


def test_csv_has_a_row_for_each_group(run: Any, filled: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("du", filled, "--format=csv", "--by=visit").out)))
    assert {row["visit"] for row in rows} == {"410877", "410878", ""}


def test_other_names_of_keys_and_blanks_are_understood(run: Any, rerun: Path) -> None:
    assert asked(run, rerun, "--by", "ccd type") == asked(run, rerun, "--by", "ccdnum,type")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("typ", "there is no key 'typ'; did you mean 'type'"),
        ("visit,vist", "there is no key 'vist'; did you mean 'visit'"),
        ("", "name a column, such as type"),
    ],
)
def test_what_is_mistyped_is_status_2(run: Any, filled: Path, by: str, message: str) -> None:
    done = run("du", filled, "--by", by)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_as_indexed_tells_what_the_last_look_found(run: Any, own: Path) -> None:
    before = asked(run, own)
    (own / "note").write_text("hello")
    assert asked(run, own, "--as-indexed") == before
    assert asked(run, own) != before


@pytest.mark.real
def test_a_file_of_two_types_counts_once_in_real_repositories(run: Any, real: Path) -> None:
    for name in ("latiss", "imsim"):
        root = real / "gen2_repos" / name
        every = walked(root)
        rows = asked(run, root, "--calib", root / "CALIB")
        assert sum(row["files"] for row in rows) == len(every)
        assert sum(row["bytes"] for row in rows) == sum(every.values())
        assert "raw" in {row["type"] for row in rows}
