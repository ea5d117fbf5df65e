"""``persistence tag`` and ``persistence note``, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler

Run = Callable[..., Any]
TYPE = "processCcd_metadata"


@pytest.fixture
def repo(own: Path) -> Path:
    butler = Butler(own, durable=False)
    for visit in (410877, 410878):
        for ccdnum in (5, 28):
            butler.put({"a": visit}, TYPE, visit=visit, ccdnum=ccdnum)
    return own


def test_tags_are_put_found_listed_and_taken_away(run: Run, repo: Path) -> None:
    assert run("tag", repo).out == "no tags\n"
    done = run("tag", repo, "good", "--type", TYPE, "--where", "visit == 410877")
    assert (done.status, done.out) == (0, "good put on 2 data IDs\n")
    done = run("tag", repo, "good", "--type", TYPE, "--id", "ccdnum=5", "--dry-run")
    assert done.out == "good would be put on 1 data IDs\n"
    assert json.loads(run("tag", repo, "--format", "json").out) == [
        {"tag": "good", "type": TYPE, "data IDs": 2, "repository": str(repo)}
    ]
    out = run("find", repo, TYPE, "--tag", "good", "--id", "ccdnum=5").out
    assert out.splitlines()[1].split() == ["410877", "5"]
    assert len(run("find", repo, "raw", "--tag", "good", "--paths").out.splitlines()) >= 1
    assert run("find", repo, TYPE, "--tag", "goot").status == 2
    done = run("tag", repo, "good", "--type", TYPE, "--id", "ccdnum=5", "--remove")
    assert done.out == "good taken from 1 data IDs\n"
    assert run("tag", repo, "good", "--type", TYPE, "--id", "ccdnum=5", "--remove").status == 1
    assert run("tag", repo, "good", "--remove").out == "good taken from 1 data IDs\n"
    assert run("tag", repo, "good").out == "no tag good\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--type", TYPE], "pass TAG and --type"),
        (["good", "--where", "visit == 1"], "pass TAG and --type"),
        (["--remove"], "--remove needs TAG"),
        (["a/b", "--type", TYPE], "cannot be a tag"),
        (["good", "--type", "processCcd_metadat"], "did you mean 'processCcd_metadata'"),
        (["good", "--type", "coadd_calexp"], "tag one of deepCoadd_calexp"),
        (["good", "--remove"], "has no tag 'good'"),
    ],
)
def test_what_cannot_be_meant_is_told(run: Run, repo: Path, words: list[str], message: str) -> None:
    done = run("tag", repo, *words)
    assert done.status == 2
    assert message in done.err


def test_notes_are_written_listed_and_withdrawn(run: Run, repo: Path) -> None:
    assert run("note", repo).out == "no notes\n"
    done = run("note", repo, "--type", TYPE, "--id", "visit=410877", "ccdnum=5", "bad seeing")
    assert done.out == f"noted on {TYPE} visit=410877 ccdnum=5\n"
    run("note", repo, "clouds = 3", "--type", TYPE, "--id", "visit=410877")
    rows = json.loads(run("note", repo, "--format", "json").out)
    assert [(row["id"], row["text"]) for row in rows] == [
        ({"visit": 410877, "ccdnum": 5}, "bad seeing"),
        ({"visit": 410877}, "clouds = 3"),
    ]
    assert "clouds = 3" in run("why", repo, TYPE, "--id", "visit=410877", "ccdnum=28").out
    assert run("note", repo, "--type", TYPE, "--id", "visit=410878").status == 1
    run("note", repo, "--type", TYPE, "--id", "visit=410877", "--remove")
    assert "clouds" not in run("note", repo).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hello"], "pass --type"),
        (["hello", "--type", TYPE, "--id", "visit=410877^410878"], "on one data ID"),
        (["", "--type", TYPE], "pass either a text or --remove"),
        (["hello", "--type", TYPE, "--remove"], "pass either a text or --remove"),
    ],
)
def test_a_note_that_cannot_be_meant_is_told(
    run: Run, repo: Path, words: list[str], message: str
) -> None:
    done = run("note", repo, *words)
    assert (done.status, message in done.err) == (2, True), done.err
