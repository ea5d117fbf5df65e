"""Ingest of curated calibrations: defects and the like, from text to FITS, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from persistence import Butler
from persistence.cli import ingest_curated
from persistence.errors import PersistenceError
from persistence.ingest import curatedfiles

META = {
    "OBSTYPE": "defects", "INSTRUME": "DECam", "DETECTOR": 25, "CALIBDATE": "1970-01-01T00:00:00", "FILTER": None,
    "DEFECTTYPE": "nominal", "DEFECTS_SCHEMA": "Simple", "DEFECTS_SCHEMA_VERSION": 1,
}  # fmt: skip
YAML = """
metadata: {OBSTYPE: crosstalk, INSTRUME: DECAM, DETECTOR: 25, CALIBDATE: '1970-01-01', FILTER: null}
hasCrosstalk: true
nAmp: 2
coeffs: [[0.0, 0.1], [0.2, 0.0]]
interChip: {}
bias: {A: [1, 2]}
"""


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    """Return an empty calibration root."""
    folder = tmp_path / "calib"
    folder.mkdir()
    return folder


@pytest.fixture
def text(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a table of defects: of S1, valid from 1970 on, unless told otherwise."""

    def make(place: str = "decam/defects/s1/19700101T000000.ecsv", **meta: Any) -> Path:
        path = tmp_path / "data" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        boxes = Table(
            {"x0": [0, 5], "y0": [1, 6], "width": [2, 1], "height": [4096, 1]},
            meta={**META, **meta},
        )
        boxes.write(path, format="ascii.ecsv", overwrite=True)
        return path

    return make


Text = Callable[..., Path]


def run(root: Path, calib: Path, folder: Path, *words: str) -> int:
    return ingest_curated.main([str(root), str(folder), "--calib", str(calib), *words])


def ask(calib: Path, query: str = "select * from defects order by id") -> list[Any]:
    """Read the registry by a back door."""
    connection = sqlite3.connect(calib / "calibRegistry.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def images(calib: Path) -> list[str]:
    return sorted(str(path.relative_to(calib)) for path in calib.rglob("*.fits"))


PLACE = "defects/1970-01-01T00:00:00/defects-1970-01-01T00:00:00-025.fits"


@pytest.mark.parametrize("level", ["decam/defects", "decam"])
def test_a_directory_of_defects_is_registered_as_fits(
    root: Path, calib: Path, text: Text, level: str
) -> None:
    path = text()
    text("decam/defects/s1/20150101T000000.ecsv", CALIBDATE="2015-01-01T00:00:00")
    text("decam/defects/n30/19700101T000000.ecsv", DETECTOR=61)
    (path.parents[1] / "README").write_text("plain files are ignored")
    (path.parent / "README").write_text("here too")
    assert run(root, calib, path.parents[3] / level) == 0
    assert images(calib)[1] == PLACE.replace("-025", "-061")
    assert sorted(row[1:] for row in ask(calib)) == [
        ("NONE", 25, "1970-01-01T00:00:00", "1970-01-01", "2015-01-01"),
        ("NONE", 25, "2015-01-01T00:00:00", "2015-01-01", "2037-12-31"),
        ("NONE", 61, "1970-01-01T00:00:00", "1970-01-01", "2037-12-31"),
    ]
    header, rows = fits.getheader(calib / PLACE, 1), fits.getdata(calib / PLACE, 1)
    assert (header["DETECTOR"], header["DEFECTS_SCHEMA"], "FILTER" in header) == (
        25,
        "Simple",
        False,
    )
    assert [tuple(row) for row in rows] == [(0, 1, 2, 4096), (5, 6, 1, 1)]
    assert path.exists()


def test_the_same_again_changes_nothing_and_is_no_failure(
    root: Path, calib: Path, text: Text, capsys: Any
) -> None:
    folder = text().parents[1]
    assert run(root, calib, folder) == 0
    before = {path: path.stat().st_mtime_ns for path in calib.rglob("*")}
    capsys.readouterr()
    assert run(root, calib, folder) == 0
    assert capsys.readouterr().out == "0 new, 1 already there, 0 failed\n"
    assert run(root, calib, folder, "--ignore-ingested") == 0
    assert {path: path.stat().st_mtime_ns for path in calib.rglob("*")} == before


def test_a_dry_run_tells_the_text_the_place_and_the_window(
    root: Path, calib: Path, text: Text, capsys: Any
) -> None:
    path = text()
    assert run(root, calib, path.parents[1], "-n") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"would copy  {path}  ->  {calib}/{PLACE}",
        "  row  filter=NONE ccdnum=25 calibDate=1970-01-01T00:00:00 validStart=1970-01-01 validEnd=2037-12-31",
        "1 would be new, 0 already there, 0 failed",
    ]
    assert list(calib.iterdir()) == []


