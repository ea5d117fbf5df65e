"""Which outputs are stale: those, and only those, of which something has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler

Open = Callable[..., Butler]


@pytest.fixture
def made(repo: Path, rerun: Open) -> Path:
    """Return a rerun with a calexp of each raw and its flat, a coadd of them, and a bare diff."""
    butler = rerun("a", record=True)
    for visit in (7, 8):
        for ccdnum in (1, 2):
            with butler.recording():
                butler.get("raw", visit=visit, ccdnum=ccdnum)
                butler.get("flat", ccdnum=ccdnum)
                butler.put("calexp", "calexp", visit=visit, ccdnum=ccdnum)
    with butler.recording():
        butler.get("calexp", visit=7, ccdnum=1)
        butler.put("coadd", "coadd", tract=0)
    Butler(str(repo / "rerun/a")).put("diff", "diff", visit=7, ccdnum=1)
    return repo / "rerun/a"


def stale(root: Path) -> dict[str, tuple[str, ...]]:
    return {one.path: one.reasons for one in Butler(str(root)).stale()}


def later(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def test_what_nothing_changed_of_is_not(made: Path) -> None:
    assert stale(made) == {}


CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "touched": (later, "it was written again "),
    "longer": (lambda path: path.write_text("a longer flat"), "it has 13 bytes, and had 6"),
    "missing": (lambda path: path.unlink(), "is missing"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_flat_that_changed_makes_exactly_those_stale_that_used_it(
    made: Path, repo: Path, change: str
) -> None:
    act, reason = CHANGES[change]
    act(repo / "flat/2.txt")
    found = stale(made)
    assert list(found) == ["calexp/7-2.txt", "calexp/8-2.txt"]
    for reasons in found.values():
        assert len(reasons) == 1
        assert reasons[0].startswith("flat ccdnum=2: ")
        assert reason in reasons[0]


def test_what_was_made_of_something_stale_is_stale(made: Path, repo: Path) -> None:
    later(repo / "raw/7-1.txt")
    found = stale(made)
    assert list(found) == ["calexp/7-1.txt", "coadd/0.txt"]
    assert found["coadd/0.txt"] == ("calexp visit=7 ccdnum=1 is stale itself",)


def test_what_was_made_again_is_no_longer_and_what_was_removed_neither(
    made: Path, repo: Path, rerun: Open
) -> None:
    later(repo / "flat/2.txt")
    butler = rerun("a")
    with butler.recording():
        butler.get("flat", ccdnum=2)
        butler.put("calexp", "calexp", visit=7, ccdnum=2)
    (made / "calexp/8-2.txt").unlink()
    assert stale(made) == {}


def test_with_digests_the_content_alone_counts(made: Path, repo: Path, rerun: Open) -> None:
    butler = rerun("d", record="digest")
    butler.get("flat", ccdnum=2)
    butler.put("calexp", "calexp", visit=7, ccdnum=2)
    later(repo / "flat/2.txt")
    assert stale(repo / "rerun/d") == {}
    (repo / "flat/2.txt").write_text("Flat 2")  # as long
    assert stale(repo / "rerun/d") == {"calexp/7-2.txt": ("flat ccdnum=2: its content is another",)}


@pytest.mark.parametrize("keeps_times", [True, False])
def test_a_tree_that_was_copied_is_as_stale_as_the_old_one(
    made: Path, repo: Path, keeps_times: bool
) -> None:
    (repo / "flat/2.txt").write_text("a longer flat")
    new = repo.parent / "copy"
    how = shutil.copy2 if keeps_times else shutil.copyfile
    shutil.copytree(repo, new, symlinks=True, copy_function=how)
    if not keeps_times:
        for path in new.rglob("*.txt"):
            later(path)
    assert list(stale(new / "rerun/a")) == ["calexp/7-2.txt", "calexp/8-2.txt"]


def test_what_was_put_again_without_record_is_not_judged(made: Path, repo: Path) -> None:
    later(repo / "flat/2.txt")
    Butler(str(made)).put("calexp", "calexp", visit=7, ccdnum=2)
    assert list(stale(made)) == ["calexp/8-2.txt"]
