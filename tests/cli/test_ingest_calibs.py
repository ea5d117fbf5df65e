"""The command line of the ingest of calibrations, as a user types it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from persistence.cli import ingest_calibs
from persistence.files import atomic

Master = Callable[..., str]


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    """Return an empty calibration root."""
    folder = tmp_path / "calib"
    folder.mkdir()
    return folder


def rows(
    calib: Path, query: str = "select calibDate, validStart, validEnd from bias order by calibDate"
) -> list[Any]:
    """Read the registry by a back door."""
    connection = sqlite3.connect(calib / "calibRegistry.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


# doc/gen2/gen2-cli.md, 2.6 and 8: options, dates, windows.
VECTORS = {
    "worked example of 2.6": (
        ["--validity", "999"], ["2015-02-18", "2015-03-13"], ["2012-05-25 2015-03-02", "2015-03-02 2017-12-06"],
    ),
    "2.6 with increment off": (
        ["--validity", "999", "-c", "register.incrementValidEnd=False"],
        ["2015-02-18", "2015-03-13"], ["2012-05-25 2015-03-01", "2015-03-02 2017-12-06"],
    ),
    "2.6 with a hole": (
        ["--validity", "5"], ["2015-02-18", "2015-03-13"], ["2015-02-13 2015-02-23", "2015-03-08 2015-03-18"],
    ),
    "8, the end equals the midpoint": (
        ["--validity", "7"], ["2015-02-01", "2015-02-15"], ["2015-01-25 2015-02-08", "2015-02-08 2015-02-22"],
    ),
    "8, cut at the midpoint": (
        ["--validity", "10"], ["2015-02-01", "2015-02-12"], ["2015-01-22 2015-02-07", "2015-02-07 2015-02-22"],
    ),
    "8, a superseded type": (
        ["--validity", "10", "-c", "register.validityUntilSuperseded=['bias']"],
        ["2015-02-01", "2015-02-12"], ["2015-02-01 2015-02-12", "2015-02-12 2037-12-31"],
    ),
    "8, the rule of a superseded type": (
        ["--rule", "until-superseded"],
        ["2015-02-01", "2015-02-12"], ["2015-02-01 2015-02-12", "2015-02-12 2037-12-31"],
    ),
    "the nearest": (
        ["--rule", "nearest"], ["2015-02-18", "2015-03-13"], ["1900-01-01 2015-03-01", "2015-03-02 2037-12-31"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS)
def test_windows_are_those_that_gen2_worked_out(
    root: Path, calib: Path, master: Master, vector: str
) -> None:
    options, dates, windows = VECTORS[vector]
    paths = [master(date) for date in dates]
    assert ingest_calibs.main([str(root), *paths, "--calib", str(calib), *options]) == 0
    assert rows(calib) == [
        (date, *window.split()) for date, window in zip(dates, windows, strict=True)
    ]


def test_files_are_moved_by_default_and_counted(
    root: Path, calib: Path, master: Master, capsys: Any
) -> None:
    path = master()
    assert ingest_calibs.main([str(root), path, "--calib", str(calib), "--validity", "5"]) == 0
    assert capsys.readouterr().out == "1 new, 0 already there, 0 failed\n"
    assert not Path(path).exists()
    assert (calib / "BIAS/2015-02-18/BIAS-2015-02-18-01.fits").is_file()


def test_holes_are_told(root: Path, calib: Path, master: Master, capsys: Any) -> None:
    paths = [
        master(date, ccdnum=ccdnum)
        for date in ("2015-02-18", "2015-03-13")
        for ccdnum in range(1, 6)
    ]
    assert (
        ingest_calibs.main(
            [str(root), *paths, "--calib", str(calib), "--validity", "5", "--mode=link"]
        )
        == 0
    )
    assert capsys.readouterr().out.splitlines() == [
        "10 new, 0 already there, 0 failed",
        "  bias: no calibration on 2015-02-24 to 2015-03-07 (between those of 2015-02-18 and 2015-03-13): "
        "filter=unknown ccdnum=1, filter=unknown ccdnum=2, filter=unknown ccdnum=3, ... (5 series)",
    ]


def test_a_dry_run_tells_places_rows_and_windows_and_leaves_the_root_as_it_is(
    root: Path, calib: Path, master: Master, capsys: Any
) -> None:
    path = master(FILTER="g DECam SDSS c0001 4720.0 1520.0")
    assert (
        ingest_calibs.main([str(root), path, "--calib", str(calib), "--validity", "5", "-n"]) == 0
    )
    assert capsys.readouterr().out.splitlines() == [
        f"would move  {path}  ->  {calib}/BIAS/2015-02-18/BIAS-2015-02-18-01.fits",
        f"  row  filter=NONE ccdnum=1 calib_hdu=1 path={path} calibDate=2015-02-18 "
        "validStart=2015-02-13 validEnd=2015-02-23",
        "1 would be new, 0 already there, 0 failed",
    ]
    assert list(calib.iterdir()) == []


def test_a_dry_run_of_create_tells_what_a_registry_without_rows_will_have(
    root: Path, calib: Path, master: Master, capsys: Any
) -> None:
    line = ["--calib", str(calib), "--mode=link", "--validity"]
    assert ingest_calibs.main([str(root), master("2015-02-18"), *line, "999"]) == 0
    assert ingest_calibs.main([str(root), master("2015-03-13"), *line, "5", "--create", "-n"]) == 0
    assert "validStart=2015-03-08 validEnd=2015-03-18" in capsys.readouterr().out
    assert [date for date, *_ in rows(calib)] == ["2015-02-18"]


def test_the_same_again_changes_nothing_and_is_no_failure(
    root: Path, calib: Path, master: Master, capsys: Any
) -> None:
    line = [str(root), master(), "--calib", str(calib), "--validity", "5", "--mode=copy"]
    assert ingest_calibs.main(line) == 0
    before = {path: path.stat().st_mtime_ns for path in calib.rglob("*")}
    for more, told in (([], "1 already there"), (["--ignore-ingested"], "1 passed over")):
        assert ingest_calibs.main([*line, *more]) == 0
        assert told in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in calib.rglob("*")} == before


def test_a_calibration_root_that_is_not_there_is_an_error_that_says_to_make_it(
    root: Path, master: Master, tmp_path: Path, capsys: Any
) -> None:
    path = master()
    assert (
        ingest_calibs.main([str(root), path, "--calib", str(tmp_path / "no"), "--validity", "5"])
        == 1
    )
    assert (
        f"there is no calibration root {tmp_path}/no: create it first (mkdir {tmp_path}/no)"
        in capsys.readouterr().err
    )
    assert Path(path).exists()


@pytest.mark.parametrize(
    ("environment", "words", "place"),
    [
        ({}, ["--calib", "{}/a"], "a"),
        ({}, ["--output", "{}/a"], "a"),
        ({}, ["--output", "{}/b", "--calib", "{}/a"], "a"),
        ({"PIPE_CALIB_ROOT": "{}/a"}, [], "a"),
        ({"PIPE_CALIB_ROOT": "{}/a"}, ["--calib", "b"], "a/b"),
        ({"PIPE_CALIB_ROOT": "{}/a"}, ["--calib", "{}/b"], "b"),
        ({"PIPE_CALIB_ROOT": "{}/a"}, ["--output", "{}/b"], "a"),
        ({"PIPE_OUTPUT_ROOT": "{}/a"}, ["--output", "b"], "a/b"),
        ({"PIPE_OUTPUT_ROOT": "{}/a"}, ["--calib", "b"], "b"),
    ],
)
def test_the_calibration_root_is_found_as_gen2_did(
    root: Path,
    master: Master,
    tmp_path: Path,
    monkeypatch: Any,
    environment: Any,
    words: list[str],
    place: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a/b", "b"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("PIPE_CALIB_ROOT", "PIPE_OUTPUT_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    line = [str(root), master(), "--validity=5", *(word.format(tmp_path) for word in words)]
    assert ingest_calibs.main(line) == 0
    assert (tmp_path / place / "calibRegistry.sqlite3").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "where do calibrations go? Say --calib DIR"),
        (["--calib", "x"], "--validity DAYS is needed"),
        (["--calib", "x", "--rule", "around"], "--validity DAYS is needed"),
        (["--calib", "x", "--validity=-1"], "a validity of -1 days is invalid"),
        (["--calib", "x", "--validity=1", "-c", "register.detector=['ccd']"], "lacks 'ccd'"),
        (["--calib", "x", "--validity=1", "-c", "register.unique=[]"], "unique is empty"),
        (
            ["--calib", "x", "--validity=1", "-c", "register.visit=['validEnd']"],
            "must share a column",
        ),
        (
            ["--calib", "x", "--validity=1", "-c", "register.visit=['calibDate','validEnd']"],
            "neither unique nor of a",
        ),
    ],
)
def test_what_is_mistyped_is_told_before_anything_is_done(
    root: Path, master: Master, monkeypatch: Any, capsys: Any, words: list[str], message: str
) -> None:
    monkeypatch.delenv("PIPE_CALIB_ROOT", raising=False)
    assert ingest_calibs.main([str(root), master(), *words]) == 2
    assert message in capsys.readouterr().err


def test_the_help_warns_of_the_move(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        ingest_calibs.main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "CAUTION: the default is move, as it was in Gen2: files are REMOVED from where they are."
        in told
    )


def test_a_camera_that_does_not_say_how_is_told(
    tmp_path: Path, master: Master, capsys: Any
) -> None:
    (tmp_path / "cfht").mkdir()
    (tmp_path / "cfht" / "_mapper").write_text("lsst.obs.cfht.MegacamMapper\n")
    assert ingest_calibs.main([str(tmp_path / "cfht"), master(), "--calib=.", "--validity=5"]) == 2
    assert (
        "MegacamMapper does not define how its calibrations are ingested" in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["ingestCalibs.py", "ingestCuratedCalibs.py", "ingestDefects.py"])
def test_the_scripts_stand_on_their_own(name: str) -> None:
    script = Path(__file__).resolve().parents[2] / "bin" / name
    done = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: {name} ")
    assert ("--recompute" in done.stdout) == (name == "ingestCalibs.py")


def test_an_interrupt_ends_with_the_shells_status(
    root: Path, calib: Path, master: Master, monkeypatch: Any, capsys: Any
) -> None:
    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    path = master()
    monkeypatch.setattr(atomic, "deliver", interrupt)
    assert ingest_calibs.main([str(root), path, "--calib", str(calib), "--validity", "5"]) == 130
    assert "interrupted; run it again to do the rest" in capsys.readouterr().err


def test_a_failed_file_is_a_failure_unless_that_is_allowed(
    root: Path, calib: Path, master: Master, capsys: Any
) -> None:
    line = [
        str(root),
        master(obstype=None),
        master(),
        "--calib",
        str(calib),
        "--validity=5",
        "--mode=link",
    ]
    assert ingest_calibs.main(line) == 1
    assert "the header has no OBSTYPE" in capsys.readouterr().out
    assert ingest_calibs.main([*line, "-c", "allowError=True"]) == 0


CAMERA = """
calibrations:
  bias: {template: 'bias/%(calibDate)s/%(ccd)03d.fits', python: lsst.afw.image.ImageF, tables: bias}
