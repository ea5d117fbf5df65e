"""Pixels that differ from their neighbours, and the boxes that contain them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.combining import Plane
from persistence.tasks.input_quality import block_medians, scatter
from persistence.types.pixels.box import Box

Bools = NDArray[np.bool_]

_NEIGHBOURS = 15  # columns among which one is compared


def hot(image: Plane, config: Any) -> Bools:
    """Return the pixels of an amplifier that have charge which none of their neighbours has.

    Parameters
    ----------
    image : array
        Of an amplifier: combined darks or biases (electrons).
    config : `~persistence.tasks.construct_config.DefectsConfig`
        The thresholds.
    """
    off = image - smooth(image)
    limit = max(config.minBright, config.nSigmaBright * scatter(off))
    least = config.minColumnDeviation * config.minBright
    with np.errstate(invalid="ignore"):
        return np.asarray(~np.isfinite(off) | (off > limit)) | _columns(off, least, config)


def unresponsive(image: Plane, config: Any) -> Bools:
    """Return the pixels of an amplifier whose sensitivity differs from their neighbours'.

    Parameters
    ----------
    image : array, shape (rows, columns)
        The amplifier's part of combined flats.
    config : `~persistence.tasks.construct_config.DefectsConfig`
        The thresholds.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        off = image / smooth(image) - 1
    sigma = config.nSigmaDark * scatter(off)
    with np.errstate(invalid="ignore"):
        bad = (off < min(config.minResponse - 1, -sigma)) | (
            off > max(config.maxResponse - 1, sigma)
        )
    return np.asarray(~np.isfinite(off) | bad) | _columns(off, config.minColumnDeviation, config)


def smooth(image: Plane) -> Plane:
    """Return the large-scale structure of an image: its blocks' medians, interpolated."""
    blocks, _size = block_medians(image)
    blocks = np.where(np.isfinite(blocks), blocks, _middle(blocks))
    down, across = (
        _between(extent, number) for extent, number in zip(image.shape, blocks.shape, strict=True)
    )
    return np.asarray(down @ blocks.astype(np.float32) @ across.T)


def _middle(values: Any) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else math.nan


def _between(extent: int, number: int) -> Plane:
    """Return the weights of blocks along an axis, for each pixel; as at the outer ones beyond."""
    size = extent // number
    middles = (np.arange(number) + 0.5) * size - 0.5
    position = np.clip((np.arange(extent) - middles[0]) / size, 0, number - 1)
    weights = 1 - np.abs(position[:, np.newaxis] - np.arange(number))
    return np.asarray(np.maximum(weights, 0), np.float32)


def _columns(off: Plane, least: float, config: Any) -> Bools:
    """Return the columns of an amplifier whose medians differ from their neighbours'."""
    medians = np.array([_middle(column) for column in off.T])
    around = _running_median(medians)
    apart = np.abs(medians - around)
    limit = max(least, config.nSigmaColumn * scatter(medians - around))
    return np.broadcast_to(apart > limit, off.shape)


def _running_median(values: Any) -> Any:
    """Return the median of the values about each."""
    half = min(_NEIGHBOURS // 2, (len(values) - 1) // 2)
    padded = np.pad(values, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return np.array([_middle(window) for window in windows])


def filled_columns(bad: Bools, most: float) -> Bools:
    """Return bad pixels, with the whole of the columns of which more than a part is bad."""
    return np.asarray(bad | (bad.mean(axis=0) > most))


def boxes(bad: Bools) -> list[Box]:
    """Return boxes that have all bad pixels and no others, each once.

    Pixels above each other are one box, and such boxes side by side are one if they begin and end
    in the same rows. They are in the order of their columns.
    """
    edges = np.diff(np.pad(bad, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    # column by column, from below: as many ends as beginnings, in the same order
    columns, first = np.nonzero(edges == 1)
    _, last = np.nonzero(edges == -1)
    order = np.lexsort((columns, last, first))
    columns, first, last = columns[order], first[order], last[order]
    is_new = np.ones(len(columns), bool)
    is_new[1:] = (np.diff(columns) != 1) | (np.diff(first) != 0) | (np.diff(last) != 0)
    starts = np.flatnonzero(is_new)
    widths = np.diff(np.append(starts, len(columns)))
    defects = [
        Box(int(columns[at]), int(first[at]), int(width), int(last[at] - first[at]))
        for at, width in zip(starts, widths, strict=True)
    ]
    return sorted(defects, key=lambda box: (box.x0, box.y0))