def test_a_later_run_supersedes_what_is_there(root: Path, calib: Path, text: Text) -> None:
    folder = text().parents[1]
    assert run(root, calib, folder) == 0
    text("decam/defects/s1/20150101T000000.ecsv", CALIBDATE="2015-01-01T00:00:00")
    assert run(root, calib, folder) == 0
    assert [row[-2:] for row in ask(calib)] == [
        ("1970-01-01", "2015-01-01"),
        ("2015-01-01", "2037-12-31"),
    ]


def test_of_two_tables_of_one_day_the_later_supersedes(
    root: Path, calib: Path, text: Text, capsys: Any
) -> None:
    folder = text().parents[1]
    for hour in ("08", "20"):
        text(f"decam/defects/s1/20140220T{hour}0000.ecsv", CALIBDATE=f"2014-02-20T{hour}:00:00")
    assert run(root, calib, folder) == 0
    assert sorted(row[-3:] for row in ask(calib)) == [
        ("1970-01-01T00:00:00", "1970-01-01", "2014-02-20T08:00:00"),
        ("2014-02-20T08:00:00", "2014-02-20T08:00:00", "2014-02-20T20:00:00"),
        ("2014-02-20T20:00:00", "2014-02-20T20:00:00", "2037-12-31"),
    ]
    assert capsys.readouterr().out == "3 new, 0 already there, 0 failed\n"
    butler = Butler(root, calibRoot=str(calib))
    for time, expected in (
        ("2014-02-20T07:59:59", "1970-01-01T00:00:00"),
        ("2014-02-20T08:00:00", "2014-02-20T08:00:00"),
        ("2014-02-20T21:00:00.5", "2014-02-20T20:00:00"),
        ("2014-02-20", "2014-02-20T20:00:00"),  # only its day is known: the last one has it
        ("2014-02-19", "1970-01-01T00:00:00"),
    ):
        found = butler.queryMetadata("defects", "calibDate", date=time, ccdnum=25)
        assert (time, found) == (time, [expected])


def test_two_tables_of_one_moment_are_told(
    root: Path, calib: Path, text: Text, capsys: Any
) -> None:
    folder = text("decam/defects/s1/20150101.ecsv").parents[1]
    text("decam/defects/s1/20150102.ecsv", CALIBDATE="1970-01-01")
    assert run(root, calib, folder) == 0
    assert "several calibrations are of 1970-01-01" in capsys.readouterr().out


def test_types_that_lie_beside_each_other_are_ingested_together(
    root: Path, calib: Path, text: Text
) -> None:
    folder = text().parents[2]
    (folder / "crosstalk" / "s1").mkdir(parents=True)
    (folder / "crosstalk" / "s1" / "19700101.yaml").write_text(YAML)
    (folder / "notes").mkdir()
    assert run(root, calib, folder) == 0
    assert images(calib) == ["crosstalk/1970-01-01/crosstalk-1970-01-01-025.fits", PLACE]
    with fits.open(calib / images(calib)[0]) as hdus:
        assert (hdus[1].header["HASCROSSTALK"], hdus[1].header["NAMP"]) == (True, 2)
        assert hdus[1].data["coeffs"].tolist() == [[[0.0, 0.1], [0.2, 0.0]]]
        assert hdus[1].data["bias.A"].tolist() == [[1, 2]]


