"""Regions that users name: circles, boxes and polygons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from persistence.errors import DataIdError
from persistence.sky import polygon
from persistence.sky.regions import Box, Circle, Polygon, Region
from persistence.types.wcs import sphere

pytest.importorskip("lsst.sphgeom")


def square(ra: float, dec: float, side: float = 1.0) -> bytes:
    """Return a square around a position, as bytes."""
    away = sphere.away(ra, dec, np.array([45.0, 135, 225, 315]), side / np.sqrt(2))
    return polygon.to_bytes(sphere.vector(*away))


@pytest.mark.parametrize(
    ("region", "ra", "dec", "meets"),
    [
        (Circle(10, 20), 10, 20, True),  # a position
        (Circle(10, 20), 10.6, 20, False),
        (Circle(10, 20, 0.2), 10.6, 20, True),
        (Circle(370, 20, 0.2), 10.6, 20, True),
        (Circle(0, 90, 0.1), 123, 89.6, True),
        (Circle(10, 20, 180), 190, -20, True),  # the whole sky
        (Box((350, 10), (-1, 1)), 0, 0, True),
        (Box((350, 10), (-1, 1)), 20, 0, False),
        (Box((10, 350), (-1, 1)), 0, 0, False),
        (Box((0, 360), (89, 90)), 200, 88.6, True),
        (Box((0, 360), (89.2, 90)), 200, 88.6, False),
        (Box((9.9, 10.1), (-80, 80)), 10, 50, True),  # crosses, without a corner inside
        (Box((10.6, 11), (20.45, 21)), 10, 20, False),  # beside it, though not beside its box
        (Polygon([(9, 19), (11, 19), (10, 21)]), 10, 20, True),
        (Polygon([(359, -1), (1, -1), (0, 1)]), 0, 0, True),
        (Polygon(SkyCoord([359, 1, 0], [-1, -1, 1], unit="deg")), 30, 0, False),
    ],
)
def test_a_region_meets_a_square(region: Region, ra: float, dec: float, meets: bool) -> None:
    assert region.intersects(square(ra, dec)) is meets
    limits = np.array(region.bounds()).reshape(3, 2)
    box = np.array(polygon.bounds(polygon.from_bytes(square(ra, dec)))).reshape(3, 2)
    if meets:
        assert (limits[:, 0] <= box[:, 1]).all()
        assert (box[:, 0] <= limits[:, 1]).all()


def test_a_box_meets_what_random_positions_in_both_say() -> None:
    random = np.random.default_rng(3)
    meeting = 0
    for _ in range(150):
        ra, dec = random.uniform(0, 360), random.uniform(-89, 89)
        box = Box((ra, ra + random.uniform(0, 20)), (max(dec - 5, -90), dec))
        square_at = square(ra + random.normal() * 6, np.clip(dec + random.normal() * 4, -90, 90), 4)
        vertices = polygon.from_bytes(square_at)
        inside = random.dirichlet(np.ones(4), size=400) @ vertices
        lon, lat = sphere.angles(inside)
        both = (lat >= box.dec[0]) & (lat <= box.dec[1]) & ((lon - ra) % 360 <= box.ra[1] - ra)
        if both.any():
            meeting += 1
            assert box.intersects(square_at)
    assert 20 < meeting < 150


def test_angles_may_have_units() -> None:
    assert Circle(1 * units.rad, 0.0, 60 * units.arcsec) == Circle(math.degrees(1), 0, 1 / 60)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Circle(math.nan, 0), "ra=nan"),
        (lambda: Circle(0, math.inf), "dec=inf"),
        (lambda: Circle(0, 91), "-90 to 90"),
        (lambda: Circle(0, 0, -1), "0 to 180"),
        (lambda: Circle(0, 0, 181), "0 to 180"),
        (lambda: Circle("10", [2]), "dec="),
        (lambda: Circle(True, 0), "ra=True"),
        (lambda: Circle(0, 0, 1 * units.m), "radius"),
        (lambda: Box(1, (0, 1)), "two limits"),
        (lambda: Box((0, 1), (2, 1)), "southern"),
        (lambda: Polygon([(0, 0), (1, 1)]), "3 or more"),
        (lambda: Polygon([(0, 0), (1, 0), (2, 0)]), "convex polygon"),
        (lambda: Polygon(3), "corners"),
        (lambda: Polygon([(0, 0), (1, 0), (math.nan, 1)]), "ra=nan"),
    ],
)
def test_what_is_not_a_region_is_refused(make: Any, message: str) -> None:
    with pytest.raises(DataIdError, match=message):
        make()
