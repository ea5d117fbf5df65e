"""Middles and shapes of sources in cut-outs, by Gaussian weights.

The errors follow from the weights and the variance of the pixels, in which the photons of the
source are. For a round Gaussian of standard deviation s and a signal to noise ratio R they are the
least that can be where the noise of the sky prevails: sqrt(2) s / R along each axis for the middle,
sqrt(8) s^2 / R for the moments xx and yy, 2 s^2 / R for xy. Where the source's photons prevail,
its middle is known to 4/3 s / sqrt(photons); the least that could be is s / sqrt(photons).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from persistence.tasks.stamps import Bools, Floats, Flux, Stamps

_ROUNDS = 30
_SETTLED = 1e-5  # pixels, and relative to the moments
_SMALLEST = 0.2  # pixels squared: the least that a moment may be of a Gaussian that pixels sample
_DRIFT = 2.0  # pixels that a middle may move from where it was detected
# The most that a weighted moment may be of the weight's own when a step is planned: that of a
# source without an edge is 1, that of a Gaussian like the weight a half.
_WIDEST = 0.8


@dataclass(frozen=True, eq=False)
class Moments:
    """Middles and second moments (pixels, and their squares), and where they could not be found.

    Attributes
    ----------
    x, y, xx, yy, xy : array
    failed : array of `bool`
    xx_error, yy_error, xy_error : array
        Standard deviations of the moments.
    """

    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats
    failed: Bools
    xx_error: Floats
    yy_error: Floats
    xy_error: Floats


@dataclass(frozen=True, eq=False)
class Middles:
    """Middles (pixels), their standard deviations, and where they could not be found.

    There a middle is where it was looked for, and its error that of a point there, or NaN.
    """

    x: Floats
    y: Floats
    x_error: Floats
    y_error: Floats
    failed: Bools


@dataclass(frozen=True, eq=False)
class Weighted:
    """Weighted sums over pixels: the flux, and means of powers of offsets from a center."""

    total: Floats
    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats


def weigh(stamps: Stamps, at: Floats) -> Weighted:
    """Weight pixels by Gaussians; ``at`` has their middles and moments: x, y, xx, yy and xy."""
    weighted = stamps.gaussian(*at)
    weighted *= stamps.pixels
    dx, dy = (
        stamps.columns[:, 0, :] - at[0, :, np.newaxis],
        stamps.rows[:, :, 0] - at[1, :, np.newaxis],
    )
    across, along = weighted.sum(axis=1), weighted.sum(axis=2)
    mixed = (np.matmul(weighted, dx[:, :, np.newaxis])[:, :, 0] * dy).sum(axis=1)
    total = across.sum(axis=1)
    means = (
        (across * dx).sum(axis=1) / total,
        (along * dy).sum(axis=1) / total,
        (across * dx**2).sum(axis=1) / total,
        (along * dy**2).sum(axis=1) / total,
        mixed / total,
    )
    return Weighted(total, *means)


def moments(stamps: Stamps, x: Floats, y: Floats, sigma: float) -> Moments:
    """Return centroids and adaptive second moments.

    The moments of a Gaussian M under a Gaussian weight W are (1/M + 1/W)^-1: W is set to M until it
    converges (Bernstein & Jarvis 2002, section 3.1). Sources that do not converge have NaN and are
    ``failed``.

    Parameters
    ----------
    stamps : `Stamps`
        The cut-outs.
    x, y : array, shape (sources,)
        Approximate centroids.
    sigma : `float`
        The approximate standard deviation of the sources (pixels).
    """
    at = np.array([x, y, *(np.full(x.size, moment) for moment in (sigma**2, sigma**2, 0.0))])
    with np.errstate(all="ignore"):
        at = _settled(_narrowed, stamps, at)
        total = weigh(stamps, at).total
        lost = ~np.isfinite(at).all(axis=0) | (np.hypot(at[0] - x, at[1] - y) > _DRIFT)
        lost |= ~(total > 0) | (at[2] < _SMALLEST) | (at[3] < _SMALLEST)
        lost |= at[2] * at[3] <= at[4] ** 2
        at[:, lost] = np.nan
        x, y, xx, yy, xy = at
        return Moments(x, y, xx, yy, xy, lost, *_moment_errors(stamps, at, total))


def _settled(step: Callable[[Stamps, Floats], Floats], stamps: Stamps, at: Floats) -> Floats:
    """Repeat a step of each source, a column of ``at``, until its numbers stay."""
    at = at.copy()
    moving = np.arange(at.shape[1])
    for _ in range(_ROUNDS):
        before = at[:, moving]
        at[:, moving] = step(stamps, before)
        change = np.abs(at[:, moving] - before)
        change[2:] /= before[2] + before[3]
        unsettled = (change > _SETTLED).any(axis=0)  # NaN stays NaN
        if not unsettled.any():
            break
        if not unsettled.all():
            moving, stamps = moving[unsettled], stamps.chosen(unsettled)
    return at


def _narrowed(stamps: Stamps, at: Floats) -> Floats:
    mean = weigh(stamps, at)
    moments = mean.xx - mean.x**2, mean.yy - mean.y**2, mean.xy - mean.x * mean.y
    # 1/M = 1/(weighted moments) - 1/W, as inverses of matrices; the step of the middle is doubled
    # for W = M.
    (a, b, c), (d, e, f) = _inverse(*moments), _inverse(*at[2:])
    return np.array([at[0] + 2 * mean.x, at[1] + 2 * mean.y, *_inverse(a - d, b - e, c - f)])


def _inverse(xx: Floats, yy: Floats, xy: Floats) -> tuple[Floats, Floats, Floats]:
    determinant = xx * yy - xy**2
    return yy / determinant, xx / determinant, -xy / determinant


def _moment_errors(stamps: Stamps, at: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the standard deviations of xx, yy and xy.

    For Gaussian weights w around the centroid of data d, sum(w d (dx^2 - xx / 2)) = 0, whose
    derivative with respect to xx is -sum(w d) / 4 for a Gaussian source; likewise for yy and xy.
    """
    x, y, xx, yy, xy = at
    dx, dy = stamps.offsets(x, y)
    noise = stamps.gaussian(*at) ** 2 * stamps.variance
    ofs = (dx**2, xx), (dy**2, yy), (dx * dy, xy)
    return tuple(
        4
        * np.sqrt((noise * (power - moment[:, np.newaxis, np.newaxis] / 2) ** 2).sum(axis=(1, 2)))
        / total
        for power, moment in ofs
    )


