"""Matches sources to a reference catalog's stars, though some arcseconds off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import astrometry, voting
from persistence.tasks.stamps import Floats
from persistence.tasks.voting import Limits, Offsets, Pose

_ARCSEC = 3600.0
# With this number of pairs, a linear map is fitted to them, and the search is repeated.
_ENOUGH = 6
_ROUNDS = 3


class Matches(NamedTuple):
    """Pairs of sources and stars.

    Attributes
    ----------
    sources, stars : array of int
        Indices; each occurs once.
    east, north : array
        The offset of each source from its star (arcsec).
    pose : `~persistence.tasks.voting.Pose` or None
        The transformation found from the brightest; None if none are near.
    """

    sources: NDArray[np.int64]
    stars: NDArray[np.int64]
    east: Floats
    north: Floats
    pose: Pose | None = None


def on_plane(ra: Floats, dec: Floats, centre: tuple[float, float]) -> Offsets:
    """Project positions (deg) from the centre of the sphere.

    The gnomonic projection (Calabretta & Greisen 2002).
    """
    away, high, pole = np.radians(ra - centre[0]), np.radians(dec), np.radians(centre[1])
    depth = np.sin(pole) * np.sin(high) + np.cos(pole) * np.cos(high) * np.cos(away)
    east = np.cos(high) * np.sin(away) / depth
    north = (np.cos(pole) * np.sin(high) - np.sin(pole) * np.cos(high) * np.cos(away)) / depth
    return Offsets(np.degrees(east) * _ARCSEC, np.degrees(north) * _ARCSEC)


def match(sources: Offsets, stars: Offsets, limits: Limits, radius: float) -> Matches:
    """Match sources and stars.

    Sources are rotated, scaled and shifted as most of the brightest agree, before each source gets
    the nearest star; then by a linear map that is fitted to the pairs.

    Parameters
    ----------
    sources, stars : `Offsets`
        Their positions, the brightest first.
    limits : `~persistence.tasks.voting.Limits`
        The largest offsets of sources.
    radius : `float`
        The largest distance after correction (arcsec).

    Returns
    -------
    matches : `Matches`
        Pairs of mutual nearest neighbours; may be empty.
    """
    pose = voting.pose(sources, stars, limits, radius)
    if pose is None:
        return _paired(sources, stars, np.empty((0, 2), np.int64), None)
    pairs = _nearest(pose.applied(sources), stars, radius)
    for _ in range(_ROUNDS):
        if len(pairs) < _ENOUGH:
            break
        again = _nearest(_fitted(sources, stars, pairs), stars, radius)
        if np.array_equal(again, pairs):
            break
        pairs = again
    return _paired(sources, stars, pairs, pose)


def _fitted(sources: Offsets, stars: Offsets, pairs: NDArray[np.int64]) -> Offsets:
    """Return sources moved by the linear map that brings pairs together."""
    here, there = np.column_stack(sources), np.column_stack(stars)
    correction = astrometry.fit(here[pairs[:, 0]], there[pairs[:, 1]], linear=True)
    return Offsets(*(here @ correction.matrix.T + correction.shift).T)


def _nearest(sources: Offsets, stars: Offsets, radius: float) -> NDArray[np.int64]:
    """Return pairs of mutual nearest neighbours."""
    from scipy.spatial import KDTree

    trees = [KDTree(np.column_stack(each)) for each in (sources, stars)]
    distance, star = trees[1].query(trees[0].data)
    _, source = trees[0].query(trees[1].data)
    mutual = (distance <= radius) & (source[star] == np.arange(star.size))
    return np.column_stack([np.flatnonzero(mutual), star[mutual]])


def _paired(
    sources: Offsets, stars: Offsets, pairs: NDArray[np.int64], pose: Pose | None
) -> Matches:
    first, other = pairs[:, 0], pairs[:, 1]
    east, north = (here[first] - there[other] for here, there in zip(sources, stars, strict=True))
    return Matches(first, other, east, north, pose)
