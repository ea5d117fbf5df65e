"""Which calibrations there are, when each is valid, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


@pytest.fixture
def calibs(calibrated: Butler, dated: Path, run: Any) -> Any:
    """Return a function that runs the subcommand on a repository with calibrations."""
    return lambda *words: run("--calib", dated / "CALIB", "calibs", dated, *words)


def test_each_calibration_is_a_line_with_its_first_and_last_day(calibs: Any) -> None:
    done = calibs("bias")
    assert done.out == (
        "type  ccdnum  calibDate   first       last\n"
        "bias       3  2015-03-01  2015-01-01  2015-12-31\n"
        "bias      28  2015-02-18  2015-01-01  2015-03-01\n"
        "bias      28  2015-03-05  2015-03-02  2015-04-01\n"
    )
    every = calibs("--format", "json")
    assert {row["type"] for row in json.loads(every.out)} == {"bias", "flat", "defects"}


@pytest.mark.parametrize(
    ("words", "dates"),
    [
        (["--from", "2015-03-02"], ["2015-03-01", "2015-03-05"]),
        (["--to", "2015-03-01"], ["2015-03-01", "2015-02-18"]),
        (["--from", "2015-03-02", "--to", "20150410"], ["2015-03-01", "2015-03-05"]),
        (["--from", "2016-01-01"], []),
    ],
)
def test_only_what_is_valid_in_a_span_is_shown(
    calibs: Any, words: list[str], dates: list[str]
) -> None:
    rows = json.loads(calibs("bias", *words, "--format=json").out)
    assert [row["calibDate"] for row in rows] == dates


def test_detectors_that_are_alike_are_one_row_of_a_table(
    dated: Path, make_calibs: Any, run: Any
) -> None:
    windows = {1: "2037-12-31", 2: "2037-12-31", 3: "2015-04-01", 62: "2037-12-31"}
    rows = [("bias", "", chip, "2015-02-01", "1970-01-01", end) for chip, end in windows.items()]
    make_calibs(dated / "CALIB", rows, files=False)
    words = ("calibs", dated, "bias", "--calib", dated / "CALIB")
    assert [line.split() for line in run(*words).out.splitlines()[1:]] == [
        ["bias", "1-2,62", "2015-02-01", "(open)", "(open)"],
        ["bias", "3", "2015-02-01", "(open)", "2015-04-01"],
    ]
    assert len(json.loads(run(*words, "--format=json").out)) == 4
    gaps = run(*words, "--gaps", "2015-04-02", "2015-04-05").out.splitlines()[1:]
    assert [line.split() for line in gaps] == [["bias", "3-60", "2015-04-02", "2015-04-05", "4"]]


def test_a_timeline_is_lines_of_text(calibs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    done = calibs("bias", "--timeline", "--from", "2015-01-01", "--to", "2015-12-31")
    lines = done.out.splitlines()
    assert lines[1].startswith("bias  ccdnum 3   ====")
    assert max(map(len, lines)) <= 60


def test_an_id_tells_why(calibs: Any, calibrated: Butler) -> None:
    done = calibs("flat", "--id", "visit=410877", "ccdnum=28")
    assert (done.status, done.out) == (
        0,
        f"{calibrated.explain('flat', visit=410877, ccdnum=28)}\n",
    )
    done = calibs("bias", "--id", "visit=410877", "ccdnum=7", "--format", "json")
    assert (done.status, len(json.loads(done.out))) == (1, 3)
    assert json.loads(done.out)[0]["reasons"][0] == "ccdnum 28 is not 7"


def test_gaps_are_days_without_a_calibration(calibs: Any) -> None:
    done = calibs("flat", "--gaps", "2015-12-30", "2016-01-02", "--format", "csv")
    lines = done.out.splitlines()
    assert lines[:3] == [
        "type,filter,ccdnum,from,to,days", "flat,g,28,2016-01-01,2016-01-02,2", "flat,r,28,2016-01-01,2016-01-02,2",
    ]  # fmt: skip
    assert lines[3] == "flat,,1,2015-12-30,2016-01-02,4"
    assert len(lines) == 3 + 60


@pytest.mark.parametrize(
    ("form", "printed"), [("table", "no day lacks one\n"), ("json", "[]\n"), ("csv", "")]
)
def test_no_gaps_are_told_too(calibs: Any, form: str, printed: str) -> None:
    done = calibs("defects", "--gaps", "2015-03-01", "2015-03-04", "--format", form)
    others = [line for line in done.out.splitlines() if "28" in line]
    assert others == []
    whole = calibs("illumcor", "--gaps", "2015-03-01", "2015-03-04", "--format", form)
    assert (whole.status, whole.out) == (0, printed)


def test_a_picture_can_be_drawn(calibs: Any, tmp_path: Path) -> None:
    assert calibs("--plot", tmp_path / "t.png").status == 0
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--id", "visit=1"], 2, "pass a TYPE, too"),
        (["raw"], 2, "raw is not a calibration"),
        (["ccdExposureId"], 2, "ccdExposureId is not a calibration in a registry"),
        (["bais"], 2, "'bais'; did you mean 'bias'"),
        (["bias", "--gaps", "yesterday", "2015-01-01"], 2, "'yesterday' is not a date"),
        (["--from", "soon"], 2, "'soon' is not a date"),
        (["--from", "2015-01-02", "--to", "2015-01-01"], 2, "--from 2015-01-02 is after --to"),
    ],
)
def test_what_cannot_be_meant_is_told(
    calibs: Any, words: list[str], status: int, message: str
) -> None:
    done = calibs(*words)
    assert (done.status, message in done.err) == (status, True), done.err


def test_without_a_registry_it_says_how_to_name_one(run: Any, filled: Path) -> None:
    done = run("calibs", filled)
    assert (done.status, "pass its directory with --calib" in done.err) == (1, True)


def test_a_type_without_validity_is_chosen_by_its_date(
    dated: Path, run: Any, make_calibs: Any
) -> None:
    rows = [
        ("fringe", "g", 28, date, "2015-01-01", "2015-12-31")
        for date in ("2015-02-01", "2015-03-01")
    ]
    make_calibs(dated / "CALIB", rows)
    words = ("calibs", dated, "fringe", "--calib", dated / "CALIB")
    done = run(*words)
    assert (done.status, done.out) == (
        0,
        "type    filter  ccdnum  calibDate   first\n"
        "fringe  g           28  2015-02-01  choose by calibDate=\n"
        "fringe  g           28  2015-03-01  choose by calibDate=\n",
    )
    done = run(*words, "--id", "visit=410877", "ccdnum=28")
    assert (done.status, "chosen" in done.out) == (1, False)
    assert "choose by calibDate=2015-03-01" in done.out
    rows = json.loads(run(*words, "--id", "visit=410877", "ccdnum=28", "--format=json").out)
    assert [row["reasons"] for row in rows] == [
        ["choose by calibDate=2015-02-01"], ["choose by calibDate=2015-03-01"]
    ]  # fmt: skip
    done = run(*words, "--gaps", "2015-01-01", "2016-01-01")
    assert done.status == 0
