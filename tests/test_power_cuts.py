"""What is left after a power cut at any moment: only what was flushed is sure to be there.

Each change of a name, and each flush, is one moment. What may be on the disk then lies between two extremes, and a
directory may be at either: the names as they were last flushed, or as they are; the content of a file always as it was
last flushed.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler
from persistence.cli import ingest_calibs, ingest_images
from persistence.files import atomic, durable, intents
from persistence.ingest.calibs import CalibTask

CAMERA = """
levels: {exposure: []}
headers: {visit: {exposure_id: IMAGEID}}
exposures:
  raw: {template: 'raw/%(filter)s/%(visit)d.fits', python: lsst.afw.image.ExposureF}
calibrations:
  bias: {template: 'bias/%(calibDate)s.fits', python: lsst.afw.image.ImageF}
datasets:
  note: {template: 'notes/%(visit)d.pickle', storage: PickleStorage, python: dict}
  first: {template: 'a/%(visit)d.pickle', storage: PickleStorage, python: str}
  second: {template: 'b/%(visit)d.pickle', storage: PickleStorage, python: str}
ingest:
  parse: {translation: {visit: IMAGEID, filter: FILTER}}
  register: {columns: {visit: int, filter: text}, unique: [visit], visit: [visit, filter]}
ingestCalibs:
  parse: {translation: {calibDate: DATE-OBS, filter: FILTER, ccd: CCDNUM}}
  register:
    columns: {filter: text, ccd: int, calibDate: text, validStart: text, validEnd: text}
    unique: [filter, ccd, calibDate]
    visit: [calibDate]
    tables: [bias]
