"""How significant a point at each pixel of a difference would be, and where such points are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import robust, sky
from persistence.tasks.difference import convolution, resampledpsf
from persistence.tasks.difference.subtract import unusable

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Plane = NDArray[np.float32]

_SIDE = 31  # pixels of the PSF that count
_LOST = 0.12  # the part of the pixels about a point that may be unusable
_NEAR = 5  # the side of the square that is about a point
_FROM_SATURATED = 25  # the side of the square in which no pixel is saturated
_EDGE = 12  # pixels from the edges where nothing is looked for
_PEAK = 5  # the side of the square in which a peak is the highest
_FARTHEST = 0.7  # pixels that a peak may lie from the middle of its pixel


@dataclass(frozen=True, eq=False)
class Score:
    """The score of each pixel.

    Attributes
    ----------
    image : array, shape (rows, columns)
        The flux of a point there over its standard deviation.
    scale : `float`
        What it was divided by so that its robust scatter is 1.
    good : array of `bool`
        Where it is believed.
    """

    image: Plane
    scale: float
    good: Bools


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of the score: positive ones, and negative ones.

    Attributes
    ----------
    x, y : array
        Pixels of the array, by a parabola.
    score : array
        Their heights, negative where the difference is.
    opposite : array
        The highest score of the other sign nearby, as a positive number.
    """

    x: Floats
    y: Floats
    score: Floats
    opposite: Floats


def score(exposure: Exposure) -> Score:
    """Return the score of a difference exposure; its PSF is taken as it is in the middle."""
    from scipy import ndimage

    box, (mask, variance) = exposure.bbox, sky.planes(exposure)
    bad = unusable(exposure)
    psf = resampledpsf.square(
        exposure.psf, box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2, _SIDE
    )[::-1, ::-1]
    light = convolution.convolved(np.where(bad, np.float32(0), exposure.image), psf)
    calm = np.float32(np.median(variance[~bad][::50])) if not bad.all() else np.float32(1)
    noise = np.where(np.isfinite(variance), variance, calm)
    spread = np.sqrt(np.maximum(convolution.convolved(noise, psf**2), calm * np.float32(1e-6)))
    made = light / spread
    saturated = mask["SAT"] if "SAT" in mask.planes else np.zeros_like(bad)
    good = ndimage.uniform_filter(bad.astype(np.float32), _NEAR) <= _LOST
    good &= ~ndimage.maximum_filter(saturated, _FROM_SATURATED)
    good[:_EDGE] = good[-_EDGE:] = False
    good[:, :_EDGE] = good[:, -_EDGE:] = False
    sample = made[good][::17]
    scale = float(robust.NORMAL * np.median(np.abs(sample))) if sample.size else 1.0
    return Score(np.asarray(made / scale, np.float32), scale, good)


def peaks(found: Score, threshold: float, distance: int) -> Peaks:
    """Return the peaks above a threshold, of either sign.

    Parameters
    ----------
    found : `Score`
    threshold : `float`
    distance : `int`
        How far from a peak one of the other sign is looked for (pixels).
    """
    from scipy import ndimage

    parts = []
    for sign in (1, -1):
        signed = found.image * np.float32(sign)
        is_peak = (signed > threshold) & found.good
        is_peak &= signed == ndimage.maximum_filter(signed, _PEAK)
        rows, columns = np.nonzero(is_peak)
        height = signed[rows, columns].astype(float)
        dx = _parabola(signed[rows, columns - 1], height, signed[rows, columns + 1])
        dy = _parabola(signed[rows - 1, columns], height, signed[rows + 1, columns])
        other = ndimage.maximum_filter(-signed, 2 * distance + 1)[rows, columns].astype(float)
        parts.append((columns + dx, rows + dy, sign * height, np.maximum(other, 0)))
    return Peaks(*(np.concatenate(axis) for axis in zip(*parts, strict=True)))


def _parabola(before: Any, middle: Floats, after: Any) -> Floats:
    bend = before - 2 * middle + after
    with np.errstate(all="ignore"):
        place = np.where(bend < 0, 0.5 * (before - after) / bend, 0.0)
    return np.asarray(np.clip(place, -_FARTHEST, _FARTHEST), float)
