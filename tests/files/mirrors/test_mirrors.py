"""persistence.files.mirrors: files of an archive, in the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from persistence.errors import RepositoryError
from persistence.files import listings, mirrors
from persistence.files.mirrors import mounted, room

BIG = bytes(range(256)) * 1000


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/persistence/mirrors"


@pytest.fixture
def archive(tmp_path: Path, cache: Path) -> str:
    return write(tmp_path / "night.zip", {"_mapper": b"m", "a/x.fits": BIG, "a/y.fits": b"y"})


def write(path: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


def on_disk(root: str) -> set[str]:
    return {str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file()}


def test_only_what_describes_the_repository_is_brought_at_first(archive):
    root = mirrors.directory(archive)
    assert on_disk(root) == {"_mapper"}
    assert sorted(entry.name for entry in listing(root)) == ["_mapper", "a"]
    assert on_disk(root) == {"_mapper"}


def listing(path: str) -> list[os.DirEntry[str]]:
    with mirrors.scandir(path) as entries:
        return list(entries)


def test_files_are_found_before_they_are_brought(archive):
    root = mirrors.directory(archive)
    assert listings.find(root, "a/x.fits") == "a/x.fits"
    assert listings.find(root, "a/x") is None
    assert mirrors.stat(f"{root}/a/x.fits").st_size == len(BIG)
    assert [entry.stat().st_size for entry in listing(f"{root}/a")] == [len(BIG), 1]
    with pytest.raises(FileNotFoundError, match="has no such file"):
        mirrors.stat(f"{root}/a/z.fits")
    with pytest.raises(FileNotFoundError, match="has no such directory"):
        listing(f"{root}/b")


def test_a_part_is_read_without_fetching_the_file(archive):
    root = mirrors.directory(archive)
    with mirrors.opened(f"{root}/a/x.fits") as stream:
        stream.seek(1000)
        assert stream.read(3) == BIG[1000:1003]
    mirrors.fetch(f"{root}/a/x.fits", in_parts=True)
    assert on_disk(root) == {"_mapper"}


def test_a_file_is_brought_whole_with_its_time(archive):
    root = mirrors.directory(archive)
    path = f"{root}/a/x.fits"
    for _ in range(2):
        mirrors.fetch(path)
        assert Path(path).read_bytes() == BIG
        assert os.stat(path).st_mtime_ns == mirrors.stat(path).st_mtime_ns
    with mirrors.opened(path) as stream:
        assert stream.name == path  # the file itself


def test_a_damaged_member_is_not_brought(archive):
    content = Path(archive).read_bytes()
    Path(archive).write_bytes(content.replace(BIG[:100], BIG[:99] + b"!", 1))
    root = mirrors.directory(archive)
    with pytest.raises(
        RepositoryError, match=r"a/x.fits cannot be fetched from .*night.zip: .*CRC"
    ):
        mirrors.fetch(f"{root}/a/x.fits")
    assert on_disk(root) == {"_mapper"}


def test_a_replaced_archive_has_a_mirror_of_its_own(archive):
    old = mirrors.directory(archive)
    mirrors.fetch(f"{old}/a/y.fits")
    write(Path(archive), {"_mapper": b"m", "a/y.fits": b"new"})
    new = mirrors.directory(archive)
    assert new != old
    mirrors.fetch(f"{new}/a/y.fits")
    assert Path(f"{new}/a/y.fits").read_bytes() == b"new"


def test_another_process_uses_the_path_of_a_mirror(archive):
    root = mirrors.directory(archive)
    script = (
        "import sys; from persistence.files import mirrors; mirrors.fetch(sys.argv[1]); "
        "print(mirrors.shown(sys.argv[1]))"
    )
    command = [sys.executable, "-c", script, f"{root}/a/y.fits"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{archive}/a/y.fits\n"
    assert Path(f"{root}/a/y.fits").read_bytes() == b"y"


def test_a_path_of_a_mirror_whose_archive_was_replaced_is_refused(archive, monkeypatch):
    root = mirrors.directory(archive)
    monkeypatch.setattr(mounted, "_mirrors", {})  # as in another process
    write(Path(archive), {"_mapper": b"m"})
    with pytest.raises(RepositoryError, match=r"night.zip was replaced or removed"):
        mirrors.fetch(f"{root}/a/y.fits")


@pytest.mark.parametrize("path", ["/data/repo/x", "/a/persistence/mirrors", "relative"])
def test_other_paths_lie_in_no_mirror(path):
    assert mirrors.of(path) is None
    assert mirrors.shown(path) == path
    assert mirrors.refusal(path) == ""


def test_a_directory_in_the_place_of_mirrors_is_none(cache):
    (cache / "stray/tree").mkdir(parents=True)
    assert mirrors.of(f"{cache}/stray/tree/x") is None


def test_an_archive_that_is_compressed_as_a_whole_is_refused(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(RepositoryError, match=r"a.tar.gz is compressed as a whole"):
        mirrors.directory(str(tmp_path / "a.tar.gz"))


def test_a_file_that_is_no_archive_stays_what_it_is(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    assert mirrors.directory(str(tmp_path / "a.txt/inside")) == str(tmp_path / "a.txt/inside")
    assert mirrors.directory(str(tmp_path / "gone/inside")) == str(tmp_path / "gone/inside")


def test_without_a_cache_the_mirror_is_one_of_the_process(archive, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    root = mirrors.directory(archive)
    mirrors.fetch(f"{root}/a/y.fits")
    assert mirrors.shown(f"{root}/a") == f"{archive}/a"
    assert not root.startswith(str(tmp_path / "file"))


def test_what_was_not_used_for_the_longest_time_makes_room(archive, cache, monkeypatch):
    root = mirrors.directory(archive)
    for name in ("a/x.fits", "a/y.fits"):
        mirrors.fetch(f"{root}/{name}")
    os.utime(f"{root}/a/x.fits", (1, 1))
    room.sweep(str(cache))
    assert on_disk(root) == {"_mapper", "a/x.fits", "a/y.fits"}
    monkeypatch.setenv(room.VARIABLE, "0.0001")
    room.sweep(str(cache))
    assert on_disk(root) == {"_mapper", "a/y.fits"}


def test_a_mirror_that_was_not_opened_for_long_is_removed(archive, cache):
    root = Path(mirrors.directory(archive))
    os.utime(root.parent / "origin", (1, 1))
    room.sweep(str(cache))
    assert not root.parent.exists()


@pytest.mark.parametrize("given", ["much", "-1", "nan"])
def test_a_limit_that_is_no_size_is_refused(given, monkeypatch):
    monkeypatch.setenv(room.VARIABLE, given)
    with pytest.raises(RepositoryError, match=f"{room.VARIABLE}={given}"):
        room.limit()
