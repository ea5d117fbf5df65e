"""Convex polygons on the unit sphere: arrays of vertices, bytes, and `lsst.sphgeom`'s objects.

Vertices are unit vectors (ICRS), counterclockwise seen from outside. As bytes they are
little-endian doubles x, y, z of each vertex, so that a file of polygons can be read with numpy
alone. Relations between polygons are ``lsst.sphgeom``'s; the area of an intersection, which that
library lacks, is computed here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import RegistryError
from persistence.files import extras
from persistence.types.wcs import sphere

Vectors = NDArray[np.float64]
_DOUBLE = np.dtype("<f8")
_VERTEX = 3 * _DOUBLE.itemsize
# A vertex is a unit vector except for rounding.
_ROUNDING = 1e-9
# The name of a convex polygon in lsst.sphgeom's own encoding, which continues as ours.
_SPHGEOM = b"p"


@functools.cache
def sphgeom() -> Any:
    """Return the module ``lsst.sphgeom``.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """
    with extras.needed("lsst.sphgeom", "A region on the sky"):
        import lsst.sphgeom as module
    return module


def to_bytes(vertices: Vectors) -> bytes:
    """Return vertices, of shape (n, 3), as bytes."""
    return np.ascontiguousarray(vertices, _DOUBLE).tobytes()


def from_bytes(content: bytes) -> Vectors:
    """Return the vertices of a polygon that was stored as bytes, of shape (n, 3).

    Raises
    ------
    RegistryError
        If these are not the bytes of a polygon.
    """
    if not isinstance(content, bytes) or len(content) % _VERTEX or len(content) < 3 * _VERTEX:
        raise RegistryError(f"{content[:24]!r}... is not a polygon of 3 or more vertices")
    vertices = np.frombuffer(content, _DOUBLE).reshape(-1, 3).astype(float)
    lengths = np.einsum("ij,ij->i", vertices, vertices)
    if not (np.abs(lengths - 1) < _ROUNDING).all():
        raise RegistryError(f"the vertices of a stored polygon are no unit vectors: {vertices}")
    return vertices


def decoded(content: bytes) -> Any:
    """Return the `lsst.sphgeom.ConvexPolygon` of a polygon that was stored as bytes."""
    return sphgeom().ConvexPolygon.decode(_SPHGEOM + content)


def bounds(vertices: Vectors) -> tuple[float, ...]:
    """Return the box around a polygon: the ranges of x, y and z, one after another."""
    return ranges(decoded(to_bytes(vertices)).getBoundingBox3d())


def ranges(box: Any) -> tuple[float, ...]:
    """Return the ranges of an `lsst.sphgeom.Box3d`, one after another."""
    return tuple(
        limit for side in (box.x(), box.y(), box.z()) for limit in (side.getA(), side.getB())
    )


def radec(vertices: Vectors) -> tuple[Vectors, Vectors]:
    """Return right ascensions and declinations (deg) of vertices."""
    return sphere.angles(vertices)


def normals(vertices: Vectors) -> Vectors:
    """Return unit vectors normal to the planes of a polygon's edges, pointing to its inside.

    Parameters
    ----------
    vertices : array
        Of shape (..., n, 3). Edge i leads from vertex i to the next one.
    """
    planes = np.cross(vertices, np.roll(vertices, -1, axis=-2))
    lengths = np.linalg.norm(planes, axis=-1, keepdims=True)
    return np.asarray(planes / np.where(lengths > 0, lengths, 1))


def areas(polygons: Vectors) -> NDArray[np.float64]:
    """Return the areas of polygons (sr).

    Parameters
    ----------
    polygons : array
        Of shape (polygons, vertices, 3); short ones repeat their last vertex.

    Notes
    -----
    The sum of the excess of triangles, by Oosterom & Strackee (1983), which is exact for small
    ones, too.
    """
    first, second, third = polygons[:, :1], polygons[:, 1:-1], polygons[:, 2:]
    triple = (first * np.cross(second, third)).sum(axis=-1)
    scalars = 1.0 + (first * second).sum(-1) + (second * third).sum(-1) + (first * third).sum(-1)
    return np.asarray(2 * np.arctan2(triple, scalars).sum(axis=-1))


def stacked(polygons: Sequence[Vectors]) -> Vectors:
    """Return polygons as one array, in which short ones repeat their last vertex."""
    width = max(map(len, polygons), default=3)
    return np.array([[*one, *[one[-1]] * (width - len(one))] for one in polygons], float).reshape(
        -1, width, 3
    )


def clipped(polygons: Vectors, planes: Vectors) -> Vectors:
    """Return the parts of polygons inside all half-spaces (Sutherland & Hodgman 1974).

    Parameters
    ----------
    polygons : array
        Of shape (polygons, vertices, 3); short ones repeat their last vertex.
    planes : array
        Normal vectors that point to the inside, of shape (planes, 3).

    Returns
    -------
    parts : array
        Of shape (polygons, vertices, 3); zeros if nothing is inside.
    """
    for normal in planes:
        heights = polygons @ normal
        following, next_height = np.roll(polygons, -1, axis=1), np.roll(heights, -1, axis=1)
        inside, is_crossed = heights >= 0, (heights >= 0) != (next_height >= 0)
        span = np.where(is_crossed, heights - next_height, 1.0)
        crossing = (
            polygons * (-next_height / span)[..., None] + following * (heights / span)[..., None]
        )
        crossing /= np.maximum(np.linalg.norm(crossing, axis=-1, keepdims=True), 1e-300)
        points = np.stack([polygons, crossing], axis=2).reshape(len(polygons), -1, 3)
        kept = np.stack([inside, is_crossed], axis=2).reshape(len(polygons), -1)
        counts = kept.sum(axis=1)
        order = np.argsort(~kept, axis=1, kind="stable")
        last = np.maximum(counts - 1, 0)[:, None]
        width = max(3, int(counts.max(initial=0)))
        order = np.take_along_axis(order, np.minimum(np.arange(width), last), axis=1)
        polygons = np.take_along_axis(points, order[..., None], axis=1)
        polygons[counts == 0] = 0.0
    return polygons


def covered(whole: Vectors, parts: Sequence[Vectors]) -> NDArray[np.float64]:
    """Return the fraction of a polygon that each of others covers.

    Parameters
    ----------
    whole : array
        The vertices of the polygon, of shape (n, 3).
    parts : sequence of array
        The vertices of the others.
    """
    if not len(parts):
        return np.zeros(0)
    common = clipped(stacked(parts), normals(whole))
    return np.asarray(np.clip(areas(common) / areas(whole[None])[0], 0.0, 1.0))
