"""DECam's headers, on the real ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs_decam.headers import DecamHeaders, calib_date, ingest_filter
from persistence.errors import FormatterError
from persistence.types.pixels.box import Box

# File: (exposure, seconds, UTC, right ascension, detector, amplifiers, filter)
CASES: dict[str, tuple[Any, ...]] = {
    "fitsheader-decam.yaml": (229388, 200.0, "2013-09-01T06:02:55.753848", 42.81996, "S1", 2, "z"),
    "fitsheader-decam-0160496.yaml": (
        160496,
        0.0,
        "2012-12-11T22:06:32.859252",
        341.60303,
        "S1",
        2,
        "solid",
    ),
    "fitsheader-decam-raw_dec050441_25.yaml": (
        177764,
        30.0,
        "2013-02-13T09:01:40.966998",
        270.67878,
        "S1",
        2,
        "g",
    ),
    "fitsheader-decam-instcal-c4d_190402_050618_ooi_VR_v1.yaml": (
        845291,
        120.0,
        "2019-04-02T05:06:18.382875",
        215.87,
        "S29",
        0,
        "VR",
    ),
}


def load(path: Path) -> dict[str, Any]:
    """Read a header in either of the forms that the files have."""
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


@pytest.mark.real
@pytest.mark.parametrize("name", CASES)
def test_a_real_header_says_what_it_says(real: Path, name: str) -> None:
    header = load(real / "decam_headers" / name)
    exposure, seconds, utc, ra, detector, amplifiers, band = CASES[name]
    translator = DecamHeaders()
    info = translator.visit_info(header)
    assert (info.exposure_id, info.exposure_time, info.date_begin) == (exposure, seconds, utc)
    assert info.date is not None
    assert info.date.scale == "utc"
    assert info.boresight is not None
    assert info.boresight.ra.deg == pytest.approx(ra, abs=0.5)
    found = translator.detector(header)
    assert (None if found is None else found.name) == detector
    assert len(found.amplifiers if found else ()) == amplifiers
    assert ingest_filter(header) == band


@pytest.mark.real
def test_the_amplifiers_of_a_real_raw_lie_where_the_header_says(real: Path) -> None:
    detector = DecamHeaders().detector(load(real / "decam_headers" / "fitsheader-decam.yaml"))
    assert detector is not None
    a, b = detector["A"], detector["B"]
    assert (a.gain, a.read_noise, a.saturation) == (4.59347726229, 7.17960496096, 43266.0)
    assert (a.data, a.overscan) == (Box(1080, 50, 1024, 4096), Box(2104, 50, 50, 4096))
    assert (b.data, b.overscan) == (Box(56, 50, 1024, 4096), Box(6, 50, 50, 4096))
    assert (a.prescan, b.prescan) == (Box(2154, 50, 6, 4096), Box(0, 50, 6, 4096))
    assert (a.postscan, a.trimmed) == (Box(1080, 0, 1024, 50), Box(1024, 0, 1024, 4096))
    with pytest.raises(KeyError, match=r"S1 has amplifiers \['A', 'B'\], not 'C'"):
        _ = detector["C"]


def test_the_zero_point_is_there_only_where_the_header_has_one() -> None:
    assert DecamHeaders().zero_point({"MAGZERO": 30.25}) == 30.25
    assert DecamHeaders().zero_point({}) is None
    assert DecamHeaders().zero_point({"MAGZERO": "30.25"}) == 30.25
    for unknown in ("unknown", None, float("nan"), float("inf"), True, 99.0, -999.0):
        assert DecamHeaders().zero_point({"MAGZERO": unknown}) is None


@pytest.mark.real
@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("GAINA", "high", "GAINA='high' is not a number"),
        ("GAINB", float("nan"), "GAINB: the header lacks it"),
        ("RDNOISEA", None, "RDNOISEA: the header lacks it"),
        ("DATASECA", "[0:1,2:3]", "begins at 0"),
        ("CCDSECB", 17.5, "17.5 is not an image section"),
    ],
)
def test_an_amplifier_of_which_a_header_tells_nonsense_is_an_error(
    real: Path, keyword: str, value: Any, message: str
) -> None:
    header = {**load(real / "decam_headers" / "fitsheader-decam.yaml"), keyword: value}
    with pytest.raises(FormatterError, match=re.escape(message)):
        DecamHeaders().detector(header)


@pytest.mark.real
def test_a_detector_is_not_called_by_the_word_for_nothing(real: Path) -> None:
    cards = load(real / "decam_headers" / "fitsheader-decam.yaml")
    detector = DecamHeaders().detector({**cards, "DETPOS": None, "DETECTOR": None})
    assert detector is not None
    assert (detector.name, detector.serial) == ("S1", "")
    nameless = DecamHeaders().detector({**cards, "DETPOS": "  ", "EXTNAME": None})
    assert nameless is not None
    assert nameless.name == "25"


def test_a_master_that_this_package_wrote_has_its_date_in_date_avg() -> None:
    cards = {"DATE-AVG": "2015-02-18T00:00:20.000000000", "TIMESYS": "TAI"}
    assert calib_date(cards, "bias.fits") == "2015-02-17"
    assert calib_date({**cards, "CALIB_ID": "calibDate=2015-02-20"}, "b.fits") == "2015-02-20"
    assert calib_date({**cards, "DATE-OBS": "2015-02-19"}, "b.fits") == "2015-02-19"
