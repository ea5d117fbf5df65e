"""Files as files: whole or absent, delivered once, found by their own or a compressed name."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from persistence.errors import FileConflict, RepositoryError
from persistence.files import atomic

MODES = ["link", "relsymlink", "hardlink", "copy", "move"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file to be delivered."""
    path = tmp_path / "source.fits"
    path.write_bytes(b"pixels")
    return path


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".part-*")]


def in_another_process(program: str, *arguments: object) -> int:
    run = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(run, check=False).returncode


# -- writing
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, b"old"], ids=["new", "replaced"])
@pytest.mark.parametrize("target", ["thing.fits", "deep/er/thing.fits.gz"])
def test_a_file_is_in_its_place_when_the_block_ends_well(tmp_path, target, before):
    path = tmp_path / target
    if before is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(before)
    with atomic.atomic_write(str(path)) as temporary:
        Path(temporary).write_bytes(b"new")
        assert (path.read_bytes() if path.exists() else None) == before
    assert path.read_bytes() == b"new"
    assert litter(tmp_path) == []


@pytest.mark.parametrize("before", [None, b"old"], ids=["new", "replaced"])
@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path, before, problem):
    path = tmp_path / "thing.fits"
    if before is not None:
        path.write_bytes(before)

    def write() -> None:
        with atomic.atomic_write(str(path)) as temporary:
            Path(temporary).write_bytes(b"half of the ne")
            raise problem

    with pytest.raises(problem):
        write()
    assert (path.read_bytes() if path.exists() else None) == before
    assert litter(tmp_path) == []


def test_a_block_that_writes_nothing_fails_and_leaves_the_target(tmp_path):
    path = tmp_path / "thing.fits"
    path.write_bytes(b"old")
    with pytest.raises(FileNotFoundError), atomic.atomic_write(str(path)):
        pass
    assert path.read_bytes() == b"old"


def test_the_temporary_file_is_hidden_beside_its_target_and_ends_like_it(tmp_path):
    with atomic.atomic_write(str(tmp_path / "thing.fits.gz")) as temporary:
        assert os.path.dirname(temporary) == str(tmp_path)
        assert os.path.basename(temporary).startswith(".")
        assert temporary.endswith(".fits.gz")
        Path(temporary).touch()


def test_a_file_without_a_directory_is_written_where_we_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic.atomic_write("thing.txt") as temporary:
        Path(temporary).write_text("new")
    assert (tmp_path / "thing.txt").read_text() == "new"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_a_file_gets_the_permissions_that_the_user_gives_to_new_files(tmp_path, umask, mode):
    old = os.umask(umask)
    try:
        with atomic.atomic_write(str(tmp_path / "thing.fits")) as temporary:
            Path(temporary).touch()
    finally:
        os.umask(old)
    assert (tmp_path / "thing.fits").stat().st_mode & 0o777 == mode


KILLED = """
import os, sys
from persistence.files import atomic as files
with files.atomic_write(sys.argv[1]) as temporary:
    open(temporary, "wb").write(b"half of the ne")
    os._exit(9)
"""


@pytest.mark.parametrize("write", ["atomic_write", "write_text", *MODES])
def test_what_a_killed_process_left_is_swept_by_the_next_write_of_the_directory(
    tmp_path, source, write
):
    path = tmp_path / "in/thing.fits"
    path.parent.mkdir()
    path.write_bytes(b"old")
    assert in_another_process(KILLED, path) == 9
    assert path.read_bytes() == b"old"
    assert len(litter(tmp_path)) == 1
    other = str(tmp_path / "in/other.fits")
    if write == "atomic_write":
        with atomic.atomic_write(other) as temporary:
            Path(temporary).touch()
    elif write == "write_text":
        atomic.write_text(other, "text", replace=True)
    else:
        atomic.deliver(str(source), other, write)
    assert litter(tmp_path) == []
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    "name", ["x" * 250 + ".fits", "\u00e9" * 125 + ".fits", "a" + "\u00e9" * 127]
)
def test_a_name_as_long_as_a_name_can_be_is_written(tmp_path, source, name):
    assert len(os.fsencode(name)) == 255
    with atomic.atomic_write(str(tmp_path / name)) as temporary:
        assert temporary.endswith(name[-20:])
        Path(temporary).write_bytes(b"new")
    assert atomic.write_text(str(tmp_path / name), "newer", replace=True)
    for mode in MODES:
        atomic.deliver(str(source), str(tmp_path / name), mode, replace=True)
    assert (tmp_path / name).read_bytes() == b"pixels"
    assert litter(tmp_path) == []


