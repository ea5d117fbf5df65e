"""The data IDs of what is there."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shlex
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cli import main


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def register(root: Path, *rows: tuple[Any, ...]) -> None:
    """Create a registry of rows as no ingest would."""
    with sqlite3.connect(root / "registry.sqlite3") as connection:
        columns = "visit int, ccdnum int, filter text, date text, hdu int, object text"
        connection.execute(f"CREATE TABLE raw ({columns})")
        connection.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()


@pytest.fixture
def gone(own: Path) -> Path:
    """Return a repository whose second exposure is registered, but gone."""
    (found,) = own.glob("*/r/*.fits.fz")
    found.unlink()
    return own


def test_each_data_id_is_a_line_with_the_types_keys_in_their_order(
    run: Any, filled: Path, butler: Butler
) -> None:
    done = run("show-data", filled, "--id", "ccdnum=28^3", "visit=410877")
    keys = ["date", "filter", "visit", "hdu", "ccdnum", "object"]
    ((*values, about),) = butler.queryMetadata("raw", keys, visit=410877, ccdnum=28)
    first, second = done.out.splitlines()
    plain = " ".join(f"{key}={value}" for key, value in zip(keys, values, strict=False))
    assert first == f"{plain} {shlex.quote(f'object={about}')}"
    assert " ccdnum=3 " in second
    assert (done.status, done.err) == (0, "")


def test_a_line_is_what_can_be_typed(run: Any, filled: Path, butler: Butler) -> None:
    for line in run("show-data", filled).out.splitlines()[::20]:
        (uri,) = run("uri", filled, "raw", "--id", *shlex.split(line)).out.splitlines()
        data_id = dict(word.split("=", 1) for word in shlex.split(line))
        assert uri == butler.getUri("raw", data_id)


@pytest.mark.parametrize(
    "name",
    [
        "raw",
        "raw_md",
        "calexp",
        "src",
        "ossThumb",
        "calexp.wcs",
        "processCcd_config",
        "bias",
        "icSrc",
    ],
)
def test_it_is_those_that_the_butler_says_are_there(run: Any, rerun: Path, name: str) -> None:
    butler = Butler(rerun)
    there = [one.dataId for one in butler.subset(name) if one.datasetExists()]
    done = run("show-data", rerun, name, "--format=json")
    assert json.loads(done.out) == there
    assert done.status == (0 if there else 1)


def test_json_and_csv_have_types_and_columns(run: Any, filled: Path) -> None:
    words = ("show-data", filled, "calexp", "--all", "--id", "ccdnum=1^2", "filter=g")
    rows = [{"visit": 410877, "ccdnum": 1}, {"visit": 410877, "ccdnum": 2}]
    assert json.loads(run(*words, "--format=json").out) == rows
    found = list(csv.DictReader(io.StringIO(run(*words, "--format=csv").out)))
    assert found == [{key: str(value) for key, value in row.items()} for row in rows]


def test_what_is_registered_without_a_file_is_counted_and_shown_on_demand(
    run: Any, gone: Path
) -> None:
    done = run("show-data", gone, "--id", "ccdnum=1..3")
    assert (done.status, len(done.out.splitlines())) == (0, 3)
    assert done.err == "persistence: 3 of 6 raw are there; --all shows the others too\n"
    every = run("show-data", gone, "--all", "--id", "ccdnum=1..3")
    assert (every.status, len(every.out.splitlines()), every.err) == (0, 6, "")


@pytest.mark.parametrize("words", [(), ("--all",), ("--id", "visit=410878")])
def test_a_link_to_nothing_is_told(run: Any, gone: Path, words: tuple[str, ...]) -> None:
    (place,) = gone.glob("*/r")
    (place / "decam0410878.fits.fz").symlink_to("/gone/x.fits")
    for name in ("show-data", "uri"):
        done = run(name, gone, "raw", *(word for word in words if name != "uri" or word != "--all"))
        told = "decam0410878.fits.fz is a link to /gone/x.fits, which is not there"
        assert done.err.count(told) == 1


def test_of_many_links_to_nothing_the_first_are_told(run: Any, root: Path) -> None:
    register(root, *[(number, 1, "g", "2014-01-01", 1, "x") for number in range(7)])
    (root / "2014-01-01/g").mkdir(parents=True)
    for number in range(7):
        (root / f"2014-01-01/g/decam000000{number}.fits.fz").symlink_to(f"/gone/{number}")
    done = run("show-data", root, "--all")
    assert re.findall("a link to /gone/(.), which is not there", done.err) == ["0", "1", "2"]
    assert "persistence: ... and 4 more such links" in done.err


def test_the_short_form_stands_for_just_these(run: Any, gone: Path, filled: Path) -> None:
    every = "ccdnum=1..60^62"
    assert run("show-data", filled, "--short") == (0, f"--id visit=410877^410878 {every}\n", "")
    assert run("show-data", gone, "--short").out == f"--id visit=410877 {every}\n"
    assert run("show-data", filled, "--short", "--id", "filter=r", "ccdnum=5^7..9").out == (
        "--id visit=410878 ccdnum=5^7..9\n"
    )
    assert json.loads(
        run("show-data", filled, "--short", "--id", "ccdnum=5", "--format=json").out
    ) == [{"options": "--id visit=410877^410878 ccdnum=5"}]


def test_people_at_a_terminal_get_the_short_form_unless_they_ask_for_the_long_one(
    filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*words: str) -> str:
        with contextlib.redirect_stdout(Screen()) as screen:
            assert main.main(["show-data", str(filled), "--id", "ccdnum=1..60", *words]) == 0
        return screen.getvalue()

    assert shown() == "--id visit=410877^410878 ccdnum=1..60\n"
    assert capsys.readouterr().err == "persistence: these are 120 data IDs; --long lists them\n"
    assert shown("--short") == shown()
    assert len(shown("--long").splitlines()) == 120
    assert len(shown("--format=jsonl").splitlines()) == 120


def test_the_short_form_can_be_pasted(run: Any, gone: Path) -> None:
    whole = run("show-data", gone, "--id", "ccdnum=1..9:2", "--id", "ccdnum=20").out
    options = shlex.split(
        run("show-data", gone, "--short", "--id", "ccdnum=1..9:2", "--id", "ccdnum=20").out
    )
    assert sorted(run("show-data", gone, *options).out.splitlines()) == sorted(whole.splitlines())


def test_keys_that_the_registry_needs_to_tell_rows_apart_stay(run: Any, root: Path) -> None:
    # The same visit and chip twice: of two programs.
    day = "2014-01-01"
    register(root, (1, 2, "g", day, 2, "a b"), (1, 2, "g", day, 2, "c"), (1, 3, "g", day, 3, "c"))
    done = run("show-data", root, "--all", "--short")
    assert done.out.splitlines() == [
        "--id visit=1 ccdnum=2 'object=a b'",
        "--id visit=1 ccdnum=2^3 object=c",
    ]


def test_a_value_that_fits_no_path_is_shown_as_it_is(run: Any, root: Path) -> None:
    register(root, (1, 2, None, "../..", 2, "it's"))
    line = "date=../.. filter= visit=1 hdu=2 ccdnum=2 " + shlex.quote("object=it's") + "\n"
    assert run("show-data", root, "--all") == (0, line, "")
    told = "1 are registered, whose files are not there; --all shows them"
    assert run("show-data", root) == (
        1,
        "",
        f"persistence: No locations for show-data: raw {{}}\n  {told}\n",
    )


def test_coadds_are_found_by_their_files_and_keep_all_keys(run: Any, rerun: Path) -> None:
    assert run("show-data", rerun, "deepCoadd_obj").out == "tract=0 patch=0,0\n"
    assert run("show-data", rerun, "deepCoadd_obj", "--short").out == "--id tract=0 patch=0,0\n"


def test_a_dataset_without_keys_is_there_or_not(run: Any, rerun: Path) -> None:
    assert run("show-data", rerun, "processCcd_config") == (0, "\n", "")
    assert run("show-data", rerun, "processCcd_config", "--short") == (0, "--id\n", "")


def test_file_names_serve_where_there_is_no_registry(run: Any, own: Path) -> None:
    Butler(own).put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=5)
    os.unlink(own / "registry.sqlite3")
    assert run("show-data", own, "processCcd_metadata").out == "visit=410877 ccdnum=5\n"
    shutil.rmtree(own / "0410877")
    assert run("show-data", own, "processCcd_metadata").status == 1


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ("--id", "visit=410879", "ccdnum=28"),
            1,
            "No locations for show-data: raw .*registered .*visit=410878, but",
        ),
        (
            ("calexp",),
            1,
            r"No locations for show-data: calexp {}\n  \d+ are registered, whose files are not there",
        ),
        (("rwa",), 2, "has no dataset type 'rwa'; did you mean 'raw'"),
        (("--id", "cdnum=1"), 2, "unknown key 'cdnum'; did you mean 'ccdnum'"),
        (("--id", "ccd=1", "ccdnum=1"), 2, "key 'ccdnum' is given twice"),
        (("--id", "visit=1..99999999999"), 2, "selects 99999999999 values: more than"),
        (("fgcmAtmosphereParameters",), 2, "'fgcmcycle' is not a column of .*: pass it with --id"),
    ],
)
def test_what_is_not_there_or_mistyped_is_explained(
    run: Any, filled: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    done = run("show-data", filled, *words)
    assert (done.status, done.out) == (status, "")
    assert re.match(f"persistence: .*{message}", done.err, re.DOTALL)


def test_nothing_found_is_a_list_without_rows(run: Any, filled: Path) -> None:
    assert run("show-data", filled, "calexp", "--format=json").out == "[]\n"
