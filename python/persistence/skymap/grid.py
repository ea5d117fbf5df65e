"""The arithmetic of a tract's grid of patches, per axis or box.

Source: doc/gen2/afw-files.md 7.3, 7.4.
"""

from __future__ import annotations

import operator
import re
from typing import Any

import numpy as np

from persistence.types.pixels.box import Box
from persistence.types.wcs.sphere import Floats

_PAIR = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*")


def placed(pixels: Floats, inner: int) -> tuple[int, int]:
    """Return the first pixel and number of patches on an axis of the box that contains pixels."""
    low, high = float(pixels.min()), float(pixels.max())
    high += 2 * float(np.finfo(float).eps) * abs(high)
    first, last = int(np.ceil(low - 0.5)), int(np.floor(high + 0.5))
    size = last - first + 1
    count = -(-size // inner)
    return first - (count * inner - size) // 2, count


def pair(index: Any, columns: int) -> tuple[int, int]:
    """Return column and row of an index: ``(x, y)``, ``"x,y"``, or a sequential number."""
    if isinstance(index, str):
        match = _PAIR.fullmatch(index)
        if match is not None:
            return int(match[1]), int(match[2])
        index = int(index)
    if isinstance(index, tuple | list | np.ndarray):
        x, y = index
        return operator.index(x), operator.index(y)
    number = operator.index(index)
    return number % columns, number // columns


def clipped(box: Box, border: int, whole: Box) -> Box:
    """Return a box extended by a border, within the whole."""
    left, low = max(box.x0 - border, whole.x0), max(box.y0 - border, whole.y0)
    right = min(box.x0 + box.width + border, whole.x0 + whole.width)
    high = min(box.y0 + box.height + border, whole.y0 + whole.height)
    return Box(left, low, right - left, high - low)


def touched(pixels: Floats, border: int, size: int, count: int) -> range:
    """Return the patches on an axis that pixels with a border overlap."""
    first = max(int(np.ceil(pixels.min() - 0.5)) - border, 0)
    last = min(int(np.floor(pixels.max() + 0.5)) + border, size * count - 1)
    return range(first // size, last // size + 1) if first <= last else range(0)
