"""Matches sources to a reference catalog's stars, though some arcseconds off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.stamps import Floats

_ARCSEC = 3600.0
# The brightest sources and stars that vote for how far off the sky lies.
_VOTERS = 150


class Offsets(NamedTuple):
    """Positions on the plane that touches the sky at some point.

    Arcseconds east and north of it.
    """

    east: Floats
    north: Floats


class Matches(NamedTuple):
    """Pairs of sources and stars.

    Attributes
    ----------
    sources, stars : array of int
        Which; none comes twice.
    east, north : array
        How far each source is from its star (arcsec).
    """

    sources: NDArray[np.int64]
    stars: NDArray[np.int64]
    east: Floats
    north: Floats


def on_plane(ra: Floats, dec: Floats, centre: tuple[float, float]) -> Offsets:
    """Project positions (deg) from the centre of the sphere.

    The gnomonic projection (Calabretta & Greisen 2002).
    """
    away, high, pole = np.radians(ra - centre[0]), np.radians(dec), np.radians(centre[1])
    depth = np.sin(pole) * np.sin(high) + np.cos(pole) * np.cos(high) * np.cos(away)
    east = np.cos(high) * np.sin(away) / depth
    north = (np.cos(pole) * np.sin(high) - np.sin(pole) * np.cos(high) * np.cos(away)) / depth
    return Offsets(np.degrees(east) * _ARCSEC, np.degrees(north) * _ARCSEC)


def match(sources: Offsets, stars: Offsets, farthest: float, radius: float) -> Matches:
    """Pair sources and stars.

    The offset that most pairs of bright ones share is taken out before each source gets the star
    that is nearest.

    Parameters
    ----------
    sources, stars : `Offsets`
        Where they are, the brightest first.
    farthest : `float`
        The largest offset (arcsec).
    radius : `float`
        How near they are once it is taken out (arcsec).

    Returns
    -------
    matches : `Matches`
        Of pairs that are nearest to each other; perhaps none.
    """
    if not sources.east.size or not stars.east.size:
        return _paired(sources, stars, np.empty((0, 2), np.int64))
    shift = _shift(_head(sources), _head(stars), farthest, radius)
    moved = Offsets(sources.east - shift[0], sources.north - shift[1])
    return _paired(sources, stars, _nearest(moved, stars, radius))


def _head(many: Offsets) -> Offsets:
    return Offsets(many.east[:_VOTERS], many.north[:_VOTERS])


def _shift(sources: Offsets, stars: Offsets, farthest: float, radius: float) -> tuple[float, float]:
    """Give the offset that has the most others near it."""
    east, north = (one[:, np.newaxis] - other for one, other in zip(sources, stars, strict=True))
    possible = np.hypot(east, north) <= farthest
    east, north = east[possible], north[possible]
    if not east.size:
        return 0.0, 0.0
    votes = np.array(
        [
            np.count_nonzero(np.hypot(east - x, north - y) <= radius)
            for x, y in zip(east, north, strict=True)
        ]
    )
    best = int(np.argmax(votes))
    near = np.hypot(east - east[best], north - north[best]) <= radius
    return float(np.median(east[near])), float(np.median(north[near]))


def _nearest(sources: Offsets, stars: Offsets, radius: float) -> NDArray[np.int64]:
    """Give pairs that are nearest to each other."""
    from scipy.spatial import KDTree  # ccdproc brings it

    trees = [KDTree(np.column_stack(each)) for each in (sources, stars)]
    distance, star = trees[1].query(trees[0].data)
    _, source = trees[0].query(trees[1].data)
    mutual = (distance <= radius) & (source[star] == np.arange(star.size))
    return np.column_stack([np.flatnonzero(mutual), star[mutual]])


def _paired(sources: Offsets, stars: Offsets, pairs: NDArray[np.int64]) -> Matches:
    one, other = pairs[:, 0], pairs[:, 1]
    return Matches(
        one, other, sources.east[one] - stars.east[other], sources.north[one] - stars.north[other]
    )