def test_regions_become_boxes(root: Path, calib: Path, text: Text) -> None:
    """A FITS table of regions, with centres that are counted from 1."""
    folder = text().parent
    (folder / "19700101T000000.ecsv").unlink()
    shapes = Table(
        {
            "SHAPE": ["BOX", "POINT", "ROTBOX", "ROTBOX", "box"],
            "X": [11.0, 7.0, 11.0, 11.0, 10.5],
            "Y": [21.0, 8.0, 21.0, 21.0, 20.5],
            "R": [[3.0, 5.0], [0.0, 0.0], [3.0, 5.0], [3.0, 5.0], [2.0, 4.0]],
            "ROTANG": [0.0, 0.0, 90.0, 180.0, 0.0],
        },
        meta={
            key: value for key, value in META.items() if key in ("OBSTYPE", "INSTRUME", "DETECTOR")
        },
    )
    shapes.write(folder / "19700101T000000.fits")
    fits.setval(
        folder / "19700101T000000.fits", "HIERARCH CALIBDATE", value="1970-01-01T00:00:00", ext=1
    )
    assert run(root, calib, folder.parent) == 0
    assert [tuple(row) for row in fits.getdata(calib / PLACE, 1)] == [
        (9, 18, 3, 5), (6, 7, 1, 1), (8, 19, 5, 3), (9, 18, 3, 5), (9, 18, 2, 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "turn", "message"),
    [("CIRCLE", 0.0, "cannot be a 'CIRCLE'"), ("ROTBOX", 45.0, "rotated by 45.0 degrees")],
)
def test_a_region_that_is_no_box_is_refused(
    tmp_path: Path, shape: str, turn: float, message: str
) -> None:
    path = tmp_path / "odd.ecsv"
    Table(
        {"SHAPE": [shape], "X": [1.0], "Y": [1.0], "R": np.array([[3.0, 5.0]]), "ROTANG": [turn]}
    ).write(path)
    with pytest.raises(PersistenceError, match=message):
        curatedfiles.read(str(path))


# -- bad input
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "meta", "message"),
    [
        ("hsc/defects/s1/19700101.ecsv", {}, "INSTRUME is 'DECam', but its directory says 'hsc'"),
        (
            "decam/defects/s1/19700101.ecsv",
            {"INSTRUME": "HSC"},
            "INSTRUME is 'HSC', but its directory says 'decam'",
        ),
        ("decam/defects/s2/19700101.ecsv", {}, "DETECTOR is 25, but its directory says 26"),
        ("decam/defects/s1/19700101.ecsv", {"DETECTOR": None}, "it has no DETECTOR"),
        (
            "decam/crosstalk/s1/19700101.ecsv",
            {},
            "OBSTYPE is 'defects', but its directory says 'crosstalk'",
        ),
        (
            "decam/defects/s99/19700101.ecsv",
            {},
            "defects/s99 is not named after a detector; did you mean 's9'",
        ),
        (
            "decam/defects/s1/first.ecsv",
            {},
            "the name of a file must be the start of its validity: 'first' is not a date",
        ),
        (
            "decam/defects/19700101.ecsv",
            {},
            "defects contains no directories named after detectors",
        ),
        (
            "decam/defects/s1/19700101.txt",
            {},
            "defects holds no .ecsv or .fits or .yaml file of any detector",
        ),
        (
            "decam/defekts/s1/19700101.ecsv",
            {},
            "decam/defekts is not named after a type of curated calibrations",
        ),
    ],
)
def test_what_contradicts_its_place_is_told_and_nothing_is_ingested(
    root: Path, calib: Path, text: Text, capsys: Any, place: str, meta: Any, message: str
) -> None:
    path = text(place, **meta)
    data = path.parents[len(Path(place).parts) - 1]
    assert run(root, calib, data.joinpath(*Path(place).parts[:2])) == 1
    assert message in capsys.readouterr().err
    assert list(calib.iterdir()) == []


