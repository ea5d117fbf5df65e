"""When an exposure was taken, by its header, with astropy as the oracle of dates and scales."""

from __future__ import annotations

import pytest
from astropy.io import fits
from astropy.time import Time, TimeDelta
from astropy.utils import iers

from persistence.types.exposure import headersource
from persistence.types.exposure.headertimes import Moment, moment
from persistence.types.exposure.visitinfo import VisitInfo

OBSERVED = headersource.sources(["DATE-BEG", "DATE-OBS", "MJD-BEG", "MJD-OBS"])
DATE = "2022-10-05T06:53:26.357"


@pytest.mark.parametrize(
    ("timesys", "scale"),
    [
        ("UTC", "utc"),
        ("utc ", "utc"),
        ("UTC(NIST)", "utc"),
        ("GMT", "utc"),
        ("UT1", "ut1"),
        ("TAI", "tai"),
        ("IAT", "tai"),
        ("TT", "tt"),
        ("TDT", "tt"),
        ("ET", "tt"),
        ("TDB", "tdb"),
        ("TCB", "tcb"),
        ("TCG", "tcg"),
        ("", "utc"),
        (None, "utc"),
        (fits.card.UNDEFINED, "utc"),
    ],
)
def test_timesys_says_the_scale_of_dates_and_utc_holds_without_it(timesys, scale):
    found = moment({"DATE-OBS": DATE, "TIMESYS": timesys}, OBSERVED)
    assert found == Moment(DATE, scale)
    made = VisitInfo(date_begin=found.text, timescale=found.scale).date
    assert made == Time(DATE, scale=scale)


def test_ut1_is_turned_to_other_scales_by_the_table_that_astropy_brings():
    info = VisitInfo(date_begin=DATE, timescale="ut1")
    expected = Time(DATE, scale="ut1")
    table = iers.IERS_A.open(iers.IERS_A_FILE)
    expected.delta_ut1_utc = Time(DATE).get_delta_ut1_utc(table)
    assert abs((info.date.tai - expected.tai).sec) < 1e-6


def test_gps_is_the_time_that_astropy_takes_it_for():
    seconds = 1349000006.357  # since 1980-01-06, of GPS
    expected = Time(seconds, format="gps")
    written = Time("1980-01-06T00:00:00", scale="tai") + TimeDelta(seconds, format="sec")
    found = moment({"DATE-OBS": written.isot, "TIMESYS": "GPS"}, OBSERVED)
    assert found.scale == "tai"
    assert abs((Time(found.text, scale="tai") - expected).sec) < 1e-3


@pytest.mark.parametrize(
    ("written", "tai"),
    [
        ("2016-12-31T23:59:60", "2017-01-01T00:00:19"),  # no leap second there: the next minute
        ("2016-12-31T23:59:50.123456789", "2017-01-01T00:00:09.123457"),
    ],
)
def test_gps_has_no_leap_seconds_and_may_have_many_decimals(written, tai):
    found = moment({"DATE-OBS": written, "TIMESYS": "GPS"}, OBSERVED)
    assert abs((Time(found.text, scale="tai") - Time(tai, scale="tai")).sec) < 1e-5


def test_a_scale_that_nobody_knows_is_an_error_only_where_the_time_is_used():
    found = moment({"DATE-OBS": DATE, "TIMESYS": "LOCAL TIME"}, OBSERVED)
    info = VisitInfo(date_begin=found.text, timescale=found.scale)
    assert "local time" in repr(info)
    with pytest.raises(RuntimeError, match=r"2022-10-05T.* is in the time scale 'local time'"):
        _ = info.date
    with pytest.raises(RuntimeError, match=r"'local', which is not one of utc, ut1, tai, tt"):
        VisitInfo(date_begin=DATE, timescale="local").to_afw()


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        # what a real header of HSC has: the exposure's beginning, and when the header was made
        ({"UT": "06:15:55.927", "UT-STR": "06:15:55.908"}, ("06:15:55.908", "utc")),
        ({"UT": "06:15:55.927"}, ("06:15:55.927", "utc")),
        # MegaPrime
        ({"UTIME": "6:15:55.9", "UTC-OBS": "6:15:55.9"}, ("06:15:55.9", "utc")),
        ({"TIME-OBS": "06:15:55"}, ("06:15:55", "utc")),
        ({"TIME-OBS": "06:15:55", "TIMESYS": "TAI"}, ("06:15:55", "tai")),
        # whatever the scale of dates: this one has its own name
        ({"UT-STR": "06:15:55", "TIMESYS": "TAI"}, ("06:15:55", "utc")),
        ({"UT": "##NODATA##", "TIME-OBS": "06:15:55"}, ("06:15:55", "utc")),
        ({"UT": 6.2655}, None),
        ({"UT": "24:15:55"}, None),
        ({"UT": "06:61:55"}, None),
        ({"UT": "06:15:61"}, None),
        ({"UT": "23:59:60.5"}, ("23:59:60.5", "utc")),
        ({}, None),
        # when the file was written, by some
        ({"DATE": "2013-11-02T06:16:00", "MJD": 56598.26106397435}, None),
    ],
)
def test_a_date_alone_takes_its_time_from_other_cards_and_is_never_midnight(cards, expected):
    found = moment({"DATE-OBS": "2013-11-02", **cards}, OBSERVED)
    assert found == (expected and Moment(f"2013-11-02T{expected[0]}", expected[1]))


