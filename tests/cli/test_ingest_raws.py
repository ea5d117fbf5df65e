"""``persistence ingest-raws``: the engine of ``ingestImages.py``, by the words of a subcommand."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import ingest_images

PLACE = "2014-02-27/g/decam0410877.fits.fz"


@pytest.mark.parametrize(
    ("transfer", "is_link"),
    [
        ("symlink", True), ("relsymlink", True), ("hardlink", False), ("copy", False),
        ("move", False), ("direct", None),
    ],
)  # fmt: skip
def test_files_come_to_their_places_as_is_said(
    run: Any, root: Path, raws: list[str], tmp_path: Path, transfer: str, is_link: bool | None
) -> None:
    source = tmp_path / os.path.basename(raws[0])
    shutil.copy(raws[0], source)
    words = ("ingest-raws", "-t", transfer, "-j", 2, root, source)
    assert run(*words) == (0, "1 new, 0 already there, 0 failed\n", "")
    places = list(root.rglob("*.fits.fz"))
    assert [path.is_symlink() for path in places] == ([] if is_link is None else [is_link])
    assert source.exists() == (transfer != "move")
    if transfer == "hardlink":
        assert places[0].stat().st_ino == source.stat().st_ino
    if transfer == "relsymlink":
        assert not os.path.isabs(os.readlink(places[0]))
    assert Butler(root).get("raw", visit=410877, ccdnum=28).image.shape
    if transfer != "move":
        assert run(*words).out == "0 new, 1 already there, 0 failed\n"


def test_it_fills_the_registry_as_the_script_does(
    run: Any, root: Path, raws: list[str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert run("create", other, "--camera", "decam").status == 0
    assert run("ingest-raws", other, *raws, "--transfer", "symlink").status == 0
    assert ingest_images.main([str(root), *raws]) == 0
    dumps = []
    for repository in (root, other):
        with contextlib.closing(sqlite3.connect(repository / "registry.sqlite3")) as registry:
            dumps.append(list(registry.iterdump()))
    assert dumps[0] == dumps[1]


def test_json_tells_each_file(run: Any, root: Path, raws: list[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.fits"
    empty.write_bytes(b"")
    words = ("ingest-raws", root, empty, raws[0], "--format", "json")
    planned, failed = json.loads(run(*words, "-n").out)
    assert (planned["file"], planned["status"], len(planned["rows"])) == (raws[0], "new", 61)
    assert planned["rows"][0]["visit"] == 410877
    assert not (root / "registry.sqlite3").exists()
    done = run(*words)
    assert done.status == 1
    target = planned["targets"][0]
    assert json.loads(done.out) == [
        {"file": raws[0], "status": "new", "targets": [target]}, failed
    ]  # fmt: skip
    assert failed["problem"] == "is not a FITS file: it is empty"
    assert os.path.samefile(target, raws[0])


def test_a_fault_is_told_once(run: Any, root: Path, raws: list[str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.fits"
    empty.write_bytes(b"")
    log = tmp_path / "log"
    done = run("ingest-raws", root, empty, raws[0], "--log-file", log)
    assert (done.status, done.err) == (1, "")
    assert done.out == (
        "1 new, 0 already there, 1 failed\n"
        f"  failed  {empty}: is not a FITS file: it is empty\n"
    )  # fmt: skip
    assert log.read_text().count(f"{empty}: is not a FITS file: it is empty") == 1


def test_a_dry_run_ends_with_what_would_be_new(run: Any, root: Path, raws: list[str]) -> None:
    done = run("ingest-raws", root, *raws, "-n")
    lines = done.out.splitlines()
    assert (done.status, len(lines)) == (0, 5)
    assert lines[1].startswith("  61 rows  ")
    assert lines[-1] == "2 would be new, 0 already there, 0 failed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-c", "clober=True"), "no field 'clober'; did you mean 'clobber'"),
        (("--filetype", "rw"), "no file type 'rw'; did you mean 'raw'"),
        (("--transfer", "link"), "invalid choice: 'link'"),
        (("--badId", "vist=1"), "unknown key 'vist'; did you mean 'visit'"),
        (("-j", "0"), "invalid number of processes value: '0'"),
    ],
)
def test_what_is_mistyped_is_status_2(
    run: Any, root: Path, raws: list[str], words: tuple[str, ...], message: str
) -> None:
    done = run("ingest-raws", root, raws[0], *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_a_file_of_another_camera_is_told(run: Any, root: Path, real: Path) -> None:
    path = real / "gen2_repos/latiss/raw/2018-09-20/3018092000065-det000.fits"
    done = run("ingest-raws", root, path)
    assert done.status == 1
    assert (
        f"  failed  {path}: it is from another camera: INSTRUME is 'LSST_ATISS', not DECam\n"
        in done.out
    )
