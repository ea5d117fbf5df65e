"""The hierarchical triangular mesh: the sky divided into triangles, each into four, and so on.

A trixel's number shows its depth: at depth d it is from 8 * 4**d to 16 * 4**d - 1. Source:
doc/gen2/afw-files.md 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats

Ints = NDArray[np.int64]
# Numbers of greater depths do not fit in 64 bits.
DEEPEST = 29
_DEEPEST_OF_SPHGEOM = 24
# Regions that almost touch a trixel touch it, in spite of rounding (radians).
_MARGIN = 1e-12
# A smaller gap in a full turn of right ascension is none (deg).
_ALL_BUT = 1e-9
# Positions this near to a pole, as a fraction of the way, are only in the trixels around it.
_NEAR_POLE = 1 - 1e-10
# The rounding error of a product of three unit vectors.
_ROUNDING = 1e-15
# Positions per block, to fit the processor's cache.
_AT_ONCE = 8192

_AXES = dict(zip("XYZxyz", [*np.eye(3), *-np.eye(3)], strict=True))
# The vertices of the trixels 8 to 15.
_ROOTS = np.array(
    [[_AXES[axis] for axis in root] for root in "XzY Yzx xzy yzX XZy yZx xZY YZX".split()]
)


def index(ra: Any, dec: Any, depth: int) -> Ints:
    """Return the numbers of the trixels of positions.

    Parameters
    ----------
    ra, dec : array_like
        Right ascension and declination (deg).
    depth : `int`
        The depth, from 0 (eight trixels) to `DEEPEST`.

    Returns
    -------
    numbers : array of int64
        With the shape of the positions. A position on an edge is in the first of the adjacent
        trixels.

    Raises
    ------
    DataIdError
        If the depth is invalid, or a position is not finite.
    """
    _check(depth)
    points = sphere.vector(
        *sphere.finite(*np.broadcast_arrays(np.asarray(ra, float), np.asarray(dec, float)))
    )
    flat = points.reshape(-1, 3).T
    found = [
        _descended(flat[:, start : start + _AT_ONCE], depth)
        for start in range(0, flat.shape[1], _AT_ONCE)
    ]
    return np.concatenate(found or [np.zeros(0, np.int64)]).reshape(points.shape[:-1])


def _descended(points: Floats, depth: int) -> Ints:
    """Return the trixels of points by descending the tree.

    Arrays of vectors have shape (3, points).
    """
    numbers = _root(points)
    v0, v1, v2 = np.ascontiguousarray(np.moveaxis(_ROOTS[numbers - 8], 0, 2))
    for _ in range(depth):
        w0, w1, w2 = _midpoint(v1, v2), _midpoint(v2, v0), _midpoint(v0, v1)
        # The inner edge of each corner's child decides whether a point is in it; others are in the
        # middle one.
        beyond = [_volume(points, *edge) >= 0 for edge in ((w2, w1), (w0, w2), (w1, w0))]
        child = np.select(beyond, [0, 1, 2], 3)
        numbers = 4 * numbers + child
        v0, v1, v2 = (
            np.choose(child, corner)
            for corner in ((v0, v1, v2, w0), (w2, w0, w1, w1), (w1, w2, w0, w2))
        )
    return numbers


def _midpoint(one: Floats, other: Floats) -> Floats:
    total = one + other
    return np.asarray(total / np.sqrt(total[0] ** 2 + total[1] ** 2 + total[2] ** 2))


def _volume(point: Floats, start: Floats, end: Floats) -> Floats:
    """Return the product of three vectors: positive for a point on the left of an edge."""
    (x, y, z), (x1, y1, z1), (x2, y2, z2) = point, start, end
    return np.asarray(x * (y1 * z2 - z1 * y2) + y * (z1 * x2 - x1 * z2) + z * (x1 * y2 - y1 * x2))


def cone(ra: float, dec: float, radius: float, depth: int) -> set[int]:
    """Return the trixels that overlap a circle on the sky (deg)."""
    centre, reach = sphere.vector(*sphere.finite(ra, dec)), np.radians(radius) + _MARGIN
    return _envelope(
        lambda sphgeom: sphgeom.Circle(
            sphgeom.UnitVector3d(*centre.tolist()), sphgeom.Angle(float(reach))
        ),
        lambda corners: _distance(corners, centre) <= reach,
        depth,
    )


def polygon(ra: Any, dec: Any, depth: int) -> set[int]:
    """Return the trixels that overlap a convex polygon with corners (deg) in either order."""
    vertices = convex(ra, dec)
    edges = _normals(vertices)

    def region(sphgeom: Any) -> Any:
        # The hull of points around each corner: larger by the margin, and a polygon even if all
        # corners are on one line.
        around = (vertices[:, np.newaxis] + _MARGIN * np.array([*np.eye(3), *-np.eye(3)])).reshape(
            -1, 3
        )
        return sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*point) for point in around.tolist()])

    def touches(corners: Floats) -> NDArray[np.bool_]:
        # Two convex figures are disjoint if an edge of one separates them.
        beyond = np.all(corners @ edges.T < -_ROUNDING, axis=1)
        behind = np.all(_normals(corners) @ vertices.T < -_ROUNDING, axis=2)
        return np.asarray(~(np.any(beyond, axis=1) | np.any(behind, axis=1)))

    return _envelope(region, touches, depth)


def box(ra: tuple[float, float], dec: tuple[float, float], depth: int) -> set[int]:
    """Return the trixels that may overlap a box in RA, eastward from the first, and Dec (deg)."""
    (west, east), (south, north) = ra, dec
    wide = width(west, east)
    middle, half = (west + wide / 2) % 360.0, wide / 2
    pole = np.array([0.0, 0.0, 1.0])
    margin = np.degrees(_MARGIN)

    def region(sphgeom: Any) -> Any:
        longitudes = (
            sphgeom.Box.allLongitudes()
            if wide > 360.0 - _ALL_BUT
            else sphgeom.NormalizedAngleInterval.fromDegrees(west % 360.0, (west + wide) % 360.0)
        )
        latitudes = sphgeom.AngleInterval.fromDegrees(south, north)
        reach = sphgeom.Angle(_MARGIN)
        return sphgeom.Box(longitudes, latitudes).dilatedBy(reach, reach)

    def touches(corners: Floats) -> NDArray[np.bool_]:
        high, low = (
            90 - np.degrees(_distance(corners, pole)),
            np.degrees(_distance(corners, -pole)) - 90,
        )
        own, reach = _spans(corners)
        apart = np.abs((own - middle + 180) % 360 - 180)
        return np.asarray(
            (low <= north + margin) & (high >= south - margin) & (apart <= half + reach + margin)
        )

    poles = [dec for dec in (-90.0, 90.0) if south - margin <= dec <= north + margin]
    return _envelope(region, touches, depth) | _around(poles, depth)


def _around(poles: Sequence[float], depth: int) -> set[int]:
    """Return the trixels with a corner on one of some poles, which has every right ascension."""
    near = [(ra, dec * _NEAR_POLE) for dec in poles for ra in (45.0, 135.0, 225.0, 315.0)]
    if not near:
        return set()
    ras, decs = zip(*near, strict=True)
    return set(index(ras, decs, depth).tolist())


def convex(ra: Any, dec: Any) -> Floats:
    """Return unit vectors of a convex polygon's corners (deg), ordered with its inside on the left.

    Raises
    ------
    DataIdError
        If it is not convex, has fewer than three corners, or does not fit in half the sky.
    """
    vertices = sphere.vector(ra, dec)
    if vertices.ndim != 2 or len(vertices) < 3 or not np.isfinite(vertices).all():
        raise DataIdError("a polygon needs three or more corners")
    for order in (vertices, vertices[::-1]):
        if (_normals(order) @ order.T >= -_ROUNDING).all() and (
            order @ order.sum(axis=0) > 0
        ).all():
            return order
    raise DataIdError(
        "the polygon is not convex, or its corners do not follow each other around it"
    )


def in_polygon(ra: Any, dec: Any, vertices: Floats) -> NDArray[np.bool_]:
    """Return which positions (deg) are in a polygon with corners from `convex`."""
    return np.asarray(np.all(sphere.vector(ra, dec) @ _normals(vertices).T >= -_ROUNDING, axis=-1))


def width(west: float, east: float) -> float:
    """Return the eastward distance (deg): 20 from 350 to 10, a full turn from 0 to 360."""
    return min(east - west, 360.0) if east >= west else (east - west) % 360.0


def _root(points: Floats) -> Ints:
    """Return the trixels of depth 0 of points; those on an edge are assigned as by sphgeom."""
    x, y, z = points
    east = (y > 0) | ((y == 0) & (x >= 0))
    quadrant = np.where(east, np.where((x > 0) | (y == 0), 0, 1), np.where(x < 0, 2, 3))
    return np.where(z < 0, 8 + quadrant, 15 - quadrant)


# -- figures: with lsst-sphgeom if installed, else by descending the tree
# ---------------------------------------------------


def _check(depth: int) -> None:
    if not 0 <= depth <= DEEPEST:
        raise DataIdError(f"a mesh has a depth of 0 to {DEEPEST}, not {depth}")


def _envelope(
    region: Callable[[Any], Any], touches: Callable[[Floats], NDArray[np.bool_]], depth: int
) -> set[int]:
    """Return the trixels that overlap a figure.

    Parameters
    ----------
    region : callable
        A function that returns an `lsst.sphgeom.Region` slightly larger than the figure, given that
        module.
    touches : callable
        A function that returns which triangles, an array of shape (trixels, 3, 3), overlap the
        figure.
    depth : `int`
        The depth of the trixels.
    """
    _check(depth)
    sphgeom = _sphgeom() if depth <= _DEEPEST_OF_SPHGEOM else None
    if sphgeom is None:
        return _touched(touches, depth)
    ranges = sphgeom.HtmPixelization(depth).envelope(region(sphgeom))
    return {number for begin, end in ranges for number in range(begin, end)}


def _sphgeom() -> Any:
    """Return ``lsst.sphgeom``, which is dozens of times faster; None if it is not installed."""
    try:
        import lsst.sphgeom as sphgeom  # lazy: only needed for figures, and an extra
    except ImportError:
        return None
    return sphgeom


# -- triangles: arrays of corners, shape (trixels, 3, 3)
# ---------------------------------------------------


def _touched(touches: Callable[[Floats], NDArray[np.bool_]], depth: int) -> set[int]:
    """Return the trixels found by descending the tree where it overlaps."""
    numbers, corners = np.arange(8, 16), _ROOTS
    for level in range(depth + 1):
        if level:
            numbers = (4 * numbers[:, np.newaxis] + np.arange(4)).ravel()
            corners = _children(corners).reshape(-1, 3, 3)
        kept = touches(corners)
        numbers, corners = numbers[kept], corners[kept]
    return set(numbers.tolist())


def _children(corners: Floats) -> Floats:
    """Return the four children of triangles, shape (trixels, 4, 3, 3).

    The last is the middle one.
    """
    v0, v1, v2 = np.moveaxis(corners, 1, 0)
    w0, w1, w2 = (_unit(v1 + v2), _unit(v2 + v0), _unit(v0 + v1))
    families = [(v0, w2, w1), (v1, w0, w2), (v2, w1, w0), (w0, w1, w2)]
    return np.stack([np.stack(family, axis=1) for family in families], axis=1)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _side(points: Floats, start: Floats, end: Floats) -> Floats:
    """Return the side of an edge on which points are: positive on its left."""
    return np.asarray((np.cross(start, end) * points).sum(axis=-1))


def _inside(points: Floats, corners: Floats) -> NDArray[np.bool_]:
    sides = [_side(points, corners[..., k, :], corners[..., (k + 1) % 3, :]) >= 0 for k in range(3)]
    return np.asarray(np.all(sides, axis=0))


def _normals(corners: Floats) -> Floats:
    """Return the inward edge normals of figures, shape (..., corners, 3), as long as the edges."""
    return np.asarray(np.cross(corners, np.roll(corners, -1, axis=-2)))


def _distance(corners: Floats, point: Floats) -> Floats:
    """Return the distance (radians) from a point to each triangle: 0 inside of it."""
    to_corners = np.radians(sphere.separation(corners, point)).min(axis=1)
    normals = _unit(_normals(corners))
    beside = ((np.cross(normals, corners) @ point) > 0) & (
        (np.cross(np.roll(corners, -1, axis=1), normals) @ point) > 0
    )
    to_edges = np.where(beside, np.abs(np.arcsin(np.clip(normals @ point, -1, 1))), np.inf).min(
        axis=1
    )
    return np.where(_inside(point, corners), 0.0, np.minimum(to_corners, to_edges))


def _spans(corners: Floats) -> tuple[Floats, Floats]:
    """Return the middle of each triangle's right ascensions, and their half range (deg).

    No trixel contains a pole inside: a pole is a corner, whose right ascension does not count.
    """
    ra, dec = sphere.angles(corners)
    middle, _dec = sphere.angles(corners.sum(axis=1))
    off = (ra - middle[:, np.newaxis] + 180) % 360 - 180
    return middle, np.where(np.abs(dec) == 90.0, 0.0, np.abs(off)).max(axis=1)
