"""Mask flags that follow from others, or from positions; interpolation of flagged pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from persistence.tasks.stamps import Bools

_ROWS = 256  # that are filled at once


def grown(flagged: Bools, pixels: int) -> Bools:
    """Return pixels that are flagged, and those that so many steps along rows and columns reach."""
    grown = flagged.copy()
    for _ in range(pixels):
        before = grown.copy()
        grown[1:] |= before[:-1]
        grown[:-1] |= before[1:]
        grown[:, 1:] |= before[:, :-1]
        grown[:, :-1] |= before[:, 1:]
    return grown


def edge(shape: tuple[int, int], width: int) -> Bools:
    """Return the pixels that are nearer to the edge of an image than a width."""
    flagged = np.ones(shape, bool)
    flagged[width : shape[0] - width, width : shape[1] - width] = False
    return flagged


def fill_along_rows(images: Sequence[Any], bad: Bools) -> Bools:
    """Interpolate bad pixels linearly between the nearest good pixels of the row.

    At the ends of a row, the nearest good pixel is repeated.

    Parameters
    ----------
    images : sequence of array, shape (rows, columns)
        The images, which are modified.
    bad : array of `bool`, same shape
        The bad pixels.

    Returns
    -------
    filled : array of `bool`, same shape
        The bad pixels in rows with a good one.
    """
    for first in range(0, len(bad), _ROWS):
        part = np.s_[first : first + _ROWS]
        if bad[part].any():
            _fill([image[part] for image in images], bad[part])
    return bad & ~bad.all(axis=1, keepdims=True)


def _fill(images: Sequence[Any], bad: Bools) -> None:
    columns = bad.shape[1]
    edges = np.diff(np.pad(bad.view(np.int8), ((0, 0), (1, 1))), axis=1)
    row, start = np.nonzero(edges == 1)
    end = np.nonzero(edges == -1)[1]
    mixed = end - start < columns
    row, start, end = row[mixed], start[mixed], end[mixed]
    left, right = start - 1, end
    left, right = np.where(left < 0, right, left), np.where(right == columns, left, right)
    length = end - start
    run = np.repeat(np.arange(length.size), length)
    step = np.arange(run.size) - np.repeat(np.cumsum(length) - length, length)
    share = ((step + 1) / (length + 1)[run]).astype(np.float32)
    for image in images:
        before, other = image[row, left], image[row, right]
        image[row[run], start[run] + step] = before[run] + (other - before)[run] * share
