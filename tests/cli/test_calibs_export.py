"""``persistence calibs --export`` and ``--import``: files, windows, and what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


def rows(calib: Path, table: str = "bias") -> list[Any]:
    """Return a table of a registry, by SQLite, without its numbers."""
    names = "filter, ccdnum, calibDate, validStart, validEnd"
    with contextlib.closing(sqlite3.connect(calib / "calibRegistry.sqlite3")) as registry:
        return sorted(registry.execute(f"SELECT {names} FROM {table}").fetchall())


@pytest.fixture
def calib(dated: Path, make_calibs: Any) -> Path:
    """Return a calibration root in a repository; its defects have no files here."""
    make_calibs(dated / "CALIB")
    return dated / "CALIB"


@pytest.fixture
def exported(run: Any, dated: Path, calib: Path, tmp_path: Path) -> Path:
    """Return what is exported of its biases and flats."""
    folder = tmp_path / "exported"
    for kind in ("bias", "flat"):
        words = ("calibs", dated, kind, "--calib", calib, "--export", tmp_path / kind)
        assert run(*words).status == 0
    assert run("calibs", dated, "--calib", calib, "--export", folder).status == 0
    return folder


@pytest.mark.parametrize("transfer", ["copy", "symlink", "relsymlink", "hardlink"])
def test_a_manifest_lists_files_with_digests_and_windows(
    run: Any, dated: Path, calib: Path, tmp_path: Path, transfer: str
) -> None:
    folder = tmp_path / "out"
    words = ("calibs", dated, "bias", "--calib", calib, "--export", folder, "-t", transfer)
    done = run(*words, "-n")
    told = f"{folder}/calibrations.json {{}} 3 files, 3 rows\n"
    assert (done.status, done.out) == (0, told.format("would list"))
    assert not folder.exists()
    assert run(*words).out == told.format("lists")
    manifest = json.loads((folder / "calibrations.json").read_text())
    assert manifest["camera"] == "lsst.obs.decam.DecamMapper"
    listed = {entry["path"]: entry for entry in manifest["files"]}
    assert sorted(listed) == sorted(
        str(path.relative_to(calib)) for path in (calib / "BIAS").rglob("*.fits")
    )
    for path, entry in listed.items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == entry["sha256"]
        assert (folder / path).is_symlink() == transfer.endswith("symlink")
    windows = [[row[name] for name in ("filter", "ccdnum", "calibDate", "validStart", "validEnd")]
               for entry in listed.values() for row in entry["rows"]]  # fmt: skip
    assert sorted(map(tuple, windows)) == rows(calib)
    before = (folder / "calibrations.json").stat().st_mtime_ns
    assert run(*words).status == 0
    assert (folder / "calibrations.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("transfer", ["copy", "symlink"])
def test_what_is_imported_has_its_windows_and_is_chosen_alike(
    run: Any, dated: Path, calib: Path, exported: Path, tmp_path: Path, transfer: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    words = ("calibs", dated, "--calib", other, "--import", exported, "-t", transfer)
    planned = run(*words, "-n")
    assert planned.out.endswith("would be new, 0 already there, 0 failed\n")
    assert list(other.iterdir()) == []
    done = run(*words)
    number = len(list(calib.rglob("*.fits")))
    assert (done.status, done.out) == (0, f"{number} new, 0 already there, 0 failed\n")
    for table in ("bias", "flat", "defects"):
        assert rows(other, table) == rows(calib, table)
    assert run(*words).out == f"0 new, {number} already there, 0 failed\n"
    ours, theirs = (Butler(dated, calibRoot=str(root)) for root in (calib, other))
    for kind in ("bias", "flat"):
        one, two = (b.get(kind, visit=410877, ccdnum=28) for b in (ours, theirs))
        assert (one.image == two.image).all()
    assert theirs.getUri("bias", visit=410877, ccdnum=28).startswith(str(other))


def with_visits(folder: Path) -> Path:
    """Make the visit table in a calibration root that Gen2's ingest makes of DECam's biases."""
    with (
        contextlib.closing(sqlite3.connect(folder / "calibRegistry.sqlite3")) as registry,
        registry,
    ):
        registry.execute("CREATE TABLE IF NOT EXISTS bias (id integer primary key autoincrement, "
                         "filter text, ccdnum int, calib_hdu int, path text, calibDate text, "
                         "validStart text, validEnd text, unique(filter,ccdnum,calibDate))")  # fmt: skip
        registry.execute("DROP TABLE IF EXISTS bias_visit")
        registry.execute("CREATE TABLE bias_visit (calibDate text, unique(calibDate))")
    return folder


@pytest.mark.parametrize("has_visits", [[True, False], [False, True], [True, True]])
def test_tables_of_visits_are_as_ingest_makes_them(
    run: Any, dated: Path, calib: Path, tmp_path: Path, has_visits: list[bool]
) -> None:
    other, folder = tmp_path / "other", tmp_path / "out"
    other.mkdir()
    for root, has_one in zip((calib, other), has_visits, strict=True):
        if has_one:
            with_visits(root)
    run("calibs", dated, "bias", "--calib", calib, "--export", folder)
    done = run("calibs", dated, "--calib", other, "--import", folder)
    assert (done.status, done.out) == (0, "3 new, 0 already there, 0 failed\n")
    assert rows(other) == rows(calib)
    with contextlib.closing(sqlite3.connect(other / "calibRegistry.sqlite3")) as registry:
        visits = registry.execute("SELECT * FROM bias_visit").fetchall()
    assert sorted(visits) == sorted({(row[2],) for row in rows(calib)})


def test_one_type_is_imported_alone(run: Any, dated: Path, exported: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    done = run("calibs", dated, "flat", "--calib", other, "--import", exported, "--format=json")
    assert {row["file"].split("/")[-4] for row in json.loads(done.out)} == {"FLAT"}
    assert len(rows(other, "flat")) == 2


def test_a_row_without_a_file_is_told(run: Any, dated: Path, calib: Path, tmp_path: Path) -> None:
    (calib / "BIAS/2015-02-18/BIAS-2015-02-18-28.fits").unlink()
    done = run("calibs", dated, "bias", "--calib", calib, "--export", tmp_path / "out")
    assert (done.status, done.out.splitlines()[1:]) == (
        1, ["  file missing  bias calibDate=2015-02-18 ccdnum=28"]
    )  # fmt: skip


def gone(exported: Path) -> None:
    (exported / "BIAS/2015-02-18/BIAS-2015-02-18-28.fits").unlink()


def changed(exported: Path) -> None:
    with open(exported / "BIAS/2015-02-18/BIAS-2015-02-18-28.fits", "ab") as stream:
        stream.write(b"x")


def edited(key: str, value: Any) -> Any:
    def edit(exported: Path) -> None:
        path = exported / "calibrations.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))

    return edit


ENTRY = {"table": "bias", "rows": [], "sha256": ""}
BAD: dict[str, tuple[Any, str]] = {
    "a file is gone": (gone, "BIAS-2015-02-18-28.fits is not there"),
    "a file has another digest": (changed, "its SHA-256 differs"),
    "another camera": (edited("camera", "lsst.obs.hsc.HscMapper"), "is of another camera: lsst.obs.hsc"),
    "another format": (edited("format", "x 2"), "only 'gen2-butler calibrations 1' is known"),
    "no files": (edited("files", 5), "is not a manifest"),
    "a path out of it": (edited("files", [{"path": "../x", **ENTRY}]), "leads out of the directory"),
    "a table of which nothing is said": (
        edited("files", [{"path": "x", **ENTRY, "table": "dork"}]), "has no table 'dork'"
    ),
    "no manifest": (lambda exported: os.unlink(exported / "calibrations.json"), "--export makes it"),
    "no JSON": (lambda exported: (exported / "calibrations.json").write_text("x"), "is not a manifest"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_as_the_manifest_says_imports_nothing(
    run: Any, dated: Path, exported: Path, tmp_path: Path, what: str
) -> None:
    change, message = BAD[what]
    change(exported)
    other = tmp_path / "other"
    other.mkdir()
    done = run("calibs", dated, "--calib", other, "--import", exported)
    assert (done.status, done.out) == (1, "")
    assert message in done.err
    assert list(other.iterdir()) == []


def test_what_is_registered_otherwise_stays(
    run: Any, dated: Path, exported: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    words = ("calibs", dated, "bias", "--calib", other, "--import", exported)
    assert run(*words).status == 0
    with contextlib.closing(sqlite3.connect(other / "calibRegistry.sqlite3")) as registry:
        registry.execute("UPDATE bias SET validEnd = '2015-01-31' WHERE ccdnum = 3")
        registry.commit()
    before = rows(other)
    done = run(*words)
    assert done.status == 1
    assert "validEnd is '2015-01-31', not '2015-12-31'" in done.out
    assert rows(other) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--export", "a", "--import", "b"), "do one after the other"),
        (("--import", "b"), "Say --calib DIR"),
        (("--export", "a", "--transfer", "move"), "invalid choice: 'move'"),
    ],
)
def test_what_cannot_be_meant_is_told(
    run: Any, dated: Path, words: tuple[str, ...], message: str
) -> None:
    done = run("calibs", dated, *words)
    assert done.status in (1, 2)
    assert message in done.err
