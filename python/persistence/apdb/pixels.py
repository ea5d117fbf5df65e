"""Regions of the sky as ranges of pixels: the trixels of a mesh that the tables are indexed by."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DatabaseError
from persistence.refcats import htm
from persistence.types.wcs import sphere

Ranges = list[tuple[int, int]]
# How wide a trixel of depth 0 is (deg); each is half as wide as those above it.
_WIDEST = 90.0
# A region's trixels begin with those as wide as it, and are made finer so often at most.
_FINER = 4


class Region(Protocol):
    """A part of the sky."""

    def trixels(self, depth: int) -> set[int]:
        """Return the trixels that it touches."""

    @property
    def size(self) -> float:
        """How wide it is (deg)."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky.

    Attributes
    ----------
    ra, dec : `float`
        Its centre (deg).
    radius : `float`
        In degrees.
    """

    ra: float
    dec: float
    radius: float

    def trixels(self, depth: int) -> set[int]:
        return htm.cone(self.ra, self.dec, self.radius, depth)

    @property
    def size(self) -> float:
        return 2 * self.radius


@dataclass(frozen=True, slots=True)
class Polygon:
    """A convex polygon on the sky.

    Attributes
    ----------
    ra, dec : `tuple` [`float`]
        Its corners, around it either way (deg).
    """

    ra: tuple[float, ...]
    dec: tuple[float, ...]

    @classmethod
    def around(cls, ra: Any, dec: Any, margin: float) -> Polygon:
        """Return the polygon of some corners (deg), grown by a margin (deg) on all sides."""
        corners = htm.convex(ra, dec)
        centre = corners.sum(axis=0)
        away = corners - centre / np.linalg.norm(centre)
        before = np.roll(away, 1, axis=0)
        edges = np.linalg.norm(away - before, axis=1)
        # Every edge moves by the margin if the one that is nearest to the centre does.
        heights = np.linalg.norm(np.cross(away, before), axis=1) / np.maximum(edges, 1e-12)
        nearest = max(float(heights.min()), 1e-3 * float(edges.max()))
        larger = corners + away * (1.01 * np.radians(margin) / nearest)
        ras, decs = sphere.angles(larger / np.linalg.norm(larger, axis=1)[:, np.newaxis])
        return cls(tuple(ras.tolist()), tuple(decs.tolist()))

    def trixels(self, depth: int) -> set[int]:
        return htm.polygon(self.ra, self.dec, depth)

    @property
    def size(self) -> float:
        corners = sphere.vector(np.array(self.ra), np.array(self.dec))
        across = corners[:, np.newaxis] - corners
        return float(np.degrees(np.linalg.norm(across, axis=-1).max()))


def index(ra: Any, dec: Any, level: int) -> NDArray[np.int64]:
    """Return the pixels of positions (deg)."""
    return htm.index(ra, dec, level)


def ranges(region: Any, level: int, most: int) -> Ranges:
    """Return the ranges of pixels that cover a region, and perhaps some of its surroundings.

    Parameters
    ----------
    region : `Region`, a region of lsst.sphgeom, or pairs of `int`
        Pairs are ranges already: from the first to before the second. Of a region of sphgeom the
        circle around it counts.
    level : `int`
        The depth of pixels.
    most : `int`
        How many ranges there are at most.
    """
    if hasattr(region, "getBoundingCircle"):
        region = _circle(region.getBoundingCircle())
    if hasattr(region, "trixels"):
        return _covering(region, level, most)
    try:
        return [(int(low), int(high)) for low, high in region]
    except TypeError as error:
        raise DatabaseError(
            f"a region is a Cone, a Polygon, one of lsst.sphgeom, or ranges of pixels, not "
            f"{region!r}"
        ) from error


def _circle(circle: Any) -> Cone:
    centre = circle.getCenter()
    ra, dec = sphere.angles(np.array([centre.x(), centre.y(), centre.z()]))
    return Cone(float(ra), float(dec), float(circle.getOpeningAngle().asDegrees()))


def _covering(region: Region, level: int, most: int) -> Ranges:
    wide = max(region.size, 1e-9)
    depth = int(np.clip(np.floor(np.log2(_WIDEST / wide)), 0, level))
    found = _merged(region.trixels(depth), level - depth)
    for finer in range(depth + 1, min(depth + _FINER, level) + 1):
        better = _merged(region.trixels(finer), level - finer)
        if len(better) > most:
            break
        found = better
    return found if len(found) <= most else _joined(found, most)


def _merged(trixels: Iterable[int], levels: int) -> Ranges:
    """Return the ranges, so many levels below, of trixels."""
    numbers = np.sort(np.fromiter(trixels, np.int64))
    if not numbers.size:
        return []
    parts: Sequence[NDArray[np.int64]] = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return [(int(part[0]) << 2 * levels, (int(part[-1]) + 1) << 2 * levels) for part in parts]


def _joined(found: Ranges, most: int) -> Ranges:
    """Return ranges of which those that are nearest to each other are joined."""
    gaps = np.array([after[0] - before[1] for before, after in itertools.pairwise(found)])
    kept = np.sort(np.argsort(gaps, kind="stable")[len(gaps) - (most - 1) :])
    starts, ends = [0, *(kept + 1)], [*kept, len(found) - 1]
    return [(found[start][0], found[end][1]) for start, end in zip(starts, ends, strict=True)]
