"""Ingest of master calibrations as a whole: what is where afterwards, what is refused, what is done again."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import DecamMapper
from obs_decam.mapper import detectors
from persistence.butler.open import open_one
from persistence.errors import PolicyError, RegistryError, RepositoryError
from persistence.files import atomic
from persistence.ingest import calibconfig
from persistence.ingest.calibplan import kind_of
from persistence.ingest.calibs import CalibTask
from persistence.ingest.config import override
from persistence.ingest.report import Report
from persistence.registry import open_writer
from persistence.registry.sqlite_writer import statements
from persistence.registry.tables import TableSpec

DECAM = calibconfig.load(DecamMapper.ingestCalibsFile, "DecamMapper")
G = "g DECam SDSS c0001 4720.0 1520.0"
Master = Callable[..., str]


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    """Return an empty calibration root."""
    folder = tmp_path / "calib"
    folder.mkdir()
    return folder


@pytest.fixture
def ingest(root: Path, calib: Path) -> Callable[..., Report]:
    """Return a function that ingests files with 999 days of validity, unless told otherwise."""

    def act(paths: Any, settings: Any = (), **options: Any) -> Report:
        return task(root, calib, settings, **options).run(
            [paths] if isinstance(paths, str) else paths
        )

    return act


Ingest = Callable[..., Report]


def task(root: Path, calib: Path, settings: Any = (), **options: Any) -> CalibTask:
    config = DECAM
    for name, value in dict(settings).items():
        config = override(config, name, value)
    repository = open_one(str(root), None, (), {}).inputs[0]
    return CalibTask(
        repository, config, root=str(calib), **{"days": 999, "mode": "link", **options}
    )


def ask(
    calib: Path, query: str = "select calibDate, validStart, validEnd from bias order by calibDate"
) -> list[Any]:
    """Read the registry by a back door."""
    connection = sqlite3.connect(calib / "calibRegistry.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def tell(calib: Path, *statements: str) -> None:
    """Change the registry by a back door."""
    connection = sqlite3.connect(calib / "calibRegistry.sqlite3")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def places(calib: Path) -> list[str]:
    found = (path for path in calib.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(
        str(path.relative_to(calib))
        for path in found
        if not path.name.startswith("calibRegistry") and path.suffix != ".jsonl"
    )


def counts(report: Report) -> tuple[int, int, int, int]:
    return len(report.new), len(report.placed), len(report.same), len(report.failed)


# -- types and places
# -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obstype", "kind"),
    [
        ("zero", "bias"), ("BIAS", "bias"), ("dome flat", "flat"), ("sky flat", "flat"), ("sky", "sky"),
        (" dark ", "dark"), ("fringecor", "fringe"), ("illumcor", "illumcor"), ("Defects", "defects"),
        ("BFK", "bfk"), ("object", "object"),
    ],
)  # fmt: skip
def test_the_type_is_known_by_a_word_in_obstype(obstype: str, kind: str) -> None:
    assert kind_of(obstype) == kind


@pytest.mark.parametrize(
    ("cards", "place", "row"),
    [
        ({}, "BIAS/2015-02-18/BIAS-2015-02-18-07.fits", ("NONE", 7, 1, "2015-02-18")),
        ({"obstype": "dark"}, "DARK/2015-02-18/DARK-2015-02-18-07.fits", ("g", 7, 1, "2015-02-18")),
        (
            {"obstype": "dome flat"},
            "FLAT/2015-02-18/g/FLAT-2015-02-18-07.fits",
            ("g", 7, 1, "2015-02-18"),
        ),
        (
            {"obstype": "fringe"},
            "FRINGE/2015-02-18/g/FRINGE-2015-02-18-07.fits",
            ("g", 7, 1, "2015-02-18"),
        ),
        (
            {"obstype": "illumcor"},
            "ILLUMCOR/2015-02-18/g/ILLUMCOR-2015-02-18-07.fits",
            ("g", 7, 1, "2015-02-18"),
        ),
    ],
)
def test_a_master_of_one_chip_comes_to_its_place(
    ingest: Ingest, calib: Path, master: Master, cards: Any, place: str, row: Any
) -> None:
    assert counts(ingest(master(ccdnum=7, FILTER=G, **cards))) == (1, 0, 0, 0)
    assert places(calib) == [place]
    table = place.split("/")[0].lower()
    assert ask(calib, f"select filter, ccdnum, calib_hdu, calibDate from {table}") == [row]


def community(folder: Path, kind: str, names: list[str], proctype: str = "MasterCal") -> str:
    """Return a file as the Community Pipeline does: a primary header, and an extension for each chip."""
    primary = fits.PrimaryHDU()
    primary.header["OBSTYPE"], primary.header["PROCTYPE"] = kind, proctype
    primary.header["FILTER"], primary.header["DATE-OBS"] = G, "2015-02-18T22:00:00"
    hdus = [primary]
    numbers = {name: number for number, name in detectors().items()}
    for name in names:
        cards = fits.Header({"CCDNUM": numbers[name]})
        hdus.append(fits.ImageHDU(np.ones((2, 2), np.float32), cards, name))
    path = folder / f"{kind}.fits"
    fits.HDUList(hdus).writeto(path)
    return str(path)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("zero", "cpBIAS/2015-02-18/BIAS-2015-02-18.fits"),
        ("dome flat", "cpFLAT/2015-02-18/g/FLAT-2015-02-18.fits"),
        ("illumcor", "cpILLUMCOR/2015-02-18/g/ILLUMCOR-2015-02-18.fits"),
    ],
)
def test_what_the_community_pipeline_made_has_a_row_for_each_listed_extension(
    ingest: Ingest, calib: Path, tmp_path: Path, kind: str, place: str
) -> None:
    path = community(tmp_path, kind, ["S1", "S30", "S2", "N30"])
    assert counts(ingest(path)) == (1, 0, 0, 0)
    assert places(calib) == [place]
    table = kind_of(kind)
    assert ask(calib, f"select ccdnum, calib_hdu, path from {table} order by ccdnum") == [
        (25, 1, path),
        (26, 3, path),
    ]
    assert counts(ingest(path)) == (0, 0, 1, 0)


@pytest.mark.parametrize("has_both", [True, False])
def test_each_detector_of_a_master_has_a_row_whatever_its_extension_is_called(
    ingest: Ingest, calib: Path, tmp_path: Path, has_both: bool
) -> None:
    """Some versions of fpack and PyFITS wrote the table's name in front of the image's, or alone."""
    path = Path(community(tmp_path, "dome flat", ["S1", "S2", "S3"]))
    content = path.read_bytes()
    for name in ("S1", "S2", "S3"):
        card = f"EXTNAME = '{name:8}'".encode()
        assert content.count(card) == 1
        start = content.index(card)
        table = b"EXTNAME = 'COMPRESSED_IMAGE'".ljust(80)
        kept = content[start : start + 80] if has_both else b""
        end = content.index(b"END" + b" " * 77, start)
        header = (content[:start] + table + kept + content[start + 80 : end]).ljust(end)
        content = header + b"END".ljust(80) + content[len(header) + 80 :]
    path.write_bytes(content)
    assert counts(ingest(str(path))) == (1, 0, 0, 0)
    assert ask(calib, "select ccdnum, calib_hdu from flat order by ccdnum") == [
        (25, 1),
        (26, 2),
        (27, 3),
    ]


def test_a_calibration_root_has_a_journal_of_its_own(
    ingest: Ingest, root: Path, calib: Path, master: Master
) -> None:
    for date in ("2015-02-01", "2015-02-12"):
        ingest(master(date))
    (path,) = calib.glob(".persistence/journal/*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    places = [f"BIAS/{date}/BIAS-{date}-01.fits" for date in ("2015-02-01", "2015-02-12")]
    assert [(line["op"], line["f"]) for line in lines] == [("ingest", place) for place in places]
    assert [(line["d"], line["id"]) for line in lines] == [
        ("bias", {"calibDate": date, "ccdnum": 1}) for date in ("2015-02-01", "2015-02-12")
    ]
    assert not list(root.glob(".persistence/journal/*"))


def test_a_file_of_planes_is_one_row(ingest: Ingest, calib: Path, tmp_path: Path) -> None:
    """As afw wrote an exposure: image, mask and variance of one chip."""
    header = fits.Header({"CCDNUM": 25, "OBSTYPE": "flat", "DATE-OBS": "2015-02-18", "FILTER": "g"})
    planes = [fits.ImageHDU(np.ones((2, 2)), name=name) for name in ("IMAGE", "MASK", "VARIANCE")]
    fits.HDUList([fits.PrimaryHDU(header=header), *planes]).writeto(tmp_path / "flat.fits")
    assert counts(ingest(str(tmp_path / "flat.fits"))) == (1, 0, 0, 0)
    assert ask(calib, "select filter, ccdnum, calib_hdu from flat") == [("g", 25, 1)]
    assert places(calib) == ["FLAT/2015-02-18/g/FLAT-2015-02-18-25.fits"]


@pytest.mark.parametrize(
    ("cards", "row"),
    [
        ({"FILTER": "_unknown_"}, ("z", 1, "2015-02-18")),
        ({}, ("z", 1, "2015-02-18")),
        ({"date": None}, ("z", 1, "2014-01-02")),
        ({"date": None, "CCDNUM": None}, ("z", 42, "2014-01-02")),
    ],
)
def test_what_a_header_lacks_comes_from_calib_id(
    ingest: Ingest, calib: Path, master: Master, cards: dict[str, Any], row: Any
) -> None:
    made = master(obstype="flat", CALIB_ID="filter=z ccdnum=42 calibDate=2014-01-02", **cards)
    if "CCDNUM" in cards:
        fits.delval(made, "CCDNUM")
    assert ingest(made).failed == []
    assert ask(calib, "select filter, ccdnum, calibDate from flat") == [row]


def test_a_date_may_stand_in_the_path(
    ingest: Ingest, calib: Path, master: Master, tmp_path: Path
) -> None:
    folder = tmp_path / "2013-05-06"
    folder.mkdir()
    assert ingest(shutil.move(master(date=None), folder / "bias.fits").as_posix()).failed == []
    assert ask(calib, "select calibDate from bias") == [("2013-05-06",)]


# -- the registry
# ---------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("name", ["imsim/CALIB", "latiss/CALIB", "obs_test/input"])
def test_the_tables_are_made_by_the_letter_of_the_originals(
    real: Path, tmp_path: Path, name: str
) -> None:
    query = "select name, sql from sqlite_master where type = 'table' and name <> 'sqlite_sequence'"
    theirs = dict(ask(real / "gen2_repos" / name, query))
    specs = {table: _spec_of(table, theirs) for table in theirs if not table.endswith("_visit")}
    writer = open_writer(str(tmp_path), specs, "calibRegistry")
    with writer.transaction():
        pass
    writer.close()
    ours = dict(ask(tmp_path, query))
    assert list(ours) == list(theirs)
    assert {name: _shape(sql) for name, sql in ours.items()} == {
        name: _shape(sql) for name, sql in theirs.items()
    }
    assert all(ours[table] == theirs[table] for table in specs)


def _spec_of(table: str, statements: dict[str, str]) -> TableSpec:
    """Read a declaration back."""
    columns, unique = _shape(statements[table])
    visit, _ = _shape(statements[f"{table}_visit"])
    order = statements[table].split("unique(")[1].strip(")").split(",")
    assert set(order) == unique
    return TableSpec(
        table,
        dict(one.split() for one in columns[1:]),
        tuple(order),
        tuple(v.split()[0] for v in visit),
    )


def _shape(sql: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Take a declaration apart; the order of what is unique in a visit table was any (doc/gen2/gen2-cli.md, 1.6)."""
    inside, unique = sql.split("(", 1)[1].split(", unique(")
    return tuple(one.strip() for one in inside.split(",")), frozenset(unique.strip(")").split(","))