@pytest.mark.parametrize("key", ["MJD-OBS", "MJD-STR", "MJD-BEG"])
def test_a_date_alone_takes_its_time_from_a_julian_date_of_the_same_day(key):
    mjd = 56598.26106374757
    found = moment({"DATE-OBS": "2013-11-02", key: mjd}, OBSERVED)
    assert abs((Time(found.text, scale="utc") - Time(mjd, format="mjd", scale="utc")).sec) < 1e-5


def test_a_julian_date_of_another_day_is_not_the_time_of_a_date():
    assert moment({"DATE-OBS": "2013-11-02", "MJD-STR": 56599.26}, OBSERVED) is None


@pytest.mark.parametrize("number", [56598.26106374757, 2456598.76106374757, "56598.26106374757"])
def test_a_julian_date_is_understood_modified_or_not(number):
    found = moment({"MJD-OBS": number, "TIMESYS": "TAI"}, OBSERVED)
    if isinstance(number, str):  # a date has to be one
        assert found == Moment(number, "tai")
        return
    expected = Time(56598.26106374757, format="mjd", scale="tai")
    assert found.scale == "tai"
    assert abs((Time(found.text, scale="tai") - expected).sec) < 1e-4


@pytest.mark.parametrize("key", ["DATE-OBS", "MJD-OBS"])
@pytest.mark.parametrize("number", [2015, 2015.13, 0.0012, 0.0, -1.0, 1.424e9])
def test_a_number_that_is_no_julian_date_of_an_exposure_stands_as_it_is(key, number):
    assert moment({key: number}, OBSERVED) == Moment(str(number), "utc")


def test_a_compact_date_may_be_an_integer_as_for_ingest():
    cards = {"DATE-OBS": 20150218, "UT": "03:00:00"}
    assert moment(cards, OBSERVED) == Moment("2015-02-18T03:00:00", "utc")
    assert moment({"DATE-OBS": 20150218}, OBSERVED) is None


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2013-11-02T06:15:55.908", "2013-11-02T06:15:55.908"),
        ("2013-11-02 06:15:55", "2013-11-02T06:15:55"),
        ("  2013-11-02T06:15  ", "2013-11-02T06:15:00"),
        ("2016-12-31T23:59:60.25", "2016-12-31T23:59:60.25"),
    ],
)
def test_dates_with_a_time_are_iso_8601(written, iso):
    assert moment({"DATE-OBS": written}, OBSERVED) == Moment(iso, "utc")
    assert abs((Time(iso, scale="utc") - Time(written.strip(), scale="utc")).sec) < 1e-9


def test_a_time_that_says_utc_itself_is_in_utc():
    found = moment({"DATE-OBS": "2013-11-02T06:15:55Z", "TIMESYS": "TAI"}, OBSERVED)
    assert found == Moment("2013-11-02T06:15:55", "utc")


@pytest.mark.parametrize("written", ["yesterday", "2013-13-02T00:00:00", "2013-11-31T01:00:00"])
def test_what_is_no_date_stands_as_it_is_and_its_use_is_an_error(written):
    found = moment({"DATE-OBS": written}, OBSERVED)
    assert found == Moment(written, "utc")
    info = VisitInfo(date_begin=found.text)
    assert written in repr(info)
    with pytest.raises(RuntimeError, match=f"'{written}' is not a date with a time of day"):
        _ = info.date


def test_a_card_that_is_understood_comes_before_one_that_is_not():
    cards = {"DATE-OBS": "yesterday", "MJD-OBS": 56598.25}
    assert moment(cards, OBSERVED) == Moment("2013-11-02T06:00:00.000000", "utc")


def test_a_camera_can_name_the_cards_and_the_scale():
    # a real header of SDSS
    cards = {"DATE-OBS": "2006-09-20", "TAIHMS": "06:01:22.73", "UT": "06:00:49.73"}
    sources = headersource.sources({"key": "DATE-OBS", "time": "TAIHMS", "timesys": "TAI"})
    assert moment(cards, sources) == Moment("2006-09-20T06:01:22.73", "tai")
    assert moment({**cards, "TAIHMS": None}, sources) is None
