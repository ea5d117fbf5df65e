"""Files that are put in their places together: all of them, or none."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import RepositoryError, WrittenDiffers
from persistence.files import atomic
from persistence.files.batch import Batch

# What stands at a target before, and whether the batch writes there, writes and keeps the old, or
# removes.
BEFORE = ("nothing", "a file", "a link", "a dangling link")
ACTS = ("place", "back up", "remove")


def prepare(folder: Path, number: int, before: str) -> Path:
    target = folder / f"d{number % 2}" / f"t{number}.txt"
    target.parent.mkdir(exist_ok=True)
    if before == "a file":
        target.write_text(f"old {number}")
    elif before == "a link":
        (folder / f"source{number}").write_text(f"source {number}")
        target.symlink_to(folder / f"source{number}")
    elif before == "a dangling link":
        target.symlink_to("nowhere")
    return target


def picture(folder: Path) -> dict[str, str]:
    """Return of each file what it is: the text, or where the link leads."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return {
        str(path.relative_to(folder)): f"-> {os.readlink(path)}"
        if path.is_symlink()
        else path.read_text()
        for path in found
    }


def fill(batch: Batch, jobs: list[tuple[Path, str]]) -> None:
    for target, act in jobs:
        if act == "remove":
            batch.remove(str(target))
        else:
            with batch.place(str(target), act == "back up") as temporary:
                Path(temporary).write_text(f"new {target.name}")


def test_all_files_are_put_in_their_places(tmp_path):
    jobs = [(prepare(tmp_path, number, before), "place") for number, before in enumerate(BEFORE)]
    with Batch() as batch:
        fill(batch, jobs)
        assert "new t0.txt" not in [target.read_text() for target, _ in jobs if target.exists()]
        batch.commit()
    assert [target.read_text() for target, _ in jobs] == [
        f"new t{number}.txt" for number in range(4)
    ]
    assert not list(tmp_path.rglob(".p[au][rt]t*"))
    assert (tmp_path / "source2").read_text() == "source 2"


def test_without_a_commit_nothing_is_put_anywhere(tmp_path):
    target = prepare(tmp_path, 0, "a file")
    before = picture(tmp_path)
    with Batch() as batch:
        fill(batch, [(target, "place")])
    assert picture(tmp_path) == before


def half(target: Path) -> None:
    with Batch() as batch:
        fill(batch, [(target, "place")])
        with batch.place(f"{target}.other") as temporary:
            Path(temporary).write_text("half")
            _ = 1 / 0


def test_a_failure_while_writing_leaves_nothing(tmp_path):
    target = prepare(tmp_path, 0, "a file")
    before = picture(tmp_path)
    with pytest.raises(ZeroDivisionError):
        half(target)
    assert picture(tmp_path) == before


def test_what_is_removed_need_not_be_there(tmp_path):
    there, absent = prepare(tmp_path, 0, "a file"), tmp_path / "absent"
    with Batch() as batch:
        fill(batch, [(there, "remove"), (absent, "remove")])
        batch.commit()
    assert picture(tmp_path) == {}


def test_what_was_there_is_kept_if_asked(tmp_path):
    target = prepare(tmp_path, 0, "a file")
    with Batch() as batch:
        fill(batch, [(target, "back up")])
        batch.commit()
    assert picture(tmp_path) == {"d0/t0.txt": "new t0.txt", "d0/t0.txt~1": "old 0"}


def test_directories_are_made(tmp_path):
    with Batch() as batch:
        fill(batch, [(tmp_path / "a" / "b" / "c", "place")])
        batch.commit()
    assert picture(tmp_path) == {"a/b/c": "new c"}


def test_the_same_may_be_written_twice_and_counts_once(tmp_path):
    target = prepare(tmp_path, 0, "a file")
    with Batch() as batch:
        fill(batch, [(target, "back up"), (target, "back up")])
        batch.commit()
    assert picture(tmp_path) == {"d0/t0.txt": "new t0.txt", "d0/t0.txt~1": "old 0"}


def twice(target: Path) -> None:
    with Batch() as batch:
        fill(batch, [(target, "place")])
        with batch.place(str(target)) as temporary:
            Path(temporary).write_text("other")


