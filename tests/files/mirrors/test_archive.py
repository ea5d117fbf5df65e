"""persistence.files.mirrors: what is in archives that other programs wrote."""

from __future__ import annotations

import io
import os
import stat
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from persistence.errors import RepositoryError
from persistence.files import mirrors
from persistence.files.mirrors.archive import Archive
from persistence.files.mirrors.origin import Section
from persistence.files.mirrors.tars import Tar
from persistence.files.mirrors.zips import Zip

CONTENT = {
    "_mapper": b"lsst.obs.decam.DecamMapper\n",
    "0001/calexp-1.fits": bytes(range(256)) * 5000,
    "0001/empty.txt": b"",
    "policy/notes.yaml": b"notes: {}\n",
    "policy/sub/deep.yaml": b"deep: {}\n",
}
# A time that zip files can hold, too: an even second.
TIME = 1_600_000_002


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, content in CONTENT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (TIME, TIME))
    (root / "nothing").mkdir()
    return root


def zipped(tree: Path, method: int) -> str:
    target = f"{tree}.zip"
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(tree.rglob("*")):
            archive.write(path, path.relative_to(tree))
    return target


def tarred(tree: Path, kind: int) -> str:
    target = f"{tree}.tar"
    with tarfile.open(target, "w", format=kind) as archive:
        archive.add(tree, ".")
    return target


KINDS: dict[str, Callable[[Path], Archive[object]]] = {
    "stored": lambda tree: Zip(zipped(tree, zipfile.ZIP_STORED)),
    "deflated": lambda tree: Zip(zipped(tree, zipfile.ZIP_DEFLATED)),
    "ustar": lambda tree: Tar(tarred(tree, tarfile.USTAR_FORMAT)),
    "gnu": lambda tree: Tar(tarred(tree, tarfile.GNU_FORMAT)),
    "pax": lambda tree: Tar(tarred(tree, tarfile.PAX_FORMAT)),
}


class TestAnArchive:
    """The contract of all kinds."""

    @pytest.fixture(params=KINDS)
    def archive(self, request: pytest.FixtureRequest, tree: Path) -> Archive[object]:
        return KINDS[request.param](tree)

    def test_has_the_names_sizes_and_times_of_the_tree(self, archive, tree):
        for path in tree.rglob("*"):
            entry = archive.entry(str(path.relative_to(tree)))
            assert entry is not None
            assert entry.is_directory == path.is_dir()
            if not entry.is_directory:
                assert (entry.size, entry.time) == (path.stat().st_size, TIME * 10**9)

    @pytest.mark.parametrize("folder", ["", "0001", "policy", "policy/sub", "nothing"])
    def test_lists_directories_as_the_disk_does(self, archive, tree, folder):
        names = {entry.name: entry.is_dir() for entry in os.scandir(tree / folder)}
        assert {name: e.is_directory for name, e in archive.entries(folder).items()} == names

    @pytest.mark.parametrize("name", CONTENT)
    def test_has_the_bytes_of_the_tree(self, archive, name):
        stream = io.BytesIO()
        archive.copy(name, stream)
        assert stream.getvalue() == CONTENT[name]

    @pytest.mark.parametrize("path", ["gone", "0001/gone", "_mapper/below", "0001/calexp-1.fits/x"])
    def test_has_nothing_else(self, archive, path):
        assert archive.entry(path) is None
        assert archive.entries(path) == {}
        with pytest.raises(FileNotFoundError, match="has no member"):
            archive.read(path, 0, 1)

    def test_knows_what_describes_a_repository(self, archive):
        assert sorted(archive.structure("")) == ["_mapper", "policy/notes.yaml"]

    def test_is_read_in_parts_where_it_is_not_compressed(self, archive, request):
        name = "0001/calexp-1.fits"
        is_packed = "deflated" in request.node.name
        assert archive.has_parts(name) != is_packed
        if is_packed:
            return
        content = CONTENT[name]
        with io.BufferedReader(Section(archive, name, len(content)), 100) as stream:
            for start, size in ((0, 10), (70_000, 3), (len(content) - 5, 50), (12, 4000)):
                stream.seek(start)
                assert stream.read(size) == content[start : start + size]
            assert stream.seek(-3, os.SEEK_END) == len(content) - 3
            assert stream.read() == content[-3:]


def test_the_system_s_tar_and_zip_are_read(tree):
    subprocess.run(["tar", "-cf", f"{tree}.tar", "-C", tree, "."], check=True)
    assert Tar(f"{tree}.tar").read("0001/calexp-1.fits", 255, 2) == b"\xff\x00"


