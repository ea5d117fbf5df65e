"""The circle around a set of positions, for which a tract is created."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.errors import DataIdError
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats


def bounding_circle(ra: Any, dec: Any) -> tuple[float, float, float]:
    """Return centre and radius (deg) of a circle around positions (deg).

    The centre is the centroid of the area of their convex hull, as in Gen2, not the centre of the
    smallest circle.

    Raises
    ------
    DataIdError
        If the positions do not fit in half the sky, or have no area.
    """
    points = sphere.vector(ra, dec)
    corners = convex_hull(points)
    centre = _centroid(corners)
    middle_ra, middle_dec = sphere.angles(centre)
    return float(middle_ra), float(middle_dec), float(sphere.separation(corners, centre).max())


def convex_hull(points: Floats) -> Floats:
    """Return unit vectors (corners, 3) of a convex hull, counterclockwise seen from outside.

    Great circles are straight lines in the gnomonic projection, where Andrew's monotone chain
    (1979) finds the hull.
    """
    middle = points.sum(axis=0)
    if len(points) < 3 or not (points @ middle > 1e-6).all():
        raise DataIdError("a convex hull needs three or more positions in half the sky")
    ra, dec = sphere.angles(middle)
    east = np.array([-np.sin(np.radians(ra)), np.cos(np.radians(ra)), 0.0])
    north = np.cross(sphere.vector(ra, dec), east)
    flat = (
        np.stack([points @ east, points @ north], axis=1)
        / (points @ sphere.vector(ra, dec))[:, np.newaxis]
    )
    order = np.lexsort((flat[:, 1], flat[:, 0])).tolist()
    chain = _half(flat, order)[:-1] + _half(flat, order[::-1])[:-1]
    if len(chain) < 3:
        raise DataIdError("the positions are on a line: they have no area")
    return points[chain]


def _half(flat: Floats, order: list[int]) -> list[int]:
    """Return the points of the lower half of a hull, in order."""
    chain: list[int] = []
    for number in order:
        while len(chain) > 1 and _turn(*flat[[chain[-2], chain[-1], number]]) <= 0:
            chain.pop()
        chain.append(number)
    return chain


def _turn(start: Floats, middle: Floats, end: Floats) -> float:
    """Return a positive number if a path turns to the left."""
    (x1, y1), (x2, y2) = middle - start, end - start
    return float(x1 * y2 - y1 * x2)


def _centroid(corners: Floats) -> Floats:
    """Return the direction of the centroid of a polygon's area.

    It is the sum of the angles of its edges times their normals. Source: Brock 1974, for triangles.
    """
    following = np.roll(corners, -1, axis=0)
    normals = np.cross(corners, following)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    total = (
        normals / lengths * np.arctan2(lengths, (corners * following).sum(axis=1, keepdims=True))
    ).sum(axis=0)
    return np.asarray(total / np.linalg.norm(total))
