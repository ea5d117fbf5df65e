"""The paths of datasets."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler

ONE = ("--id", "visit=410877", "ccdnum=28")


def test_each_path_is_a_line_without_a_header(run: Any, filled: Path, butler: Butler) -> None:
    done = run("uri", filled, "raw", "--id", "filter=g", "ccdnum=1..3")
    uris = [butler.getUri("raw", visit=410877, ccdnum=number) for number in (1, 2, 3)]
    assert done == (0, "".join(f"{uri}\n" for uri in uris), "")


def test_a_complete_data_id_needs_no_registry(run: Any, rerun: Path) -> None:
    done = run("uri", rerun, "src", *ONE)
    assert done == (0, f"{rerun.parent}/first/0410877/src/src-0410877_28.fits\n", "")


def test_json_and_csv_have_the_data_ids(run: Any, rerun: Path) -> None:
    (row,) = json.loads(run("uri", rerun, "src", *ONE, "--format=json").out)
    uri = f"{rerun.parent}/first/0410877/src/src-0410877_28.fits"
    assert row == {"visit": 410877, "ccdnum": 28, "uri": uri}
    found = list(csv.DictReader(io.StringIO(run("uri", rerun, "src", *ONE, "--format=csv").out)))
    assert found == [{"visit": "410877", "ccdnum": "28", "uri": uri}]


def test_what_is_missing_among_others_is_counted(run: Any, rerun: Path) -> None:
    done = run("uri", rerun, "src", "--id", "visit=410877")
    assert (done.status, len(done.out.splitlines())) == (0, 1)
    assert re.fullmatch(r"persistence: 1 of \d\d src exist\n", done.err)


def test_write_tells_where_put_would_write_there_or_not(run: Any, rerun: Path) -> None:
    done = run("uri", rerun, "src", "--write", "--id", "visit=410877", "ccdnum=28..29")
    assert done.out.splitlines() == [
        f"{rerun}/0410877/src/src-0410877_{number}.fits" for number in (28, 29)
    ]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ("src", "--id", "visit=410878", "ccdnum=28"),
            1,
            "No locations for uri: src .*\n  looked for  0410878/src/",
        ),
        (("src", "--id", "filter=r"), 1, "No locations for uri: src"),
        (("src", "--id", "visit=5"), 1, "No locations for uri: src {'visit': 5}"),
        (
            ("deepCoadd_calexp", "--id", "tract=0"),
            1,
            r"deepCoadd_calexp .*\n  needs  filter, patch, which cannot be looked up",
        ),
        (("fgcmAtmosphereParameters",), 2, r"'fgcmcycle' is not a column of .*: pass it with --id"),
        (
            ("fakes_deepCoadd", "--id", "tract=0", "patch=0,0"),
            1,
            r"fakes_deepCoadd .*\n  needs  filter, which cannot be looked up",
        ),
        (("source",), 1, "Template is not defined for the source dataset type"),
        (("scr", *ONE), 2, "has no dataset type 'scr'; did you mean 'src'"),
        (("src", "--id", "vist=1"), 2, "unknown key 'vist'; did you mean 'visit'"),
        (("src", "--id", "visit"), 2, "'visit' is not key=value"),
    ],
)
def test_what_cannot_be_given_is_explained(
    run: Any, rerun: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    done = run("uri", rerun, *words)
    assert (done.status, done.out) == (status, "")
    assert re.match(f"persistence: .*{message}", done.err)