# -- delivering
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("target", ["target.fits", "deep/er/target.fits"])
def test_a_delivered_file_is_the_source(tmp_path, source, mode, target):
    path = tmp_path / target
    atomic.deliver(str(source), str(path), mode)
    assert path.read_bytes() == b"pixels"
    assert atomic.same(str(source), str(path))
    assert path.is_symlink() == (mode in ("link", "relsymlink"))
    assert (path.stat().st_ino == source.stat().st_ino) == (mode != "copy")
    assert source.exists()
    assert litter(tmp_path) == []


def test_a_link_is_absolute_so_that_the_repository_can_be_read_from_anywhere(
    tmp_path, source, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    atomic.deliver("source.fits", "repo/target.fits", "link")
    assert os.readlink(tmp_path / "repo" / "target.fits") == str(source)


def test_a_copy_is_a_file_of_its_own_with_the_same_time(tmp_path, source):
    os.utime(source, (10**9, 10**9))
    atomic.deliver(str(source), str(tmp_path / "t"), "copy")
    assert not os.path.samefile(source, tmp_path / "t")
    assert (tmp_path / "t").stat().st_mtime == 10**9


def test_skip_touches_nothing(tmp_path, source):
    atomic.deliver(str(source), str(tmp_path / "deep" / "t"), "skip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.fits"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stands", ["file", "link", "broken link"])
def test_what_stands_in_the_way_stays_unless_it_may_be_replaced(tmp_path, source, mode, stands):
    target, other = tmp_path / "target.fits", tmp_path / "other"
    other.write_bytes(b"other")
    if stands == "file":
        target.write_bytes(b"other")
    else:
        target.symlink_to(other if stands == "link" else tmp_path / "gone")
    told = f"target.fits is a link to {tmp_path}/gone, which is not there"
    with pytest.raises(
        FileConflict, match=told if stands == "broken link" else r"another file exists at .*fits;"
    ) as caught:
        atomic.deliver(str(source), str(target), mode)
    assert caught.value.pathname == str(target)
    assert target.is_symlink() == (stands != "file")
    assert stands == "broken link" or target.read_bytes() == b"other"

    atomic.deliver(str(source), str(target), mode, replace=True)
    assert target.read_bytes() == b"pixels"
    assert other.read_bytes() == b"other"
    assert source.read_bytes() == b"pixels"
    assert litter(tmp_path) == []


@pytest.mark.parametrize("mode", MODES)
def test_what_is_delivered_again_leaves_no_litter(tmp_path, source, mode):
    for _ in range(2):
        atomic.deliver(str(source), str(tmp_path / "t"), mode, replace=True)
    assert litter(tmp_path) == []


@pytest.mark.parametrize("mode", ["hardlink", "copy", "move"])
def test_a_source_that_is_a_link_is_delivered_as_the_file_that_it_names(tmp_path, source, mode):
    (tmp_path / "alias").symlink_to(source)
    atomic.deliver(str(tmp_path / "alias"), str(tmp_path / "t"), mode)
    assert not (tmp_path / "t").is_symlink()
    assert (tmp_path / "t").read_bytes() == b"pixels"


@pytest.mark.parametrize("mode", ["hardlink", "copy", "move"])
def test_a_source_that_is_missing_is_said_to_be_so(tmp_path, mode):
    with pytest.raises(FileNotFoundError):
        atomic.deliver(str(tmp_path / "gone"), str(tmp_path / "t"), mode)
    assert not (tmp_path / "t").exists()
    assert litter(tmp_path) == []


def test_a_file_for_which_there_is_no_room_is_not_begun(tmp_path, source):
    # a hole takes no room, but some file systems have no such files
    with contextlib.suppress(OSError):
        os.truncate(source, shutil.disk_usage(tmp_path).free + 2**40)
    if source.stat().st_size < 2**40:
        pytest.skip("this file system has no files so large")
    with pytest.raises(RepositoryError, match="no room for"):
        atomic.deliver(str(source), str(tmp_path / "t"), "copy")
    assert not (tmp_path / "t").exists()
    assert litter(tmp_path) == []


def test_a_move_to_another_file_system_is_a_copy(tmp_path, source):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    folder = elsewhere / f"persistence-{os.getpid()}"
    try:
        atomic.deliver(str(source), str(folder / "t"), "move")
        assert (folder / "t").read_bytes() == b"pixels"
        atomic.remove_source(str(source), str(folder / "t"))
        assert not source.exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EXDEV, "they are on different file systems"),
        (errno.EPERM, "the file system has none, or forbids one"),
        (errno.EOPNOTSUPP, "the file system has none"),
        (errno.EMLINK, "the file has the most names that it can have"),
    ],
)
def test_a_hard_link_that_cannot_be_is_refused_with_what_can(
    tmp_path, source, monkeypatch, number, reason
):
    def refuse(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(RepositoryError, match=rf"t to {source}: {reason}.*--mode copy .*link"):
        atomic.deliver(str(source), str(tmp_path / "t"), "hardlink")
    assert not (tmp_path / "t").exists()
    assert litter(tmp_path) == []


def test_that_file_systems_differ_is_known_before_anything_is_made(tmp_path, source):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    atomic.check_hard_link(str(source), str(tmp_path / "deep/er/t"))
    with pytest.raises(RepositoryError, match="they are on different file systems"):
        atomic.check_hard_link(str(source), str(elsewhere / f"none-{os.getpid()}/er/t"))
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("write", ["atomic_write", "write_text", "deliver"])
def test_a_full_disk_leaves_no_temporary_file(tmp_path, source, monkeypatch, write):
    """Flushing is where some file systems first say so; a text is refused as it is written."""
    target = tmp_path / "t.txt"
    target.write_text("old")

    def refuse(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(atomic, "flush_file", refuse)

    def act():
        if write == "atomic_write":
            with atomic.atomic_write(str(target)) as temporary:
                Path(temporary).touch()
        elif write == "write_text":
            atomic.write_text(str(target), "new", replace=True)
        else:
            atomic.deliver(str(source), str(target), "copy", replace=True)

    with pytest.raises(OSError, match="No space left"):
        act()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.fits", "t.txt"]
    assert target.read_text() == "old"


def test_a_text_that_cannot_be_written_leaves_no_temporary_file(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        atomic.write_text(str(tmp_path / "t"), "\ud800", replace=True)
    assert list(tmp_path.iterdir()) == []


def test_a_move_ends_when_its_source_goes(tmp_path, source):
    atomic.deliver(str(source), str(tmp_path / "t"), "move")
    atomic.remove_source(str(source), str(tmp_path / "t"))
    assert not source.exists()
    assert (tmp_path / "t").read_bytes() == b"pixels"


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ("target links to source", ["source.fits", "t"]),
        ("source links to target", ["t"]),
        ("both link to a third", ["alias", "source.fits", "t"]),
    ],
)
def test_the_only_copy_of_a_file_is_never_removed(tmp_path, source, what, left):
    target, moved = tmp_path / "t", source
    if what == "target links to source":
        target.symlink_to(source)
    elif what == "source links to target":
        source.rename(target)
        source.symlink_to(target)
    else:
        moved = tmp_path / "alias"
        moved.symlink_to(source)
        target.symlink_to(source)
    atomic.remove_source(str(moved), str(target))
    assert sorted(path.name for path in tmp_path.iterdir()) == left
    assert target.read_bytes() == b"pixels"


# -- comparing
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [b"other!", b"longer than it"], ids=["of one size", "of another size"]
)
def test_other_bytes_are_another_file(tmp_path, source, size):
    (tmp_path / "t").write_bytes(size)
    os.utime(tmp_path / "t", (0, 0))
    assert not atomic.same(str(source), str(tmp_path / "t"))


