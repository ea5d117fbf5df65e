"""The integers of data IDs in the shell."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    return tmp_path


def test_integers_of_gen2_are_taken_apart(run: Any, repo: Path) -> None:
    """22938801 is what Gen2 computes for visit 229388 and CCD 1 (tests/vectors/decam)."""
    done = run("ids", repo, "calexp", 22938801, 762)
    assert done == (
        0,
        " integer   visit  ccdnum\n22938801  229388       1\n     762       7      62\n",
        "",
    )
    done = run("ids", repo, "deepCoaddId", 17301505, "--format", "json")
    assert json.loads(done.out) == [
        {"integer": 17301505, "tract": 1, "patch": "32,0", "filter": "g"}
    ]


def test_data_ids_are_packed(run: Any, repo: Path) -> None:
    done = run("ids", repo, "calexp", "--id", "visit=229388", "ccd=1^25", "--format=json")
    assert [row["integer"] for row in json.loads(done.out)] == [22938801, 22938825]
    done = run("ids", repo, "src", "--id", "visit=7", "ccdnum=62", "--counter=5", "--format=json")
    assert json.loads(done.out) == [
        {"integer": 762 * 2**32 + 5, "visit": 7, "ccdnum": 62, "counter": 5}
    ]
    merged = run("ids", repo, "deepCoadd_ref", "--id", "tract=1", "patch=32,0", "--counter=0")
    assert merged.out.split()[4:] == [str(1081344 << 30), "1", "32,0", "0"]


def test_integers_are_read_from_standard_input(
    run: Any, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{762 * 2**32 + 5}\n{762 * 2**32 + 6}\n"))
    done = run("ids", repo, "src", "-", "--format=csv")
    assert done.out.split() == [
        "integer,visit,ccdnum,counter",
        "3272765079557,7,62,5",
        "3272765079558,7,62,6",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("calexp",), "pass INTEGERs, whose data IDs are printed, or --id"),
        (("calexp", 5, "--id", "visit=1"), "pass INTEGERs"),
        (("calexp", "x"), "row 0: calexp='x'"),
        (("calexp", "-5"), "row 0: calexp=-5 is not in the range"),
        (("calexp", 2**70), "row 0: "),
        (("calexp", 8589934592), r"unpack\(integers, 'src'\) is for rows of catalogs"),
        (("src", 5, "--counter=2"), "--counter belongs to --id"),
        (("src", "--id", "visit=7", "ccdnum=62"), "need 'counter'"),
        (("calexp", "--id", "visit=7", "ccdnum=99"), "the camera has 1 to 62 without 61"),
        (("calxp", 5), "did you mean 'calexp'"),
        (("deepCoadd_skyMap", 5), "has no integers"),
    ],
)
def test_what_cannot_be_meant_is_explained(
    run: Any, repo: Path, words: tuple[object, ...], message: str
) -> None:
    done = run("ids", repo, *words)
    assert done.out == ""
    assert done.status in (1, 2)
    assert re.search(message, done.err), done.err
