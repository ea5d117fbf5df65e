"""When, where and for how long an exposure was taken."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from astropy.io import fits
from astropy.time import Time

from persistence.errors import FormatterError
from persistence.types.archives.read import open_archive
from persistence.types.exposure.visitinfo import VisitInfo, is_afws, make


def test_what_a_header_does_not_say_is_none():
    info = VisitInfo()
    assert (info.exposure_id, info.exposure_time, info.airmass) == (None, None, None)
    assert (info.date, info.date_avg, info.boresight) == (None, None, None)
    assert (info.getDate(), info.getExposureTime()) == (None, None)


@pytest.mark.parametrize("scale", ["utc", "tai"])
def test_the_date_is_in_the_scale_that_the_header_names(scale):
    date = VisitInfo(date_begin="2014-08-18T23:20:43.5", timescale=scale).date
    assert date.scale == scale
    assert date.isot == "2014-08-18T23:20:43.500"


@pytest.mark.parametrize(
    ("seconds", "middle"),
    [
        (90.0, "2014-08-18T23:21:28.500"),
        (0.0, "2014-08-18T23:20:43.500"),
    ],
)
def test_the_middle_of_the_exposure_is_half_of_it_later(seconds, middle):
    info = VisitInfo(date_begin="2014-08-18T23:20:43.5", exposure_time=seconds)
    assert info.date_avg.isot == middle
    assert info.getDate() == info.date_avg
    assert info.getExposureTime() == seconds


@pytest.mark.parametrize("said", ["date_begin", "date_middle"])
def test_of_an_exposure_of_unknown_length_one_time_does_not_tell_the_other(said):
    info = VisitInfo(**{said: "2014-08-18T23:20:43.5"})
    told = {"date_begin": info.date, "date_middle": info.date_avg}
    assert told.pop(said).isot == "2014-08-18T23:20:43.500"
    assert [*told.values(), info.exposure_time] == [None, None]


def test_the_middle_of_an_exposure_over_a_leap_second_is_right():
    info = VisitInfo(date_begin="2016-12-31T23:59:59", exposure_time=4.0)
    assert info.date_avg.isot == "2017-01-01T00:00:00.000"
    assert abs((info.date_avg - Time("2016-12-31T23:59:59", scale="utc")).sec - 2.0) < 1e-6


@pytest.mark.parametrize(
    ("ra", "dec", "degrees"),
    [
        ("01:00:00", "-30:30:00", (15.0, -30.5)),
        ("00:00:00.0", "-00:30:00", (0.0, -0.5)),
        ("1 00 00", "+10 00 00", (15.0, 10.0)),
        (15.0, -30.5, (15.0, -30.5)),
    ],
)
def test_the_pointing_is_read_in_hours_from_text_and_in_degrees_from_numbers(ra, dec, degrees):
    sky = VisitInfo(ra=ra, dec=dec).boresight
    assert (sky.ra.deg, sky.dec.deg) == pytest.approx(degrees, abs=1e-9)
    assert sky.frame.name == "icrs"


@pytest.mark.parametrize("known", [{"ra": 15.0}, {"dec": 15.0}])
def test_half_a_pointing_is_none(known):
    assert VisitInfo(**known).boresight is None


AFW = {
    "EXPID": 12345,
    "EXPTIME": "30.0",
    "DATE-AVG": "2020-01-20T12:34:56.000000000",
    "TIMESYS": "TAI",
    "BORE-RA": 30.0,
    "BORE-DEC": 40.0,
    "ROTTYPE": "UNKNOWN",
    "OBS-LONG": -12.0,
    "AVG-ERA": 20.0,
    "DARKTIME": float("nan"),
}


def test_afws_cards_are_read_in_its_units_and_scale():
    info = VisitInfo.from_afw(AFW)
    assert (info.exposure_id, info.exposure_time, info.dark_time) == (12345, 30.0, None)
    assert (info.date_avg.scale, info.date_avg.isot) == ("tai", "2020-01-20T12:34:56.000")
    assert info.date.isot == "2020-01-20T12:34:41.000"
    assert (info.boresight.ra.deg, info.boresight.dec.deg) == (30.0, 40.0)
    assert (info.local_era, VisitInfo().local_era) == (8.0, None)
    assert (info.getExposureId(), info.getDarkTime(), info.getBoresightAirmass()) == (
        12345,
        None,
        None,
    )
    assert info.getBoresightRaDec() == info.boresight


def test_the_middle_of_older_exposures_is_in_utc():
    info = VisitInfo.from_afw({"TIME-MID": "2015-01-20T12:34:56.000000000Z", "EXPID": 0})
    assert (info.date_avg.scale, info.date_avg.isot, info.exposure_id) == (
        "utc",
        "2015-01-20T12:34:56.000",
        None,
    )


def test_a_date_without_a_scale_is_refused_when_it_is_used():
    info = VisitInfo.from_afw({key: value for key, value in AFW.items() if key != "TIMESYS"})
    assert "2020-01-20" in repr(info)
    assert info.exposure_time == 30.0
    for use in (lambda: info.date, lambda: info.date_avg, info.to_afw):
        with pytest.raises(FormatterError, match=r"'2020.*' has no time scale: TIMESYS is missing"):
            use()


@pytest.mark.parametrize(
    "cards",
    [
        {"EXPTIME": "a while"},
        {"EXPTIME": float("inf")},
        {"OBS-LONG": "70:48:53"},
        {"BORE-RA": True},
        {"EXPID": "none"},
        {"DATE-AVG": "yesterday"},
        {"ROTTYPE": None},
        {"AIRTEMP": fits.card.UNDEFINED},
    ],
)
def test_a_card_of_another_type_is_not_known_and_printing_never_fails(cards):
    info = VisitInfo.from_afw({**AFW, **cards})
    assert repr(info).startswith("VisitInfo\n")
    assert str(info)
    if "DATE-AVG" in cards:
        with pytest.raises(FormatterError, match="'yesterday' is not a date with a time of day"):
            _ = info.date_avg
    else:
        changed = set(info.to_afw()) ^ set(VisitInfo.from_afw(AFW).to_afw())
        assert changed <= {*cards, "BORE-DEC"}


def test_texts_of_afws_version_4_count_only_where_it_wrote_that_version():
    observers = {"OBJECT": "M31", "PROGRAM": "survey", "OBSTYPE": "object"}
    info = VisitInfo.from_afw({**AFW, **observers})
    assert (info.object, info.science_program, info.observation_type) == (None, None, None)
    info = VisitInfo.from_afw({**AFW, **observers, "HAS-SIMULATED-CONTENT": False})
    assert (info.object, info.science_program, info.observation_type) == (
        "M31",
        "survey",
        "object",
    )


def test_afws_cards_come_back():
    info = VisitInfo.from_afw(AFW)
    assert VisitInfo.from_afw(info.to_afw()) == info


@pytest.mark.parametrize(
    ("header", "afws"),
    [({"ROTTYPE": "SKY"}, True), ({"AR_HDU": 5}, True), ({"EXPTIME": 1.0}, False)],
)
def test_afws_headers_are_known_by_what_only_afw_writes(header, afws):
    assert is_afws(header) is afws


NUMBER_COLUMNS = (
    "exposuretime darktime ut1 era boresightradec_ra boresightradec_dec boresightazalt_az "
    "boresightazalt_alt boresightairmass boresightrotangle longitude latitude elevation "
    "airtemperature airpressure humidity"
).split()
# What afw's own test (tests/test_visitInfo.py) makes the files with, but for what a version lacks.
ARCHIVED = VisitInfo(
    exposure_id=10313423,
    exposure_time=10.01,
    dark_time=11.02,
    date_middle="2037-09-20T02:24:00.000000000",
    timescale="tai",
    ut1=12345.1,
    era=45.1,
    ra=23.1,
    dec=73.2,
    azimuth=134.5,
    altitude=33.3,
    airmass=1.73,
    rotation=73.2,
    rotation_type="SKY",
    longitude=11.1,
    latitude=22.2,
    elevation=0.333,
    air_temperature=1.1,
    air_pressure=2.2,
    humidity=34.5,
    instrument="TestCameraOne",
    id=987654,
    focus_z=1.5,
)
LACKING = {
    "noversion": ("instrument", "id", "focus_z"),
    "version-1": ("id", "focus_z"),
    "version-2": ("focus_z",),
    "version-3": (),
}


@pytest.mark.real
@pytest.mark.parametrize("version", LACKING)
def test_all_versions_of_afws_table_are_read_without_loss(real, version):
    info = open_archive(str(real / "afw_files" / f"visitInfo-{version}.fits")).load(1)
    expected = replace(ARCHIVED, **dict.fromkeys(LACKING[version]))
    for field in fields(VisitInfo):
        value, wanted = getattr(info, field.name), getattr(expected, field.name)
        close = pytest.approx(wanted, rel=1e-12) if isinstance(wanted, float) else wanted
        assert value == close, field.name
    # and what afw would read from a header that it is written to
    assert VisitInfo.from_afw(info.to_afw()).to_afw() == info.to_afw()


def test_a_table_of_version_4_has_texts_and_one_of_a_later_version_is_refused():
    table = {name: [float("nan")] for name in NUMBER_COLUMNS}
    table |= {"exposureid": [7], "rottype": [1], "tai": [0], "version": [4], "idnum": [8]}
    texts = {"observationType": ["science"], "scienceProgram": ["S"], "object": ["M31"]}
    table |= {**texts, "observationReason": ["  "], "hasSimulatedContent": [True]}
    info = make([table], lambda number: None)
    assert (info.exposure_id, info.id, info.date_middle) == (7, 8, "1970-01-01T00:00:00.000000000")
    assert (info.observation_type, info.science_program, info.object) == ("science", "S", "M31")
    assert (info.observation_reason, info.has_simulated_content) == (None, True)
    with pytest.raises(FormatterError, match="a VisitInfo of version 5; known are 0 to 4"):
        make([{**table, "version": [5]}], lambda number: None)


def test_an_archived_visit_without_a_time_has_none():
    table = {name: [float("nan")] for name in NUMBER_COLUMNS} | {
        "exposureid": [0],
        "rottype": [0],
        "tai": [-(2**63)],
    }
    assert make([table], lambda number: None) == VisitInfo(timescale="tai", rotation_type="UNKNOWN")
