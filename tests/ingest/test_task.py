"""Ingest as a whole: what is where afterwards, and that it can be done again."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from obs_decam.sample import generate
from persistence import Butler
from persistence.butler.open import open_one
from persistence.errors import (
    NoResults,
    PolicyError,
    RegistryError,
    RegistryLocked,
    RepositoryError,
)
from persistence.files import atomic
from persistence.ingest import config
from persistence.ingest.config import override
from persistence.ingest.report import Report
from persistence.ingest.task import IngestTask
from persistence.registry.sqlite_writer import SqliteWriter

DECAM = config.load(DecamMapper.ingestFile)


def task(root: Path, settings: Any = (), **options: Any) -> IngestTask:
    made = DECAM
    for name, value in dict(settings).items():
        made = override(made, name, value)
    return IngestTask(open_one(str(root), None, (), {}).inputs[0], made, **options)


def rows(
    root: Path, query: str = "select visit, ccdnum from raw order by visit, ccdnum"
) -> list[Any]:
    """Read the registry by a back door."""
    connection = sqlite3.connect(root / "registry.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def images(root: Path) -> dict[str, Path]:
    """Return the data files of a repository, with what they lead to."""
    found = [path for path in root.rglob("*") if path.is_symlink() or path.is_file()]
    return {
        str(path.relative_to(root)): Path(os.path.realpath(path))
        for path in found
        if path.name not in ("_mapper", "registry.sqlite3") and path.suffix != ".jsonl"
    }


PLACES = ["2014-02-27/g/decam0410877.fits.fz", "2014-02-27/r/decam0410878.fits.fz"]


def journaled(root: Path) -> list[tuple[str, str]]:
    """Read the lines of a tree's journal by hand: what was done with which file."""
    texts = [path.read_text() for path in root.glob(".persistence/journal/*.jsonl")]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    assert {line["d"] for line in lines} <= {"raw"}
    assert all(line["id"].keys() == {"date", "filter", "visit"} for line in lines)
    return sorted((line["op"], line["f"]) for line in lines)


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "copy", "move", "direct"])
def test_each_file_that_is_ingested_has_a_line_in_the_journal_once(
    root: Path, tmp_path: Path, raws: list[str], mode: Any
) -> None:
    copies = [shutil.copy(path, tmp_path) for path in raws]
    for _ in range(2):
        task(root, mode=mode).run([path for path in copies if os.path.exists(path)])
        assert journaled(root) == [("ingest", place) for place in PLACES]


LINKS = ("link", "relsymlink")


def counts(report: Report) -> tuple[int, int, int, int]:
    return len(report.new), len(report.placed), len(report.same), len(report.failed)


@pytest.fixture
def copies(raws: list[str], tmp_path: Path) -> list[str]:
    """Return copies of the raw files, which may be moved or ruined."""
    folder = tmp_path / "copies"
    folder.mkdir()
    return [str(shutil.copy(path, folder)) for path in raws]


# -- delivery
# -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "copy", "move"])
def test_files_come_to_their_places_and_rows_into_the_registry(
    root: Path, copies: list[str], mode: atomic.Mode
) -> None:
    content = [Path(path).read_bytes() for path in copies]
    assert counts(task(root, mode=mode).run(copies)) == (2, 0, 0, 0)
    there = images(root)
    assert sorted(there) == PLACES
    assert [(root / place).read_bytes() for place in PLACES] == content
    assert [(root / place).is_symlink() for place in PLACES] == [mode in LINKS] * 2
    assert [os.path.exists(path) for path in copies] == [mode != "move"] * 2
    assert len(rows(root)) == 122
    assert rows(root, "select visit, filter from raw_visit") == [(410877, "g"), (410878, "r")]


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "copy", "skip"])
def test_ingesting_again_changes_nothing_and_says_so(
    root: Path, copies: list[str], mode: atomic.Mode
) -> None:
    task(root, mode=mode).run(copies)
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in root.rglob("*")}
    assert counts(task(root, mode=mode).run(copies)) == (0, 0, 2, 0)
    assert {
        path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in root.rglob("*")
    } == before


def test_what_the_registry_has_and_the_disk_lost_is_delivered_again(
    root: Path, copies: list[str]
) -> None:
    task(root).run(copies)
    (root / PLACES[0]).unlink()
    assert counts(task(root).run(copies)) == (1, 0, 1, 0)
    assert len(rows(root)) == 122
    assert sorted(images(root)) == PLACES


def test_what_is_in_place_and_not_registered_is_registered(root: Path, copies: list[str]) -> None:
    task(root).run(copies)
    (root / "registry.sqlite3").unlink()
    assert counts(task(root).run(copies)) == (0, 2, 0, 0)
    assert len(rows(root)) == 122


