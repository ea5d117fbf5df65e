"""How light curves vary, many at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from persistence.apdb.groups import Floats, Groups

_PERCENTILES = (5, 25, 50, 75, 95)


class Curves(NamedTuple):
    """Light curves: one group each, in the order of time.

    Attributes
    ----------
    groups : `~persistence.apdb.groups.Groups`
    times : array
        In days, from any beginning of the curve's own.
    fluxes, errors : array
        And their standard deviations, which are positive.
    """

    groups: Groups
    times: Floats
    fluxes: Floats
    errors: Floats


def all_of(curves: Curves) -> dict[str, Floats]:
    """Return all features, by the last part of their columns' names."""
    groups, _, fluxes, errors = curves
    mean = groups.mean(fluxes, 1 / errors**2)
    residuals = (fluxes - groups.spread(mean)) / errors
    median = groups.percentile(fluxes, 50)
    slope, intercept = line(curves)
    return {
        "Chi2": groups.total(residuals**2),
        "MAD": groups.percentile(np.abs(fluxes - groups.spread(median)), 50),
        "Skew": skewness(groups, fluxes),
        **{f"Percentile{part:02d}": groups.percentile(fluxes, part) for part in _PERCENTILES},
        "LinearSlope": slope,
        "LinearIntercept": intercept,
        "StetsonJ": stetson_j(groups, residuals),
    }


def deviation(groups: Groups, values: Any) -> Floats:
    """Return standard deviations of single values; NaN of fewer than two."""
    residuals = values - groups.spread(groups.mean(values))
    return np.sqrt(_quotient(groups.total(residuals**2), groups.counts - 1, groups.counts > 1))


def steepest(groups: Groups, values: Any, times: Any) -> Floats:
    """Return the steepest rise between values that follow each other; NaN without two times."""
    elapsed = np.diff(times)
    rising = groups.steps() & (elapsed > 0)
    slopes = np.full(len(values), -np.inf)
    slopes[1:][rising] = np.diff(values)[rising] / elapsed[rising]
    largest = groups.largest(slopes)
    return np.where(np.isfinite(largest), largest, np.nan)


def skewness(groups: Groups, values: Any) -> Floats:
    """Return the adjusted Fisher-Pearson coefficient of skewness; NaN of fewer than three values.

    G1 of Joanes & Gill (1998).
    """
    residuals = values - groups.spread(groups.mean(values))
    number = groups.counts.astype(float)
    second, third = (groups.total(residuals**power) / number for power in (2, 3))
    scale = np.sqrt(number * (number - 1))
    known = (number > 2) & (second > 0)
    return _quotient(scale * third, (number - 2) * second**1.5, known)


def line(curves: Curves) -> tuple[Floats, Floats]:
    """Return slopes and intercepts of lines fitted by weights; NaN without two times."""
    groups, times, fluxes, errors = curves
    weights = 1 / errors**2
    middle, level = groups.mean(times, weights), groups.mean(fluxes, weights)
    elapsed = times - groups.spread(middle)
    lever = groups.total(weights * elapsed**2)
    varied = groups.largest(times) > groups.smallest(times)
    slope = _quotient(groups.total(weights * elapsed * fluxes), lever, varied)
    return slope, level - slope * middle


def stetson_j(groups: Groups, residuals: Any) -> Floats:
    """Return the variability index J; NaN of fewer than two values.

    Each observation is on its own, of weight 1 (Stetson 1996, PASP 108, 851, eq. 1 and 2); the
    level is the weighted mean.

    Parameters
    ----------
    groups : `~persistence.apdb.groups.Groups`
    residuals : array
        Differences from the level, in standard deviations.
    """
    number = groups.counts.astype(float)
    bias = _quotient(number, number - 1, number > 1)
    product = groups.spread(bias) * residuals**2 - 1
    return groups.mean(np.sign(product) * np.sqrt(np.abs(product)))


def _quotient(above: Any, below: Any, known: Any) -> Floats:
    """Return quotients where they are known, else NaN."""
    return np.asarray(
        np.divide(above, below, out=np.full(np.shape(above), np.nan), where=known), float
    )
