"""Which of two sets of positions are near each other."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# How many pairs are looked at together, which bounds the memory.
_PAIRS = 1 << 22


class Pairs(NamedTuple):
    """Places of neighbours in two sets, and the squares of their distances."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    squares: Numbers


def near(first: Numbers, second: Numbers, reach: float) -> Pairs:
    """Return all pairs of positions that are nearer to each other than a distance.

    Parameters
    ----------
    first, second : array, shape (positions, axes)
        The positions; positions that are not finite have no neighbours.
    reach : `float`
        The distance.

    Returns
    -------
    pairs : `Pairs`
        In the order of the last coordinate of the first positions, then of the second.
    """
    order, others = (_sorted(positions) for positions in (first, second))
    heights = second[others, -1]
    low = np.searchsorted(heights, first[order, -1] - reach, "left")
    high = np.searchsorted(heights, first[order, -1] + reach, "right")
    pairs = [
        _within(first, second, reach, order[part], others, low[part], high[part])
        for part in _parts(high - low)
    ]
    if not pairs:
        nothing = np.zeros(0, np.intp)
        return Pairs(nothing, nothing, np.zeros(0))
    return Pairs(*(np.concatenate(each) for each in zip(*pairs, strict=True)))


def closest(pairs: Pairs) -> Pairs:
    """Return of each position's neighbours the nearest one."""
    # The places of the first positions in the order in which they stand.
    starts = np.flatnonzero(np.diff(pairs.first, prepend=-1))
    numbers = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(pairs.first))))
    best = np.lexsort((np.arange(len(numbers)), pairs.squares, numbers))
    chosen = best[starts]
    return Pairs(pairs.first[chosen], pairs.second[chosen], pairs.squares[chosen])


def _sorted(positions: Numbers) -> NDArray[np.intp]:
    """Return the places of the finite positions in the order of the last coordinate."""
    order = np.argsort(positions[:, -1], kind="stable")
    return order[np.isfinite(positions[order]).all(axis=1)]


def _parts(counts: NDArray[np.intp]) -> list[slice]:
    """Return slices of the first positions of which each has a bounded number of candidates."""
    groups = np.cumsum(counts) // _PAIRS
    edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(counts)]
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _within(
    first: Numbers,
    second: Numbers,
    reach: float,
    order: NDArray[np.intp],
    others: NDArray[np.intp],
    low: NDArray[np.intp],
    high: NDArray[np.intp],
) -> Pairs:
    counts = high - low
    first_row = np.repeat(order, counts)
    starts = np.repeat(low - (np.cumsum(counts) - counts), counts)
    two = others[starts + np.arange(len(first_row))]
    squares = ((first[first_row] - second[two]) ** 2).sum(axis=1)
    inside = squares < reach**2
    return Pairs(first_row[inside], two[inside], squares[inside])
