"""The generator of calibrations: headers as ingest needs them, pixels in range, the same files each time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from obs_decam.sample import calibs, generate
from obs_decam.sample.calibs import write_community, write_curated, write_masters
from obs_decam.sample.cards import COMMUNITY, MASTERS, science_chips
from obs_decam.sample.pixels import STEPS, pixels
from persistence.files import yaml_nodes

BIN = Path(__file__).parents[3] / "bin" / "generateDecam.py"
DAY = ["2015-01-01"]
SOLID, GREEN = "solid plate 0.0 0.0", "g DECam SDSS c0001 4720.0 1520.0"


def names(paths: list[str], folder: Path) -> list[str]:
    return [str(Path(path).relative_to(folder)) for path in paths]


def own_cards(header: Any) -> dict[str, Any]:
    """Return the cards that tell of the data, not of the file."""
    return {
        key: header[key] for key in header if key not in ("SIMPLE", "BITPIX", "NAXIS", "EXTEND")
    }


@pytest.mark.parametrize(
    ("kind", "name", "filter_"),
    [
        ("bias", "bias_20150101_25.fits", SOLID),
        ("dark", "dark_20150101_25.fits", SOLID),
        ("flat", "flat_20150101_g_25.fits", GREEN),
        ("fringe", "fringe_20150101_g_25.fits", GREEN),
    ],
)
def test_a_master_says_what_when_and_which_chip(
    tmp_path: Path, kind: str, name: str, filter_: str
) -> None:
    paths = write_masters(str(tmp_path), [kind], DAY, ["g"], [25])
    assert names(paths, tmp_path) == [name]
    with fits.open(paths[0]) as hdus:
        assert own_cards(hdus[0].header) == {
            "OBSTYPE": kind,
            "PROCTYPE": "LSST",
            "INSTRUME": "DECam",
            "CCDNUM": 25,
            "DATE-OBS": "2015-01-01T00:00:00",
            "FILTER": filter_,
        }
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "S1"]
        assert hdus[1].header["INHERIT"] is True
        assert (hdus[1].data.shape, hdus[1].data.dtype) == ((32, 16), np.dtype(">f4"))


@pytest.mark.parametrize(
    ("kind", "calib_id"),
    [
        ("bias", "calibDate=2015-01-01 filter=NONE ccdnum=25"),
        ("flat", "calibDate=2015-01-01 filter=g ccdnum=25"),
    ],
)
def test_a_master_may_say_it_in_one_card_alone(tmp_path: Path, kind: str, calib_id: str) -> None:
    (path,) = write_masters(str(tmp_path), [kind], DAY, ["g"], [25], calib_id=True)
    with fits.open(path) as hdus:
        assert own_cards(hdus[0].header) == {
            "OBSTYPE": kind,
            "PROCTYPE": "LSST",
            "INSTRUME": "DECam",
            "CALIB_ID": calib_id,
            "FILTER": "_unknown_",
        }
        assert not {"CCDNUM", "DATE-OBS"} & set(hdus[1].header)


@pytest.mark.parametrize(
    ("kind", "obstype", "filter_", "name"),
    [
        ("bias", "zero", SOLID, "c4d_150101_000000_zci_v1.fits"),
        ("flat", "dome flat", GREEN, "c4d_150101_000000_fci_g_v1.fits"),
        ("illumcor", "illumcor", GREEN, "c4d_150101_000000_ici_g_v1.fits"),
    ],
)
@pytest.mark.parametrize("compress", [False, True])
def test_a_master_of_the_community_pipeline_holds_all_chips(
    tmp_path: Path, kind: str, obstype: str, filter_: str, name: str, compress: bool
) -> None:
    paths = write_community(str(tmp_path), [kind], DAY, ["g"], compress=compress)
    assert names(paths, tmp_path) == [name + (".fz" if compress else "")]
    with fits.open(paths[0]) as hdus:
        told = own_cards(hdus[0].header)
        assert [told.pop(f"{key}{axis}") for key in ("CTYPE", "CUNIT") for axis in "12"] == [
            *("RA---TAN", "DEC--TAN", "deg", "deg")
        ]
        wcs = {"CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2"}
        assert {key: told[key] for key in told.keys() - wcs} == {
            "NEXTEND": 60,
            "OBSTYPE": obstype,
            "PROCTYPE": "MasterCal",
            "PRODTYPE": "image",
            "INSTRUME": "DECam",
            "DATE-OBS": "2015-01-01T00:00:00",
            "FILTER": filter_,
        }
        assert isinstance(hdus[1], fits.CompImageHDU if compress else fits.ImageHDU)
        told_chips = {hdu.name: hdu.header["CCDNUM"] for hdu in hdus[1:]}
    every = {chip.name: chip.number for chip in generate.chips() if chip.name[0] in "NS"}
    assert told_chips == {
        name: number for name, number in every.items() if name not in ("S30", "N30")
    }
    assert list(told_chips)[:3] == ["S29", "S31", "S25"]


def test_the_wcs_is_that_of_a_raw_whose_overscan_is_gone(tmp_path: Path) -> None:
    (path,) = write_community(str(tmp_path), ["bias"], DAY, chips=[25, 31])
    raws = {
        hdu.header["CCDNUM"]: hdu.header
        for hdu in generate.exposure(7, "g", "tiny", compress=False)[1:]
    }
    with fits.open(path) as hdus:
        for hdu in hdus[1:]:
            raw = raws[hdu.header["CCDNUM"]]
            for axis in "12":
                assert hdu.header[f"CRPIX{axis}"] == pytest.approx(
                    raw[f"CRPIX{axis}"] - raw[f"LTV{axis}"]
                )
                assert hdus[0].header[f"CD1_{axis}"] == raw[f"CD1_{axis}"]
                assert hdus[0].header[f"CD2_{axis}"] == raw[f"CD2_{axis}"]


@pytest.mark.parametrize("kind", COMMUNITY)
def test_compression_keeps_each_pixel(tmp_path: Path, kind: str) -> None:
    made = [
        write_community(str(tmp_path), [kind], DAY, ["z"], [1, 62], "small", how)[0]
        for how in (True, False)
    ]
    for extension in (1, 2):
        compressed, plain = (fits.getdata(path, extension) for path in made)
        assert np.array_equal(compressed, plain)
    assert Path(made[0]).stat().st_size < 0.6 * Path(made[1]).stat().st_size


# The smallest and largest that any pixel may be, and what the middle one is about.
@pytest.mark.parametrize(
    ("kind", "band", "low", "high", "middle", "within"),
    [
        ("bias", "NONE", -6, 6, 0.3, 0.5),
        ("dark", "NONE", -0.01, 0.08, 0.022, 0.005),
        ("flat", "g", 0.8, 1.1, 1.02, 0.03),
        ("fringe", "z", -0.05, 0.05, 0.0, 0.01),
        ("illumcor", "g", 0.97, 1.05, 0.985, 0.01),
    ],
)
def test_pixels_are_plausible(
    kind: str, band: str, low: float, high: float, middle: float, within: float
) -> None:
    (chip,) = science_chips([28])
    plane = pixels(kind, "2015-01-01", band, chip.number, chip.place, generate.LAYOUTS["small"])
    assert (plane.shape, plane.dtype) == ((256, 128), np.float32)
    assert low < plane.min() < plane.max() < high
    assert np.median(plane) == pytest.approx(middle, abs=within)
    assert np.ptp(plane) > 0
    assert np.array_equal(plane / STEPS[kind], np.rint(plane / STEPS[kind]))


def test_a_flat_vignettes_towards_the_rim_and_a_fringe_is_stronger_in_the_red() -> None:
    def plane(kind: str, band: str, number: int) -> Any:
        (chip,) = science_chips([number])
        return pixels(kind, "2015-01-01", band, number, chip.place, generate.LAYOUTS["small"])

    rim, centre = plane("flat", "g", 25), plane("flat", "g", 28)
    # the lower rows of S1 are the outer ones
    assert rim[:64].mean() < rim[-64:].mean() < centre.mean()
    assert (
        plane("fringe", "Y", 28).std()
        > 2 * plane("fringe", "z", 28).std()
        > 4 * plane("fringe", "g", 28).std()
    )


def test_kind_date_filter_and_chip_each_make_other_pixels() -> None:
    place, layout = (0.0, 0.0), generate.LAYOUTS["tiny"]
    planes = [
        pixels(kind, date, band, number, place, layout).tobytes()
        for kind in ("flat", "illumcor")
        for date in ("2015-01-01", "2015-03-01")
        for band in ("g", "r")
        for number in (25, 26)
    ]
    assert len(set(planes)) == 16


def test_pixels_are_those_of_every_other_machine() -> None:
    place, layout = (-16.798, -191.216), generate.LAYOUTS["tiny"]
    planes = [
        pixels(kind, "2015-01-01", "z", 25, place, layout).astype("<f4").tobytes()
        for kind in sorted(STEPS)
    ]
    assert hashlib.sha256(b"".join(planes)).hexdigest()[:16] == "d23e1cb6e5383dc8"


def test_a_curated_tree_has_a_directory_for_each_chip_and_a_file_for_each_epoch(
    tmp_path: Path,
) -> None:
    assert names(write_curated(str(tmp_path), ["defects"], [25, 28, 33]), tmp_path) == [
        "decam/defects/s1/19700101T000000.ecsv",
        "decam/defects/s1/20141201T000000.ecsv",
        "decam/defects/s4/19700101T000000.ecsv",
        "decam/defects/n2/19700101T000000.ecsv",
    ]


@pytest.mark.parametrize(
    ("regions", "schema", "columns"),
    [
        (False, "Simple", ["x0", "y0", "width", "height"]),
        (True, "FITS Region", ["X", "Y", "SHAPE", "R", "ROTANG", "COMPONENT"]),
    ],
)
def test_a_table_of_defects_says_whose_and_since_when(
    tmp_path: Path, regions: bool, schema: str, columns: list[str]
) -> None:
    _, later = write_curated(str(tmp_path), ["defects"], [25], regions=regions)
    table = Table.read(later, format="ascii.ecsv")
    assert table.colnames == columns
    assert dict(table.meta) == {
        "OBSTYPE": "defects",
        "INSTRUME": "DECam",
        "DETECTOR": 25,
        "CALIBDATE": "2014-12-01T00:00:00",
        "FILTER": None,
        "CALIB_CREATION_DATE": "2019-07-12",
        "CALIB_CREATION_TIME": "12:00:00",
        "DEFECTTYPE": "BADPIXEL",
        "DEFECTS_SCHEMA": schema,
        "DEFECTS_SCHEMA_VERSION": 1,
        "DATE": "2019-07-12T12:00:00",
    }


@pytest.mark.parametrize("size", ["tiny", "full"])
def test_defects_lie_in_the_chip_and_a_later_epoch_has_more(tmp_path: Path, size: str) -> None:
    first, later = (
        Table.read(path, format="ascii.ecsv")
        for path in write_curated(str(tmp_path), ["defects"], [30], size)
    )
    layout = generate.LAYOUTS[size]
    assert all(later[name].dtype.kind == "i" for name in later.colnames)
    assert min(later["x0"].min(), later["y0"].min()) >= 0
    assert (later["x0"] + later["width"]).max() <= 2 * layout.columns
    assert (later["y0"] + later["height"]).max() <= layout.rows
    assert len(later) == 2 * len(first) == 10
    assert [tuple(row) for row in later[:5]] == [tuple(row) for row in first]


def test_regions_are_the_boxes_counted_from_one(tmp_path: Path) -> None:
    boxes, regions = (
        Table.read(
            write_curated(str(tmp_path), ["defects"], [28], regions=how)[0], format="ascii.ecsv"
        )
        for how in (False, True)
    )
    for box, region in zip(boxes, regions, strict=True):
        width, height = region["R"]
        # Source: doc/gen2/afw-files.md, 6.4.
        assert (region["X"] - 1 - (width - 1) / 2, region["Y"] - 1 - (height - 1) / 2) == (
            box["x0"],
            box["y0"],
        )
        assert (width, height) == (box["width"], box["height"])
        assert region["SHAPE"] == ("POINT" if (width, height) == (1, 1) else "BOX")


def test_crosstalk_is_between_two_amplifiers(tmp_path: Path) -> None:
    paths = write_curated(str(tmp_path), ["crosstalk"], [28])
    assert names(paths, tmp_path) == ["decam/crosstalk/s4/19700101T000000.yaml"]
    read = yaml_nodes.load(paths[0])
    assert {
        key: read["metadata"][key]
        for key in ("OBSTYPE", "INSTRUME", "DETECTOR", "CALIBDATE", "FILTER")
    } == {
        "OBSTYPE": "crosstalk",
        "INSTRUME": "DECam",
        "DETECTOR": 28,
        "CALIBDATE": "1970-01-01T00:00:00",
        "FILTER": None,
    }
    assert (read["hasCrosstalk"], read["nAmp"], read["crosstalkShape"]) == (True, 2, [2, 2])
    first, there, back, last = read["coeffs"]
    assert first == last == 0
    assert 0 < min(there, back) < max(there, back) < 1e-3


@pytest.mark.parametrize(
    ("write", "how", "count"),
    [
        # two dates; flats and fringes also in two filters
        (write_masters, {}, 60 * (2 + 2 + 4 + 4)),
        (write_community, {"compress": False}, 2 + 4 + 4),
        (write_curated, {}, 2 * (60 + 12)),  # 12 of the CCDNUMs are multiples of 5
    ],
)
def test_by_default_there_are_60_chips_two_dates_and_two_filters(
    tmp_path: Path, write: Any, how: dict[str, bool], count: int
) -> None:
    paths = write(str(tmp_path), **how)
    assert len(set(paths)) == count
    assert sorted(paths) == sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("write", "asked", "told"),
    [
        (write_masters, {"kinds": ["sky"]}, "no kind 'sky'; there are bias, dark, flat, fringe"),
        (write_community, {"kinds": ["dark"]}, "no kind 'dark'; there are bias, flat, illumcor"),
        (
            write_curated,
            {"kinds": ["qe_curve"]},
            "no kind 'qe_curve'; there are defects, crosstalk",
        ),
        (write_masters, {"filters": ["q"]}, "no filter 'q'; there are u, g, r, i, z, Y"),
        (write_masters, {"chips": [63]}, "no chip 63; there are 1, 2, 3"),
        (
            write_masters,
            {"size": "huge"},
            "no size 'huge'; there are full, window, stamp, small, tiny",
        ),
        (write_masters, {"dates": ["2015-02-30"]}, "day is out of range|day 30 must be"),
    ],
)
def test_what_is_unknown_is_refused_before_a_file_is_written(
    tmp_path: Path, write: Any, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        write(str(tmp_path / "out"), **asked)
    assert not (tmp_path / "out").exists()


def test_the_command_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    sums = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        words = [
            sys.executable,
            str(BIN),
            "calibs",
            str(folder),
            "--chips",
            "2",
            "25",
            "--filters",
            "z",
        ]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        paths = done.stdout.splitlines()
        sums.append(
            {
                name: hashlib.sha256((folder / name).read_bytes()).digest()
                for name in names(paths, folder)
            }
        )
    assert sums[0] == sums[1]
    assert len(sums[0]) == 2 * 2 * 4 + 2 * 3 + 2 * (1 + 2)


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("--forms masters --kinds dark illumcor --calib-id", ["masters/dark_20140501_25.fits"]),
        (
            "--forms community --kinds bias dark --plain",
            ["community/c4d_140501_000000_zci_v1.fits"],
        ),
        (
            "--forms masters --kinds fringe --filters Y z",
            [f"masters/fringe_20140501_{b}_25.fits" for b in "Yz"],
        ),
        (
            "--forms curated --regions",
            [
                f"curated/decam/{kind}/s1/{start}T000000.{form}"
                for kind, form in (("defects", "ecsv"), ("crosstalk", "yaml"))
                for start in ("19700101", "20141201")
            ],
        ),
    ],
)
def test_the_command_makes_what_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, made: list[str]
) -> None:
    assert (
        calibs.main([str(tmp_path), "--dates", "2014-05-01", "--chips", "25", *words.split()]) == 0
    )
    paths = capsys.readouterr().out.splitlines()
    assert names(paths, tmp_path) == made
    assert all(Path(path).is_file() for path in paths)
    if "--calib-id" in words:
        assert fits.getheader(paths[0])["CALIB_ID"] == "calibDate=2014-05-01 filter=NONE ccdnum=25"


@pytest.mark.parametrize(
    "words", ["--kinds sky", "--dates yesterday", "--filters q", "--chips 63", "--size huge"]
)
def test_the_command_refuses_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        calibs.main([str(tmp_path / "out"), *words.split()])
    assert words.split()[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_says_so_if_there_is_nothing_to_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        calibs.main([str(tmp_path), "--forms", "community", "--kinds", "dark", "fringe"])
    assert "nothing to write: no dark or fringe among community" in capsys.readouterr().err


def test_a_master_has_as_many_pixels_as_a_raw_has_light_sensitive_ones(tmp_path: Path) -> None:
    (path,) = write_masters(str(tmp_path), [next(iter(MASTERS))], DAY, chips=[25], size="full")
    with fits.open(path) as hdus:
        assert hdus[1].shape == (4096, 2048)
