"""About how wide the PSF is, before anything is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from persistence.tasks import sky, stamps, star_selector
from persistence.tasks.stamps import Floats

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

_MOST = 400  # sources: the brightest suffice
_RADIUS = 20  # pixels around a source that are looked at
# The smallest number of pixels brighter than half the peak: smaller sources are not stars.
_LEAST = 4
# How often its part of the square is made smaller, and how far it reaches then (full widths).
_ROUNDS, _REACH = 5, 0.8
_WIDTH = 2 * np.sqrt(2 * np.log(2))  # full width at half maximum of a Gaussian, in its sigma


def width(exposure: Exposure, x: Floats, y: Floats, guess: float) -> float:
    """Return the standard deviation (pixels) of a Gaussian as wide as most bright sources.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The background-subtracted exposure.
    x, y : array, shape (sources,)
        Positions of bright sources (pixels of the array).
    guess : `float`
        The result if there are no sources.

    Notes
    -----
    The area in which a star is brighter than half its peak is a circle with its full width at half
    maximum as the diameter, whatever its wings.
    """
    bad = sky.unusable(exposure)
    part = stamps.cut(exposure.image, exposure.variance, bad, x, y, _RADIUS)
    distance = np.hypot(*np.meshgrid(*[np.arange(-_RADIUS, _RADIUS + 1)] * 2))
    near = distance <= 2
    peak = np.where(near, part.pixels, 0.0).max(axis=(1, 2), initial=0.0)
    brightest = np.argsort(-peak)[:_MOST]
    bright = (part.pixels > peak[:, np.newaxis, np.newaxis] / 2)[brightest]
    area = bright.sum(axis=(1, 2))
    for _ in range(_ROUNDS):  # others nearby are left out
        reach = _REACH * np.sqrt(4 / np.pi * area)
        area = (bright & (distance < reach[:, np.newaxis, np.newaxis])).sum(axis=(1, 2))
    whole = part.good[brightest][:, near].all(axis=1)
    area = area[whole & (area >= _LEAST)]
    if not area.size:
        return guess
    return float(np.sqrt(4 / np.pi * np.exp(star_selector.mode(np.log(area), 0.15))) / _WIDTH)
