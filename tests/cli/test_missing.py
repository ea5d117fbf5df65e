"""What is missing, compared with the registry and the names of files."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap


@pytest.fixture
def raws_without(filled: Path) -> set[tuple[int, int]]:
    """Return the raws but for the one that has a calexp."""
    with closing(sqlite3.connect(filled / "registry.sqlite3")) as connection:
        return set(connection.execute("SELECT visit, ccdnum FROM raw")) - {(410877, 28)}


def test_the_raws_are_listed_that_have_none(
    run: Any, rerun: Path, raws_without: set[tuple[int, int]]
) -> None:
    done = run("missing", rerun, "calexp", "--format", "json")
    assert (done.status, done.err) == (0, "")
    assert {tuple(row.values()) for row in json.loads(done.out)} == raws_without


def test_conditions_are_about_what_there_is(
    run: Any, rerun: Path, raws_without: set[tuple[int, int]]
) -> None:
    done = run(
        "missing", rerun, "calexp", "--given", "raw", "--where", "filter = 'g'", "--id", "ccd=1..30",
        "--format", "json",
    )  # fmt: skip
    expected = {one for one in raws_without if one[0] == 410877 and one[1] <= 30}
    assert {tuple(row.values()) for row in json.loads(done.out)} == expected


def test_short_gives_the_options_that_make_it(run: Any, rerun: Path) -> None:
    done = run("missing", rerun, "calexp", "--id", "ccdnum=27..29", "--short")
    assert done.out.splitlines() == [
        "--id visit=410877 ccdnum=27^29",
        "--id visit=410878 ccdnum=27..29",
    ]


def test_any_two_types_can_be_compared(run: Any, rerun: Path, own: Path) -> None:
    done = run("missing", rerun, "src", "--given", "calexp")
    assert (done.status, done.out) == (0, "")
    assert done.err == "persistence: nothing is missing: each calexp has its src\n"


def test_patches_of_the_sky_map_need_no_file(run: Any, own: Path) -> None:
    config = DiscreteConfig(
        raList=(150.0,), decList=(2.0,), radiusList=(0.1,), patchInnerDimensions=(2000, 2000),
        pixelScale=0.5,
    )  # fmt: skip
    skymap = DiscreteSkyMap(config)
    Butler(own).put(skymap, "deepCoadd_skyMap")
    names = {patch.name for patch in skymap[0].patches}
    assert len(names) > 1
    words = [
        "missing",
        own,
        "deepCoadd_calexp",
        "--given",
        "patches",
        "--id",
        "tract=0",
        "filter=g",
    ]
    found = json.loads(run(*words, "--format", "json").out)
    assert {row["patch"] for row in found} == names
    assert {(row["tract"], row["filter"]) for row in found} == {(0, "g")}
    path = own / "deepCoadd-results" / "g" / "0" / "0,0" / "calexp-g-0-0,0.fits"
    path.parent.mkdir(parents=True)
    path.write_bytes(b" ")
    found = json.loads(run(*words, "--format", "json").out)
    assert {row["patch"] for row in found} == names - {"0,0"}
    done = run(*words, "patch=0,0")
    assert (done.status, done.out) == (0, "")
    number = skymap[0].getSequentialPatchIndex(skymap[0][1, 0])
    found = json.loads(run(*words, f"patch={number}", "--format", "json").out)
    assert [row["patch"] for row in found] == ["1,0"]
    assert run(*words, "--where", "tract = 0").status == 2
    assert "tract 7" in run(*words[:-2], "tract=7").err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["calexp", "--given", "rwa"], 2, "no dataset type 'rwa'; did you mean 'raw'"),
        (["calxp"], 2, "no dataset type 'calxp'; did you mean 'calexp'"),
        (["calexp", "--where", "vist=1"], 2, "unknown key 'vist'"),
        (["raw"], 2, "--given raw: must differ from the type"),
        (["calexp", "--where", "ccdnum > 99"], 1, "there is no such raw"),
    ],
)
def test_what_cannot_be_asked_is_told(
    run: Any, rerun: Path, words: list[str], status: int, message: str
) -> None:
    done = run("missing", rerun, *words)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
