"""Identify deviating inputs of a master calibration; measure gain and read noise from pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.combining import Plane, Stack, median
from persistence.types.exposure.detector import Amplifier

Floats = NDArray[np.float64]
# The level of each input, by detector and by input.
Levels = Mapping[str, Mapping[str, float]]

_BLOCKS = 16  # along each axis, where there are pixels enough
_FEWEST = 8  # pixels along each axis of a block
_SAMPLE = 2**19  # pixels that are looked at
# The mean of the absolute values of normal deviates, without the largest twentieth, in standard
# deviations. (The median of what was rounded to whole counts moves in steps.)
_TRIMMED, _KEPT = 0.71684, 0.95
_MEDIANS = 1.2533  # the error of a median, in those of a mean
_PAIRS = 10


class Look(NamedTuple):
    """The statistics of an input.

    Attributes
    ----------
    level : `float`
        The median of its good pixels (electrons).
    noise : `float`
        The standard deviation of a pixel relative to its neighbour (electrons).
    expected : `float`
        The value expected from read noise and light.
    blocks : array
        The medians of its blocks (electrons).
    error : `float`
        The standard deviation of a block's median (electrons).
    full : `float`
        The fraction of saturated pixels.
    """

    level: float
    noise: float
    expected: float
    blocks: Floats
    error: float
    full: float


def look(image: Plane, variance: Plane, full: float = 0.0) -> Look:
    """Look at an input, of which bad pixels are not numbers.

    Parameters
    ----------
    image, variance : array
        Of the input (electrons).
    full : `float`
        The part of its pixels that are saturated.

    Returns
    -------
    look : `Look`
        Its level is not a number if no pixel is good.
    """
    step = max(1, math.isqrt(image.size // _SAMPLE))
    sample = image[::step, ::step]
    blocks, size = block_medians(sample)
    noise = scatter(np.diff(image[:, ::step], axis=0)) / math.sqrt(2)
    usual = variance[::step, ::step][np.isfinite(sample)]
    return Look(
        float(np.nanmedian(sample)) if np.isfinite(sample).any() else math.nan,
        noise,
        math.sqrt(float(np.median(usual))) if usual.size else math.nan,
        blocks,
        _MEDIANS * noise / math.sqrt(size),
        full,
    )


def block_medians(image: Plane) -> tuple[Floats, int]:
    """Return the medians of an image's blocks, ignoring NaN; and the blocks' size."""
    rows, columns = (max(1, min(_BLOCKS, extent // _FEWEST)) for extent in image.shape)
    high, wide = image.shape[0] // rows, image.shape[1] // columns
    parts = image[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    values = parts.transpose(0, 2, 1, 3).reshape(rows * columns, high * wide)
    number = np.count_nonzero(np.isfinite(values), axis=1)
    return np.asarray(median(values, number), float).reshape(rows, columns), high * wide


def scatter(values: Any) -> float:
    """Return the standard deviation of values about 0, without strays; not a number of none."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return math.nan
    last = max(1, int(_KEPT * sizes.size))
    return float(np.partition(sizes, last - 1)[:last].mean(dtype=float)) / _TRIMMED


def deviants(looks: Mapping[str, Look], is_light: bool, config: Any) -> dict[str, str]:
    """Return the inputs that deviate from the others, with the reasons.

    Parameters
    ----------
    looks : mapping
        Name of an input -> its statistics.
    is_light : `bool`
        Whether inputs are compared by ratios to their levels, or by differences.
    config : `~persistence.tasks.construct_config.ConstructConfig`
        The limits.
    """
    if len(looks) < 3:
        return {}
    names = list(looks)
    every = list(looks.values())
    scales = np.array([each.level if is_light else 1.0 for each in every])
    blocks = np.array([each.blocks / scale for each, scale in zip(every, scales, strict=True)])
    with np.errstate(invalid="ignore"):
        off = np.sqrt(_mean_of((blocks - _middle(blocks)) ** 2))
    floor = np.array([each.error for each in every]) / scales
    limit = config.maxDeviation * np.maximum(float(np.nanmedian(off)), floor)
    ratios = np.array([each.noise / each.expected for each in every])
    usual = float(np.nanmedian(ratios))
    reasons = {}
    for number, name in enumerate(names):
        if off[number] > limit[number]:
            unit = " of its level" if is_light else " electrons"
            reasons[name] = (
                f"on large scales it is off by {off[number]:.3g}{unit}, where at most "
                f"{limit[number]:.3g} is believed (maxDeviation={config.maxDeviation:g})"
            )
        elif ratios[number] > config.maxNoiseRatio * usual:
            reasons[name] = (
                f"its pixels scatter {ratios[number] / usual:.2f} times as much as the others', "
                f"and maxNoiseRatio={config.maxNoiseRatio:g} is the most that is believed"
            )
    return reasons


def _middle(blocks: Floats) -> Floats:
    """Return the median of each block over all inputs."""
    values = blocks.reshape(len(blocks), -1).T.astype(np.float32)
    number = np.count_nonzero(np.isfinite(values), axis=1)
    return np.asarray(median(np.ascontiguousarray(values), number), float).reshape(blocks.shape[1:])


def _mean_of(squares: Floats) -> Floats:
    """Return the mean of each input's blocks that are numbers; 0 where there is none."""
    flat = squares.reshape(len(squares), -1)
    number = np.count_nonzero(np.isfinite(flat), axis=1)
    return np.asarray(np.nansum(flat, axis=1) / np.maximum(number, 1))


