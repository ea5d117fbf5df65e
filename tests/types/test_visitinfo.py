"""When, where and for how long an exposure was taken."""

from __future__ import annotations

import pytest
from astropy.time import Time

from persistence.types.visitinfo import VisitInfo


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
    [(90.0, "2014-08-18T23:21:28.500"), (None, "2014-08-18T23:20:43.500"), (0.0, "2014-08-18T23:20:43.500")],
)
def test_the_middle_of_the_exposure_is_half_of_it_later(seconds, middle):
    info = VisitInfo(date_begin="2014-08-18T23:20:43.5", exposure_time=seconds)
    assert info.date_avg.isot == middle
    assert info.getDate() == info.date_avg
    assert info.getExposureTime() == seconds


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
