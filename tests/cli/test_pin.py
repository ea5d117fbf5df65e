"""``persistence pin`` and ``persistence.keep.pin``: what is kept, and how, and what is refused."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, keep
from persistence.errors import RepositoryError, UnknownDatasetType
from persistence.files import settings

Run = Callable[..., Any]


@pytest.fixture
def reruns(own: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with reruns a and b, and go to where the repository is."""
    monkeypatch.chdir(own.parent)
    for name in ("a", "b"):
        butler = Butler(inputs=str(own), outputs={"root": str(own / "rerun" / name), "mode": "rw"})
        butler.put({"by": name}, "processCcd_metadata", visit=410877, ccdnum=28)
    return own / "rerun"


def content(root: Path) -> str:
    return (root / settings.FILE).read_text()


def test_pins_are_kept_with_relative_paths_and_shown(run: Run, reruns: Path) -> None:
    assert run("pin", reruns / "b").out == "no pins\n"
    done = run("pin", reruns / "b", "processCcd_*=../a", "src=own/rerun/a,.")
    assert (done.status, done.err) == (0, "")
    assert content(reruns / "b") == "pins:\n  processCcd_*: ../a\n  src:\n  - ../a\n  - .\n"
    expected = [
        {"type": "processCcd_*", "repositories": [str(reruns / "a")]},
        {"type": "src", "repositories": [str(reruns / "a"), str(reruns / "b")]},
    ]
    assert json.loads(run("pin", reruns / "b", "--format", "json").out) == expected
    butler = Butler(reruns / "b")
    assert butler.getUri("processCcd_metadata", visit=410877, ccdnum=28).startswith(
        str(reruns / "a")
    )
    assert not (reruns / "a" / settings.FILE).exists()


def test_a_dry_run_and_a_list_change_nothing(run: Run, reruns: Path) -> None:
    done = run("pin", reruns / "b", "src=../a", "--dry-run")
    assert str(reruns / "a") in done.out
    assert not (reruns / "b" / settings.FILE).exists()


def test_removing_leaves_the_other_settings(run: Run, reruns: Path) -> None:
    path = reruns / "b" / settings.FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text("shared: group\n")
    run("pin", reruns / "b", "src=../a", "calexp=../a")
    assert run("pin", reruns / "b", "--remove", "src,calexp").out == "no pins\n"
    assert content(reruns / "b") == "shared: group\n"
    done = run("pin", reruns / "b", "--remove", "src")
    assert done.status == 2
    assert "has no pin of 'src'" in done.err


def test_a_pinned_repository_that_is_gone_is_told_and_its_pin_removed(
    run: Run, reruns: Path
) -> None:
    run("pin", reruns / "b", "src=../a")
    (reruns / "a").rename(reruns / "z")
    done = run("pin", reruns / "b")
    assert done.status == 1
    assert f"{reruns}/a is gone" in done.err
    assert "pins=False ignores it" in run("uri", reruns / "b", "raw").err
    assert run("pin", reruns / "b", "src=../z").status == 0  # in its place
    assert run("pin", reruns / "b", "--remove", "src").status == 0


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("src", "write TYPE=PATH"),
        ("=../a", "write TYPE=PATH"),
        ("src=", "write TYPE=PATH"),
        ("src=../a,", "write TYPE=PATH"),
        ("srk=../a", "has no dataset type 'srk'; did you mean 'src'?"),
        ("src=../c", "there is no directory"),
        ("src=a", "there is no directory"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    run: Run, reruns: Path, word: str, message: str
) -> None:
    done = run("pin", reruns / "b", word)
    assert done.status == 2
    assert message in done.err
    assert not (reruns / "b" / settings.FILE).exists()


def test_a_path_that_is_there_twice_is_refused(run: Run, reruns: Path) -> None:
    (reruns / "b/x").mkdir()
    Path("x").mkdir()
    done = run("pin", reruns / "b", "src=x")
    assert f"x is both {reruns}/b/x and {Path.cwd()}/x: pass an absolute path" in done.err


def test_an_errors_line_is_named_and_the_file_stays(run: Run, reruns: Path) -> None:
    path = reruns / "b" / settings.FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text("# mine\npins: 3\n")
    assert f"{path}:2: expected a mapping" in run("pin", reruns / "b", "src=../a").err
    assert path.read_text() == "# mine\npins: 3\n"


def test_the_tree_shows_pins_and_repositories_that_are_only_pinned(run: Run, reruns: Path) -> None:
    run("pin", reruns / "b", "src=../a,.")
    first, base, pinned, *_ = json.loads(run("tree", reruns / "b", "--format", "json").out)
    assert first["pins"] == {"src": [str(reruns / "a"), str(reruns / "b")]}
    assert (base["pins"], pinned["root"]) == ({}, str(reruns / "a"))
    header, line, _, other = run("tree", reruns / "b").out.splitlines()[:4]
    assert header.split()[-1] == "pins"
    assert line.split()[-1] == "src=../a,."
    assert other.startswith(str(reruns / "a"))


def test_many_writers_lose_no_pin(reruns: Path) -> None:
    names = ["src", "calexp", "calexpBackground", "icSrc", "srcMatch", "icExp"]
    threads = [
        threading.Thread(target=keep.pin, args=(reruns / "b", {name: "../a"})) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keep.pin(reruns / "b")) == sorted(names)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_repository_of_another_user_is_left_alone(reruns: Path) -> None:
    os.chown(reruns / "b", 55555, -1)
    with pytest.raises(RepositoryError, match="belongs to uid 55555"):
        keep.pin(reruns / "b", {"src": "../a"})
    with pytest.raises(UnknownDatasetType, match="has no dataset type 'srk'"):
        Butler(reruns / "b", pins={"srk": reruns / "a"})