def pairs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbours two by two, each once; no more than some."""
    return list(zip(numbers[::2], numbers[1::2], strict=False))[:_PAIRS]


def read_noise(stack: Stack, numbers: Sequence[int], amplifier: Amplifier) -> float:
    """Return the read noise of an amplifier (electrons), from differences of pairs of biases.

    NaN if there is no pair. It includes the noise of rounding to whole counts.
    """
    part = amplifier.trimmed.slices
    noises = []
    for first, second in pairs(numbers):
        # Levels of the overscan differ by fractions of a count.
        apart = stack.read(first, part[0])[:, part[1]] - stack.read(second, part[0])[:, part[1]]
        noises.append(scatter(apart - _mean(apart)) / math.sqrt(2))
    return float(np.mean(noises)) if noises else math.nan


def gain(
    stack: Stack,
    numbers: Sequence[int],
    levels: Sequence[float],
    amplifier: Amplifier,
    assumed: float,
    noise: float,
) -> float:
    """Return the gain of an amplifier (electrons per count), from the noise of pairs of flats.

    Parameters
    ----------
    stack : `Stack`
        The flats, in electrons for the assumed gain.
    numbers : sequence of `int`
        The indices of the flats.
    levels : sequence of `float`
        Their levels.
    amplifier : `~persistence.types.exposure.detector.Amplifier`
        The amplifier.
    assumed : `float`
        The gain with which counts were converted.
    noise : `float`
        The read noise (electrons, for the same gain).

    Returns
    -------
    gain : `float`
        NaN if there is no pair, or no photon noise.

    Notes
    -----
    In counts, the variance of light is its level divided by the gain. The difference of two flats,
    each divided by its level, does not contain the structure that they share.
    """
    part = amplifier.trimmed.slices
    scales = dict(zip(numbers, levels, strict=True))
    gains = []
    for pair in pairs(numbers):
        first, other = (_usual(stack.read(number, part[0])[:, part[1]]) for number in pair)
        apart = first / np.float32(scales[pair[0]]) - other / np.float32(scales[pair[1]])
        light = sum(
            _mean(flat) / scales[number] ** 2
            for number, flat in zip(pair, (first, other), strict=True)
        )
        dark = sum(noise**2 / scales[number] ** 2 for number in pair)
        of_light = scatter(apart - _mean(apart)) ** 2 - dark
        if of_light > 0:
            gains.append(assumed * light / of_light)
    return float(np.mean(gains)) if gains else math.nan


def _usual(image: Plane) -> Plane:
    """Return an image without the pixels that are unlike their neighbours."""
    blocks, _size = block_medians(image)
    down, across = (
        np.minimum(np.arange(extent) // (extent // number), number - 1)
        for extent, number in zip(image.shape, blocks.shape, strict=True)
    )
    off = image - blocks.astype(np.float32)[down[:, np.newaxis], across]
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(off) < 5 * scatter(off), image, np.float32(np.nan))


def _mean(values: Plane) -> float:
    """Return the mean of the values between the lower and upper quartile."""
    numbers = values[np.isfinite(values)]
    if not numbers.size:
        return math.nan
    low, high = np.percentile(numbers, [1, 99])
    return float(numbers[(numbers >= low) & (numbers <= high)].mean(dtype=float))


def relative_levels(levels: Levels) -> dict[str, float]:
    """Return the relative sensitivities of detectors, with mean 1.

    Parameters
    ----------
    levels : mapping
        Detector -> exposure -> level, which is the product of the exposure's brightness and the
        detector's sensitivity.

    Raises
    ------
    ValueError
        If detectors have no exposure in common, directly or through others; it names them.
    """
    detectors = list(levels)
    exposures = sorted({name for each in levels.values() for name in each})
    logs = np.array(
        [[_log(levels[name].get(each, math.nan)) for each in exposures] for name in detectors]
    )
    _check_connected(detectors, np.isfinite(logs))
    sensitivity = np.zeros(len(detectors))
    for _ in range(100):
        brightness = np.nanmean(logs - sensitivity[:, np.newaxis], axis=0)
        better = np.nanmedian(logs - brightness, axis=1)
        is_done = np.abs(better - sensitivity).max() < 1e-9
        sensitivity = better
        if is_done:
            break
    values = np.exp(sensitivity)
    return dict(zip(detectors, (values / values.mean()).tolist(), strict=True))


def _log(level: float) -> float:
    return math.log(level) if level > 0 else math.nan


def _check_connected(detectors: Sequence[str], seen: NDArray[np.bool_]) -> None:
    if not len(detectors) or not seen.any(axis=1).all():
        missing = [name for name, row in zip(detectors, seen, strict=True) if not row.any()]
        raise ValueError(f"of {', '.join(missing)} there is no level")
    reached: NDArray[np.bool_] = np.zeros(len(detectors), bool)
    reached[0] = True
    while True:
        more = np.asarray(seen[:, seen[reached].any(axis=0)].any(axis=1))
        if np.array_equal(more, reached):
            break
        reached = more
    if not reached.all():
        detector = detectors[0]
        others = [name for name, is_in in zip(detectors, reached, strict=True) if not is_in]
        raise ValueError(f"{detector} and {', '.join(others)} have no exposure in common")
