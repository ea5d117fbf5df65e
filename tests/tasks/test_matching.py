"""Stars are recognized though the sky lies off, among others, and once each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.tasks.matching import match, on_plane
from persistence.tasks.voting import Limits, Offsets

RNG = np.random.default_rng(11)
NEAR = Limits(20.0)
STARS = Offsets(*RNG.uniform(-300, 300, (2, 60)))


def moved(east: float, north: float, chosen: Any = slice(None), noise: float = 0.1) -> Offsets:
    rng = np.random.default_rng(2)
    return Offsets(
        *(
            axis[chosen] + off + rng.normal(0, noise, axis[chosen].size)
            for axis, off in zip(STARS, (east, north), strict=True)
        )
    )


@settings(max_examples=30, deadline=None)
@given(east=st.floats(-14, 14), north=st.floats(-14, 14), order=st.permutations(range(60)))
def test_each_source_gets_its_star_wherever_the_sky_lies(
    east: float, north: float, order: list[int]
) -> None:
    found = match(moved(east, north, order), STARS, NEAR, 1.5)
    assert found.sources.size >= 55  # pairs of stars may be nearer to each other than 1.5 arcsec
    assert (np.array(order)[found.sources] == found.stars).mean() > 0.95
    assert np.median(found.east) == pytest.approx(east, abs=0.1)
    assert np.median(found.north) == pytest.approx(north, abs=0.1)


def test_strangers_have_no_star() -> None:
    sources = moved(3.0, -2.0, slice(0, 40))
    strangers = np.random.default_rng(4).uniform(-300, 300, (2, 30))
    both = Offsets(*(np.concatenate(pair) for pair in zip(sources, strangers, strict=True)))
    found = match(both, STARS, NEAR, 1.5)
    assert np.count_nonzero(found.sources < 40) == 40
    assert np.count_nonzero(found.sources >= 40) < 3
    assert np.unique(found.stars).size == found.stars.size


@pytest.mark.parametrize(
    ("sources", "stars"),
    [
        (Offsets(np.zeros(0), np.zeros(0)), STARS),
        (STARS, Offsets(np.zeros(0), np.zeros(0))),
        (Offsets(np.array([1e4]), np.array([0.0])), STARS),
    ],
)
def test_where_nothing_is_alike_there_is_no_pair(sources: Offsets, stars: Offsets) -> None:
    assert match(sources, stars, NEAR, 1.5).sources.size == 0


@given(
    ra=st.floats(0, 360),
    dec=st.floats(-89, 89),
    east=st.floats(-1000, 1000),
    north=st.floats(-1000, 1000),
)
def test_the_plane_touches_the_sphere(ra: float, dec: float, east: float, north: float) -> None:
    from persistence.types.wcs import sphere

    angle, distance = np.degrees(np.arctan2(north, east)), np.hypot(east, north) / 3600
    there = sphere.away(np.array([ra]), np.array([dec]), np.array([angle]), np.array([distance]))
    found = on_plane(*there, (ra, dec))
    # tan x - x of 1400 arcsec
    assert (found.east[0], found.north[0]) == pytest.approx((east, north), abs=0.05)
