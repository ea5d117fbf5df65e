"""How significant a point at each pixel of a difference would be, and where such points are."""

from __future__ import annotations

from collections.abc import Iterator
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
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Plane = NDArray[np.float32]

_SIDE = 31  # pixels of the PSF that count
_LOST = 3  # pixels of the square about a point that may be unusable
_NEAR = 5  # the side of that square
_FROM_SATURATED = 25  # the side of the square in which no pixel is saturated
_EDGE = 12  # pixels from the edges where nothing is looked for
_PEAK = 5  # the side of the square in which a peak is the highest
_FARTHEST = 0.7  # pixels that a peak may lie from the middle of its pixel
_PART = 0.9  # of the height of a peak, at least, its highest pixel has
_SAMPLE = 17  # every so many of the pixels tell how much the score scatters


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
    error : array
        That standard deviation.
    """

    image: Plane
    scale: float
    good: Bools
    error: Plane


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


def score(exposure: Exposure, pixels: Bools) -> Score:
    """Return the score image of a difference exposure, with the PSF in its centre."""
    box, (mask, variance) = exposure.bbox, sky.planes(exposure)
    bad = unusable(exposure)
    psf = resampledpsf.square(
        exposure.psf, box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2, _SIDE
    )[::-1, ::-1]
    light = convolution.convolved(np.where(bad, np.float32(0), exposure.image), psf)
    # An unusable pixel tells nothing of a point, and adds no noise to what others tell.
    noise = convolution.convolved(np.where(bad, np.float32(0), variance), psf**2)
    calm = float(np.median(noise[::7, ::7]))
    error = np.sqrt(np.maximum(noise, np.float32(max(calm * 1e-6, 1e-30))))
    ratio = light / error
    good = _number(bad, _NEAR) <= _LOST
    if "SAT" in mask.planes:
        good &= ~_grown(mask["SAT"], _FROM_SATURATED)
    good[:_EDGE] = good[-_EDGE:] = False
    good[:, :_EDGE] = good[:, -_EDGE:] = False
    sample = ratio[good & pixels][::_SAMPLE]
    scale = robust.scatter(sample) if sample.size else 1.0
    return Score(np.asarray(ratio / np.float32(scale), np.float32), scale, good, error)


def peaks(scored: Score, threshold: float, distance: int) -> Peaks:
    """Return the peaks above a threshold, of either sign.

    Parameters
    ----------
    scored : `Score`
    threshold : `float`
    distance : `int`
        How far from a peak one of the other sign is looked for (pixels).
    """
    rows, columns = np.nonzero((np.abs(scored.image) > _PART * threshold) & scored.good)
    reach, parts = _PEAK // 2, []
    for sign in (1, -1):
        its = sign * scored.image[rows, columns] > 0
        row, column = rows[its], columns[its]
        near = sign * _squares(scored.image, row, column, reach)
        is_peak = near[:, reach, reach] == near.max(axis=(1, 2))
        row, column, near = row[is_peak], column[is_peak], near[is_peak]
        height = near[:, reach, reach].astype(float)
        for triple in (near[:, reach], near[:, :, reach]):
            height += _parabola(*triple[:, reach - 1 : reach + 2].T)[1]
        enough = height > threshold
        row, column, height = row[enough], column[enough], height[enough]
        other = -sign * _squares(scored.image, row, column, distance)
        opposite = other.max(axis=(1, 2), initial=0.0).astype(float)
        parts.append((*_place(scored, row, column, sign), sign * height, opposite))
    return Peaks(*(np.concatenate(axis) for axis in zip(*parts, strict=True)))


def _place(scored: Score, row: Ints, column: Ints, sign: int) -> tuple[Floats, Floats]:
    """Return where the light of a point is highest, near the peak of its score.

    On a star whose brightness has changed the noise is highest in its middle: there the score has
    no peak, but the light has.
    """
    reach = _PEAK // 2 + 1
    light = sign * _squares(scored.image, row, column, reach)
    light *= _squares(scored.error, row, column, reach)
    inner = light[:, 1:-1, 1:-1].reshape(row.size, _PEAK**2)
    down, along = np.divmod(inner.argmax(axis=1), _PEAK)
    each = np.arange(row.size)
    steps = np.arange(3)
    across = light[each[:, np.newaxis], (down + 1)[:, np.newaxis], along[:, np.newaxis] + steps]
    above = light[each[:, np.newaxis], down[:, np.newaxis] + steps, (along + 1)[:, np.newaxis]]
    return (
        column + along + 1 - reach + _parabola(*across.T)[0],
        row + down + 1 - reach + _parabola(*above.T)[0],
    )


def _parabola(before: Any, middle: Any, after: Any) -> tuple[Floats, Floats]:
    """Return where the top of a parabola through three pixels is, and how much higher."""
    before, middle, after = (np.asarray(each, float) for each in (before, middle, after))
    bend, slope = before - 2 * middle + after, (after - before) / 2
    with np.errstate(all="ignore"):
        offset = np.clip(np.where(bend < 0, -slope / bend, 0.0), -_FARTHEST, _FARTHEST)
    return np.asarray(offset, float), np.asarray(slope * offset + bend * offset**2 / 2, float)


def _squares(plane: Plane, rows: Ints, columns: Ints, reach: int) -> Plane:
    """Return the pixels about some; those beyond the edges are the edge's."""
    steps = np.arange(-reach, reach + 1)
    down, along = (
        np.clip(index[:, np.newaxis] + steps, 0, size - 1)
        for index, size in zip((rows, columns), plane.shape, strict=True)
    )
    return np.asarray(plane[down[:, :, np.newaxis], along[:, np.newaxis, :]])


def _number(flags: Bools, side: int) -> NDArray[np.uint8]:
    """Return how many flagged pixels the square about each pixel has."""
    united = flags.astype(np.uint8)
    for axis in (0, 1):
        parts = _shifted(united, axis, side)
        united = next(parts).copy()
        for part in parts:
            united += part
    return united


def _grown(flags: Bools, side: int) -> Bools:
    """Return the pixels whose square has a flagged pixel."""
    for axis in (0, 1):
        parts = _shifted(flags, axis, side)
        flags = next(parts).copy()
        for part in parts:
            flags |= part
    return flags


def _shifted(plane: Any, axis: int, side: int) -> Iterator[Any]:
    """Yield a plane moved along an axis, by each step to either end of a square."""
    width = [(0, 0), (0, 0)]
    width[axis] = (side // 2, side // 2)
    padded = np.pad(plane, width)
    for first in range(side):
        part = [slice(None), slice(None)]
        part[axis] = slice(first, first + plane.shape[axis])
        yield padded[tuple(part)]
