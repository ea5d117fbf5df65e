"""Regions become ranges of pixels that cover them; lsst.sphgeom is the judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.apdb import pixels
from persistence.apdb.pixels import Cone, Polygon
from persistence.errors import DatabaseError
from persistence.refcats import htm

sphgeom = pytest.importorskip("lsst.sphgeom")
LEVEL = 20


def covered(numbers: Any, ranges: pixels.Ranges) -> Any:
    return [any(low <= number < high for low, high in ranges) for number in numbers]


def test_pixels_are_sphgeoms() -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    mesh = sphgeom.HtmPixelization(LEVEL)
    judge = [
        mesh.index(sphgeom.UnitVector3d(sphgeom.LonLat.fromDegrees(*each)))
        for each in zip(ra.tolist(), dec.tolist(), strict=True)
    ]
    assert pixels.index(ra, dec, LEVEL).tolist() == judge


@settings(max_examples=20, deadline=None)
@given(
    st.floats(0, 360), st.floats(-89.9, 89.9), st.sampled_from([1e-4, 0.1, 2.0]), st.integers(1, 64)
)
def test_all_that_is_in_a_circle_is_covered(
    ra: float, dec: float, radius: float, most: int
) -> None:
    ranges = pixels.ranges(Cone(ra, dec, radius), LEVEL, most)
    assert 0 < len(ranges) <= most
    centre, angles = SkyCoord(ra, dec, unit="deg"), np.linspace(0, 360, 24)
    for share in (0.0, 0.5, 0.999):
        there = centre.directional_offset_by(angles * units.deg, share * radius * units.deg)
        assert all(covered(pixels.index(there.ra.deg, there.dec.deg, LEVEL), ranges))


def test_little_beside_a_circle_is_covered() -> None:
    ranges = pixels.ranges(Cone(40.0, -30.0, 0.1), LEVEL, 64)
    rng = np.random.default_rng(1)
    ra, dec = 40 + rng.uniform(-1, 1, 4000), -30 + rng.uniform(-1, 1, 4000)
    inside = covered(pixels.index(ra, dec, LEVEL), ranges)
    apart = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(40.0, -30.0, unit="deg")).deg
    assert apart[inside].max() < 0.2


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("centre", [(40.0, -30.0), (0.01, 85.0)])
def test_a_polygon_is_larger_by_its_margin(centre: tuple[float, float], turn: int) -> None:
    middle, margin = SkyCoord(*centre, unit="deg"), 5 / 3600
    east, north = np.array([[-0.15, 0.15, 0.15, -0.15], [-0.07, -0.07, 0.07, 0.07]])[:, ::turn]
    corners = middle.spherical_offsets_by(east * units.deg, north * units.deg)
    larger = Polygon.around(corners.ra.deg, corners.dec.deg, margin)
    out = middle.spherical_offsets_by(
        np.array([0.15 + margin, 0, -0.15 - margin, 0]) * 0.9999 * units.deg,
        np.array([0, 0.07 + margin, 0, -0.07 - margin]) * 0.9999 * units.deg,
    )
    corners = htm.convex(larger.ra, larger.dec)
    assert htm.in_polygon(out.ra.deg, out.dec.deg, corners).all()
    ranges = pixels.ranges(larger, LEVEL, 64)
    assert all(covered(pixels.index(out.ra.deg, out.dec.deg, LEVEL), ranges))


def test_a_region_of_sphgeom_is_taken() -> None:
    region = sphgeom.Box.fromDegrees(40.0, -30.0, 40.2, -29.8)
    ranges = pixels.ranges(region, LEVEL, 64)
    assert (
        covered(pixels.index([40.0, 40.2, 40.1], [-30.0, -29.8, -29.9], LEVEL), ranges)
        == [True] * 3
    )


def test_ranges_stay_as_they_are() -> None:
    assert pixels.ranges([(1, 5), (8, 9)], LEVEL, 1) == [(1, 5), (8, 9)]
    with pytest.raises(DatabaseError, match="a region is a Cone, a Polygon"):
        pixels.ranges(3.0, LEVEL, 1)
