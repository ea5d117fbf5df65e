"""Many images of one detector become one, strip by strip: their memory is that of a strip."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.robust import NORMAL

Plane = NDArray[np.float32]
Floats = NDArray[np.float64]

# Pixels of all images that are in memory at a time; about ten arrays of that many are needed.
_AT_A_TIME = 2**21
# Values by which a strip's scatter is found.
_SAMPLE = 20000


class Stack:
    """Images of one shape, in an unnamed temporary file that never outlives the process.

    It is in the directory of `tempfile`, which the environment variable ``TMPDIR`` sets. Unusable
    pixels are NaN.

    Parameters
    ----------
    shape : `tuple` of `int`
        Rows and columns.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._number = 0
        self._file = tempfile.TemporaryFile(prefix="persistence-stack-")  # noqa: SIM115  # `close`

    def __len__(self) -> int:
        return self._number

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()

    def append(self, image: Plane) -> None:
        """Add an image at the end."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(image, np.float32).data)
        self._file.flush()
        self._number += 1

    def read(self, number: int, rows: slice | None = None) -> Plane:
        """Read rows of an image; by default all."""
        first, last, _step = (rows or slice(None)).indices(self.shape[0])
        columns = self.shape[1]
        self._file.seek(4 * columns * (number * self.shape[0] + first))
        pixels = np.fromfile(self._file, np.float32, (last - first) * columns)
        return pixels.reshape(last - first, columns)

    def strips(self, numbers: Sequence[int]) -> Iterator[tuple[slice, Plane]]:
        """Yield rows, and the pixels that some images have there: (images, rows, columns)."""
        height = max(1, _AT_A_TIME // (max(1, len(numbers)) * self.shape[1]))
        for first in range(0, self.shape[0], height):
            rows = slice(first, min(first + height, self.shape[0]))
            yield rows, np.stack([self.read(number, rows) for number in numbers])


class Combined(NamedTuple):
    """A combination of images.

    Attributes
    ----------
    image, variance : array, shape (rows, columns)
        NaN where there is no good pixel.
    good : array of `int`, same shape
        The number of images with a good pixel there.
    clipped : `float`
        The fraction of the good pixels that was clipped.
    """

    image: Plane
    variance: Plane
    good: NDArray[np.int16]
    clipped: float


def combine(
    stack: Stack,
    numbers: Sequence[int],
    levels: Sequence[float],
    noise: Plane,
    config: Any,
    is_lit: bool = True,
) -> Combined:
    """Combine images with known noise.

    Parameters
    ----------
    stack : `Stack`
        The images (electrons).
    numbers : sequence of `int`
        The indices of the images to combine.
    levels : sequence of `float`
        The divisor of each image.
    noise : array
        The variance of a pixel without light: that of the read noise.
    config : `~persistence.tasks.construct_config.CombineConfig`
        The settings.
    is_lit : `bool`
        Whether the signal has Poisson noise; that of biases has not.

    Notes
    -----
    A pixel is clipped if it differs from the median of its counterparts by more than ``clip``
    standard deviations, computed from light and read noise at the median; or, if an image scatters
    more, by as much more. The sample standard deviation of so few values would clip too many of
    three, and too few next to a cosmic ray.
    """
    shape = stack.shape
    image, variance = np.empty(shape, np.float32), np.empty(shape, np.float32)
    good = np.empty(shape, np.int16)
    scales = np.asarray(levels, np.float32)
    clipped = 0
    for rows, strip in stack.strips(numbers):
        # Pixel by pixel: to sort a few neighbours is much faster.
        values = np.ascontiguousarray(strip.reshape(len(numbers), -1).T)
        del strip
        values /= scales
        number = np.count_nonzero(np.isfinite(values), axis=1)
        middle = median(values, number)
        floor = noise[rows].reshape(-1, 1)
        light = np.maximum(middle, 0)[:, np.newaxis] * np.float32(is_lit)
        variances = (light * scales + floor) / (scales * scales)
        kept = _kept(values, middle, variances, config)
        clipped += int(number.sum()) - int(np.count_nonzero(kept))
        result, error = _COMBINED[config.combine](values, middle, variances, kept)
        image[rows], variance[rows] = (part.reshape(-1, shape[1]) for part in (result, error))
        good[rows] = number.reshape(-1, shape[1])
    return Combined(image, variance, good, clipped / max(1, int(good.sum(dtype=np.int64))))


def median(values: Plane, number: NDArray[np.intp]) -> Plane:
    """Return the median along the last axis, of which so many values are numbers."""
    ordered = np.sort(values, axis=1)  # NaN is sorted last
    low, high = np.maximum(number - 1, 0) // 2, np.minimum(number // 2, values.shape[1] - 1)
    pair = np.take_along_axis(ordered, np.stack([low, high], axis=1), axis=1)
    return np.asarray(pair.mean(axis=1), np.float32)


def _kept(values: Plane, middle: Plane, variances: Plane, config: Any) -> NDArray[np.bool_]:
    """Return which values are not cut off."""
    is_number = np.isfinite(values)
    if not _CLIPS[config.combine]:
        return is_number
    off = np.abs(values - middle[:, np.newaxis])
    step = max(1, len(values) // _SAMPLE)
    # The median of n values is nearer to each of them than the true value.
    count = values.shape[1]
    nearer = math.sqrt(max(1.0 - 1.0 / count, 0.5))
    for column in range(count):
        sample, expected = off[::step, column], np.sqrt(variances[::step, column])
        finite = np.isfinite(sample) & np.isfinite(expected)
        if not finite.any():
            continue
        scatter = NORMAL * float(np.median(sample[finite])) / nearer
        usual = float(np.median(expected[finite]))
        more = max(1.0, scatter / usual) if usual > 0 else 1.0
        limit = np.float32(config.clip * more) * np.sqrt(variances[:, column])
        off[:, column] -= limit if usual > 0 else np.float32(config.clip * scatter)
    with np.errstate(invalid="ignore"):
        return np.asarray((off <= 0) & is_number)


def _mean(
    values: Plane, middle: Plane, variances: Plane, kept: NDArray[np.bool_]
) -> tuple[Plane, Plane]:
    number = np.count_nonzero(kept, axis=1).astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = np.where(kept, values, 0).sum(axis=1, dtype=np.float64) / number
        error = np.where(kept, variances, 0).sum(axis=1) / (number * number)
    # Of two contradictory values, both are clipped: neither is better.
    alone = (number == 0) & np.isfinite(middle)
    result[alone] = middle[alone]
    error[alone] = variances.max(axis=1)[alone]
    return result.astype(np.float32), error.astype(np.float32)


def _median(
    values: Plane, middle: Plane, variances: Plane, kept: NDArray[np.bool_]
) -> tuple[Plane, Plane]:
    number = np.count_nonzero(kept, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = np.where(kept, variances, 0).sum(axis=1) / number
        # Of normal deviates: within 2% of the exact values for 1 to 5, and right for many.
        more = np.where(number % 2, math.pi / 2 - 1, math.pi - 2)
        error = usual * (math.pi / 2) / (number + more)
    return middle, error.astype(np.float32)


_COMBINED = {"MEANCLIP": _mean, "MEAN": _mean, "MEDIAN": _median}
_CLIPS = {"MEANCLIP": True, "MEAN": False, "MEDIAN": False}
