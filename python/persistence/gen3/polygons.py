"""Polygons on the sky, in the bytes of ``lsst.sphgeom``, which is not needed for them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]
# Of two edges that span less than that (square radians), the corner between them is none.
_FLAT = 1e-15


def vectors(ra: Any, dec: Any) -> Vectors:
    """Return unit vectors, shape (n, 3), of right ascensions and declinations (deg)."""
    ra, dec = np.radians(np.asarray(ra, float)), np.radians(np.asarray(dec, float))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def hull(points: Vectors) -> Vectors:
    """Return the corners of the convex polygon around some unit vectors, counter-clockwise.

    Parameters
    ----------
    points : array, shape (n, 3)
        At least three, within a hemisphere.

    Returns
    -------
    corners : array, shape (m, 3)
        Some of the points, counter-clockwise as seen from outside of the sphere's surface looking
        down on it, as ``lsst.sphgeom`` wants them.
    """
    middle = points.mean(axis=0)
    middle /= np.linalg.norm(middle)
    pole = np.eye(3)[np.argmin(np.abs(middle))]
    east = np.cross(pole, middle)
    east /= np.linalg.norm(east)
    north = np.cross(middle, east)
    # gnomonic: great circles are straight lines
    flat = np.stack([points @ east, points @ north], axis=-1) / (points @ middle)[:, None]
    order = np.lexsort((flat[:, 1], flat[:, 0]))
    lower, upper = _chain(flat, order), _chain(flat, order[::-1])
    return points[[*lower[:-1], *upper[:-1]]]


def _chain(flat: NDArray[np.float64], order: Iterable[Any]) -> list[int]:
    """Return one side of a convex hull, left to right (Andrew's monotone chain)."""
    chain: list[int] = []
    for index in order:
        while len(chain) > 1:
            (ax, ay), (bx, by) = flat[chain[-1]] - flat[chain[-2]], flat[index] - flat[chain[-2]]
            if ax * by - ay * bx > _FLAT:
                break
            chain.pop()
        chain.append(int(index))
    return chain


def encoded(corners: Vectors) -> str:
    """Return a convex polygon as hexadecimal text: the bytes of ``ConvexPolygon.encode``."""
    doubles = np.ascontiguousarray(corners, dtype="<f8").tobytes()
    return (b"p" + doubles).hex()


def decoded(text: str) -> Vectors:
    """Return the corners of a polygon from `encoded`'s text, shape (n, 3)."""
    content = bytes.fromhex(text)
    count = (len(content) - 1) // struct.calcsize("<3d")
    return np.frombuffer(content[1:], "<f8").reshape(count, 3)
