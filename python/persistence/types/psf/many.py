"""Images of many points at once: the same results as one by one, in a few large products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from persistence.types.psf import resample
from persistence.types.psf.kernels import Kernel
from persistence.types.psf.psfimage import check_totals

Array = NDArray[np.float64]
_AT_ONCE = 400  # points per block, for some 50 MB of memory


def parts(number: int) -> Iterator[slice]:
    """Return an iterator over slices of points that are drawn together."""
    return (slice(start, start + _AT_ONCE) for start in range(0, number, _AT_ONCE))


def moved(kernel: Kernel, x: Array, y: Array, radius: int) -> Array:
    """Return images of points: the kernel at each position, shifted by a fraction of a pixel.

    See `~persistence.types.psf.psfimage.Psf.stamps` for parameters and result.

    Raises
    ------
    FormatterError
        If the sum of the kernel at a position is 0 or not finite.
    """
    x, y, box = np.asarray(x, float), np.asarray(y, float), kernel.box
    stamps = np.zeros((x.size, 2 * radius + 1, 2 * radius + 1))
    rows, in_rows = _overlap(box.y0, box.height, radius)
    columns, in_columns = _overlap(box.x0, box.width, radius)
    for part in parts(x.size):
        images = kernel.images(x[part], y[part])
        totals = images.sum(axis=(1, 2))
        check_totals(totals)
        down, across = _moves(y[part], box.height, in_rows), _moves(x[part], box.width, in_columns)
        turned = down @ images @ across.transpose(0, 2, 1)
        stamps[part, rows, columns] = turned / totals[:, np.newaxis, np.newaxis]
    return stamps


def _overlap(first: int, length: int, radius: int) -> tuple[slice, slice]:
    """Return the part of a square that an axis of a kernel covers, and that part of the axis."""
    begin, end = max(first, -radius), min(first + length, radius + 1)
    end = max(begin, end)
    return slice(begin + radius, end + radius), slice(begin - first, end - first)


def _moves(places: Array, length: int, part: slice) -> Array:
    rest = places - np.floor(places + 0.5)
    return resample.matrices(np.arange(length)[part] - rest[:, np.newaxis], length)
