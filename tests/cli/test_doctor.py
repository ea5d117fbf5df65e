"""``persistence doctor`` and ``persistence trash``, as a user types them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def broken(own: Path) -> Path:
    """Return a repository with an empty file and a link to nothing."""
    (own / "x.fits").touch()
    (own / "y.fits").symlink_to("/gone/y.fits")
    return own


def test_findings_say_what_why_and_what_fix_does(run: Any, broken: Path) -> None:
    done = run("doctor", broken)
    assert (done.status, done.err) == (1, "")
    assert f"{broken}/x.fits is empty" in done.out
    assert "the dataset exists for --skip-existing, and cannot be read" in done.out
    assert "--fix: move it into .persistence/trash" in done.out
    assert f"{broken}/y.fits is a link to /gone/y.fits, which is not there" in done.out
    assert "--fix would mend 1 of 2" in done.out
    assert (broken / "x.fits").exists()


def test_json_has_every_finding(run: Any, broken: Path) -> None:
    rows = json.loads(run("doctor", broken, "--format", "json").out)
    assert [(row["state"], row["kind"], row["fault"]) for row in rows] == [
        ("found", "dangling-link", True),
        ("found", "empty-file", True),
    ]
    assert rows[1]["path"] == f"{broken}/x.fits"


def test_dry_run_changes_nothing_even_with_fix(run: Any, broken: Path) -> None:
    assert run("doctor", broken, "--fix", "--dry-run").status == 1
    assert (broken / "x.fits").exists()
    assert not (broken / ".persistence/trash").exists()


def test_a_fix_is_undone_by_its_session(run: Any, broken: Path) -> None:
    done = run("doctor", broken, "--fix", "--only", "empty-file")
    assert done.status == 0
    assert not (broken / "x.fits").exists()
    (session,) = os.listdir(broken / ".persistence/trash")
    assert f"persistence trash {broken} --undo {session}" in done.out
    listed = json.loads(run("trash", broken, "--format", "json").out)
    assert [(row["name"], row["reason"], row["files"]) for row in listed] == [
        (session, "doctor --fix", 1)
    ]
    assert (
        run("trash", broken, "--undo", session, "--dry-run").out == "would be put back: 1 files\n"
    )
    assert not (broken / "x.fits").exists()
    assert run("trash", broken, "--undo", session).out == "put back: 1 files\n"
    assert (broken / "x.fits").exists()
    assert run("trash", broken).out == "the trash is empty\n"


def test_nothing_is_put_back_over_something_else(run: Any, broken: Path) -> None:
    run("doctor", broken, "--fix", "--only", "empty-file")
    (session,) = os.listdir(broken / ".persistence/trash")
    (broken / "x.fits").write_text("new")
    done = run("trash", broken, "--undo", session)
    assert (done.status, (broken / "x.fits").read_text()) == (1, "new")
    assert "x.fits: not put back, for something else is there now" in done.err
    assert run("trash", broken, "--purge", "--dry-run").status == 0
    assert os.listdir(broken / ".persistence/trash") == [session]
    assert run("trash", broken, "--purge", session).out == "deleted: 1 files, 0 B\n"
    assert os.listdir(broken / ".persistence/trash") == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--relink", "a"], "--relink a: write OLD=NEW"),
        (["--relink", "a=b"], "OLD is what links name, an absolute path"),
        (["--only", "emty-file"], "did you mean 'empty-file'"),
    ],
)
def test_wrong_words_are_told(run: Any, own: Path, words: list[str], message: str) -> None:
    done = run("doctor", own, *words)
    assert done.status == 2
    assert message in done.err


def test_an_unknown_session_is_told_with_its_neighbours(run: Any, own: Path) -> None:
    done = run("trash", own, "--undo", "2026")
    assert done.status == 2
    assert "has no session '2026'" in done.err