def test_one_wrong_file_keeps_the_others_out_and_all_are_told(
    root: Path, calib: Path, text: Text, capsys: Any
) -> None:
    good = text()
    bad = [text(f"decam/defects/s2/{year}0101.ecsv") for year in (1970, 1980)]
    (bad[1]).write_text("no table\n")
    assert run(root, calib, good.parents[1]) == 1
    told = capsys.readouterr().err
    assert "nothing was ingested, because of 2 problems:\n" in told
    assert f"\n  {bad[0]}: DETECTOR is 25" in told
    assert f"\n  {bad[1]}: it cannot be read" in told
    assert images(calib) == []


def test_a_yaml_file_without_lists_is_all_header(root: Path, calib: Path, text: Text) -> None:
    folder = text().parents[2] / "crosstalk"
    (folder / "s1").mkdir(parents=True)
    (folder / "s1" / "19700101.yaml").write_text(YAML.split("nAmp")[0])
    assert run(root, calib, folder) == 0
    assert fits.getval(calib / images(calib)[0], "HASCROSSTALK", ext=1) is True


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\n", "it does not have a mapping 'metadata'"),
        (
            "metadata: {OBSTYPE: crosstalk}\ncoeffs: [[1, 2], [3]]\n",
            "coeffs is not a regular array",
        ),
        ("metadata: {OBSTYPE: !!python/name:os.system x}\n", "python/name"),
        ("[1, 2]\n", "mapping"),
    ],
)
def test_a_yaml_file_that_is_no_calibration_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "x.yaml").write_text(content)
    with pytest.raises(PersistenceError, match=message):
        curatedfiles.read(str(tmp_path / "x.yaml"))


def test_a_type_without_a_table_fails(root: Path, calib: Path, text: Text, capsys: Any) -> None:
    folder = text("decam/linearizer/s1/19700101.ecsv", OBSTYPE="linearizer").parents[1]
    assert run(root, calib, folder) == 1
    assert "OBSTYPE 'linearizer' matches no type that has a table" in capsys.readouterr().out


def test_a_missing_directory_and_a_missing_calibration_root_are_told(
    root: Path, tmp_path: Path, calib: Path, text: Text, capsys: Any
) -> None:
    assert run(root, calib, tmp_path / "none") == 1
    assert f"there is no directory {tmp_path}/none" in capsys.readouterr().err
    assert run(root, tmp_path / "none", text().parents[1]) == 1
    assert "create it first" in capsys.readouterr().err


def test_the_type_directory_may_be_named_from_where_one_stands(
    root: Path, calib: Path, text: Text, monkeypatch: Any
) -> None:
    monkeypatch.chdir(text().parents[2])
    assert run(root, calib, Path("defects")) == 0


def test_what_was_ingested_is_given_as_defects_and_crosstalk(
    root: Path, calib: Path, text: Text
) -> None:
    folder = text().parents[2]
    (folder / "crosstalk" / "s1").mkdir(parents=True)
    (folder / "crosstalk" / "s1" / "19700101.yaml").write_text(YAML)
    assert run(root, calib, folder) == 0
    butler, of = Butler(root, calibRoot=str(calib)), {"ccdnum": 25, "calibDate": "1970-01-01"}
    crosstalk = butler.get("crosstalk", of)
    assert (crosstalk.coefficients.tolist(), crosstalk.metadata["NAMP"]) == (
        [[0.0, 0.1], [0.2, 0.0]],
        2,
    )
    defects = butler.get("defects", {**of, "calibDate": "1970-01-01T00:00:00"})
    assert (len(defects), defects["height"].tolist()) == (2, [4096, 1])
    assert defects.mask((4096, 2048))["BAD"].sum() == 2 * 4095 + 1


@pytest.mark.parametrize("date", ["yesterday", "2015-02-30", "01/01/20", ""])
def test_a_date_that_is_none_keeps_all_out(
    root: Path, calib: Path, text: Text, capsys: Any, date: str
) -> None:
    text()
    path = text("decam/defects/s2/19700101T000000.ecsv", DETECTOR=26, CALIBDATE=date)
    assert run(root, calib, path.parents[1]) == 1
    assert f"{path}: CALIBDATE={date!r} is not a date" in capsys.readouterr().err
    assert images(calib) == []
