"""Which sources of a science exposure a matching kernel is fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.types.pixels.box import Box

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_CELLS = (6, 12)  # across and along: stars are taken from all of them alike
_FLAGS = ("bad", "saturated", "edge")


def chosen(table: Any, good: Bools, box: Box, number: int, reach: int, least_ratio: float) -> Ints:
    """Return the rows of the brightest sources in each part of the image.

    Parameters
    ----------
    table : `~persistence.types.table.catalog.Catalog`
        ``src``.
    good : array of `bool`, shape (rows, columns)
        The usable pixels.
    box : `~persistence.types.pixels.box.Box`
        The box of the image.
    number : `int`
        The number of sources.
    reach : `int`
        The smallest distance from the edges, and from saturated or missing pixels (pixels).
    least_ratio : `float`
        Their smallest signal-to-noise ratio.
    """
    x, y = (np.asarray(table[f"base_SdssCentroid_{axis}"], float) for axis in "xy")
    flux, error = (
        np.asarray(table[f"base_PsfFlux_instFlux{ending}"], float) for ending in ("", "Err")
    )
    with np.errstate(all="ignore"):
        ratio = np.nan_to_num(flux / error, nan=0.0, posinf=0.0)
    with np.errstate(invalid="ignore"):
        columns, rows = (
            np.nan_to_num(np.floor(at - start + 0.5), nan=-1).astype(int)
            for at, start in ((x, box.x0), (y, box.y0))
        )
    wanted = (ratio > least_ratio) & (columns >= reach) & (columns < box.width - reach)
    wanted &= (rows >= reach) & (rows < box.height - reach)
    for flag in _FLAGS:
        name = f"base_PixelFlags_flag_{flag}"
        if name in table.colnames:
            wanted &= ~np.asarray(table[name], bool)
    if "deblend_nChild" in table.colnames:
        wanted &= np.asarray(table["deblend_nChild"]) == 0  # of a family, its members
    rest = np.flatnonzero(wanted)
    # A pixel that does not count is of no weight; too many, and there is no star.
    steps = np.arange(-(reach // 2), reach // 2 + 1)
    about = good[
        rows[rest, np.newaxis, np.newaxis] + steps[:, np.newaxis],
        columns[rest, np.newaxis, np.newaxis] + steps,
    ]
    rest = rest[1 - about.mean(axis=(1, 2)) < _LOST]
    rest = rest[np.argsort(-ratio[rest], kind="stable")]
    cell = columns[rest] * _CELLS[0] // box.width + _CELLS[0] * (
        rows[rest] * _CELLS[1] // box.height
    )
    order = np.argsort(cell, kind="stable")
    start = np.searchsorted(cell[order], cell[order])
    rank = np.empty(rest.size, int)
    rank[order] = np.arange(rest.size) - start  # within the cell, by brightness
    return np.asarray(rest[np.argsort(rank, kind="stable")][:number])


_LOST = 0.05  # the part of the pixels about a star that may not count
