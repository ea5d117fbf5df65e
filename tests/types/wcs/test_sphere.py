"""Positions on the sphere: vectors and angles, and what is at a distance."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import DataIdError, FormatterError
from persistence.types.wcs import sphere

RA, DEC = st.floats(0, 360, exclude_max=True), st.floats(-89.999, 89.999)
MANY = settings(max_examples=80, deadline=None)


@MANY
@given(RA, DEC)
def test_the_angles_of_a_vector_are_those_that_it_was_made_of(ra, dec):
    found = sphere.angles(sphere.vector(ra, dec))
    assert found[1] == pytest.approx(dec, abs=1e-12)
    assert (found[0] - ra + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
    assert 0 <= found[0] < 360


@MANY
@given(RA, DEC, st.floats(0, 360), st.floats(0, 180))
def test_what_is_at_a_distance_is_at_this_distance(ra, dec, bearing, distance):
    there = sphere.vector(*sphere.away(ra, dec, bearing, distance))
    assert sphere.separation(there, sphere.vector(ra, dec)) == pytest.approx(distance, abs=1e-9)


@pytest.mark.parametrize(
    ("start", "bearing", "end"),
    [
        ((10, 0), 0, (11, 0)),
        ((10, 0), 90, (10, 1)),
        ((10, 0), 180, (9, 0)),
        ((10, 50), 270, (10, 49)),
    ]
    + [
        ((0, 90), 0, (90, 89)),
        ((30, 90), 90, (210, 89)),
        ((0, -90), 90, (0, -89)),
        ((0, 89.5), 90, (180, 89.5)),
    ],
)
def test_bearings_go_from_east_to_north(start, bearing, end):
    assert sphere.away(*start, bearing, 1) == (
        pytest.approx(end[0], abs=1e-9),
        pytest.approx(end[1], abs=1e-9),
    )


def test_many_positions_move_at_once():
    ra, dec = sphere.away([0, 90], [0, 0], [0, 90], [1, 2])
    assert (ra.tolist(), dec.tolist()) == (pytest.approx([1, 90]), pytest.approx([0, 2], abs=1e-12))


def test_a_pole_has_right_ascension_0():
    ra, dec = sphere.angles(np.array([[1e-17, -1e-17, 1.0], [0, 1e-14, -1.0]]))
    assert (ra.tolist(), dec.tolist()) == ([0, 0], [90, -90])


@pytest.mark.parametrize("angle", [0.0, 360.0, 720.0, -360.0, -1e-20])
def test_whole_turns_are_none(angle):
    assert sphere.wrapped(angle) == 0


def test_small_and_large_separations_are_exact():
    one, ra = sphere.vector(0, 0), np.array([1e-10, 180 - 1e-10])
    assert sphere.separation(one, sphere.vector(ra, [0, 0])) == pytest.approx(ra, rel=1e-5, abs=0)


@pytest.mark.parametrize(
    "coord",
    [
        SkyCoord(10, 20, unit="deg"),
        SkyCoord(10, 20, unit="deg").galactic,
        SkyCoord(10, 20, unit="deg").fk5,
    ],
    ids=lambda coord: coord.frame.name,
)
def test_positions_of_each_frame_are_taken(coord):
    assert sphere.radec(coord) == (pytest.approx(10, abs=1e-4), pytest.approx(20, abs=1e-4))
    assert sphere.radec([coord, coord])[0] == pytest.approx([10, 10], abs=1e-4)


def test_what_is_not_finite_is_refused():
    assert sphere.finite(1.0, 2.0) == (1.0, 2.0)
    for ra, dec in ((np.nan, 1.0), (1.0, [2.0, np.inf])):
        with pytest.raises(DataIdError, match="not finite"):
            sphere.finite(ra, dec)


def wcs(**settings):
    made = WCS(naxis=2)
    made.wcs.ctype, made.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 2.0]
    made.wcs.crpix, made.wcs.cdelt = [50.0, 60.0], [-1e-3, 1e-3]
    for name, value in settings.items():
        setattr(made.wcs, name, value)
    made.wcs.set()
    return made


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"radesys": "ICRS", "equinox": 2000.0},
        {"radesys": "FK5", "equinox": 2000.0},
        {"radesys": "FK5", "equinox": 1975.0},
        {"radesys": "FK4", "equinox": 1950.0},
        {"equinox": 1950.0},
        {"ctype": ["GLON-TAN", "GLAT-TAN"]},
        {"ctype": ["ELON-TAN", "ELAT-TAN"]},
        {"ctype": ["DEC--TAN", "RA---TAN"], "crval": [2.0, 150.0]},
        {"ctype": ["GLAT-TAN", "GLON-TAN"], "crval": [2.0, 150.0]},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_pixels_are_in_icrs_in_whatever_frame_and_order_the_axes_are(settings, shape):
    made = wcs(**settings)
    x, y = np.random.default_rng(1).uniform(0, 100, (2, *shape))
    expected = made.pixel_to_world(x, y).icrs
    ra, dec = sphere.of_pixels(made, x, y)
    assert ra.shape == dec.shape == shape
    np.testing.assert_allclose([ra, dec], [expected.ra.deg, expected.dec.deg], rtol=0, atol=1e-12)
    np.testing.assert_allclose(sphere.to_pixels(made, ra, dec), [x, y], rtol=0, atol=1e-5)


def test_no_pixels_are_nowhere():
    for function in (sphere.of_pixels, sphere.to_pixels):
        first, second = function(wcs(), np.zeros(0), np.zeros(0))
        assert first.size == second.size == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ctype": ["LINEAR", "LINEAR"]}, "no known celestial frame .*'LINEAR', 'LINEAR'"),
        ({"radesys": "GAPPT"}, "no known celestial frame .*RADESYS 'GAPPT'"),
    ],
)
def test_what_is_no_frame_of_the_sky_is_refused(settings, message):
    with pytest.raises(FormatterError, match=message):
        sphere.of_pixels(wcs(**settings), 1, 2)
