"""Files that are there whole, or as they were before."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsst.daf.persistence import safeFileIo

WRITERS = [safeFileIo.SafeFilename, safeFileIo.SafeFile, safeFileIo.FileForWriteOnceCompareSame]


def put(handle: Any, text: str) -> None:
    if isinstance(handle, str):
        Path(handle).write_text(text)
    else:
        handle.write(text)


@pytest.fixture
def mask() -> Any:
    old = os.umask(0o027)
    yield
    os.umask(old)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_appears_with_its_directory_and_nothing_beside_it(
    writer: Any, tmp_path: Path, mask: None
) -> None:
    path = tmp_path / "new" / "a.fits.gz"
    with writer(str(path)) as handle:
        put(handle, "whole")
        assert not path.exists()
    assert [one.name for one in path.parent.iterdir()] == ["a.fits.gz"]
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("writer", [*WRITERS, safeFileIo.SafeLockedFileForWrite])
def test_trap_t1_a_failed_block_leaves_the_old_file_and_no_other(
    writer: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    def fail() -> None:
        with writer(str(path)) as handle:
            put(handle, "half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("writer", [safeFileIo.SafeFilename, safeFileIo.SafeFile])
def test_a_new_file_takes_the_place_of_the_old(writer: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with writer(str(tmp_path / "a")) as handle:
        put(handle, "new")
    assert (tmp_path / "a").read_text() == "new"


def test_the_temporary_name_exists_and_ends_like_the_final_one(tmp_path: Path) -> None:
    with safeFileIo.SafeFilename(str(tmp_path / "a.fits.gz")) as temporary:
        assert os.path.getsize(temporary) == 0
        assert temporary.endswith("a.fits.gz")
    assert os.path.getsize(tmp_path / "a.fits.gz") == 0


def test_a_file_that_a_writer_made_private_gets_the_usual_permissions(
    tmp_path: Path, mask: None
) -> None:
    with safeFileIo.SafeFilename(str(tmp_path / "a")) as temporary:
        os.chmod(temporary, 0o600)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_do_not_write_ends_the_block_without_a_file(tmp_path: Path) -> None:
    with safeFileIo.SafeFile(str(tmp_path / "a")) as stream:
        stream.write("x")
        raise safeFileIo.DoNotWrite
    assert list(tmp_path.iterdir()) == []


def test_the_first_writer_of_a_file_wins_and_the_same_again_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for _ in range(2):
        with safeFileIo.FileForWriteOnceCompareSame(str(path)) as stream:
            stream.write("first")
    with (
        pytest.raises(
            safeFileIo.FileForWriteOnceCompareSameFailure,
            match="Written file does not match existing file",
        ),
        safeFileIo.FileForWriteOnceCompareSame(str(path)) as stream,
    ):
        stream.write("other")
    assert issubclass(safeFileIo.FileForWriteOnceCompareSameFailure, RuntimeError)
    assert path.read_text() == "first"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_directories_are_made_once_and_the_current_one_never(tmp_path: Path) -> None:
    for _ in range(2):
        safeFileIo.safeMakeDir(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()
    safeFileIo.safeMakeDir("")


def test_a_locked_file_is_read_changed_or_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a"
    with safeFileIo.SafeLockedFileForWrite(str(path)) as stream:
        assert stream.read() == ""
        stream.write("one\n")
        stream.write("two\n")
    with safeFileIo.SafeLockedFileForWrite(str(path)) as stream:
        assert stream.read(4) == "one\n"
        assert stream.read() == "two\n"
    assert path.read_text() == "one\ntwo\n"
    with safeFileIo.SafeLockedFileForWrite(str(path)) as stream:
        stream.write("3")
    with safeFileIo.SafeLockedFileForRead(str(path)) as reader:
        assert reader.read() == "3"
    with (
        pytest.raises(FileNotFoundError),
        safeFileIo.SafeLockedFileForRead(str(tmp_path / "nosuch")),
    ):
        pass


COUNT_UP = """
import sys
from lsst.daf.persistence.safeFileIo import SafeLockedFileForWrite
for _ in range(50):
    with SafeLockedFileForWrite(sys.argv[1]) as stream:
        stream.write(str(int(stream.read() or 0) + 1))
"""


def test_processes_that_lock_a_file_wait_for_each_other(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen([sys.executable, "-c", COUNT_UP, str(tmp_path / "n")]) for _ in range(4)
    ]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert (tmp_path / "n").read_text() == "200"