def test_two_contents_of_one_file_are_refused(tmp_path):
    target = prepare(tmp_path, 0, "a file")
    with pytest.raises(WrittenDiffers, match=r"t0\.txt would be written twice"):
        twice(target)
    assert picture(tmp_path) == {"d0/t0.txt": "old 0"}


CALLS = [(os, "replace"), (os, "link"), (os, "unlink"), (atomic, "back_up")]


class Breaking:
    """Breaks one call of those that change the disk, and only that one.

    Before it is done or, as an interrupt may, after.
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        step: int,
        error: BaseException,
        links: bool,
        late: bool = False,
    ) -> None:
        self.left, self.error, self.late, self.broke = step, error, late, ""
        for module, name in CALLS:
            inner = _no_links if name == "link" and not links else getattr(module, name)
            patch.setattr(module, name, self._guarded(name, inner))

    def _guarded(self, name, inner):
        def call(*args, **kwargs):
            if not self.broke and self.left == 0:
                self.broke = name
                if self.late:
                    inner(*args, **kwargs)
                raise self.error
            self.left -= 1
            return inner(*args, **kwargs)

        return call


def _no_links(*args, **kwargs):
    raise OSError(errno.EPERM, "no hard links here")


def without_backups(found: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in found.items() if "~" not in name}


@settings(max_examples=150, deadline=None)
@given(
    jobs=st.lists(
        st.tuples(st.sampled_from(BEFORE), st.sampled_from(ACTS)), min_size=1, max_size=4
    ),
    step=st.integers(0, 12),
    error=st.sampled_from([OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt(), MemoryError()]),
    links=st.booleans(),
    late=st.booleans(),
)
def test_after_a_failure_at_any_step_every_target_is_as_before_or_all_are_new(
    jobs, step, error, links, late
):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        todo = [(prepare(folder, number, before), act) for number, (before, act) in enumerate(jobs)]
        before, failed = picture(folder), False
        batch = Batch()
        with batch:
            fill(batch, todo)
            written = {
                name: text
                for name, text in picture(folder).items()
                if ".put" in name or ".part" in name
            }
            breaking = Breaking(patch, step, error, links, late)
            try:
                batch.commit()
            except (RepositoryError, KeyboardInterrupt, MemoryError):
                failed = True
            patch.undo()
        after = picture(folder)
        litter = {name for name in after if ".put" in name or ".part" in name}
        there = {
            name: text for name, text in after.items() if "~" not in name and name not in litter
        }
        kept = {
            name: text for name, text in before.items() if not name.split("/")[-1].startswith("t")
        }
        new = {
            str(target.relative_to(folder)): f"new {target.name}"
            for target, act in todo
            if act != "remove"
        }
        # An interrupt may come while what was kept is thrown away, when all is in its place.
        assert there == (kept | new) or (failed and there == before)
        assert not litter or breaking.broke == "unlink"
        assert litter.isdisjoint(written)


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    target = prepare(tmp_path, 0, "nothing")
    with Batch() as batch:
        fill(batch, [(target, "place")])
        Breaking(monkeypatch, 0, OSError(errno.ENOSPC, "No space left on device"), True)
        told = rf"cannot write {target}: No space left on device; nothing was written"
        with pytest.raises(RepositoryError, match=told):
            batch.commit()


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "copies"])
@pytest.mark.parametrize("before", ["a file", "a link"])
def test_an_interrupt_while_what_was_there_is_kept_leaves_every_target_as_it_was(
    tmp_path, monkeypatch, before, links
):
    """Interrupt after the second of two targets has a second name, or a copy, but no undoing."""
    jobs = [(prepare(tmp_path, number, before), "place") for number in (0, 1)]
    there = picture(tmp_path)
    module, name = (os, "link") if links else (shutil, "copy2")
    keep, calls = getattr(module, name), []

    def interrupted(*args, **kwargs):
        keep(*args, **kwargs)
        calls.append(args)
        if len(calls) == len(jobs):
            raise KeyboardInterrupt

    batch = Batch()
    with batch:
        fill(batch, jobs)
        if not links:
            monkeypatch.setattr(os, "link", _no_links)
        monkeypatch.setattr(module, name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            batch.commit()
        assert len(calls) == len(jobs)
    assert picture(tmp_path) == there
