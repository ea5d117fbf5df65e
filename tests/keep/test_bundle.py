"""Bundles: judged by Python's zipfile and tarfile, unzip, tar, sha256sum, and the tree of ``copy``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

import persistence
from persistence import Butler
from persistence.errors import FileConflict, RepositoryError, UsageError
from persistence.keep import archive_writing, archive_zip, digests, doctor, same, verify
from persistence.keep.archive_layout import Member, layout
from persistence.keep.bundling import bundle
from persistence.keep.copying import copy
from persistence.keep.unbundling import unbundle
from tests.killed import killed_after

DATA_ID = {"visit": 410877, "ccdnum": 28}
MANIFEST = ".persistence/manifest/manifest.jsonl"
FORMS = pytest.mark.parametrize("form", ["zip", "tar"])


def whole(source: Path, target: Path, act: Callable[..., Any]) -> Any:
    """Copy or bundle exposures, tables, a defined type, and calibrations."""
    calib = str(source.parent.parent / "CALIB")
    return act(source, target, ["src", "note", "raw", "bias"], calibRoot=calib)


def contents(path: Path) -> dict[str, bytes]:
    """Return the members of an archive, as Python's own libraries read them."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
            return {info.filename: archive.read(info) for info in archive.infolist()}
    with tarfile.open(path, "r:") as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@FORMS
