"""Which calibrations there are, when each is valid, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler


@pytest.fixture
def calibs(calibrated: Butler, dated: Path, run: Any) -> Any:
    """Give a function that runs the subcommand on a repository with calibrations."""
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
        (["--id", "visit=1"], 2, "say of which TYPE"),
        (["raw"], 2, "raw is no calibration"),
        (["ccdExposureId"], 2, "ccdExposureId is no calibration that a registry lists"),
        (["bais"], 2, "'bais'; did you mean 'bias'"),
        (["bias", "--gaps", "yesterday", "2015-01-01"], 2, "'yesterday' is no date"),
    ],
)
def test_what_cannot_be_meant_is_told(
    calibs: Any, words: list[str], status: int, message: str
) -> None:
    done = calibs(*words)
    assert (done.status, message in done.err) == (status, True), done.err


def test_without_a_registry_it_says_how_to_name_one(run: Any, filled: Path) -> None:
    done = run("calibs", filled)
    assert (done.status, "say where it is with --calib" in done.err) == (1, True)


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