"""

# It names code, so that the caller has to name it.
WITH_PAIR = CAMERA.replace(
    "ingest:",
    "  pair: {composite: {one: {datasetType: first}, two: {datasetType: second}}, python: types.SimpleNamespace}\ningest:",
)


class Disk:
    """The files below a folder, and what a power cut would leave of them.

    Parameters
    ----------
    folder : `pathlib.Path`
        All of it is on the disk at first.
    check : callable
        What has to hold for what is left: it is given a folder. Called at each moment, for each extreme.
    """

    def __init__(self, folder: Path, check: Callable[[Path], None]) -> None:
        self.folder, self.check = folder, check
        self.moments = 0
        self.look: Callable[[], None] = (
            self.moment
        )  # one that does not see itself, once it is watched
        self._open: dict[int, int] = {}  # held open, so that no inode is used again
        self._contents: dict[int, bytes] = {}
        self._names: dict[str, dict[str, Any]] = {}
        for directory, _, files in os.walk(folder):
            for name in files:
                path = os.path.join(directory, name)
                if not os.path.islink(path):
                    self._contents[os.stat(path).st_ino] = Path(path).read_bytes()
            self._names[directory] = self._listed(directory)

    def flushed_file(self, descriptor: int) -> None:
        self._contents[os.fstat(descriptor).st_ino] = Path(
            f"/proc/self/fd/{descriptor}"
        ).read_bytes()

    def flushed_directory(self, descriptor: int) -> None:
        directory = os.readlink(f"/proc/self/fd/{descriptor}")
        self._names[directory] = self._listed(directory)

    def _listed(self, directory: str) -> dict[str, Any]:
        """List a directory: the target of a link, the inode of a file, None for a directory."""
        entries: dict[str, Any] = {}
        with os.scandir(directory) as found:
            for entry in found:
                entries[entry.name] = (
                    os.readlink(entry.path)
                    if entry.is_symlink()
                    else None
                    if entry.is_dir()
                    else entry.inode()
                )
                if isinstance(entries[entry.name], int) and entry.inode() not in self._open:
                    self._open[entry.inode()] = os.open(entry.path, os.O_RDONLY)
        return entries

    def moment(self) -> None:
        """Run the check on what would be left now."""
        now = {directory: self._listed(directory) for directory, _, _ in os.walk(self.folder)}
        # SQLite flushes its files by calls that Python does not see; that it does is SQLite's own test.
        for directory, entries in now.items():
            for name, inode in entries.items():
                if ".sqlite3" in name:
                    self._contents[inode] = Path(directory, name).read_bytes()
                    self._names.setdefault(directory, {})[name] = inode
        late = self._names
        for number, names in enumerate(
            (
                now,
                late,
                {**now, **{d: late[d] for d in late if "/in" in d}},
                {**late, **{d: now[d] for d in now if "/in" in d}},
            )
        ):
            left = self.folder.with_name(f"left-{self.moments}-{number}")
            self._lay(str(self.folder), left, names)
            try:
                self.check(left)
            finally:
                shutil.rmtree(left)
        self.moments += 1

    def _lay(self, directory: str, left: Path, names: Mapping[str, Mapping[str, Any]]) -> None:
        left.mkdir()
        for name, entry in names.get(directory, {}).items():
            if entry is None:
                self._lay(os.path.join(directory, name), left / name, names)
            elif isinstance(entry, str):
                (left / name).symlink_to(entry)
            else:
                (left / name).write_bytes(self._contents.get(entry, b""))

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)


@pytest.fixture
def cuts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Disk]]:
    """Return a function that watches a folder."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not tell which file a descriptor is")
    disks: list[Disk] = []

    def watch(folder: Path, check: Callable[[Path], None]) -> Disk:
        disks.append(disk := Disk(folder, check))
        lock, within = threading.Lock(), threading.local()  # several threads flush at once

        def wrapped(
            function: Callable[..., Any], then: Callable[..., None] = lambda *_: None
        ) -> Callable[..., Any]:
            def act(*args: Any, **kwargs: Any) -> Any:
                if getattr(within, "check", False):
                    return function(*args, **kwargs)
                with lock:
                    within.check = True
                    try:
                        for directory, _, _ in os.walk(folder):
                            disk._listed(directory)
                        result = function(*args, **kwargs)
                        then(*args)
                        disk.moment()
                        return result
                    finally:
                        within.check = False

            return act

        for name in ("replace", "rename", "link", "symlink", "unlink", "remove", "mkdir", "rmdir"):
            monkeypatch.setattr(os, name, wrapped(getattr(os, name)))
        monkeypatch.setattr(durable, "_flush_data", wrapped(durable._flush_data, disk.flushed_file))
        monkeypatch.setattr(os, "fsync", wrapped(os.fsync, disk.flushed_directory))
        disk.look = wrapped(lambda: None)
        return disk

    yield watch
    monkeypatch.undo()
    for disk in disks:
        disk.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a repository, and a folder of raws beside it."""
    made = tmp_path / "disk"
    (made / "repo").mkdir(parents=True)
    (made / "repo/camera.yaml").write_text(CAMERA)
    (made / "repo/_mapper").write_text("camera.yaml\n")
    (made / "in").mkdir()
    for visit, band in ((1, "g"), (2, "r"), (3, "r")):
        header = fits.Header({"IMAGEID": visit, "FILTER": band})
        fits.PrimaryHDU(np.full((4, 5), visit, "i2"), header).writeto(made / f"in/{visit}.fits")
    return made


@pytest.fixture
def masters(folder: Path) -> Path:
    """Return a calibration root, and a folder of biases in place of the raws."""
    (folder / "calib").mkdir()
    for path in (folder / "in").iterdir():
        path.unlink()
    for day in (1, 2, 3):
        header = fits.Header({"OBSTYPE": "zero", "CCDNUM": 1, "FILTER": "NONE"})
        header["DATE-OBS"] = f"2015-02-0{day}"
        fits.PrimaryHDU(np.full((4, 5), day, "i2"), header).writeto(folder / f"in/{day}.fits")
    return folder


def rows(path: Path, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Read a table by a back door; nothing if it is not there."""
    if not path.exists():
        return []
    with sqlite3.connect(path) as connection:
        query = "select name from sqlite_master where name = ?"
        tables = connection.execute(query, [table]).fetchall()
        found = connection.execute(f"select {columns} from {table}").fetchall() if tables else []
    connection.close()
    return found


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
@pytest.mark.parametrize("mode", [mode for mode in atomic.MODES if mode != "skip"])
def test_no_raw_is_lost_and_no_row_is_without_its_file(
    folder: Path, cuts: Callable[..., Disk], mode: str, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {visit: (folder / f"in/{visit}.fits").read_bytes() for visit in (1, 2, 3)}
    monkeypatch.setattr(atomic, "_links_work", lambda directory: links)

    def check(left: Path) -> None:
        places = {path.name: path for path in left.glob("repo/raw/*/*.fits")}
        for visit, content in contents.items():
            source, place = left / f"in/{visit}.fits", places.get(f"{visit}.fits")
            whole = place is not None and not place.is_symlink() and place.read_bytes() == content
            assert whole or (source.exists() and source.read_bytes() == content), (
                f"raw {visit} is lost"
            )
        side = rows(left / "repo/.persistence/direct.sqlite3", "direct", "path, file")
        for visit, band in rows(left / "repo/registry.sqlite3", "raw", "visit, filter"):
            place = left / f"repo/raw/{band}/{visit}.fits"
            if mode == "direct":
                assert (f"raw/{band}/{visit}.fits", str(folder / f"in/{visit}.fits")) in side
                continue
            is_there = place.is_symlink() if mode == "link" else place.exists()  # `left` is a copy
            assert is_there, f"a row without raw {visit}"
            assert mode == "link" or place.read_bytes() == contents[visit]

    disk = cuts(folder, check)
    assert (
        ingest_images.main(
            [str(folder / "repo"), "--mode", mode, *map(str, sorted((folder / "in").iterdir()))]
        )
        == 0
    )
    disk.look()
    assert len(rows(folder / "repo/registry.sqlite3", "raw", "visit")) == 3
    assert disk.moments > (2 if mode == "direct" else 8)


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
@pytest.mark.parametrize("mode", [mode for mode in CalibTask.MODES if mode != "skip"])
def test_no_calibration_is_lost_and_no_row_is_without_its_file_or_its_window(
    masters: Path,
    cuts: Callable[..., Disk],
    mode: str,
    links: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = {day: (masters / f"in/{day}.fits").read_bytes() for day in (1, 2, 3)}
    monkeypatch.setattr(atomic, "_links_work", lambda directory: links)

    def check(left: Path) -> None:
        for day, content in contents.items():
            source, place = left / f"in/{day}.fits", left / f"calib/bias/2015-02-0{day}.fits"
            whole = place.is_file() and not place.is_symlink() and place.read_bytes() == content
            assert whole or (source.exists() and source.read_bytes() == content), (
                f"bias {day} is lost"
            )
        registered = rows(
            left / "calib/calibRegistry.sqlite3", "bias", "calibDate, validStart, validEnd"
        )
        for date, first, last in registered:
            place = left / f"calib/bias/{date}.fits"
            assert place.is_symlink() if mode == "link" else place.exists(), f"no bias of {date}"
            assert mode == "link" or place.read_bytes() == contents[int(date[-1])]
            assert first <= date <= last

    disk = cuts(masters, check)
    words = ["--calib", str(masters / "calib"), "--validity", "9", "--mode", mode]
    files = map(str, sorted((masters / "in").iterdir()))
    assert ingest_calibs.main([str(masters / "repo"), *files, *words]) == 0
    disk.look()
    assert len(rows(masters / "calib/calibRegistry.sqlite3", "bias", "calibDate")) == 3
    assert disk.moments > 6


@pytest.mark.parametrize("before", [None, "before"])
def test_a_dataset_that_was_put_is_there_and_one_being_put_is_as_it_was(
    folder: Path, cuts: Callable[..., Disk], before: str | None
) -> None:
    butler, done, allowed = Butler(folder / "repo"), False, [before, "after"]
    if before:
        butler.put(before, "note", visit=1)

    def check(left: Path) -> None:
        there = Butler(left / "repo")
        exists = there.datasetExists("note", visit=1)
        assert (there.get("note", visit=1) if exists else None) in (["after"] if done else allowed)

    disk = cuts(folder, check)
    butler.put("after", "note", visit=1)
    done = True
    disk.look()
    assert disk.moments > 3


def test_of_a_composite_all_components_are_as_they_were_or_all_are_new(
    folder: Path, cuts: Callable[..., Disk], monkeypatch: pytest.MonkeyPatch
) -> None:
    mapper, done = folder.parent / "pairs.yaml", False
    mapper.write_text(WITH_PAIR)
    butler = Butler(folder / "repo", mapper=str(mapper))
    butler.put(types.SimpleNamespace(one="before", two="before"), "pair", visit=1)

    def check(left: Path) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(intents, "_is_at_work", lambda *_: False)  # the power is off
            pair = Butler(left / "repo", mapper=str(mapper)).get("pair", visit=1)
        assert (pair.one, pair.two) in {("after", "after"), ("before", "before")}
        assert pair.one == "after" or not done

    disk = cuts(folder, check)
    butler.put(types.SimpleNamespace(one="after", two="after"), "pair", visit=1)
    done = True
    disk.look()
    assert disk.moments > 12


def test_a_new_output_has_its_parents_once_something_is_in_it(
    folder: Path, cuts: Callable[..., Disk]
) -> None:
    def check(left: Path) -> None:
        if list(left.glob("out/notes/*.pickle")):
            assert len(Butler(left / "out").chain.inputs) == 2

    disk = cuts(folder, check)
    butler = Butler(inputs=folder / "repo", outputs=folder / "out")
    butler.put("text", "note", visit=1)
    disk.look()
    assert disk.moments > 5
    assert (folder / "out/notes/1.pickle").exists()


def test_a_scratch_output_waits_for_no_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(durable, "_flush_data", calls.append)
    monkeypatch.setattr(os, "fsync", calls.append)
    mapper = folder / "pairs.yaml"
    mapper.write_text(WITH_PAIR)
    for is_durable in (False, True):
        butler = pickle.loads(
            pickle.dumps(Butler(folder / "repo", mapper=str(mapper), durable=is_durable))
        )
        butler.put("text", "note", visit=1)
        butler.put(types.SimpleNamespace(one=1, two=2), "pair", visit=1)
        assert bool(calls) == is_durable
