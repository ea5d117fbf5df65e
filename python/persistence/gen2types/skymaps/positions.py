"""Positions on the sky, as sky maps of ours and scripts written for afw have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types.angle import degrees
from persistence.gen2types.spherepoint import SpherePoint
from persistence.types.wcs import sphere


def coordinates(places: Any) -> Any:
    """Return a position, or a list of them, as an `astropy.coordinates.SkyCoord`."""
    if isinstance(places, SpherePoint):
        return sphere.sky(*places.getPosition(degrees))
    if isinstance(places, list | tuple) and any(isinstance(p, SpherePoint) for p in places):
        return sphere.sky(*np.array([tuple(p.getPosition(degrees)) for p in places]).T)
    return places


def points(coords: Any) -> list[SpherePoint]:
    """Return the positions of an `astropy.coordinates.SkyCoord`, which is an array."""
    ra, dec = sphere.radec(coords)
    return [SpherePoint(float(a), float(d), degrees) for a, d in zip(ra, dec, strict=True)]
