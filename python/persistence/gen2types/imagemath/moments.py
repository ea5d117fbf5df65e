"""Statistics along an axis of numbers, of which some are ignored.

As in afw, the standard deviation is that of a sample; outliers are clipped by the quartiles first,
and then by the standard deviation.
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


Good = NDArray[np.bool_] | None


def moments(
    values: Numbers,
    good: Good,
    weights: Numbers | None,
    variances: Numbers | None = None,
) -> Moments:
    """Return the moments along the first axis.

    Parameters
    ----------
    values : array
        The numbers.
    good : array of `bool` or None
        Those that count; None for all.
    weights : array or None
        Their weights.
    variances : array, optional
        Their variances, if the error of the mean is to come from these.
    """
    if good is None:
        n: Any = np.full(values.shape[1:], len(values))
    else:
        n = good.sum(axis=0)
    if weights is None:
        total = squares = n.astype(float)
        kept = _kept(values, good)
    else:
        weight = _kept(weights, good)
        total, squares = weight.sum(axis=0), np.square(weight).sum(axis=0)
        kept = weight * _kept(values, good)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = kept.sum(axis=0) / total
        deviation = np.square(values - mean)
        spread = _kept(deviation if weights is None else weights * deviation, good)
        # from the scatter about the mean of the sample to that about the true one
        unbiased = n / (n - 1) if weights is None else 1 / (1 - squares / total**2)
        variance = spread.sum(axis=0) / total * unbiased
        if variances is None:
            error2 = variance * squares / total**2
        else:
            shares = variances if weights is None else np.square(weights) * variances
            error2 = _kept(shares, good).sum(axis=0) / total**2
    return Moments(n.astype(float), mean, variance, error2)


def _kept(values: Numbers, good: Good) -> Numbers:
    """Return the numbers that count, and 0 instead of the others."""
    return values if good is None else np.where(good, values, 0.0)


def _sampled(values: Numbers | None, chosen: NDArray[np.bool_]) -> Numbers | None:
    """Return the chosen numbers of one sample."""
    return None if values is None else values[chosen]


def quartiles(values: Numbers, good: Good) -> tuple[Numbers, Numbers, Numbers]:
    """Return the quartiles along the first axis, interpolated linearly."""
    if good is None:
        low, middle, high = (
            np.percentile(values, (25, 50, 75), axis=0) if len(values) else np.full((3, 1), np.nan)
        )
        return low, middle, high
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where nothing is good
        low, middle, high = np.nanpercentile(np.where(good, values, np.nan), (25, 50, 75), axis=0)
    return low, middle, high


def statistics(
    flags: int,
    values: Numbers,
    good: Good,
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
        The settings.
    """
    if good is not None and values.ndim == 2 and values.shape[1] == 1:
        # one sample: what does not count is left out at once
        if not good.all():
            chosen = good[:, 0]
            weights, variances = _sampled(weights, chosen), _sampled(variances, chosen)
            values = values[chosen]
        good = None
    results: dict[Property, tuple[Any, Any]] = {}
    whole = moments(values, good, weights, variances)
    unknown = np.full(whole.n.shape, np.nan)
    error = np.sqrt(whole.mean_error2)
    results[Property.NPOINT] = (whole.n, np.zeros_like(whole.n))
    results[Property.MEAN] = (whole.mean, error)
    results |= _spread(whole, Property.VARIANCE, Property.STDEV)
    kept = _kept(values, good)
    empty = whole.n == 0
    weighted = kept if weights is None else kept * weights
    results[Property.SUM] = (np.where(empty, np.nan, weighted.sum(axis=0)), unknown)
    if flags & Property.MEANSQUARE:
        with np.errstate(divide="ignore", invalid="ignore"):
            square = np.square(kept).sum(axis=0) / whole.n
            results[Property.MEANSQUARE] = (square, np.sqrt(2 * np.square(square) / whole.n**2))
    if flags & (Property.MIN | Property.MAX):
        lows, highs = (
            (values, values)
            if good is None
            else (np.where(good, values, np.inf), np.where(good, values, -np.inf))
        )
        lowest = lows.min(axis=0, initial=np.inf)
        highest = highs.max(axis=0, initial=-np.inf)
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
    good: Good,
    weights: Numbers | None,
    variances: Numbers | None,
    control: StatisticsControl,
    unclipped: tuple[Numbers, Numbers, Numbers],
) -> Moments:
    low, centre, high = unclipped
    width = control.getNumSigmaClip() * IQ_TO_STDEV * (high - low)
    result = None
    for _ in range(control.getNumIter()):
        with np.errstate(invalid="ignore"):
            near = np.abs(values - centre) <= width
        if good is None and near.shape[1:] == (1,):
            chosen = near[:, 0]
            sample = (_sampled(each, chosen) for each in (weights, variances))
            result = moments(values[chosen], None, *sample)
        else:
            result = moments(values, near if good is None else good & near, weights, variances)
        centre, width = result.mean, control.getNumSigmaClip() * np.sqrt(result.variance)
    assert result is not None
    return result