def test_a_time_in_an_extra_field_comes_before_local_time(tmp_path):
    info = zipfile.ZipInfo("a", (1999, 1, 1, 0, 0, 0))
    info.extra = (
        struct.pack("<HH", 0x7875, 3) + b"\1\2\3" + struct.pack("<HHBi", 0x5455, 5, 1, TIME)
    )
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"x")
    entry = Zip(str(tmp_path / "a.zip")).entry("a")
    assert entry is not None
    assert entry.time == TIME * 10**9


def test_the_last_of_several_members_with_one_name_counts(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"old")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"newer")
    assert Zip(str(tmp_path / "a.zip")).read("a", 0, 9) == b"newer"


def link(archive: zipfile.ZipFile | tarfile.TarFile, name: str, target: str) -> None:
    if isinstance(archive, tarfile.TarFile):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = tarfile.SYMTYPE, target
        archive.addfile(info)
    else:
        link = zipfile.ZipInfo(name)
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, target)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_links_are_followed_inside_and_not_out(tmp_path, kind):
    path = str(tmp_path / f"a.{kind}")
    with tarfile.open(path, "w") if kind == "tar" else zipfile.ZipFile(path, "w") as archive:
        for name, target in {
            "rerun/a/_parent": "../..", "to": "rerun/a/data", "out": "../secret", "root": "/etc",
            "circle": "circle", "rerun/a/data": "../../raw",
        }.items():  # fmt: skip
            link(archive, name, target)
        if isinstance(archive, tarfile.TarFile):
            info = tarfile.TarInfo("raw/x")
            info.size = 3
            archive.addfile(info, io.BytesIO(b"pix"))
        else:
            archive.writestr("raw/x", b"pix")
    opened = Tar(path) if kind == "tar" else Zip(path)
    for name in ("raw/x", "to/x", "rerun/a/_parent/raw/x", "rerun/a/_parent/to/x"):
        assert opened.read(name, 0, 9) == b"pix", name
    assert list(opened.entries("to")) == ["x"]
    for name in ("out", "root", "root/passwd", "circle", "circle/x"):
        assert opened.entry(name) is None, name
    assert set(opened.entries("")) == {"rerun", "to", "raw"}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd"])
def test_a_member_that_leads_out_is_refused(tmp_path, name):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(RepositoryError, match="leads out of the archive"):
        Tar(str(tmp_path / "a.tar"))


def damage(path: str, old: bytes, new: bytes) -> None:
    content = Path(path).read_bytes()
    assert content.count(old) >= 1
    Path(path).write_bytes(content.replace(old, new, 1))


def test_a_flipped_bit_is_found_by_the_checksum(tree):
    path = zipped(tree, zipfile.ZIP_STORED)
    damage(path, bytes(range(200)), bytes([1, *range(1, 200)]))
    with pytest.raises(OSError, match=r"0001/calexp-1.fits is damaged: .* CRC-32"):
        Zip(path).copy("0001/calexp-1.fits", io.BytesIO())


def test_a_manifest_tells_a_damaged_member_of_a_tar_file(tree):
    import hashlib

    folder = tree / ".persistence/manifest"
    folder.mkdir(parents=True)
    digest = hashlib.sha256(CONTENT["_mapper"]).hexdigest()
    lines = [f'{{"f":"_mapper","sha256":"{digest}"}}', "{damaged", '{"f":"x"}', "3"]
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    path = tarred(tree, tarfile.PAX_FORMAT)
    Tar(path).copy("_mapper", io.BytesIO())
    damage(path, b"lsst.obs.decam", b"lsst.obs.dacem")
    with pytest.raises(RepositoryError, match=r"_mapper is damaged: its SHA-256"):
        Tar(path).copy("_mapper", io.BytesIO())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_told(tree, method):
    with pytest.raises(OSError, match=f"compressed by method {method}"):
        Zip(zipped(tree, method)).copy("0001/calexp-1.fits", io.BytesIO())


def test_a_member_that_unpacks_to_more_than_it_states_is_stopped(tree):
    path = zipped(tree, zipfile.ZIP_DEFLATED)
    size = struct.pack("<I", len(CONTENT["0001/calexp-1.fits"]))
    content = Path(path).read_bytes()
    Path(path).write_bytes(content.replace(size, struct.pack("<I", 1000)))
    stream = io.BytesIO()
    with pytest.raises(OSError, match="is damaged"):
        Zip(path).copy("0001/calexp-1.fits", stream)
    assert stream.tell() <= 1000


@pytest.mark.parametrize("cut", [100, 5000])
def test_a_truncated_archive_is_told(tree, cut):
    for path in (zipped(tree, zipfile.ZIP_STORED), tarred(tree, tarfile.PAX_FORMAT)):
        os.truncate(path, cut)
        try:
            root = mirrors.directory(path)
        except RepositoryError as error:
            assert path in str(error)  # noqa: PT017  # or it is no archive any more
        else:
            assert root == path
