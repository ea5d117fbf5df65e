"""The chain of repositories, as a tree."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, RepositoryArgs, RepositoryError
from persistence.cli import tree

MAPPER = "lsst.obs.decam.DecamMapper"


def rows_of(folder: Path) -> dict[str, int]:
    """Count the rows of a registry without the code that is tested."""
    with contextlib.closing(sqlite3.connect(folder / "registry.sqlite3")) as connection:
        count = "SELECT COUNT(*) FROM {}".format
        return {
            name: connection.execute(count(name)).fetchone()[0] for name in ("raw", "raw_visit")
        }


def test_a_repository_is_shown_with_its_registry(run: Any, filled: Path) -> None:
    rows = rows_of(filled)
    assert rows["raw_visit"] == 2
    done = run("tree", filled)
    assert done.status == 0
    header, line = done.out.splitlines()
    assert header.split() == ["root", "mapper", "mode", "registry", "rows"]
    assert line.split(None, 4) == [
        str(filled), MAPPER, "rw", "registry.sqlite3", f"raw {rows['raw']}, raw_visit 2"
    ]  # fmt: skip


def test_parents_are_indented_below_their_children(run: Any, rerun: Path, filled: Path) -> None:
    done = run("tree", rerun)
    assert (done.status, done.err) == (0, "")
    second, first, base = done.out.splitlines()[1:]
    calibrations = str(rerun.parent / "first" / "calibRegistry.sqlite3")
    assert re.split(r" {2,}", second) == [str(rerun), MAPPER, "rw", f"of {filled}", calibrations]
    assert re.split(r" {3,}|(?<=\S) {2}", first) == [
        f"  {rerun.parent}/first", MAPPER, "r", f"of {filled}", calibrations,
    ]  # fmt: skip
    assert base.startswith(f"    {filled}  ")
    assert base.endswith(f"raw {rows_of(filled)['raw']}, raw_visit 2")


def test_json_tells_the_same_with_real_types(run: Any, rerun: Path, filled: Path) -> None:
    second, first, base = json.loads(run("tree", rerun, "--format", "json").out)
    registry = str(filled / "registry.sqlite3")
    assert second == {
        "root": str(rerun), "mapper": MAPPER, "mode": "rw", "tags": [], "registry": registry,
        "registry_of": str(filled), "rows": {}, "parents": [first["root"]],
        "calibrations": str(rerun.parent / "first" / "calibRegistry.sqlite3"), "pins": {},
    }  # fmt: skip
    assert (first["mode"], first["parents"]) == ("r", [str(filled)])
    assert (base["rows"], base["parents"], base["registry_of"]) == (
        rows_of(filled),
        [],
        str(filled),
    )


def test_csv_has_a_line_for_each_repository(run: Any, rerun: Path) -> None:
    found = list(csv.DictReader(io.StringIO(run("tree", rerun, "--format=csv").out)))
    assert [Path(row["root"]).name for row in found] == ["second", "first", "repo"]


def test_without_a_registry_file_names_are_asked(run: Any, root: Path) -> None:
    assert run("tree", root).out.splitlines()[1].split() == [
        str(root),
        MAPPER,
        "rw",
        "file",
        "names",
    ]
    (row,) = json.loads(run("tree", root, "--format", "json").out)
    assert (row["registry"], row["registry_of"], row["rows"]) == (None, None, {})


def test_a_parent_of_two_is_described_once(run: Any, filled: Path, tmp_path: Path) -> None:
    for name in ("left", "right"):
        Butler(inputs=str(filled), outputs=str(tmp_path / name))
    Butler(inputs=[str(tmp_path / "left"), str(tmp_path / "right")], outputs=str(tmp_path / "both"))
    done = run("tree", tmp_path / "both")
    assert [line.split()[0].rpartition("/")[2] for line in done.out.splitlines()[1:]] == [
        "both", "left", "repo", "right", "repo"
    ]  # fmt: skip
    assert done.out.splitlines()[-1].split(None, 1)[1] == "(see above)"
    assert done.out.count("registry.sqlite3") == 1
    assert len(json.loads(run("tree", tmp_path / "both", "--format", "json").out)) == 4


def test_tags_have_a_column_where_there_are_some(
    capsys: pytest.CaptureFixture[str], filled: Path
) -> None:
    butler = Butler(inputs=RepositoryArgs(root=str(filled), mode="r", tags={"b", "a"}))
    assert tree.run(butler, argparse.Namespace(format="table", pattern=None)) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["root", "mapper", "mode", "tags", "registry", "rows"]
    assert line.split()[2:5] == ["r", "a", "b"]


def test_a_damaged_registry_is_told_and_the_tree_is_shown_all_the_same(
    run: Any, tmp_path: Path, root: Path
) -> None:
    (root / "registry.sqlite3").write_text("this is no registry")
    Butler(inputs=str(root), outputs=str(tmp_path / "out"))
    done = run("tree", tmp_path / "out")
    assert done.status == 1
    assert len(done.out.splitlines()) == 3
    assert done.err == (
        f"persistence: {root}/registry.sqlite3 is not an SQLite registry, or is damaged (file is not a database)\n"
    )


@pytest.mark.parametrize("name", ["registry.sqlite3", "calibRegistry.sqlite3"])
def test_a_registry_that_is_a_link_to_nothing_is_told(run: Any, own: Path, name: str) -> None:
    (own / name).unlink(missing_ok=True)
    (own / name).symlink_to("/gone/x")
    done = run("tree", own)
    assert str(own) in done.out
    assert (done.status, done.err) == (
        1, f"persistence: {own}/{name} is a link to /gone/x, which is not there\n",
    )  # fmt: skip


def test_a_repository_or_a_mapper_that_is_a_link_to_nothing_is_told(
    run: Any, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to("/gone/repo")
    message = "link is a link to /gone/repo, which is not there\n"
    assert run("tree", tmp_path / "link").err == f"persistence: {tmp_path}/{message}"
    with pytest.raises(RepositoryError, match=message.strip()):
        Butler(tmp_path / "link")
    (own / "_mapper").unlink()
    (own / "_mapper").symlink_to("/gone/_mapper")
    told = f"names no mapper: {own}/_mapper is a link to /gone/_mapper, which is not there. Write"
    assert told in run("tree", own).err


# -- what lies in a repository
# ----------------------------------------------------------------------------------------


@pytest.fixture
def wood(own: Path, make_calibs: Any) -> Path:
    """Return a repository with two reruns of a user, one on the other, and calibrations."""
    make_calibs(own / "CALIB")
    for parent, name in (("", "me/first"), ("rerun/me/first", "me/second")):
        butler = Butler(inputs=str(own / parent), outputs=str(own / "rerun" / name))
        butler.put({}, "processCcd_metadata", visit=410877, ccdnum=28)
    return own


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", ["rerun/me/first", "rerun/me/second", "CALIB"]),
        ("rerun/*", ["rerun/me/first", "rerun/me/second"]),
        ("rerun/*/second", ["rerun/me/second"]),
        ("C*", ["CALIB"]),
    ],
)
def test_a_pattern_lists_what_lies_in_the_repository(
    run: Any, wood: Path, pattern: str, names: list[str]
) -> None:
    done = run("tree", wood, pattern)
    assert (done.status, done.err) == (0, "")
    first = [line.split()[0] for line in done.out.splitlines()[1:] if not line.startswith(" ")]
    assert first == [str(wood / name) for name in names]
    rows = {row["root"]: row for row in json.loads(run("tree", wood, pattern, "--format=json").out)}
    assert {str(wood / name) for name in names} <= set(rows)
    if "CALIB" in names:
        assert rows[str(wood / "CALIB")]["rows"] == {"bias": 3, "flat": 2, "defects": 2}
    if "rerun/me/second" in names:
        assert rows[str(wood / "rerun/me/second")]["parents"] == [str(wood / "rerun/me/first")]


def test_a_pattern_of_nothing_says_what_there_is(run: Any, wood: Path) -> None:
    done = run("tree", wood, "LATISS/*")
    assert (done.status, done.out) == (1, "")
    assert "CALIB, rerun/me/first, rerun/me/second" in done.err