def test_members_are_the_files_that_a_copy_has_with_their_manifests(
    source: Path, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"out.{form}"
    bundled = whole(source, path, bundle)
    copied = whole(source, tmp_path / "mine", copy)
    assert [file.path for file in bundled.files] == [file.path for file in copied.files]
    assert (bundled.rows, bundled.present) == (copied.rows, 0)
    verify(tmp_path / "mine")
    members, expected = contents(path), tree(tmp_path / "mine")
    assert set(members) == set(expected)
    manifests = [MANIFEST, f"CALIB/{MANIFEST}"]
    assert list(members)[:3] == [*manifests, "repositoryCfg.yaml"]
    for name in set(members) - set(manifests):
        if not name.endswith(".sqlite3"):
            assert members[name] == expected[name], name
    for name in manifests:
        ours, verified = (
            {line["f"]: line for line in map(json.loads, filter(None, text.split(b"\n")))}
            for text in (members[name], expected[name])
        )
        assert set(ours) == set(verified)
        for path_, line in ours.items():
            is_written_anew = path_.endswith((".sqlite3", ".yaml"))
            without = {"t", "m", "sha256"} if is_written_anew else {"t"}
            assert drop(line, without) == drop(verified[path_], without)


def drop(line: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in keys}


@FORMS
def test_the_programs_of_the_system_read_it(source: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    whole(source, path, bundle)
    names = list(contents(path))
    (tmp_path / "there").mkdir()
    test, unpack, lister = {
        "zip": (["unzip", "-tq"], ["unzip", "-q"], ["unzip", "-Z1"]),
        "tar": (["tar", "tf"], ["tar", "xf"], ["tar", "tf"]),
    }[form]
    if not shutil.which(test[0]):
        pytest.skip(f"there is no {test[0]}")
    run = lambda words: subprocess.run(  # noqa: E731
        [*words, path], check=True, capture_output=True, text=True, cwd=tmp_path / "there"
    )
    assert run(test).stderr == ""
    assert run(lister).stdout.splitlines() == names
    run(unpack)
    assert tree(tmp_path / "there") == contents(path)
    one = next((tmp_path / "there").rglob("src-0410877_28.fits"))
    assert int(one.stat().st_mtime) == int(
        (source / one.relative_to(tmp_path / "there")).stat().st_mtime
    )
    for folder in ("there", "there/CALIB"):
        lines = map(
            json.loads, filter(None, (tmp_path / folder / MANIFEST).read_text().split("\n"))
        )
        sums = "".join(f"{line['sha256']}  {line['f']}\n" for line in lines)
        subprocess.run(
            ["sha256sum", "-c", "--strict", "--quiet"],
            input=sums, text=True, check=True, cwd=tmp_path / folder,
        )  # fmt: skip


@FORMS
def test_what_is_unpacked_is_the_repository(source: Path, tmp_path: Path, form: str) -> None:
    bundled = whole(source, tmp_path / f"out.{form}", bundle)
    whole(source, tmp_path / "copy", copy)
    source.parent.parent.rename(tmp_path / "gone")
    unbundled = unbundle(tmp_path / f"out.{form}", tmp_path / "mine")
    assert len(unbundled.files) > len(bundled.files)
    found = verify(tmp_path / "mine")
    assert (found.results, set(found.counts)) == ([], {"same"})
    assert verify(tmp_path / "mine", quick=True).bytes == 0  # times are those of the manifest
    assert doctor(tmp_path / "mine").findings == []
    assert same(tmp_path / "copy", tmp_path / "mine")
    butler = Butler(str(tmp_path / "mine"))
    assert butler.get("src", DATA_ID)["id"].tolist() == [1, 410877]
    assert butler.get("note", visit=410877) == "of the night"
    assert butler.get("raw", DATA_ID).image.size
    assert butler.get("bias", ccdnum=28, calibDate="2015-02-18").image.size
    assert not list(tmp_path.glob(".unbundle*"))
    assert not list(tmp_path.glob(".bundle*"))


@FORMS
def test_a_part_of_a_bundle_is_copied_and_bundled_in_place(
    source: Path, tmp_path: Path, form: str
) -> None:
    path, again = tmp_path / f"out.{form}", tmp_path / f"again.{form}"
    whole(source, path, bundle)
    expected = Butler(str(source)).get("raw", DATA_ID).image
    source.parent.parent.rename(tmp_path / "gone")
    copied = copy(path, tmp_path / "mine", ["src", "raw", "bias"])
    assert copied.rows
    copy(path, tmp_path / "mine", ["src"])  # and again
    butler = Butler(str(tmp_path / "mine"))
    assert np.array_equal(butler.get("raw", DATA_ID).image, expected)
    assert butler.get("bias", ccdnum=28, calibDate="2015-02-18").image.size
    assert verify(tmp_path / "mine").is_well
    assert doctor(tmp_path / "mine").findings == []
    bundle(path, again, ["src"], "visit == 410878")
    assert [name for name in contents(again) if name.endswith(".fits")] == [
        name for name in contents(path) if name.endswith("src-0410878_28.fits")
    ]
    with pytest.raises(UsageError, match="files of an archive are copied"):
        copy(path, tmp_path / "linked", ["src"], transfer="link")


@pytest.mark.parametrize("act", [verify, doctor])
def test_what_needs_all_files_of_a_bundle_tells_to_unpack_it(
    source: Path, tmp_path: Path, act: Any
) -> None:
    bundle(source, tmp_path / "out.zip", ["src"])
    with pytest.raises(
        RepositoryError, match=r"out\.zip is not a directory: `persistence unbundle`"
    ):
        act(tmp_path / "out.zip")


def test_links_are_followed_and_no_name_is_absolute(source: Path, tmp_path: Path) -> None:
    assert any(path.is_symlink() for path in source.parent.parent.rglob("*.fz"))
    bundle(source, tmp_path / "out.zip", ["raw"])
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        for info in archive.infolist():
            assert info.external_attr >> 16 & 0o170000 == 0o100000
            assert not info.filename.startswith("/")
            assert ".." not in info.filename


def test_a_member_is_a_range_of_the_archive(source: Path, tmp_path: Path) -> None:
    bundle(source, tmp_path / "out.zip", ["src"])
    content = (tmp_path / "out.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        info = next(info for info in archive.infolist() if info.filename.endswith("_28.fits"))
    start = info.header_offset + 30
    start += int.from_bytes(content[start - 4 : start - 2], "little")
    start += int.from_bytes(content[info.header_offset + 28 : info.header_offset + 30], "little")
    assert content[start : start + info.file_size] == (source / info.filename).read_bytes()


def test_inputs_come_by_provenance(source: Path, tmp_path: Path) -> None:
    bundled = bundle(source, tmp_path / "a.zip", ["src"], "visit == 410877", with_inputs=1)
    assert sorted(file.datasetType for file in bundled.files) == ["raw", "src"]


def test_a_dry_run_writes_nothing(source: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    bundled = bundle(source, tmp_path / "out.zip", ["src"], dry_run=True)
    assert len(bundled.files) == 2
    assert sorted(tmp_path.rglob("*")) == before
    bundle(source, tmp_path / "out.zip", ["src"])
    assert unbundle(tmp_path / "out.zip", tmp_path / "mine", dry_run=True).files
    assert not (tmp_path / "mine").exists()


def test_nothing_is_replaced_and_wrong_words_are_told(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_text("mine")
    with pytest.raises(FileConflict, match=r"out\.zip exists"):
        bundle(source, tmp_path / "out.zip", ["src"])
    assert (tmp_path / "out.zip").read_text() == "mine"
    with pytest.raises(UsageError, match=r"neither a \.zip nor a \.tar"):
        bundle(source, tmp_path / "out.tgz", ["src"])
    with pytest.raises(UsageError, match="is a part of calexp"):
        bundle(source, tmp_path / "new.zip", ["calexp.bbox"])
    bundle(source, tmp_path / "new.zip", ["src"])
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").touch()
    with pytest.raises(RepositoryError, match="not empty"):
        unbundle(tmp_path / "new.zip", tmp_path / "full")


def test_a_file_that_is_written_meanwhile_is_told(source: Path, tmp_path: Path) -> None:
    path = next(source.rglob("src-0410877_28.fits"))

    def disturb(items: Any) -> Iterator[Any]:
        with path.open("ab") as stream:
            stream.write(b"x")
        yield from items

    with pytest.raises(digests.ChangedError, match="while it is bundled"):
        bundle(source, tmp_path / "out.zip", ["src"], track=disturb)
    assert not (tmp_path / "out.zip").exists()


@FORMS
def test_what_a_killed_run_wrote_is_used_again_if_it_is_whole(
    source: Path, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"out.{form}"
    bundle(source, path, ["src"])
    expected = contents(path)
    path.unlink()

    def stop(*_: Any) -> None:
        os._exit(9)

    def act() -> None:
        archive_writing.durable.flush_file = stop
        bundle(source, path, ["src"])

    assert killed_after(1000, act)
    (grown,) = tmp_path.glob(".bundle*/archive")
    position = grown.read_bytes().find(b"XTENSION")
    with grown.open("r+b") as stream:
        stream.seek(position)
        stream.write(b"ROTTEN")
    assert bundle(source, path, ["src"]).present == 1
    names = [name for name in expected if name.endswith(".fits")]
    again = contents(path)
    assert [again[name] for name in names] == [expected[name] for name in names]
    assert not list(tmp_path.glob(".bundle*"))


@pytest.mark.slow
@FORMS
def test_a_bundle_that_is_killed_at_any_call_goes_on(
    source: Path, tmp_path: Path, form: str
) -> None:
    path, number, killed = tmp_path / f"out.{form}", 0, True
    bundle(source, path, ["src", "note"])
    expected = contents(path)
    while killed:
        path.unlink()
        killed = killed_after(number, lambda: bundle(source, path, ["src", "note"]))
        if path.exists():
            assert set(contents(path)) == set(expected), number
        bundle(source, path, ["src", "note"]) if killed else None
        members = contents(path)
        assert set(members) == set(expected), number
        assert all(members[name] == expected[name] for name in members if ".sq" not in name
                   and "manifest" not in name), number  # fmt: skip
        assert not list(tmp_path.glob(".bundle*"))
        number += 1
    assert number > 20


@pytest.mark.slow
@FORMS
def test_unpacking_that_is_killed_at_any_call_goes_on(
    source: Path, tmp_path: Path, form: str
) -> None:
    path, number, killed = tmp_path / f"out.{form}", 0, True
    bundle(source, path, ["src", "note"])
    expected = contents(path)
    while killed:
        target = tmp_path / f"mine{number}"
        killed = killed_after(number, lambda target=target: unbundle(path, target))
        if target.exists():
            assert tree(target) == expected, number
        if killed:
            unbundle(path, target)
        assert tree(target) == expected, number
        assert not list(tmp_path.glob(".unbundle*"))
        number += 1
    assert number > 20


# What is wrong with an archive -> how it is written, and what is said.
def _links(archive: tarfile.TarFile, kind: bytes) -> None:
    info = tarfile.TarInfo("rerun")
    info.type, info.linkname = kind, "/etc"
    archive.addfile(info)


ZIPS: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "climbing": (lambda made: made.writestr("../x", "x"), "leads out"),
    "climbing inside": (lambda made: made.writestr("a/../../x", "x"), "leads out"),
    "absolute": (lambda made: made.writestr("/tmp/x", "x"), "absolute path"),
    "backslashes": (lambda made: made.writestr("..\\x", "x"), "character"),
    "dots": (lambda made: made.writestr("./x", "x"), "leads out"),
    "unlisted": (lambda made: made.writestr("x", "x"), "not in the manifest"),
    "a file in a file": (lambda made: made.writestr("repositoryCfg.yaml/x", "x"), "is a file"),
    "the link of a zip": (lambda made: made.writestr(_link(), "/etc"), "link or a device"),
    "twice": (lambda made: made.writestr("repositoryCfg.yaml", "x"), "is there twice"),
}
TARS: dict[str, tuple[Callable[[tarfile.TarFile], object], str]] = {
    "a link": (lambda made: _links(made, tarfile.SYMTYPE), "is a link, a device"),
    "a hard link": (lambda made: _links(made, tarfile.LNKTYPE), "is a link, a device"),
    "a device": (lambda made: _links(made, tarfile.CHRTYPE), "is a link, a device"),
    "a pipe": (lambda made: _links(made, tarfile.FIFOTYPE), "is a link, a device"),
    "climbing": (lambda made: made.addfile(tarfile.TarInfo("../x")), "leads out"),
    "absolute": (lambda made: made.addfile(tarfile.TarInfo("/tmp/x")), "absolute path"),
    "twice": (lambda made: made.addfile(tarfile.TarInfo("repositoryCfg.yaml")), "there twice"),
}


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("rerun")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", [*(("zip", name) for name in ZIPS), *(("tar", n) for n in TARS)])
def test_members_that_do_harm_are_refused(source: Path, tmp_path: Path, what: Any) -> None:
    form, name = what
    path = tmp_path / f"out.{form}"
    bundle(source, path, ["note"])
    before = sorted(tmp_path.rglob("*"))
    if form == "zip":
        with zipfile.ZipFile(path, "a") as made:
            ZIPS[name][0](made)
    else:
        with tarfile.open(path, "a") as archive:
            TARS[name][0](archive)
    with pytest.raises(RepositoryError, match=(ZIPS if form == "zip" else TARS)[name][1]):
        unbundle(path, tmp_path / "mine")
    assert sorted(tmp_path.rglob("*")) == before


@FORMS
def test_archives_that_are_cut_off_anywhere_are_refused(
    source: Path, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"out.{form}"
    bundle(source, path, ["note", "src"])
    content = path.read_bytes()
    # Python's tarfile does not miss the two empty blocks at the end.
    ends = range(1, len(content) - (12_000 if form == "tar" else 1), len(content) // 40)
    for end in ends:
        path.write_bytes(content[:end])
        with pytest.raises(RepositoryError, match=r"cut off|not whole|no bundle"):
            unbundle(path, tmp_path / "mine")
        assert not (tmp_path / "mine").exists()
    path.write_bytes(content)
    assert unbundle(path, tmp_path / "mine").files


@FORMS
def test_a_bit_that_flips_in_an_archive_is_found(source: Path, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    bundle(source, path, ["src"])
    content = bytearray(path.read_bytes())
    content[content.find(b"XTENSION") + 9000] ^= 1
    path.write_bytes(content)
    with pytest.raises(RepositoryError, match=r"src-.*\.fits|CRC"):
        unbundle(path, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_what_is_larger_than_declared_is_refused(source: Path, tmp_path: Path) -> None:
    bundle(source, tmp_path / "out.zip", ["note"])
    members = contents(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content * (1000 if name.endswith(".txt") else 1))
    with pytest.raises(RepositoryError, match=r"notes/410877.txt.* declares 12000 bytes, not 12"):
        unbundle(tmp_path / "other.zip", tmp_path / "mine")
    with zipfile.ZipFile(tmp_path / "deflated.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert unbundle(tmp_path / "deflated.zip", tmp_path / "mine").files  # zipped anew by somebody


def test_names_that_a_disk_takes_for_one_are_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rerun = Butler(str(source), durable=False)
    rerun.defineDataset("odd", template="odd/%(label)s.txt", storage="TextStorage", python="str")
    for label in ("g", "G"):
        rerun.put(label, "odd", label=label)
    bundle(source, tmp_path / "out.zip", ["odd"])
    assert unbundle(tmp_path / "out.zip", tmp_path / "mine").files
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: exists(path) or "MANIFEST" in str(path))
    with pytest.raises(RepositoryError, match=r"is the same file as 'odd/[gG]\.txt' on this disk"):
        unbundle(tmp_path / "out.zip", tmp_path / "other")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no archive"), (b"text", "no archive"), (b"\x1f\x8b\x08\0", "gunzip")],
)
def test_what_is_no_bundle_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "out.zip"
    path.write_bytes(content)
    with pytest.raises(RepositoryError, match=message):
        unbundle(path, tmp_path / "mine")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(RepositoryError, match="is no bundle"):
        unbundle(path, tmp_path / "mine")


@given(
    st.lists(
        st.tuples(st.text("abcé中_/.", min_size=1, max_size=40), st.binary(max_size=50)),
        min_size=1, max_size=8, unique_by=lambda pair: pair[0],
    ),
    st.integers(-(10**18), 10**19),
)  # fmt: skip
def test_zips_of_any_names_and_times_are_read_by_python(
    files: list[tuple[str, bytes]], mtime: int
) -> None:
    import io

    form = archive_zip.Zip()
    slots, end = layout(form, [Member(name, len(data), mtime, 0o640) for name, data in files])
    stream, checksums = io.BytesIO(), []
    for slot, (_name, data) in zip(slots, files, strict=True):
        checksums.append(form.checksum(data, 0))
        stream.seek(slot.header)
        stream.write(form.header(slot.member, checksums[-1]) + data)
    stream.write(form.end(slots, checksums, end))
    with zipfile.ZipFile(stream) as archive:
        assert archive.testzip() is None
        assert [(name, archive.read(name)) for name in archive.namelist()] == files


@pytest.mark.slow  # a list of 66,000 members
def test_sizes_beyond_4_gb_and_many_members_are_those_that_python_reads(tmp_path: Path) -> None:
    form, size = archive_zip.Zip(), 5 << 30
    members = [
        Member("large", size, 0, 0o644),
        *(Member(f"{n}", 0, 0, 0o644) for n in range(66_000)),
    ]
    slots, end = layout(form, members)
    with (tmp_path / "holes.zip").open("wb") as stream:
        for slot in slots:
            stream.seek(slot.header)
            stream.write(form.header(slot.member, 0))
        stream.seek(end)
        stream.write(form.end(slots, [0] * len(slots), end))
    with zipfile.ZipFile(tmp_path / "holes.zip") as archive:
        infos = archive.infolist()
        assert len(infos) == len(members)
        assert infos[0].file_size == size
        assert infos[-1].header_offset == slots[-1].header > size
        assert archive.read("65999") == b""


def test_it_is_public(source: Path, tmp_path: Path) -> None:
    persistence.keep.bundle(source, tmp_path / "out.zip", ["src"])
    persistence.keep.unbundle(tmp_path / "out.zip", tmp_path / "mine")
    table = Butler(str(tmp_path / "mine")).get("src", DATA_ID)
    assert isinstance(table, Table) or np.asarray(table["id"]).tolist() == [1, 410877]
