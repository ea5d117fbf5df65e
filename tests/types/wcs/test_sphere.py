"""Positions on the sphere: vectors and angles, and what is at a distance."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import DataIdError
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
