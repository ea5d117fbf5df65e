"""Pairs positions on the sky: which objects sources belong to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.types.wcs import sphere

_ARCSEC = 3600.0
Ints = NDArray[np.int64]


class Pairs(NamedTuple):
    """The pairs of objects and sources that belong together.

    Attributes
    ----------
    objects : array of `int`
        For each source which object it is of, by its index; -1 is none.
    distances : array
        How far it is from it (arcsec); NaN without one.
    """

    objects: Ints
    distances: NDArray[np.float64]


def associate(objects: tuple[Any, Any], sources: tuple[Any, Any], radius: float) -> Pairs:
    """Pair sources with objects, one to one: the pair that is nearest first.

    Parameters
    ----------
    objects, sources : `tuple` of arrays
        Right ascensions and declinations (deg).
    radius : `float`
        How far apart a pair is at most (arcsec).

    Returns
    -------
    pairs : `Pairs`
        Of pairs that are equally far apart, the first object's, then the first source's counts.
    """
    from scipy.spatial import cKDTree

    there, here = (
        sphere.vector(*(np.asarray(axis, float) for axis in each)) for each in (objects, sources)
    )
    matched, distances = np.full(len(here), -1, np.int64), np.full(len(here), np.nan)
    if not len(there) or not len(here):
        return Pairs(matched, distances)
    chord = 2 * np.sin(np.radians(radius / _ARCSEC) / 2)
    close = cKDTree(here).sparse_distance_matrix(cKDTree(there), chord, output_type="ndarray")
    order = np.lexsort((close["i"], close["j"], close["v"]))
    source, target, apart = (close[field][order] for field in ("i", "j", "v"))
    while source.size:
        # Pairs that are the nearest both of their source and of their object are what going
        # through all pairs by distance would choose; then again, without what they have used.
        mutual = _first(source) & _first(target)
        matched[source[mutual]] = target[mutual]
        distances[source[mutual]] = 2 * np.degrees(np.arcsin(apart[mutual] / 2)) * _ARCSEC
        left = ~(np.isin(source, source[mutual]) | np.isin(target, target[mutual]))
        source, target, apart = source[left], target[left], apart[left]
    return Pairs(matched, distances)


def _first(numbers: Ints) -> NDArray[np.bool_]:
    """Return where each number is for the first time."""
    first = np.zeros(numbers.size, bool)
    first[np.unique(numbers, return_index=True)[1]] = True
    return first
