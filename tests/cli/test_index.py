"""``persistence index``: what it lists and where it writes, and that nothing else is written."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.butler.index import build
from persistence.butler.index.refresh import Refresher
from persistence.cli import main

Run = Callable[..., Any]
FILE = ".persistence/index.sqlite3"


def paths(folder: Path) -> set[str]:
    """Return the paths of what is in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def told(run: Run, *words: object) -> list[dict[str, Any]]:
    """Return what the command tells in JSON."""
    done = run("--format", "json", "index", *words)
    assert (done.status, done.err) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


@pytest.fixture
def repository(own: Path) -> Path:
    """Return a repository with two raws, that are links, and three files of a task."""
    butler = Butler(own)
    for ccdnum in (1, 2, 3):
        butler.put({}, "processCcd_metadata", visit=410877, ccdnum=ccdnum)
    shutil.rmtree(own / ".persistence", ignore_errors=True)
    return own


def test_it_writes_one_file_that_others_begin_with(run: Run, repository: Path) -> None:
    before = paths(repository)
    files = [path for path in repository.rglob("*") if path.is_file()]
    (row,) = told(run, repository)
    assert paths(repository) - before == {".persistence", FILE}
    assert row["index"] == str(repository / FILE)
    # all the links, and the files of tasks; the mapper and the registry are no datasets
    assert (row["datasets"], row["others"], row["dangling"]) == (len(files) - 2, 2, 0)
    assert row["bytes"] is None
    index = sqlite3.connect(repository / FILE)
    ((number,),) = index.execute("SELECT number FROM templates WHERE text LIKE '%d/metadata/meta%'")
    assert index.execute(f"SELECT visit, ccdnum FROM t{number}").fetchall() == [
        (410877, ccdnum) for ccdnum in (1, 2, 3)
    ]
    index.close()


def test_it_asks_for_sizes_if_it_is_told_to(run: Run, repository: Path) -> None:
    (row,) = told(run, repository, "--sizes")
    files = [
        *repository.glob("*/metadata/*"),
        *(p for p in repository.rglob("*") if p.is_symlink()),
    ]
    assert row["bytes"] == sum(os.stat(path).st_size for path in files)


def test_it_tells_links_to_nothing_and_directories_that_may_not_be_read(
    run: Run, repository: Path
) -> None:
    link = next(path for path in repository.rglob("*") if path.is_symlink())
    link.unlink()
    link.symlink_to("gone")
    (row,) = told(run, repository)
    assert row["dangling"] == 1


def test_a_dry_run_writes_nothing_into_the_repository(run: Run, repository: Path) -> None:
    before = paths(repository)
    (row,) = told(run, repository, "--dry-run")
    assert paths(repository) == before
    assert row["index"].startswith(os.environ["XDG_CACHE_HOME"])


def test_calibrations_elsewhere_are_listed_but_nothing_is_written_there(
    run: Run, repository: Path, make_calibs: Callable[..., Path]
) -> None:
    folder = make_calibs(repository / "CALIB")
    before = paths(folder)
    own, calibs = told(run, repository, "--calib", folder)
    assert paths(folder) == before
    assert (own["tree"], calibs["tree"]) == (str(repository), str(folder))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert (calibs["datasets"], calibs["others"]) == (len(files) - 1, 1)
    assert own["others"] == 2


def test_it_refuses_a_repository_of_another_user_as_put_does(
    repository: Path, open_folder: Path, as_user: Callable[..., str]
) -> None:
    folder = shutil.copytree(repository, open_folder / "repo", symlinks=True)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o777 if path.is_dir() else 0o666)

    def act() -> str:
        with contextlib.redirect_stderr(io.StringIO()) as stream:
            return f"{main.main(['index', str(folder)])} {stream.getvalue()}"

    refusal = as_user(4321, act)
    assert refusal.startswith(f"2 persistence: {folder} belongs to ")
    assert "nothing is written there" in refusal
    assert not (folder / FILE).exists()


def test_what_cannot_be_written_is_told(run: Run, repository: Path) -> None:
    (repository / ".persistence").write_text("a file")
    done = run("index", repository)
    assert done.status != 0
    assert f"{repository / FILE}" in done.err
    assert "Traceback" not in done.err


def test_it_can_be_interrupted_and_goes_on_where_it_was(
    run: Run, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = Refresher.refresh, list[Any]()

    def refresh(self: Any, paths: Any) -> None:
        calls.append(paths)
        if len(calls) == 3:
            raise KeyboardInterrupt
        original(self, paths)

    monkeypatch.setattr(build, "_ENOUGH", 1)
    monkeypatch.setattr(Refresher, "refresh", refresh)
    done = run("index", repository)
    assert (done.status, "interrupted" in done.err) == (130, True)
    assert not (repository / FILE).exists()
    assert told(run, repository)[0]["datasets"] > 3
