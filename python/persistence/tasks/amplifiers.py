"""Amplifiers' pixels as they were read out: overscan level, saturation, crosstalk."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks.robust import NORMAL
from persistence.types.exposure.detector import Amplifier

Plane = NDArray[np.float32]

_CLIP = 4.0  # standard deviations of overscan pixels that a mean is taken of

# What turns an amplifier's trimmed pixels so that the one that is read first comes first.
_FIRST: dict[str, tuple[slice, slice]] = {
    corner: (slice(None, None, -1 if corner[0] == "U" else 1),
             slice(None, None, -1 if corner[1] == "R" else 1))
    for corner in ("LL", "LR", "UL", "UR")
}  # fmt: skip


class Overscan(NamedTuple):
    """The statistics of overscan pixels, which received no light.

    Attributes
    ----------
    level, noise : `float`
        Their median, and the standard deviation of one pixel (counts); NaN if there are none.
    """

    level: float
    noise: float


class Reading(NamedTuple):
    """An amplifier's light-sensitive pixels, as the trimmed image has them.

    Attributes
    ----------
    counts : array
        Without the level of the overscan.
    full : array of `bool`
        Which pixels reach the saturation.
    overscan : `Overscan`
    """

    counts: Plane
    full: NDArray[np.bool_]
    overscan: Overscan


def read(raw: NDArray[Any], amplifier: Amplifier, config: Any) -> Reading:
    """Return an amplifier cut out of a raw image, with the overscan level subtracted.

    Parameters
    ----------
    raw : array, shape (rows, columns)
        The whole raw image (counts).
    amplifier : `~persistence.types.exposure.detector.Amplifier`
        The amplifier.
    config : `~persistence.tasks.isr_config.IsrConfig`
        The overscan settings.

    Raises
    ------
    TaskError
        If there is no overscan as configured, or the saturation level is unknown.
    """
    if amplifier.saturation is None and config.doSaturation:
        raise TaskError(
            f"the saturation of amplifier {amplifier.name} is not known; doSaturation=False goes "
            "without"
        )
    pixels = raw[amplifier.data.slices]
    full = np.zeros(pixels.shape, bool)
    if amplifier.saturation is not None and config.doSaturation:
        full = np.asarray(pixels >= amplifier.saturation)
    over = raw[amplifier.overscan.slices].astype(np.float32)
    counts = pixels.astype(np.float32)
    if config.doOverscan:
        counts -= _level(over, len(counts), amplifier.name, config)
    level, noise = np.nan, np.nan
    if over.size:
        level = float(np.median(over))
        # The common drift of rows is not the noise of single pixels.
        noise = NORMAL * float(np.median(np.abs(over - np.median(over, axis=1, keepdims=True))))
    turn = np.s_[:: -1 if amplifier.flip_y else 1, :: -1 if amplifier.flip_x else 1]
    return Reading(counts[turn], full[turn], Overscan(level, noise))


def _level(over: Plane, rows: int, name: str, config: Any) -> Any:
    """Return the level of the overscan: one number, or one for each row."""
    if not over.size:
        raise TaskError(f"amplifier {name} has no overscan; doOverscan=False goes without")
    if config.overscanFitType == "MEDIAN":
        return np.median(over)
    if len(over) != rows:
        raise TaskError(
            f"amplifier {name} has {rows} rows, its overscan {len(over)}: so that rows have no "
            "levels of their own; overscanFitType=MEDIAN has one for all"
        )
    levels = np.median(over, axis=1)
    if config.overscanFitType == "MEAN_PER_ROW":
        levels = _means(over, levels[:, np.newaxis])
    if config.overscanFitType == "POLY":
        from numpy.polynomial import Polynomial

        along = np.arange(rows)
        levels = Polynomial.fit(along, levels, config.overscanOrder)(along).astype(np.float32)
    elif config.overscanSmoothing > 0:
        levels = _smoothed(levels, config.overscanSmoothing)
    return levels[:, np.newaxis]


def _means(over: Plane, medians: Plane) -> Plane:
    """Return the means of rows without outliers.

    Their variance is 1.6 times smaller than that of medians, and medians of integers are integers.
    """
    apart = np.abs(over - medians)
    kept = apart <= max(_CLIP * NORMAL * float(np.median(apart)), 1.0)
    number = kept.sum(axis=1)
    means = np.where(kept, over, 0).sum(axis=1) / np.maximum(number, 1)
    return np.where(number > 0, means, medians[:, 0]).astype(np.float32)


def _smoothed(levels: Plane, sigma: float) -> Plane:
    """Return the levels of rows smoothed by a Gaussian; beyond the ends are those of the ends."""
    half = int(np.ceil(3 * sigma))
    profile = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * sigma**2))
    padded = np.pad(levels, half, mode="edge")
    return np.convolve(padded, profile / profile.sum(), mode="valid").astype(np.float32)


def crossed(counts: Plane, amplifiers: tuple[Amplifier, ...], coefficients: NDArray[Any]) -> Plane:
    """Return an image corrected for crosstalk between amplifiers read at the same time.

    Parameters
    ----------
    counts : array, shape (rows, columns)
        The trimmed image, without overscan and bias (counts).
    amplifiers : `tuple` of `~persistence.types.exposure.detector.Amplifier`
        The detector's amplifiers, in the order of the matrix.
    coefficients : array, shape (amplifiers, amplifiers)
        ``[source, victim]``: the fraction of the source that appears in the victim.

    Raises
    ------
    TaskError
        If the matrix is for another number of amplifiers, or they differ in size.
    """
    number = len(amplifiers)
    shapes = {(each.trimmed.height, each.trimmed.width) for each in amplifiers}
    if coefficients.shape != (number, number) or len(shapes) != 1:
        size = " x ".join(map(str, coefficients.shape))
        raise TaskError(
            f"crosstalk of {size} coefficients is not that of {number} amplifiers of one size"
        )
    streams = [counts[each.trimmed.slices][_FIRST[corner(each)]] for each in amplifiers]
    corrected = counts.copy()
    for victim, amplifier in enumerate(amplifiers):
        target = corrected[amplifier.trimmed.slices][_FIRST[corner(amplifier)]]
        for source, stream in enumerate(streams):
            part = np.float32(coefficients[source, victim])
            if part and source != victim:
                target -= part * stream
    return corrected


def corner(amplifier: Amplifier) -> str:
    """Return the corner read first, in the trimmed image: ``LL``, ``LR``, ``UL``, ``UR``.

    If the camera does not define it, it is next to the prescan, and opposite the postscan rows,
    which are read last.
    """
    if amplifier.corner is not None:
        return amplifier.corner
    is_right = amplifier.prescan.x0 > amplifier.data.x0 and amplifier.prescan.width > 0
    is_upper = amplifier.postscan.y0 < amplifier.data.y0 and amplifier.postscan.height > 0
    sides = (is_upper != amplifier.flip_y, is_right != amplifier.flip_x)
    return ("U" if sides[0] else "L") + ("R" if sides[1] else "L")
