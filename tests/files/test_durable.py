"""Data forced to the disk. What a power cut leaves of them: tests/test_power_cuts.py."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from persistence.files import durable


@pytest.mark.parametrize(
    ("directory", "changed"),
    [
        ("there", []),
        ("", []),
        (".", []),
        ("new", ["."]),
        ("there/new", ["there"]),
        ("there/a/b", ["there/a", "there"]),
        ("a/b/c", ["a/b", "a", "."]),
    ],
)
def test_the_directories_with_a_new_entry_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: str, changed: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("there")
    assert durable.make_directories(directory) == changed
    assert os.path.isdir(directory or ".")
    assert durable.make_directories(directory) == []


@pytest.mark.parametrize(
    ("paths", "directories"),
    [
        ([], ["/r"]),
        (["/r/x"], ["/r"]),
        (["/r/a/x", "/r/a/y"], ["/r/a", "/r"]),
        (["/r/a/b/x", "/r/a/c/y"], ["/r/a/b", "/r/a", "/r/a/c", "/r"]),
    ],
)
def test_the_directories_on_the_way_to_the_root_are_each_told_once(
    paths: list[str], directories: list[str]
) -> None:
    assert durable.ancestors(paths, "/r") == directories


@pytest.mark.parametrize("number", [0, 1, 3, 50])
def test_each_file_and_each_directory_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    flushed: list[str] = []
    for module, name in ((durable, "_flush_data"), (os, "fsync")):
        monkeypatch.setattr(
            module,
            name,
            lambda descriptor: flushed.append(os.readlink(f"/proc/self/fd/{descriptor}")),
        )
    files = [str(tmp_path / f"{place}.fits") for place in range(number)]
    for path in files:
        Path(path).write_text("text")
    durable.flush(files, [str(tmp_path), str(tmp_path)])
    assert sorted(flushed[:-1]) == sorted(files)
    assert flushed[-1] == str(tmp_path)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_directories_is_left_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(number))
    durable.flush_directory(str(tmp_path))


def test_a_failure_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("text")
    monkeypatch.setattr(durable, "_flush_data", _failing(errno.EIO))
    with pytest.raises(OSError, match=str(tmp_path / "x")):
        durable.flush([str(tmp_path / "x")])
    monkeypatch.setattr(os, "fsync", _failing(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        durable.flush_directory(str(tmp_path))


def _failing(number: int):
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("understood", [True, False])
def test_all_files_are_begun_to_be_written_before_the_first_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, understood: bool
) -> None:
    steps: list[str] = []

    def advise(descriptor: int, *_: int) -> None:
        steps.append("begin")
        if not understood:
            raise OSError(errno.EINVAL, "no such advice")

    monkeypatch.setattr(os, "posix_fadvise", advise, raising=False)
    monkeypatch.setattr(os, "POSIX_FADV_DONTNEED", 4, raising=False)
    monkeypatch.setattr(durable, "_flush_data", lambda descriptor: steps.append("wait"))
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.touch()
    durable.flush(list(map(str, paths)))
    assert steps == ["begin"] * 3 + ["wait"] * 3
