"""Maps of depth: how many polygons contain the centre of each HEALPix pixel.

Pixels are those of the nested scheme, so that a map is two arrays, of the pixels that are covered
and of their values. An ``order`` of k is ``nside`` 2**k.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError
from persistence.sky import polygon
from persistence.sky.polygon import Vectors
from persistence.skymap import healpixels

Ints = NDArray[np.int64]
ORDERS = range(25)
# Polygons that are looked at together: their candidates take some ten megabytes.
_TOGETHER = 256


class Depth(NamedTuple):
    """A map of depth.

    Attributes
    ----------
    order : `int`
        The order of the HEALPix pixels; ``nside`` is 2**order.
    pixels : array of int64
        The pixels that are covered, in the nested scheme, in rising order.
    values : array of float
        Their values.
    """

    order: int
    pixels: Ints
    values: NDArray[np.float64]

    @property
    def area(self) -> float:
        """The area of the covered pixels (square degrees)."""
        return len(self.pixels) * math.pi * math.degrees(1) ** 2 / (3 * 4.0**self.order)

    def at(self, vectors: Vectors) -> NDArray[np.float64]:
        """Return the values at unit vectors, of shape (..., 3); 0 where nothing is."""
        x, y, z = np.moveaxis(vectors, -1, 0)
        theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x) % (2 * np.pi)
        wanted = healpixels.pixel_of(theta, phi, 2**self.order, nest=True)
        if not len(self.pixels):
            return np.zeros(wanted.shape)
        places = np.minimum(np.searchsorted(self.pixels, wanted), len(self.pixels) - 1)
        return np.where(self.pixels[places] == wanted, self.values[places], 0.0)


def depth(
    shapes: Sequence[Sequence[Vectors]], order: int, weights: Sequence[float] | None = None
) -> Depth:
    """Return how many shapes contain the centre of each pixel, or the sum of their weights.

    Parameters
    ----------
    shapes : sequence of sequence of array
        Each is one or several convex polygons, of shape (n, 3), and counts once.
    order : `int`
        The order of the pixels.
    weights : sequence of `float`, optional
        What each shape adds; by default 1.

    Raises
    ------
    DataIdError
        If the order is not a whole number from 0 to 24.
    """
    if order not in ORDERS:
        raise DataIdError(f"order={order!r}: expected a whole number, 0 to {ORDERS[-1]}")
    each: Vectors = np.ones(len(shapes)) if weights is None else np.asarray(weights, float)
    groups = np.cumsum([len(shape) for shape in shapes]) // _TOGETHER
    parts = [(np.zeros(0, np.int64), np.zeros(0))]
    for group in np.unique(groups).tolist():
        members = np.nonzero(groups == group)[0].tolist()
        owners = np.repeat(members, [len(shapes[member]) for member in members])
        outlines = [one for member in members for one in shapes[member]]
        if not outlines:
            continue
        numbers, pixels = _inside(outlines, order)
        # a pixel in two polygons of a shape counts once
        total = 12 * 4**order
        pairs = np.unique((owners[numbers] - members[0]) * total + pixels)
        parts.append((pairs % total, each[members[0] + pairs // total]))
    pixels, values = (np.concatenate(one) for one in zip(*parts, strict=True))
    covered, places = np.unique(pixels, return_inverse=True)
    return Depth(order, covered, np.bincount(places, values, len(covered)).astype(float))


def _inside(outlines: Sequence[Vectors], order: int) -> tuple[Ints, Ints]:
    """Return the numbers of polygons, and the pixels whose centres they contain.

    From the twelve pixels of order 0 on, those that may have a position in common with a polygon
    are divided into four.
    """
    planes = polygon.normals(polygon.stacked(outlines))
    numbers, pixels = np.repeat(np.arange(len(outlines)), 12), np.tile(np.arange(12), len(outlines))
    for level in range(order + 1):
        if level:
            numbers, pixels = np.repeat(numbers, 4), (pixels[:, None] * 4 + np.arange(4)).ravel()
        heights = np.einsum("ijk,ik->ij", planes[numbers], centres(pixels, level))
        margin = math.sin(radius(level)) if level < order else 0.0
        kept = (heights >= -margin).all(axis=1)
        numbers, pixels = numbers[kept], pixels[kept]
    return numbers, pixels


def centres(pixels: Ints, order: int) -> Vectors:
    """Return unit vectors of the centres of nested pixels, of shape (n, 3)."""
    theta, phi = healpixels.centres(pixels, 2**order)
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1)


@functools.cache
def radius(order: int) -> float:
    """Return the largest distance (rad) of a corner of a pixel from its centre.

    Source: ``max_pixrad`` of HEALPix's own library: the pixel is beside the corner of a polar cap.
    """
    nside = 2**order
    z, phi = 2 / 3, math.pi / (4 * nside)
    away = math.sqrt(1 - z * z)
    one = np.array([away * math.cos(phi), away * math.sin(phi), z])
    height = 1 - (1 - 1 / nside) ** 2 / 3
    other = np.array([math.sqrt(1 - height * height), 0.0, height])
    return float(np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other)) * (1 + 1e-9)
