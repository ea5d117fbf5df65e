"""Statistics along an axis of numbers of which some are left out.

As afw makes them: the standard deviation is that of a sample; what is far from the middle is
clipped by the quartiles first, and then by the standard deviation.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.imagemath.properties import Property, StatisticsControl

# From the distance of the quartiles to the standard deviation of normal noise.
IQ_TO_STDEV = 0.741301109252802
_QUARTILES = Property.MEDIAN | Property.IQRANGE
_CLIPPED = Property.MEANCLIP | Property.STDEVCLIP | Property.VARIANCECLIP | Property.NCLIPPED

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Mean and variance of some numbers, how many they were, and the error of the mean squared."""

    n: Numbers
    mean: Numbers
    variance: Numbers
    mean_error2: Numbers

    @property
    def variance_error2(self) -> Numbers:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(2 * (self.n - 1) * self.variance**2 / self.n**2)


def moments(
    values: Numbers,
    good: NDArray[np.bool_],
    weights: Numbers | None,
    variances: Numbers | None = None,
) -> Moments:
    """Return the moments along the first axis.

    Parameters
    ----------
    values : array
        The numbers.
    good : array of `bool`
        Those that count.
    weights : array or None
        Their weights.
    variances : array, optional
        Their variances, if the error of the mean is to come from these.
    """
    weight = good if weights is None else np.where(good, weights, 0.0)
    kept = np.where(good, values, 0.0)
    n, total = good.sum(axis=0), weight.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * kept).sum(axis=0) / total
        spread = (weight * np.where(good, values - mean, 0.0) ** 2).sum(axis=0) / total
        # from the scatter about the mean of the sample to that about the true one
        squares = np.square(weight).sum(axis=0)
        variance = spread * (n / (n - 1) if weights is None else 1 / (1 - squares / total**2))
        if variances is None:
            error2 = variance * squares / total**2
        else:
            error2 = (np.square(weight) * np.where(good, variances, 0.0)).sum(axis=0) / total**2
    return Moments(n.astype(float), mean, variance, error2)


def quartiles(values: Numbers, good: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    """Return the quartiles along the first axis, interpolated linearly."""
    if values.ndim == 2 and values.shape[1] == 1:  # one sample: faster without NaN
        kept = values[good]
        if not kept.size:
            return tuple(np.full(1, np.nan) for _ in range(3))  # type: ignore[return-value]
        low, middle, high = np.percentile(kept, (25, 50, 75))
        return np.array([low]), np.array([middle]), np.array([high])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where nothing is good
        low, middle, high = np.nanpercentile(np.where(good, values, np.nan), (25, 50, 75), axis=0)
    return low, middle, high


def statistics(
    flags: int,
    values: Numbers,
    good: NDArray[np.bool_],
    control: StatisticsControl,
    weights: Numbers | None = None,
    variances: Numbers | None = None,
) -> dict[Property, tuple[Any, Any]]:
    """Return statistics along the first axis, each with its standard deviation.

    Parameters
    ----------
    flags : `Property`
        Which are wanted.
    values, good, weights, variances
        As of `moments`.
    control : `StatisticsControl`
        How they are made.
    """
    results: dict[Property, tuple[Any, Any]] = {}
    whole = moments(values, good, weights, variances)
    unknown = np.full(whole.n.shape, np.nan)
    error = np.sqrt(whole.mean_error2)
    results[Property.NPOINT] = (whole.n, np.zeros_like(whole.n))
    results[Property.MEAN] = (whole.mean, error)
    results |= _spread(whole, Property.VARIANCE, Property.STDEV)
    kept = np.where(good, values, 0.0)
    empty = whole.n == 0
    weighted = kept if weights is None else kept * weights
    results[Property.SUM] = (np.where(empty, np.nan, weighted.sum(axis=0)), unknown)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.square(kept).sum(axis=0) / whole.n
        results[Property.MEANSQUARE] = (square, np.sqrt(2 * np.square(square) / whole.n**2))
    if flags & (Property.MIN | Property.MAX):
        lowest = np.where(good, values, np.inf).min(axis=0, initial=np.inf)
        highest = np.where(good, values, -np.inf).max(axis=0, initial=-np.inf)
        results[Property.MIN] = (np.where(empty, np.nan, lowest), unknown)
        results[Property.MAX] = (np.where(empty, np.nan, highest), unknown)
    if flags & (_QUARTILES | _CLIPPED):
        low, middle, high = quartiles(values, good)
        # of normal noise
        results[Property.MEDIAN] = (middle, np.sqrt(math.pi / 2 * whole.variance / whole.n))
        results[Property.IQRANGE] = (high - low, unknown)
        if flags & _CLIPPED:
            clipped = _clipped(values, good, weights, variances, control, (low, middle, high))
            results[Property.MEANCLIP] = (clipped.mean, np.sqrt(clipped.mean_error2))
            results |= _spread(clipped, Property.VARIANCECLIP, Property.STDEVCLIP)
            results[Property.NCLIPPED] = (whole.n - clipped.n, unknown)
    return results


def _spread(of: Moments, variance: Property, stdev: Property) -> dict[Property, tuple[Any, Any]]:
    error = np.sqrt(of.variance_error2)
    root = np.sqrt(of.variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {variance: (of.variance, error), stdev: (root, 0.5 * error / root)}


def _clipped(
    values: Numbers,
    good: NDArray[np.bool_],
    weights: Numbers | None,
    variances: Numbers | None,
    control: StatisticsControl,
    found: tuple[Numbers, Numbers, Numbers],
) -> Moments:
    low, centre, high = found
    width = control.getNumSigmaClip() * IQ_TO_STDEV * (high - low)
    result = None
    for _ in range(control.getNumIter()):
        with np.errstate(invalid="ignore"):
            near = good & (np.abs(values - centre) <= width)
        result = moments(values, near, weights, variances)
        centre, width = result.mean, control.getNumSigmaClip() * np.sqrt(result.variance)
    assert result is not None
    return result