def test_every_type_has_its_tables_and_an_index_for_looking_up(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master())
    named = ask(
        calib, "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
    )
    tables = ["bias", "flat", "fringe", "dark", "illumcor"]
    assert [name for (name,) in named] == [
        made for table in tables for made in (table, f"{table}_visit")
    ]
    assert ask(calib, "select sql from sqlite_master where name = 'bias_look_up'") == [
        (
            "CREATE INDEX bias_look_up on bias (ccdnum,validEnd,validStart,calibDate,filter,calib_hdu)",
        )
    ]
    assert ask(calib, "select * from bias_visit") == [("2015-02-18",)]
    plan = ask(
        calib,
        "explain query plan select distinct calibDate from bias where ccdnum = 1 and '2015' <= validEnd",
    )
    assert "COVERING INDEX bias_look_up" in plan[0][3]


def test_no_index_is_added_to_a_registry_of_the_original(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    for table in DECAM.register.tables:
        spec = DECAM.register.spec(table)
        tell(calib, *[line for line in statements(spec) if line.startswith("create table")])
    assert counts(ingest(master())) == (1, 0, 0, 0)
    assert ask(calib, "select name from sqlite_master where sql like 'create index%'") == []


def test_create_replaces_the_rows_of_the_types_that_are_given_and_of_no_others(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    first = ingest([master(), master(obstype="dark", FILTER=G)])
    darks = ask(calib, "select * from dark")
    tell(calib, "create table defects (x)")
    dry = ingest(first.new[0], create=True, dry_run=True)
    assert counts(dry) == (0, 1, 0, 0)
    assert "  --create would remove 1 rows of bias" in dry.notes
    assert len(ask(calib)) == 1
    report = ingest(master("2016-01-01"), create=True)
    assert counts(report) == (1, 0, 0, 0)
    assert "  --create removed 1 rows of bias" in report.notes
    assert ask(calib, "select calibDate from bias") == [("2016-01-01",)]
    assert ask(calib, "select * from dark") == darks
    assert ask(calib, "select * from defects") == []


def test_create_for_files_that_all_fail_changes_nothing(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master())
    before = ask(calib)
    for dry_run in (True, False):
        report = ingest(master(None), create=True, dry_run=dry_run)
        assert counts(report) == (0, 0, 0, 1)
        assert "  --create: no row was planned, and all tables stay as they are" in report.notes
    assert ask(calib) == before


# -- windows and earlier runs
# ---------------------------------------------------------------------------

A, B = ("2015-02-18", "2012-05-25", "2017-11-13"), ("2015-03-13", "2017-11-13", "2017-12-06")


def test_rows_of_earlier_runs_keep_their_windows_and_new_ones_get_what_is_left(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master("2015-02-18", FILTER=G))
    report = ingest(master("2015-03-13", FILTER=G))
    assert ask(calib) == [A, B]
    assert report.notes == [
        "  bias: 2015-03-13 is used on 2017-11-13 to 2017-12-06 only, not 2015-03-02 to 2017-12-06, for earlier runs "
        "gave those days to others; --recompute shares them out anew: filter=NONE ccdnum=1"
    ]


def test_the_whole_series_is_shared_out_anew_if_told(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master("2015-02-18"))
    path = ingest(master("2015-03-13")).new[0]
    report = ingest(path, recompute=True)
    assert counts(report) == (0, 0, 1, 0)
    assert report.notes == [
        "  bias: windows of earlier runs are others now: filter=unknown ccdnum=1"
    ]
    whole = [("2015-02-18", "2012-05-25", "2015-03-02"), ("2015-03-13", "2015-03-02", "2017-12-06")]
    assert ask(calib) == whole
    assert counts(ingest(path, recompute=True, days=5, dry_run=True)) == (0, 0, 1, 0)
    assert ask(calib) == whole


def test_a_calibration_whose_days_are_all_taken_is_refused_before_it_is_delivered(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master("2015-02-01"), rule="until-superseded")
    later = master("2015-02-12")
    report = ingest(later, rule="until-superseded")
    problem = "earlier runs gave all days of 2015-02-12 to other calibrations; --recompute shares them out anew"
    assert report.failed == [(later, problem)]
    assert places(calib) == ["BIAS/2015-02-01/BIAS-2015-02-01-01.fits"]
    assert ingest(later, rule="until-superseded", recompute=True).failed == []
    assert ask(calib) == [
        ("2015-02-01", "2015-02-01", "2015-02-12"),
        ("2015-02-12", "2015-02-12", "2037-12-31"),
    ]


def test_what_is_refused_takes_no_days_from_others(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master("2015-06-01"), days=30)
    report = ingest([master("2015-06-10"), master("2015-09-01")], days=5)
    assert [path for path, _ in report.failed] == [str(Path(report.new[0]).with_name("1.fits"))]
    assert ask(calib)[1] == ("2015-09-01", "2015-08-27", "2015-09-06")


def test_a_file_that_is_refused_for_one_chip_takes_no_days_of_another(
    ingest: Ingest, calib: Path, master: Master, tmp_path: Path, capsys: Any
) -> None:
    ingest(master("2015-02-17", ccdnum=25, FILTER=G), days=300)
    both = community(tmp_path, "zero", ["S1", "S2"])
    paths = [both, master("2015-02-22", ccdnum=26, FILTER=G)]
    assert ingest(paths, days=5, dry_run=True).new == paths[1:]
    assert "validStart=2015-02-17 validEnd=2015-02-27" in capsys.readouterr().out
    report = ingest(paths, days=5)
    assert [path for path, _ in report.failed] == [both]
    assert ask(calib, "select validStart, validEnd from bias where ccdnum = 26") == [
        ("2015-02-17", "2015-02-27")
    ]


@pytest.mark.parametrize("increment", [True, False])
@pytest.mark.parametrize("rule", ["around", "until-superseded", "nearest"])
@pytest.mark.parametrize("seed", range(5))
def test_however_runs_follow_no_day_has_two_windows_but_a_shared_boundary(
    ingest: Ingest, calib: Path, master: Master, rule: str, seed: int, increment: bool
) -> None:
    chance = random.Random(seed)
    dates = chance.sample(
        [f"2015-{month:02d}-{day:02d}" for month in range(1, 13) for day in (1, 7, 19)], 9
    )
    settings = {"register.incrementValidEnd": increment}
    for start in range(0, 9, 3):
        ingest(
            [master(date) for date in dates[start : start + 3]],
            settings,
            days=chance.randrange(60),
            rule=rule,
        )
    windows = sorted(ask(calib, "select validStart, validEnd from bias"))
    for (_, end), (start, _) in itertools.pairwise(windows):
        assert (
            end < start
            if rule == "nearest" or (rule == "around" and not increment)
            else end <= start
        )


def test_rows_that_gen2_left_without_windows_are_given_some_and_that_is_told(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    first = master("2015-02-18", FILTER=G)
    ingest([first, master(obstype="dark", FILTER=G)])
    tell(
        *(
            calib,
            "update bias set validStart = 'None', validEnd = 'None'",
            "update dark set validEnd = 'None'",
        )
    )
    report = ingest(first, days=5, ignore_ingested=True)
    assert report.ignored == [first]
    assert ask(calib) == [("2015-02-18", "2015-02-13", "2015-02-23")]
    assert report.notes == [
        "  bias: 2015-02-18, registered without a window, has one now: filter=NONE ccdnum=1"
    ]
    assert ask(calib, "select validEnd from dark") == [("None",)]  # no dark was met


def test_many_notes_are_cut_short_and_logged_whole(
    ingest: Ingest, master: Master, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "persistence.ingest")
    report = ingest([master(f"20{year}-01-01") for year in range(10, 40)], days=5)
    assert len(report.notes) == 29
    told = str(report).splitlines()
    assert (len(told), told[-1]) == (
        22,
        "  ... and 9 more of these; -v, or -L INFO of a script, tells all",
    )
    assert report.notes[-1].strip() in caplog.messages


def test_a_row_without_a_window_whose_days_are_taken_is_told(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master("2015-02-18", FILTER=G))
    tell(calib, "insert into bias values (null, 'NONE', 1, 1, '', '2015-02-20', 'None', 'None')")
    later = master("2019-01-01", FILTER=G)
    assert ingest(later, days=5).notes[0] == (
        "  bias: 2015-02-20, registered without a window, stays so, for its days are all taken: see --recompute: "
        "filter=NONE ccdnum=1"
    )
    ingest(later, days=5, recompute=True)
    assert ask(calib) == [
        ("2015-02-18", "2015-02-13", "2015-02-20"),
        ("2015-02-20", "2015-02-20", "2015-02-25"),
        ("2019-01-01", "2018-12-27", "2019-01-06"),
    ]


def test_a_row_of_the_original_without_a_date_is_left_alone_and_told(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    first = master("2015-02-18", FILTER=G)
    ingest(first)
    tell(calib, "insert into bias values (null, 'NONE', 1, 1, '', 'unknown', 'None', 'None')")
    report = ingest(first)
    assert report.notes == [
        "  bias: row with calibDate 'unknown', which is no date, is left alone: filter=NONE ccdnum=1"
    ]
    assert ask(calib)[-1] == ("unknown", "None", "None")


# -- again, and conflicts
# -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["link", "relsymlink", "hardlink", "copy", "skip"])
def test_ingesting_again_changes_nothing_and_says_so(
    ingest: Ingest, calib: Path, master: Master, mode: str
) -> None:
    paths = [master(ccdnum=number) for number in (1, 2)]
    ingest(paths, mode=mode)
    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in calib.rglob("*")}
    assert counts(ingest(paths, mode=mode)) == (0, 0, 2, 0)
    assert {
        path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in calib.rglob("*")
    } == before


def test_registered_files_are_passed_over_in_time(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    ingest(master())
    again = master(NOTE="other bytes, the same date and chip")
    assert "another file exists at" in ingest(again).failed[0][1]
    assert ingest(again, ignore_ingested=True).ignored == [again]
    assert ingest(again, {"clobber": True}).new == [again]
    assert len(ask(calib)) == 1


def test_two_files_of_one_date_and_chip_are_a_conflict_that_names_both(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    first, second = master(FILTER=G), master(FILTER=G, NOTE="another")
    report = ingest([first, second])
    assert (report.new, report.failed) == (
        [first], [(second, f"{first} is filter=NONE ccdnum=1 calibDate=2015-02-18 too")],
    )  # fmt: skip
    assert len(ask(calib)) == 1


def test_types_do_not_stand_in_each_others_way(ingest: Ingest, calib: Path, master: Master) -> None:
    assert counts(
        ingest([master(obstype=kind, FILTER="g") for kind in ("dark", "flat", "fringe")])
    ) == (3, 0, 0, 0)


def test_a_row_that_says_otherwise_stays_unless_told_otherwise(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    path = master(FILTER=G)
    ingest(path)
    tell(calib, "update bias set calib_hdu = 7, path = 'elsewhere'")
    assert "is registered differently: calib_hdu is 7, not 1" in ingest(path).failed[0][1]
    assert ingest(path, {"register.ignore": True}).failed == []
    assert ingest(path, {"clobber": True}).placed == [path]
    assert ask(calib, "select calib_hdu, path, validStart from bias") == [(1, path, "2012-05-25")]


def test_an_interrupt_leaves_what_was_delivered_registered(
    root: Path, calib: Path, ingest: Ingest, master: Master, monkeypatch: Any
) -> None:
    paths = [master("2015-02-18"), master("2015-03-13")]
    deliver = atomic.deliver

    def interrupt(source: str, *arguments: Any) -> None:
        if source == paths[1]:
            raise KeyboardInterrupt
        deliver(source, *arguments)

    monkeypatch.setattr(atomic, "deliver", interrupt)
    interrupted = task(root, calib)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run(paths)
    assert interrupted.report.new == paths[:1]
    assert ask(calib) == [("2015-02-18", "2012-05-25", "2017-11-13")]
    monkeypatch.undo()
    assert ingest(paths, recompute=True).new == paths[1:]
    assert len(ask(calib)) == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_headers_may_be_read_by_several_processes(
    ingest: Ingest, calib: Path, master: Master, processes: int
) -> None:
    assert counts(
        ingest([master(ccdnum=number) for number in range(1, 6)], processes=processes)
    ) == (5, 0, 0, 0)
    assert len(ask(calib)) == 5


# -- bad input
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "problem"),
    [
        ({"obstype": None}, "the header has no OBSTYPE"),
        ({"obstype": "x"}, "OBSTYPE 'x' matches no type that has a table (bias, flat, fringe, dark, illumcor)"),
        ({"obstype": "sky"}, "OBSTYPE 'sky' matches no type that has a table (bias, flat, fringe, dark, illumcor)"),
        ({"obstype": "darc"}, "OBSTYPE 'darc' matches no type that has a table; did you mean 'dark'? "
                              "(bias, flat, fringe, dark, illumcor)"),
        ({"date": "last summer"}, "DATE-OBS='last summer' is not a date (for calibDate)"),
        ({"date": "2015-02-31"}, "DATE-OBS='2015-02-31' is not a date (for calibDate)"),
        ({"date": None}, "the header has no DATE-OBS (for calibDate)"),
        ({"date": None, "CCDNUM": fits.card.UNDEFINED},
         "the header has no DATE-OBS (for calibDate); the header has no value in CCDNUM (for ccdnum)"),
        ({"obstype": "dome flat"}, "the header has no FILTER (for filter)"),
        ({"date": "31/12/26"}, "DATE-OBS='31/12/26' is not a date (for calibDate)"),
        ({"PROCTYPE": "MasterCal", "obstype": "dark"},
         "PROCTYPE 'MasterCal': there is no such dark (but flat, bias, illumcor)"),
        ({"CCDNUM": "none"}, "ccdnum='none' is not an integer (from CCDNUM='none')"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_the_cause_and_the_others_go_on(
    ingest: Ingest, calib: Path, master: Master, cards: Any, problem: str
) -> None:
    bad, good = master(**cards), master(ccdnum=9)
    report = ingest([bad, good], mode="move")
    assert (report.failed, report.new) == ([(bad, problem)], [good])
    assert (os.path.exists(bad), os.path.exists(good)) == (True, False)


def test_a_filter_that_the_camera_does_not_list_is_told_and_on_request_refused(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    path = master(obstype="flat", FILTER="gg DECam")
    note = f"  {path} has the filter 'gg', which the camera does not list"
    report = ingest([path, master()])
    assert (
        len(report.new),
        [line.partition(";")[0].partition(" (")[0] for line in report.notes],
    ) == (2, [note])
    ((_path, problem),) = ingest(
        master(obstype="flat", ccdnum=2, FILTER="gg DECam"), {"strictFilters": "True"}
    ).failed
    assert problem.startswith("filter='gg' is not a filter that the camera lists")
    assert problem.endswith("(from OBSTYPE='flat', FILTER='gg DECam')")


def test_a_header_cannot_send_a_file_out_of_the_root(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    report = ingest(master(obstype="flat", FILTER="../../../evil x"))
    assert "filter='../../../evil' cannot be a part of a path" in report.failed[0][1]
    assert places(calib) == []


def test_no_calibration_root_is_an_error(root: Path, tmp_path: Path, master: Master) -> None:
    with pytest.raises(
        RepositoryError, match=r"there is no calibration root .*/none: create it first"
    ):
        task(root, tmp_path / "none").run([master()])


def test_a_registry_of_another_schema_is_refused_before_a_file_is_delivered(
    ingest: Ingest, calib: Path, master: Master
) -> None:
    tell(calib, "create table bias (id integer primary key, ccd int, validStart text)")
    with pytest.raises(
        RegistryError, match="table 'bias' has another layout: it lacks filter, ccdnum"
    ):
        ingest(master())
    assert places(calib) == []


def test_without_days_there_is_no_around(root: Path, calib: Path) -> None:
    with pytest.raises(PolicyError, match="--validity DAYS is needed"):
        task(root, calib, days=None)
    assert task(root, calib, days=None, rule="nearest")


# -- kills
# ----------------------------------------------------------------------------------------------


def test_killed_between_delivery_and_validity_the_next_run_does_the_rest(
    root: Path, calib: Path, ingest: Ingest, master: Master
) -> None:
    paths = [master(date) for date in ("2015-02-18", "2015-03-13")]
    child = os.fork()
    if not child:
        try:
            killed = task(root, calib, mode="move")
            killed._writer.update = lambda *given: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
            killed.run(paths)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert len(places(calib)) == 2
    assert all(map(os.path.exists, paths))
    assert counts(ingest(paths, mode="move")) == (0, 2, 0, 0)
    assert ask(calib) == [
        ("2015-02-18", "2012-05-25", "2015-03-02"),
        ("2015-03-13", "2015-03-02", "2017-12-06"),
    ]
    assert not any(map(os.path.exists, paths))


@pytest.mark.slow
def test_whatever_instant_it_is_killed_at_no_row_is_without_a_window(
    root: Path, tmp_path: Path, master: Master
) -> None:
    """A hundred kills, each before some file or registry operation; then the rest is done, and nothing twice."""
    originals = Path(master("2015-02-18")).parent
    for date in ("2015-03-13", "2015-05-01"):
        master(date)
    content = sorted(path.read_bytes() for path in originals.iterdir())
    chance = random.Random(42)
    for trial in range(100):
        calib, sources = tmp_path / f"calib{trial}", tmp_path / f"sources{trial}"
        shutil.copytree(originals, sources)
        calib.mkdir()
        mode = ("link", "relsymlink", "hardlink", "copy", "move")[trial % 5]
        _fork_and_die(root, calib, sources, mode, chance.randrange(1, 70))
        if (calib / "calibRegistry.sqlite3").exists() and not list(calib.glob("*-journal")):
            assert not [row for row in _rows_if_any(calib) if "None" in row]
        left = sorted(map(str, sources.iterdir()))
        assert task(root, calib, mode=mode).run(left).failed == []
        assert [row[1:] for row in ask(calib)] == [
            ("2012-05-25", "2015-03-02"), ("2015-03-02", "2015-04-07"), ("2015-04-07", "2018-01-24"),
        ]  # fmt: skip
        assert sorted(path.read_bytes() for path in calib.rglob("BIAS-*")) == content
        assert (list(sources.iterdir()) == []) == (mode == "move")


def _rows_if_any(calib: Path) -> list[Any]:
    there = ask(calib, "select name from sqlite_master where name = 'bias'")
    return ask(calib) if there else []


def _fork_and_die(root: Path, calib: Path, sources: Path, mode: str, steps: int) -> None:
    """Ingest in a forked process that kills itself before some file or registry operation."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        left = [steps]

        def step(event: str, arguments: Any) -> None:
            if event.startswith(("os.", "open", "sqlite3.", "shutil.")):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        made = task(root, calib, mode=mode)
        sys.addaudithook(step)
        made.run([f"{sources}/*.fits"])
    finally:
        os._exit(0)


def test_another_run_that_came_between_is_taken_into_account(
    root: Path, calib: Path, ingest: Ingest, master: Master, monkeypatch: Any
) -> None:
    """Another run registers one of the files, and a third, just before this one's transaction."""
    paths = [master("2015-02-18"), master("2015-03-13")]
    slow = task(root, calib, rule="nearest")
    begin = slow._writer.transaction

    def begin_late(*args: Any) -> Any:
        monkeypatch.undo()
        ingest([paths[0], master("2015-05-01")], rule="nearest")
        return begin(*args)

    monkeypatch.setattr(slow._writer, "transaction", begin_late)
    report = slow.run(paths)
    assert [path for path, _ in report.failed] == [paths[1]]  # its days are all taken by now
    assert len(ask(calib)) == 2
    assert ingest(paths, rule="nearest", recompute=True).failed == []
    assert len(ask(calib)) == 3


def test_runs_at_once_make_one_registry(root: Path, calib: Path, master: Master) -> None:
    paths = [
        master(f"2015-{month:02d}-01", ccdnum=ccdnum) for month in range(1, 6) for ccdnum in (1, 2)
    ]
    command = [
        sys.executable,
        "-m",
        "persistence.cli.ingest_calibs",
        str(root),
        *paths,
        "--calib",
        str(calib),
    ]
    runs = [
        subprocess.Popen(
            [*command, "--validity=99", "--mode=link"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(3)
    ]
    told = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], told
    assert len(ask(calib)) == 10
    assert len(ask(calib, "select distinct validStart, validEnd from bias")) == 5