ingestCalibs:
  parse:
    translation: {ccd: CCDNUM}
    translators: {calibDate: translate_date}
  register:
    columns: {ccd: int, calibDate: text, validStart: text, validEnd: text}
    unique: [ccd, calibDate]
    visit: [calibDate]
    tables: [bias]
    detector: [ccd]
"""


def test_a_camera_that_is_one_file_has_its_section(
    tmp_path: Path, calib: Path, master: Master
) -> None:
    (tmp_path / "toy.yaml").write_text(CAMERA)
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "_mapper").write_text(f"{tmp_path}/toy.yaml\n")
    assert (
        ingest_calibs.main([str(tmp_path / "toy"), master(), "--calib", str(calib), "--validity=5"])
        == 0
    )
    assert rows(calib) == [("2015-02-18", "2015-02-13", "2015-02-23")]
    assert fits.getval(calib / "bias/2015-02-18/001.fits", "CCDNUM") == 1


# -- as a subcommand
# ----------------------------------------------------------------------------------------


def test_the_subcommand_copies_and_registers_as_the_script_does(
    run: Any, root: Path, calib: Path, master: Master, tmp_path: Path
) -> None:
    paths = [master("2015-02-18"), master("2015-03-13"), master(obstype="dome flat", FILTER="g")]
    words = ("--validity", 999)
    done = run("ingest-calibs", root, *paths, "--calib", calib, *words)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("3 new, 0 already there, 0 failed\n")
    assert all(Path(path).exists() for path in paths)
    other = tmp_path / "other"
    other.mkdir()
    line = [str(root), *paths, "--calib", str(other), *map(str, words), "--mode=copy"]
    assert ingest_calibs.main(line) == 0
    dumps = []
    for one in (calib, other):
        with contextlib.closing(sqlite3.connect(one / "calibRegistry.sqlite3")) as registry:
            dumps.append(list(registry.iterdump()))
    assert dumps[0] == dumps[1]


def test_other_types_are_passed_over(run: Any, root: Path, calib: Path, master: Master) -> None:
    bias, flat = master(), master(obstype="dome flat", FILTER="g DECam SDSS c0001 4720.0 1520.0")
    words = ("ingest-calibs", root, bias, flat, "--calib", calib, "--validity", 9)
    planned = json.loads(run(*words, "--types", "flat", "fringe", "-n", "--format=json").out)
    assert [(row["file"], row["status"]) for row in planned] == [(flat, "new"), (bias, "ignored")]
    assert list(calib.iterdir()) == []
    done = run(*words, "--types", "flat")
    assert done.out.startswith("1 new, 0 already there, 1 passed over, 0 failed\n")
    assert rows(calib, "select name from sqlite_master where name in ('bias', 'flat')") == [
        ("bias",), ("flat",)
    ]  # fmt: skip
    assert rows(calib) == []
    assert rows(calib, "select calibDate from flat") == [("2015-02-18",)]
    line = [str(root), bias, flat, "--calib", str(calib), "--mode=link", "--validity=9"]
    assert ingest_calibs.main([*line, "--types", "bias"]) == 0
    assert rows(calib) == [("2015-02-18", "2015-02-09", "2015-02-27")]


def test_only_wanted_types_need_a_validity(
    run: Any, root: Path, calib: Path, master: Master
) -> None:
    superseded = "register.validityUntilSuperseded=['fringe']"
    words = (
        "ingest-calibs",
        root,
        master(),
        "--calib",
        calib,
        "--types",
        "fringe",
        "-c",
        superseded,
    )
    done = run(*words)
    assert (done.status, done.out) == (0, "0 new, 0 already there, 1 passed over, 0 failed\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--validity", "9", "--types", "bais"), "no type 'bais'; did you mean 'bias'"),
        (("--validity", "9", "--transfer", "direct"), "invalid choice: 'direct'"),
        ((), "--validity DAYS is needed"),
    ],
)
def test_what_the_subcommand_cannot_do_is_status_2(
    run: Any, root: Path, calib: Path, master: Master, words: tuple[str, ...], message: str
) -> None:
    done = run("ingest-calibs", root, master(), "--calib", calib, *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_the_subcommand_asks_where_calibrations_go(run: Any, root: Path, master: Master) -> None:
    done = run("ingest-calibs", root, master(), "--validity", 9)
    assert (done.status, done.out) == (2, "")
    assert "Say --calib DIR" in done.err
