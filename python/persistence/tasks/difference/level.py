"""The level of the sky that is left in a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import sky
from persistence.tasks.difference.subtract import unusable
from persistence.types.fields.background import REDUCE, Background, Surface, centres
from persistence.types.pixels.mask import Mask

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Bools = NDArray[np.bool_]
Plane = NDArray[np.float32]

_AKIMA = 5  # the number of the kind of curve
_CLIP = 4.0  # standard deviations
_ENOUGH = 0.2  # the least part of a bin's pixels that a mean is taken of


def empty(exposure: Exposure) -> Bools:
    """Return the usable pixels of a difference where neither exposure has a source.

    Where sources leave less than a fifth of the usable pixels, all of these are returned.
    """
    mask, _variance = sky.planes(exposure)
    good = ~unusable(exposure)
    if "DETECTED" in mask.planes:
        alone = good & ~mask["DETECTED"]
        if np.count_nonzero(alone) > _ENOUGH * np.count_nonzero(good):
            return alone
    return good


def level(exposure: Exposure, pixels: Bools, bin_size: int) -> Plane:
    """Return the level: Akima splines through means of bins.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The difference.
    pixels : array of `bool`
        Those that the means are taken of; see `empty`.
    bin_size : `int`
        About how long the sides of the bins are (pixels).

    Notes
    -----
    Means, not modes: photons are Poisson deviates, whose mode, as it is estimated by medians and
    means, is half a photon below their mean; a point is as wide as 70 pixels, and noise of 1000
    photons a pixel makes this a tenth of its flux's standard deviation.
    """
    from scipy import ndimage

    (_mask, variance), shape = sky.planes(exposure), exposure.image.shape
    counted = pixels & (exposure.image**2 < np.float32(_CLIP**2) * variance)
    bins = [max(1, round(size / bin_size)) for size in shape]
    starts = [_starts(number, size) for number, size in zip(bins, shape, strict=True)]
    sums, number, every = (
        _summed(plane, starts)
        for plane in (
            np.where(counted, exposure.image, np.float32(0)),
            counted,
            np.ones(shape, bool),
        )
    )
    has_enough = number > _ENOUGH * every
    if not has_enough.any():
        return np.full(shape, sums.sum() / max(number.sum(), 1), np.float32)
    # A bin without enough has the level of the nearest one that has.
    nearest = ndimage.distance_transform_edt(
        ~has_enough, return_distances=False, return_indices=True
    )
    levels = (sums / np.maximum(number, 1))[tuple(nearest)]
    flags = Mask.from_flags({"BAD": np.zeros(levels.shape, bool)})
    surface = Surface(_AKIMA, REDUCE)
    return Background(levels, np.ones_like(levels), flags, exposure.bbox, surface).image()


def _starts(bins: int, size: int) -> NDArray[np.intp]:
    """Return where bins begin whose middles are `persistence.types.fields.background.centres`."""
    middles = centres(bins, size)
    starts = [0]
    for middle in middles[:-1]:
        starts.append(round(2 * (middle + 0.5) - starts[-1]))
    return np.array(starts)


def _summed(plane: NDArray[Any], starts: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    rows = np.add.reduceat(plane, starts[0], axis=0, dtype=float)
    return np.asarray(np.add.reduceat(rows, starts[1], axis=1))
