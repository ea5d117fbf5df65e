"""``persistence share``: whose repository, with which group, and what stays as it is."""

from __future__ import annotations

import grp
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.files import settings

Run = Callable[..., Any]
GROUP = 55555 if os.geteuid() == 0 else os.getegid()


def modes(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the permissions and the group of what is in a folder, and of itself; of links, their own."""
    paths = (folder, *folder.rglob("*"))
    stats = {str(path.relative_to(folder)): path.lstat() for path in paths}
    return {name: (stat.S_IMODE(one.st_mode), one.st_gid) for name, one in stats.items()}


@pytest.fixture
def private(own: Path) -> Path:
    """Return a repository with a rerun in it, all of which only its owner can read."""
    Butler(inputs=str(own), outputs=str(own / "rerun/a")).put(
        {}, "processCcd_metadata", visit=410877, ccdnum=28
    )
    for path in (own, *own.rglob("*")):
        if not path.is_symlink():
            os.chmod(path, 0o700 if path.is_dir() else 0o600)
    return own


def test_a_dry_run_counts_and_changes_nothing(run: Run, private: Path) -> None:
    before = modes(private)
    done = run("share", private, "--group", GROUP, "-n")
    assert done.out.startswith(f"{private} would be shared with the group ")
    assert modes(private) == before
    assert not (private / settings.FILE).exists()
    counts = json.loads(run("share", private, "--group", GROUP, "-n", "--format=json").out)
    assert json.loads(run("share", private, "--group", GROUP, "--format=json").out) == counts
    assert modes(private) != before


@pytest.mark.parametrize("asked", ["the directory's", "by number"])
def test_a_repository_is_shared_with_all_that_is_in_it_but_reruns(
    run: Run, private: Path, asked: str
) -> None:
    if asked == "by number":
        done = run("share", private, "--group", GROUP)
    else:
        os.chown(private, -1, GROUP)
        done = run("share", private)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"{private} is shared with the group ")
    assert f"(gid {GROUP})" in done.out or f" gid {GROUP}:" in done.out
    assert "2 links, or files with other names, stay as they are" in done.out
    assert (private / settings.FILE).read_text() == "shared: group\n"
    for name, (mode, group) in modes(private).items():
        path = private / name
        if name.startswith("rerun/a") or path.is_symlink():
            assert mode in (0o700, 0o600, 0o777), name
        else:
            assert (mode & 0o2770, group) == (0o2770 if path.is_dir() else 0o660, GROUP), name


def test_sharing_again_changes_nothing(run: Run, private: Path) -> None:
    first = run("share", private, "--group", GROUP)
    before = modes(private)
    assert run("share", private) == first
    assert modes(private) == before


def test_files_with_other_names_are_left_alone(run: Run, private: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.touch(mode=0o600)
    os.link(source, private / "raw.fits")
    done = run("share", private, "--group", GROUP)
    assert "3 links, or files with other names" in done.out
    assert stat.S_IMODE(source.stat().st_mode) == 0o600


def test_what_is_written_from_then_on_is_shared_too(run: Run, private: Path) -> None:
    butler = Butler(str(private))
    butler.put({}, "processCcd_metadata", visit=1, ccdnum=1)  # before it is shared
    assert run("share", private, "--group", GROUP).status == 0
    before = os.umask(0o077)
    try:
        butler.put({}, "processCcd_metadata", visit=1, ccdnum=2)
    finally:
        os.umask(before)
    written = Path(butler.getUri("processCcd_metadata", visit=1, ccdnum=2))
    found = modes(written.parent)
    assert found[written.name] == (0o660, GROUP)
    assert {name: mode & 0o2070 for name, (mode, _) in found.items() if name != "."} == {
        path.name: 0o060 for path in written.parent.iterdir()
    }


def test_a_group_that_there_is_not_is_told_with_its_neighbour(run: Run, private: Path) -> None:
    name = grp.getgrall()[-1].gr_name
    done = run("share", private, "--group", f"{name}x")
    assert done.status == 2
    assert f"there is no group '{name}x'; did you mean" in done.err
    assert not (private / settings.FILE).exists()


def test_damaged_settings_are_not_replaced(run: Run, private: Path) -> None:
    (private / ".persistence").mkdir(exist_ok=True)
    (private / settings.FILE).write_text("colour: red\n")
    done = run("share", private)
    assert done.status == 2
    assert "settings.yaml:1: unknown setting 'colour'" in done.err
    assert (private / settings.FILE).read_text() == "colour: red\n"


def test_only_the_owner_can_share_and_only_with_a_group_of_his(
    run: Run, open_folder: Path, filled: Path, as_user: Callable[..., str]
) -> None:
    repo = Path(shutil.copytree(filled, open_folder / "repo", symlinks=True))
    os.chmod(repo, 0o777)
    assert "only its owner can share it" in as_user(54321, lambda: run("share", repo).err)
    for path in (repo, *repo.rglob("*")):
        os.chown(path, 54321, 54321, follow_symlinks=False)
    told = as_user(54321, lambda: run("share", repo, "--group", GROUP).err)
    assert told == f"persistence: you are not in the group gid {GROUP}, and cannot share so\n"
    assert not (repo / settings.FILE).exists()
    told = as_user(54321, lambda: str(run("share", repo, "--group", GROUP).status), [54321, GROUP])
    assert told == "0"
    assert repo.stat().st_gid == GROUP


def test_files_of_others_are_counted(
    run: Run, open_folder: Path, filled: Path, as_user: Callable[..., str]
) -> None:
    repo = Path(shutil.copytree(filled, open_folder / "repo", symlinks=True))
    for path in (repo, *repo.rglob("*")):
        if path.name != "registry.sqlite3":
            os.chown(path, 54321, 54321, follow_symlinks=False)
    done = as_user(54321, lambda: run("share", repo).out)
    assert "\n  1 files of other users stay as they are: only they can" in done