def test_a_file_with_some_rows_missing_gets_them(root: Path, copies: list[str]) -> None:
    task(root).run(copies)
    connection = sqlite3.connect(root / "registry.sqlite3")
    connection.execute("delete from raw where ccdnum < 30")
    connection.commit()
    connection.close()
    assert counts(task(root).run(copies)) == (0, 2, 0, 0)
    assert len(rows(root)) == len(set(rows(root))) == 122


def test_moving_again_what_was_linked_does_not_lose_the_only_copy(
    root: Path, copies: list[str]
) -> None:
    task(root).run(copies)
    task(root, mode="move").run(copies)
    assert all(os.path.exists(path) for path in copies)
    assert all(path.exists() for path in images(root).values())


def test_files_that_lie_in_their_places_can_be_registered_there(
    root: Path, copies: list[str]
) -> None:
    place = root / PLACES[0]
    place.parent.mkdir(parents=True)
    shutil.move(copies[0], place)
    for mode in ("skip", "link", "move"):
        assert counts(task(root, mode=mode).run([str(place)]))[3] == 0
    assert place.exists()
    assert not place.is_symlink()


def test_links_hold_when_they_are_made_from_a_relative_path(
    root: Path, copies: list[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(os.path.dirname(copies[0]))
    task(root).run([os.path.basename(copies[0])])
    monkeypatch.chdir("/")
    assert (root / PLACES[0]).exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_headers_may_be_read_by_several_processes(
    root: Path, raws: list[str], processes: int
) -> None:
    assert counts(task(root, processes=processes).run(raws)) == (2, 0, 0, 0)
    assert len(rows(root)) == 122


# -- options
# --------------------------------------------------------------------------------------------


def test_a_dry_run_tells_files_places_and_rows_and_changes_nothing(
    root: Path, raws: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(root.rglob("*"))
    report = task(root, dry_run=True).run(raws)
    assert counts(report) == (2, 0, 0, 0)
    assert sorted(root.rglob("*")) == before
    told = capsys.readouterr().out
    assert f"would link  {raws[0]}  ->  {root / PLACES[0]}" in told
    assert told.count("  61 rows  ") == 2
    assert "visit=410877 filter=g date=2014-02-27" in told
    assert "ccdnum=1..60^62 " in told  # CCD 61 is dead
    assert str(report).endswith("2 would be new, 0 already there, 0 failed")


def test_bad_files_are_passed_over_by_name_and_by_property(root: Path, raws: list[str]) -> None:
    report = task(root, bad_files=["*410877*"]).run(raws)
    assert (report.ignored, report.new) == ([raws[0]], [raws[1]])
    report = task(root, bad_ids=[{"visit": 410877, "filter": "g"}]).run(raws)
    assert (report.ignored, report.same) == ([raws[0]], [raws[1]])


def test_registered_files_can_be_passed_over_silently(root: Path, raws: list[str]) -> None:
    task(root).run(raws[:1])
    report = task(root, ignore_ingested=True).run(raws)
    assert (report.ignored, report.new) == ([raws[0]], [raws[1]])


def test_create_replaces_all_rows(root: Path, raws: list[str]) -> None:
    task(root).run(raws)
    number = len(rows(root))
    dry = task(root, create=True, dry_run=True).run(raws[:1])
    assert dry.notes == [f"  --create would remove {number} rows of raw"]
    assert len(rows(root)) == number
    report = task(root, create=True).run(raws[:1])
    assert counts(report) == (0, 1, 0, 0)
    assert report.notes == [f"  --create removed {number} rows of raw"]
    assert {visit for visit, _ in rows(root)} == {410877}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("files", [["nothing*"], ["damaged.fits"]])
def test_create_without_a_row_to_register_changes_nothing(
    root: Path, raws: list[str], tmp_path: Path, files: list[str], dry_run: bool
) -> None:
    (tmp_path / "damaged.fits").write_text("no image")
    task(root).run(raws)
    before = rows(root)
    report = task(root, create=True, dry_run=dry_run).run([str(tmp_path / name) for name in files])
    assert report.notes == ["  --create: no row was planned, and all tables stay as they are"]
    assert rows(root) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, sqlite3.OperationalError])
def test_create_that_does_not_come_to_its_end_leaves_the_rows_that_were_there(
    root: Path, raws: list[str], monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    task(root).run(raws)
    before = rows(root)

    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(SqliteWriter, "add", broken)
    with pytest.raises((KeyboardInterrupt, RegistryError)):
        task(root, create=True).run(raws)
    assert rows(root) == before
    monkeypatch.undo()
    monkeypatch.setattr(IngestTask, "_deliver", broken)
    with pytest.raises(error):
        task(root, create=True).run(raws)
    assert rows(root) == before


def test_patterns_are_expanded_and_those_that_match_nothing_fail(
    root: Path, raws: list[str]
) -> None:
    folder = os.path.dirname(raws[0])
    report = task(root).run([f"{folder}/*.fits.fz", f"{folder}/*.nothing", f"{folder}/typo.fits"])
    assert len(report.new) == 2
    assert report.failed == [
        (f"{folder}/*.nothing", "no such file"),
        (f"{folder}/typo.fits", "no such file"),
    ]


# -- conflicts
# ------------------------------------------------------------------------------------------


def test_two_files_of_one_visit_and_chip_are_a_conflict_that_names_both(
    root: Path, raws: list[str], copies: list[str]
) -> None:
    report = task(root).run([raws[0], copies[0]])
    assert (report.new, [path for path, _ in report.failed]) == ([raws[0]], [copies[0]])
    assert report.failed[0][1] == f"{raws[0]} is visit=410877 ccdnum=25 too"


def test_another_file_at_the_place_stays_unless_told_otherwise(root: Path, raws: list[str]) -> None:
    place = root / PLACES[0]
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    report = task(root).run(raws)
    assert "another file exists at" in report.failed[0][1]
    assert "clobber=True" in report.failed[0][1]
    assert (place.read_text(), len(rows(root))) == ("mine", 61)
    assert counts(task(root, {"clobber": True}).run(raws)) == (1, 0, 1, 0)
    assert place.read_bytes() == Path(raws[0]).read_bytes()
    assert len(rows(root)) == 122


def test_a_row_that_says_otherwise_stays_unless_told_otherwise(root: Path, raws: list[str]) -> None:
    task(root).run(raws)
    connection = sqlite3.connect(root / "registry.sqlite3")
    connection.execute("update raw set object = 'M31' where visit = 410877 and ccdnum = 7")
    connection.commit()
    connection.close()
    report = task(root).run(raws)
    assert "visit=410877 ccdnum=7 is registered differently: object is 'M31'" in report.failed[0][1]
    assert counts(task(root, {"register.ignore": True}).run(raws)) == (0, 0, 2, 0)
    assert rows(root, "select object from raw where visit = 410877 and ccdnum = 7") == [("M31",)]
    assert counts(task(root, {"clobber": True}).run(raws)) == (0, 1, 1, 0)
    assert rows(root, "select object from raw where visit = 410877 and ccdnum = 7") == [
        ("Invented field 477",)
    ]
    assert len(rows(root)) == 122


def test_two_parts_of_one_number_are_a_conflict(root: Path, tmp_path: Path) -> None:
    hdus = generate.exposure(410877, "g", "tiny", compress=False, extensions=3)
    hdus[2].header["CCDNUM"] = hdus[1].header["CCDNUM"]
    hdus.writeto(tmp_path / "twice.fits")
    report = task(root).run([str(tmp_path / "twice.fits")])
    assert report.failed[0][1] == (
        "HDU 2: CCDNUM = 25 (S1), but EXTNAME = 'S2' (26): these are two detectors"
    )
    assert images(root) == {}


def test_what_is_said_of_a_visit_is_replaced_with_its_rows(root: Path, raws: list[str]) -> None:
    task(root).run(raws)
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        connection.execute("update raw set object = 'M31' where visit = 410877")
        connection.execute("update raw_visit set object = 'M31' where visit = 410877")
    connection.close()
    before = len(rows(root, "select visit from raw_visit"))
    task(root, {"clobber": True}).run(raws)
    assert rows(root, "select object from raw_visit where visit = 410877") == [
        ("Invented field 477",)
    ]
    assert len(rows(root, "select visit from raw_visit")) == before


def test_a_file_that_is_named_twice_is_one_file(
    root: Path, raws: list[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(Path(raws[0]).parent)
    report = task(root).run([raws[0], os.path.basename(raws[0])])
    assert (report.new, report.failed) == ([raws[0]], [])


def test_a_move_keeps_the_source_where_the_repository_holds_a_link(
    root: Path, copies: list[str]
) -> None:
    """The target leads to another copy of the same bytes, which is not the repository's own."""
    other = shutil.copy(copies[0], Path(copies[0]).parent / "other.fits.fz")
    task(root).run([str(other)])
    task(root, mode="move").run(copies[:1])
    assert Path(copies[0]).exists()


def test_a_source_that_cannot_be_removed_is_told_and_all_else_is_done(
    root: Path, copies: list[str], monkeypatch: Any
) -> None:
    def refuse(path: str, *arguments: Any, **options: Any) -> None:
        if path in copies:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        unlink(path, *arguments, **options)

    unlink = os.unlink
    monkeypatch.setattr(os, "unlink", refuse)
    report = task(root, mode="move").run(copies)
    assert [problem for _, problem in report.failed] == [
        "it is in its place and registered, but cannot be removed from here: Permission denied"
    ] * 2
    assert len(rows(root)) == 122
    monkeypatch.undo()
    assert task(root, mode="move").run(copies).failed == []
    assert not any(map(os.path.exists, copies))


# -- bad input
# ------------------------------------------------------------------------------------------

RUINS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "not FITS": (lambda path: path.write_text("hello"), "is not a FITS file"),
    "empty": (lambda path: path.write_bytes(b""), "is not a FITS file: it is empty"),
    "truncated": (lambda path: os.truncate(path, 50000), "is truncated"),
    "unreadable": (lambda path: (path.unlink(), path.mkdir()), "Is a directory"),
}


@pytest.mark.parametrize("ruin", RUINS)
def test_a_bad_file_is_named_with_the_cause_and_the_others_go_on(
    root: Path, copies: list[str], ruin: str
) -> None:
    change, message = RUINS[ruin]
    change(Path(copies[0]))
    report = task(root).run(copies)
    assert report.new == [copies[1]]
    assert report.failed[0][0] == copies[0]
    assert message in report.failed[0][1]
    assert sorted(images(root)) == PLACES[1:]
    assert len(rows(root)) == 61


def test_a_number_that_no_registry_can_hold_fails_its_file_alone(
    root: Path, tmp_path: Path, raws: list[str]
) -> None:
    hdus = generate.exposure(410879, "g", "tiny", compress=False, extensions=2)
    for hdu in hdus:
        if "EXPNUM" in hdu.header:
            hdu.header["EXPNUM"] = 10**20
    hdus.writeto(tmp_path / "huge.fits")
    report = task(root).run([str(tmp_path / "huge.fits"), *raws])
    assert [path for path, _problem in report.failed] == [str(tmp_path / "huge.fits")]
    assert f"EXPNUM={10**20} is an integer of more than 64 bits" in report.failed[0][1]
    assert len(report.new) == 2


def test_a_header_cannot_send_a_file_out_of_the_repository(root: Path, tmp_path: Path) -> None:
    hdus = generate.exposure(410877, "g", "tiny", compress=False, extensions=2)
    hdus[0].header["FILTER"] = "../../../evil x"
    hdus.writeto(tmp_path / "evil.fits")
    report = task(root).run([str(tmp_path / "evil.fits")])
    assert "filter='../../../evil' cannot be a part of a path" in report.failed[0][1]
    assert images(root) == {}


def test_a_registry_of_another_schema_is_refused_before_a_file_is_delivered(
    root: Path, raws: list[str]
) -> None:
    connection = sqlite3.connect(root / "registry.sqlite3")
    connection.execute(
        "create table raw (id integer primary key, visit int, raft text, sensor text)"
    )
    connection.commit()
    connection.close()
    with pytest.raises(
        RegistryError, match="table 'raw' has another layout: it lacks filter, date"
    ):
        task(root).run(raws)
    assert images(root) == {}


def test_a_registry_that_is_no_database_is_named(root: Path, raws: list[str]) -> None:
    (root / "registry.sqlite3").write_text("nonsense" * 1000)
    with pytest.raises(RegistryError, match=r"registry\.sqlite3 is not an SQLite registry"):
        task(root).run(raws)
    assert images(root) == {}


def test_a_locked_registry_is_waited_for_and_told_and_the_next_run_finishes(
    root: Path, raws: list[str]
) -> None:
    task(root).run(raws[:1])
    other = sqlite3.connect(root / "registry.sqlite3", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(RegistryLocked, match=r"is locked by .*; waited 0\.[1-9] s"):
        task(root, {"register.wait": 0.1}).run(raws)
    other.execute("rollback")
    other.close()
    assert counts(task(root).run(raws)) == (0, 1, 1, 0)
    assert len(rows(root)) == 122


def test_a_read_only_repository_is_refused_before_anything_is_done(
    root: Path, raws: list[str], monkeypatch: Any
) -> None:
    # Root may write everywhere, so what the system would say to others is said here.
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and access(path, mode))
    with pytest.raises(RepositoryError, match="is read-only for you"):
        task(root).run(raws)
    assert images(root) == {}


def test_a_full_disk_fails_the_file_and_leaves_nothing_half_written(
    root: Path, raws: list[str]
) -> None:
    """A limit on the size of files stands in for the disk: writing beyond it fails in the same way."""
    code = (
        "import resource, signal, sys\n"
        "from persistence.cli import ingest_images\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({os.path.getsize(raws[0]) // 2},) * 2)\n"
        f"sys.exit(ingest_images.main([{str(root)!r}, *{raws!r}, '--mode=copy']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "2 failed" in done.stdout
    assert "File too large" in done.stdout
    assert images(root) == {}
    assert counts(task(root, mode="copy").run(raws)) == (2, 0, 0, 0)


def test_too_little_room_is_seen_before_a_byte_is_copied(
    root: Path, raws: list[str], monkeypatch: Any
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    report = task(root, mode="copy").run(raws)
    assert "1000 bytes are free" in report.failed[0][1]
    assert images(root) == {}


# -- kills
# ----------------------------------------------------------------------------------------------


def ingest_and_die(root: Path, sources: Path, mode: str, after: float) -> int:
    """Start an ingest, and kill it after a while; gives how it ended."""
    code = (
        "import sys\n"
        "from persistence.ingest import task\n"
        "task._FILES = 2\n"  # more transactions, so that more kills fall between two
        "from persistence.cli import ingest_images\n"
        "print('ready', flush=True)\n"
        f"sys.exit(ingest_images.main([{str(root)!r}, {str(sources / '*.fits')!r}, '--mode={mode}']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.stdout.close()
    return process.wait()


@pytest.mark.slow
def test_whatever_instant_it_is_killed_at_the_next_run_leaves_all_once(
    tmp_path: Path, root: Path
) -> None:
    """Two hundred kills at random instants, in one process: see below for real ones."""
    originals = tmp_path / "originals"
    visits = [(500000 + k, "g") for k in range(5)]
    for path in generate.write(str(originals), visits, "tiny", compress=False):
        _shrink(Path(path))
    content = {path.name: path.read_bytes() for path in originals.iterdir()}
    sources = tmp_path / "sources"
    chance = random.Random(42)
    for trial in range(200):
        mode = ("link", "relsymlink", "hardlink", "copy", "move")[trial % 5]
        shutil.rmtree(sources, ignore_errors=True)
        shutil.copytree(originals, sources)
        target = root / str(trial)
        target.mkdir()
        (target / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        _fork_and_die(target, sources, mode, chance)
        report = task(target, mode=mode).run(
            [f"{sources}/*.fits"] if list(sources.iterdir()) else []
        )
        assert report.failed == []
        assert len(rows(target)) == len(set(rows(target))) == 10
        there = {path.name: path for path in target.rglob("decam*")}
        assert len(there) == 5
        assert sorted(path.read_bytes() for path in there.values()) == sorted(content.values())
        if mode == "move":
            assert list(sources.iterdir()) == []
        others = sorted(
            path.name
            for path in target.rglob("*")
            if path.is_file() and path.name not in there and path.suffix != ".jsonl"
        )
        litter = [name for name in others if name.startswith(".part-")]
        assert [name for name in others if name not in litter] == ["_mapper", "registry.sqlite3"]
        # A kill between a file's arrival and the end of its temporary name; the next delivery there
        # sweeps it.
        assert len(litter) <= (2 if mode in ("copy", "move") else 0)


def _shrink(path: Path) -> None:
    """Keep the primary header and two extensions."""
    from astropy.io import fits

    with fits.open(path) as hdus:
        short = fits.HDUList([hdu.copy() for hdu in hdus[:3]])
    short.writeto(path, overwrite=True)


def _fork_and_die(target: Path, sources: Path, mode: Any, chance: random.Random) -> None:
    """Ingest in a forked process that kills itself at a random step: before some file or registry operation."""
    steps = chance.randrange(1, 60)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        from persistence.ingest import task as module

        module._FILES = chance.randrange(1, 4)
        left = [steps]

        def step(event: str, arguments: Any) -> None:
            # Python tells of each such operation before it does it.
            if event.startswith(("os.", "open", "sqlite3.", "shutil.")):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        made = task(target, mode=mode)
        sys.addaudithook(step)
        made.run([f"{sources}/*.fits"])
    finally:
        os._exit(0)


@pytest.mark.slow
def test_real_processes_that_are_killed_leave_nothing_that_the_next_run_cannot_finish(
    tmp_path: Path, root: Path
) -> None:
    sources = tmp_path / "sources"
    for path in generate.write(
        str(sources), [(500000 + k, "g") for k in range(8)], "tiny", compress=False
    ):
        _shrink(Path(path))
    started = time.monotonic()
    assert ingest_and_die(root, sources, "copy", 60.0) == 0
    took = time.monotonic() - started
    for trial in range(6):
        shutil.rmtree(root)
        root.mkdir()
        (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        ingest_and_die(root, sources, "copy", took * (0.4 + 0.1 * trial))
        assert task(root, mode="copy").run([f"{sources}/*.fits"]).failed == []
        assert len(rows(root)) == len(set(rows(root))) == 16
        assert len(list(root.rglob("decam*"))) == 8


def leave_in_the_middle(path: Path) -> None:
    """Kill a writer whose transaction has reached the file already: its journal has to be rolled back."""
    code = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('pragma cache_size = 1')\n"
        "database.execute('begin')\n"
        "for column in ('object', 'date', 'filter'):\n"
        "    database.execute(f\"update raw set {column} = 'half written, ' || hex(zeroblob(200))\")\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.with_name(f"{path.name}-journal").stat().st_size > 512


def test_what_a_killed_writer_left_half_is_told_to_readers_and_undone_by_the_next_run(
    root: Path, copies: list[str]
) -> None:
    task(root).run(copies[:1])
    leave_in_the_middle(root / "registry.sqlite3")
    with pytest.raises(RegistryError, match=r"registry\.sqlite3-journal must be rolled back first"):
        Butler(root).queryMetadata("raw", "visit")
    with pytest.raises(RegistryError, match="must be rolled back first"):
        task(root, dry_run=True).run(copies)
    assert counts(task(root).run(copies)) == (1, 0, 1, 0)
    assert rows(root, "select distinct filter from raw") == [("g",), ("r",)]
    assert Butler(root).queryMetadata("raw", "visit") == [410877, 410878]


def test_a_file_that_another_run_registered_is_no_fault_of_those_beside_it(
    root: Path, copies: list[str], monkeypatch: Any
) -> None:
    """Two files in one transaction: another run registers a part of the first just before it."""
    slow = task(root)
    begin = slow._writer.transaction

    def begin_late() -> AbstractContextManager[None]:
        monkeypatch.undo()
        task(root).run(copies[:1])
        return begin()

    monkeypatch.setattr(slow._writer, "transaction", begin_late)
    assert slow.run(copies).failed == []
    assert len(rows(root)) == len(set(rows(root))) == 122


@pytest.mark.slow
def test_two_runs_at_once_make_one_registry(tmp_path: Path, root: Path) -> None:
    sources = tmp_path / "sources"
    for path in generate.write(
        str(sources), [(500000 + k, "g") for k in range(8)], "tiny", compress=False
    ):
        _shrink(Path(path))
    command = [
        sys.executable,
        "-m",
        "persistence.cli.ingest_images",
        str(root),
        f"{sources}/*.fits",
    ]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    told = [run.communicate()[0] for run in runs]
    assert len(rows(root)) == len(set(rows(root))) == 16
    assert len(images(root)) == 8
    assert [run.returncode for run in runs] == [0, 0, 0], told


# -- Community Pipeline triples
# -------------------------------------------------------------------------


def test_a_triple_is_ingested_together_and_comes_back_as_one(root: Path, triples: Path) -> None:
    report = task(root, filetype="instcal").run([f"{triples}/instcal/*.fits.fz"])
    assert counts(report) == (2, 0, 0, 0)
    assert len(images(root)) == 6
    assert rows(root, "select visit, ccdnum, hdu from raw") == [
        (500001, 25, 1), (500001, 26, 2), (500002, 25, 1), (500002, 26, 2),
    ]  # fmt: skip
    assert rows(root, "select distinct dqmask from raw where visit = 500001") == [
        (f"{triples}/dqmask/c4d_500001_ood_g.fits.fz",)
    ]
    exposure = Butler(root).get("instcal", visit=500001, ccdnum=26)
    assert exposure.mask.array.shape == exposure.variance.shape == exposure.image.shape
    assert exposure.zero_point == 30.25
    assert counts(task(root, filetype="instcal").run([f"{triples}/instcal/*.fits.fz"])) == (
        0,
        0,
        2,
        0,
    )


def test_a_visit_in_quotes_is_the_same_visit(root: Path, triples: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(triples, tmp_path / "archive_instcal"))
    for path in (folder / "dqmask").glob("*.fits.fz"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].header["EXPNUM"] = f"{hdus[0].header['EXPNUM']:07d}"
    report = task(root, filetype="instcal").run([f"{folder}/instcal/*.fits.fz"])
    assert counts(report) == (2, 0, 0, 0)


def test_a_part_of_a_triple_is_cut_from_all_three(root: Path, triples: Path) -> None:
    task(root, filetype="instcal").run([f"{triples}/instcal/*.fits.fz"])
    butler = Butler(root)
    whole = butler.get("instcal", visit=500001, ccdnum=25)
    part = butler.get("instcal_sub", visit=500001, ccdnum=25, bbox=(0, 0, 12, 2))
    assert np.array_equal(part.image, whole.image[:2, :12])
    assert np.array_equal(part.mask.array, whole.mask.array[:2, :12])
    assert np.array_equal(part.variance, whole.variance[:2, :12])


@pytest.mark.parametrize(
    ("ruin", "message"),
    [
        (
            lambda folder: shutil.rmtree(folder / "wtmap"),
            "there is no directory .*/wtmap, where its wtmap should be",
        ),
        (
            lambda folder: os.unlink(folder / "dqmask" / "c4d_500001_ood_g.fits.fz"),
            "no file of visit 500001 in .*/dqmask",
        ),
        (
            lambda folder: _dangle(folder / "dqmask" / "c4d_500001_ood_g.fits.fz"),
            "no file of visit 500001 in .*/dqmask: one dqmask is needed; "
            ".*_ood_g.fits.fz is a link to /gone/x, which is not there$",
        ),
        (
            lambda folder: _dangle(folder / "wtmap"),
            "wtmap is a link to /gone/x, which is not there, where its wtmap should be",
        ),
        (
            lambda folder: shutil.copy(
                folder / "dqmask" / "c4d_500001_ood_g.fits.fz", folder / "dqmask" / "again.fits"
            ),
            "2 files of visit 500001 in .*/dqmask: one dqmask is needed",
        ),
        (
            lambda folder: os.truncate(folder / "wtmap" / "c4d_500001_oow_g.fits.fz", 8000),
            "is truncated",
        ),
    ],
)
def test_an_incomplete_triple_is_told(
    root: Path, triples: Path, tmp_path: Path, ruin: Any, message: str
) -> None:
    folder = Path(shutil.copytree(triples, tmp_path / "archive_instcal"))
    ruin(folder)
    report = task(root, filetype="instcal").run([f"{folder}/instcal/*500001*"])
    ((_path, problem),) = report.failed
    assert re.search(message, problem)
    assert images(root) == {}


def test_a_triple_outside_a_directory_of_its_kind_is_told(
    root: Path, triples: Path, tmp_path: Path
) -> None:
    path = shutil.copy(triples / "instcal" / "c4d_500001_ooi_g.fits.fz", tmp_path)
    report = task(root, filetype="instcal").run([str(path)])
    assert (
        "no component of its directory" in report.failed[0][1]
        or "no file of visit" in report.failed[0][1]
    )


def _dangle(path: Path) -> None:
    """Replace a file or a directory by a link to nothing."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to("/gone/x")


# -- links
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["relsymlink", "hardlink", "copy"])
@pytest.mark.parametrize(
    "how",
    [
        ["mv", "tree", "further"],
        ["cp", "-r", "tree", "further"],
        ["cp", "-a", "tree", "further"],
        ["sh", "-c", "mkdir further && tar c -C tree . | tar x -C further"],
    ],
    ids=["mv", "cp -r", "cp -a", "tar"],
)
def test_a_tree_of_repository_and_raws_is_read_where_it_was_moved_to(
    tmp_path: Path, raws: list[str], mode: Any, how: list[str]
) -> None:
    root = tmp_path / "tree/repo"
    (tmp_path / "tree/in").mkdir(parents=True)
    root.mkdir()
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    paths = [str(shutil.copy(path, tmp_path / "tree/in")) for path in raws]
    assert counts(task(root, mode=mode).run(paths)) == (2, 0, 0, 0)
    subprocess.run(how, cwd=tmp_path, check=True)
    shutil.rmtree(tmp_path / "tree", ignore_errors=True)
    butler = Butler(tmp_path / "further/repo")
    with fits.open(raws[1]) as hdus:
        expected = next(hdu.data for hdu in hdus[1:] if hdu.header["CCDNUM"] == 28)
    assert np.array_equal(butler.get("raw", visit=410878, ccdnum=28).image, expected)
    again = [str(path) for path in sorted((tmp_path / "further/in").iterdir())]
    assert counts(task(butler.chain.inputs[0].root, mode=mode).run(again)) == (0, 0, 2, 0)


def test_a_link_whose_target_is_gone_is_told_by_whoever_meets_it(
    root: Path, copies: list[str], raws: list[str]
) -> None:
    task(root).run(copies)
    gone = Path(copies[1])
    gone.unlink()
    told = f"{PLACES[1]} is a link to {gone}, which is not there"
    butler = Butler(root)
    assert not butler.datasetExists("raw", visit=410878, ccdnum=28)
    with pytest.raises(NoResults, match=re.escape(told)):
        butler.get("raw", visit=410878, ccdnum=28)
    ((_path, problem),) = task(root).run([raws[1]]).failed
    assert problem == f"{root}/{told}; -c clobber=True replaces it"
    assert counts(task(root, {"clobber": True}, mode="relsymlink").run([raws[1]]))[0] == 1
    assert butler.datasetExists("raw", visit=410878, ccdnum=28)


def test_a_source_that_is_a_link_to_nothing_is_told_as_that(root: Path, tmp_path: Path) -> None:
    (tmp_path / "x.fits").symlink_to("/gone/x.fits")
    for pattern in ("x.fits", "*.fits"):
        assert task(root).run([f"{tmp_path}/{pattern}"]).failed == [
            (
                f"{tmp_path}/x.fits",
                f"{tmp_path}/x.fits is a link to /gone/x.fits, which is not there",
            )
        ]


def test_a_registry_that_is_a_link_to_nothing_is_told_as_that(root: Path, raws: list[str]) -> None:
    (root / "registry.sqlite3").symlink_to("/gone/x")
    with pytest.raises(RegistryError, match=r"registry.sqlite3 is a link to /gone/x, which is not"):
        task(root).run(raws)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_hard_link_to_another_file_system_fails_before_anything_is_made(
    root: Path, raws: list[str], monkeypatch: Any, dry_run: bool
) -> None:
    stat = os.stat

    def elsewhere(path: Any, **options: Any) -> os.stat_result:
        status = stat(path, **options)
        if str(path) not in raws:
            return status
        fields = list(status)
        fields[2] += 1  # st_dev
        return os.stat_result(fields)

    monkeypatch.setattr(os, "stat", elsewhere)
    report = task(root, mode="hardlink", dry_run=dry_run).run(raws)
    assert [path for path, _problem in report.failed] == raws
    for _path, problem in report.failed:
        assert re.search("different file systems; --mode copy .*, --mode link", problem)
    assert images(root) == {}


def test_an_unknown_mode_suggests(root: Path) -> None:
    with pytest.raises(PolicyError, match="no mode 'hardlnk'; did you mean 'hardlink'"):
        task(root, mode="hardlnk")


def test_an_unknown_file_type_suggests(root: Path) -> None:
    with pytest.raises(RuntimeError, match="no file type 'instcall'; did you mean 'instcal'"):
        task(root, filetype="instcall")


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "copy", "move"])
@pytest.mark.parametrize("lost", ["empty", "gone"])
def test_a_file_that_a_power_cut_took_is_delivered_again_and_its_rows_stay(
    root: Path, copies: list[str], mode: Any, lost: str
) -> None:
    contents = [Path(path).read_bytes() for path in copies]
    task(root, mode="copy").run(copies)
    there, before = root / PLACES[0], rows(root)
    there.unlink()
    if lost == "empty":
        there.touch()
    assert counts(task(root, mode=mode).run(copies)) == (1, 0, 1, 0)
    assert there.read_bytes() == contents[0]
    assert rows(root) == before


def test_what_the_settings_leave_out_of_the_rows_is_missed_by_no_path(tmp_path: Path) -> None:
    """DECam's raws lie where neither HDU nor detector say."""
    (path,) = generate.write(str(tmp_path / "raw"), [(410877, "g")], size="tiny")
    with fits.open(path) as hdus:
        hdus[0].header["CCDNUM"] = 1
        hdus[:1].writeto(tmp_path / "one.fits")
    columns = {key: kind for key, kind in DECAM.register.columns.items() if key != "hdu"}
    translation = {"visit": "EXPNUM", "ccdnum": "CCDNUM", "ccd": "CCDNUM", "taiObs": "DATE-OBS"}
    translation |= {"expTime": "EXPTIME", "proposal": "PROPID", "object": "OBJECT"}
    settings = {
        "parse.extnames": [],
        "parse.translation": translation,
        "parse.defaults": {},
        "register.columns": columns,
    }
    root = tmp_path / "repo"
    root.mkdir()
    (root / "_mapper").write_text("decam\n")
    report = task(root, settings).run([str(tmp_path / "one.fits")])
    assert len(report.new) == 1
    assert rows(root) == [(410877, 1)]