def test_the_same_bytes_are_the_same_file_whenever_they_were_written(tmp_path, source):
    (tmp_path / "t").write_bytes(b"pixels")
    os.utime(tmp_path / "t", (0, 0))
    assert atomic.same(str(source), str(tmp_path / "t"))


def test_other_bytes_of_the_same_size_and_time_are_another_file(tmp_path, source):
    (tmp_path / "t").write_bytes(b"other!")
    for path in (source, tmp_path / "t"):
        os.utime(path, (10**9, 10**9))
    assert not atomic.same(str(source), str(tmp_path / "t"))


def test_a_link_to_a_source_that_is_gone_is_still_known_as_the_same(tmp_path, source):
    (tmp_path / "t").symlink_to(source)
    (tmp_path / "relative").symlink_to(source.name)
    source.unlink()
    assert atomic.same(str(source), str(tmp_path / "t"))
    assert atomic.same(str(source), str(tmp_path / "relative"))
    assert not atomic.same(str(tmp_path / "other"), str(tmp_path / "t"))


def test_what_is_not_there_is_not_the_same(tmp_path, source):
    assert not atomic.same(str(source), str(tmp_path / "t"))


def test_files_are_alike_but_for_the_moment_of_their_compression(tmp_path):
    def write(name: str, content: bytes, moment: int) -> str:
        (tmp_path / name).write_bytes(b"head" + gzip.compress(content, mtime=moment) + b"tail")
        return str(tmp_path / name)

    first = write("first", b"content", 1)
    assert atomic.alike(first, write("later", b"content", 2**31))
    assert not atomic.alike(first, write("other", b"Content", 1))
    assert not atomic.alike(first, write("longer", b"content" * 9, 1))


def test_a_directory_that_cannot_be_locked_is_named_and_closed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr("fcntl.flock", refuse)
    (tmp_path / ".persistence-lock").mkdir()
    with (
        pytest.raises(IsADirectoryError, match=r"\.persistence-lock"),
        atomic.locked(str(tmp_path)),
    ):
        pass