def middles(stamps: Stamps, x: Floats, y: Floats, xx: Floats, yy: Floats, xy: Floats) -> Middles:
    """Return centroids, with Gaussian weights of fixed moments, such as those of the PSF.

    Parameters
    ----------
    stamps : `Stamps`
        The cut-outs.
    x, y : array, shape (sources,)
        Approximate centroids.
    xx, yy, xy : array, shape (sources,)
        The moments of the weights, which follow the centroids.
    """
    shape = np.array([xx, yy, xy])
    with np.errstate(all="ignore"):
        at = _settled(_moved, stamps, np.array([x, y, *shape]))
        failed = ~np.isfinite(at[:2]).all(axis=0) | (np.hypot(at[0] - x, at[1] - y) > _DRIFT)
        failed |= ~(weigh(stamps, at).total > 0)
        at[:2, failed] = np.array([x, y])[:, failed]
        mean = weigh(stamps, at)
        noise = stamps.gaussian(*at) ** 2 * stamps.variance
        x_error, y_error = (
            np.sqrt((noise * offset**2).sum(axis=(1, 2)))
            / (np.abs(mean.total) * _slope(moment, own))
            for offset, moment, own in zip(
                stamps.offsets(at[0], at[1]), (mean.xx, mean.yy), (xx, yy), strict=True
            )
        )
    return Middles(at[0], at[1], x_error, y_error, failed)


def _moved(stamps: Stamps, at: Floats) -> Floats:
    mean = weigh(stamps, at)
    return np.array(
        [at[0] + mean.x / _slope(mean.xx, at[2]), at[1] + mean.y / _slope(mean.yy, at[3]), *at[2:]]
    )


def _slope(moment: Floats, own: Floats) -> Floats:
    """Return how far the weighted mean moves with the weight: by a half for a Gaussian like it."""
    return np.asarray(1 - np.clip(moment / own, 0.0, _WIDEST))


def gaussian_flux(stamps: Stamps, moments: Moments) -> Flux:
    """Fit Gaussians of the measured moments: sum(w d) / sum(w^2) for weights w with sum 1."""
    parts = moments.x, moments.y, moments.xx, moments.yy, moments.xy
    with np.errstate(all="ignore"):
        area = 2 * np.pi * np.sqrt(moments.xx * moments.yy - moments.xy**2)
        weight = np.where(stamps.good, stamps.gaussian(*parts), 0.0)
        norm = (weight**2).sum(axis=(1, 2)) / area
        value = (weight * stamps.pixels).sum(axis=(1, 2)) / norm
        error = np.sqrt((weight**2 * stamps.variance).sum(axis=(1, 2))) / norm
    failed = moments.failed | ~(norm > 0)
    value[failed] = error[failed] = np.nan
    return Flux(value, error, failed)
