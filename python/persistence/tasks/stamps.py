"""Square cut-outs around many positions at once, and what is measured in them with a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ROUNDS = 30
_SETTLED = 1e-5  # pixels, and relative to the moments
_SMALLEST = 0.2  # pixels squared: the least that a moment may be of a Gaussian that pixels sample
_DRIFT = 2.0  # pixels that a middle may move from where it was detected


@dataclass(frozen=True, eq=False)
class Stamps:
    """Cut-outs.

    Attributes
    ----------
    pixels, variance : array, shape (sources, side, side)
        What is in them; 0 where there is no good pixel.
    good : array of `bool`, of the same shape
        Where pixels count.
    columns, rows : array, shape (sources, 1, side) and (sources, side, 1)
        The pixel numbers in the image.
    """

    pixels: Floats
    variance: Floats
    good: Bools
    columns: Floats
    rows: Floats

    def gaussian(self, x: Floats, y: Floats, xx: Floats, yy: Floats, xy: Floats) -> Floats:
        """Draw Gaussians that are 1 in their middles, of second moments ``xx``, ``yy``, ``xy``."""
        dx, dy = self.offsets(x, y)
        xx, yy, xy = (moment[:, np.newaxis, np.newaxis] for moment in (xx, yy, xy))
        return np.asarray(
            np.exp(-(yy * dx**2 + xx * dy**2 - 2 * xy * dx * dy) / (2 * (xx * yy - xy**2)))
        )

    def offsets(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give columns and rows less those of some middles."""
        return self.columns - x[:, np.newaxis, np.newaxis], self.rows - y[:, np.newaxis, np.newaxis]


@dataclass(frozen=True, eq=False)
class Moments:
    """Middles and second moments (pixels, and their squares), and where they could not be found."""

    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats
    failed: Bools


@dataclass(frozen=True, eq=False)
class Flux:
    """Fluxes, their standard deviations, and where they could not be found: there both are NaN."""

    value: Floats
    error: Floats
    failed: Bools


def cut(image: Any, variance: Any, bad: Bools, x: Floats, y: Floats, radius: int) -> Stamps:
    """Cut squares of ``2 radius + 1`` pixels out around positions.

    Their middles are the pixels that the positions lie in, as those of
    `persistence.types.psf.psfimage.Psf.stamps`. What lies off the image is not good.
    """
    steps = np.arange(-radius, radius + 1)
    column, row = (np.floor(at + 0.5).astype(int)[:, np.newaxis, np.newaxis] for at in (x, y))
    columns, rows = (
        column + steps[np.newaxis, np.newaxis, :],
        row + steps[np.newaxis, :, np.newaxis],
    )
    inside = (columns >= 0) & (columns < image.shape[1]) & (rows >= 0) & (rows < image.shape[0])
    place = np.clip(rows, 0, image.shape[0] - 1), np.clip(columns, 0, image.shape[1] - 1)
    good = inside & ~bad[place]
    return Stamps(
        np.where(good, image[place], 0.0),
        np.where(good, variance[place], 0.0),
        good,
        columns.astype(float),
        rows.astype(float),
    )


def moments(stamps: Stamps, x: Floats, y: Floats, sigma: float) -> Moments:
    """Find middles and second moments by weights that become the Gaussian that is sought.

    The moments under a Gaussian weight W of a Gaussian M are (1/M + 1/W)^-1: W is made M again
    until it stays (Bernstein & Jarvis 2002, section 3.1). Sources that come to nothing have NaN and
    are ``failed``.
    """
    at = np.array([x, y, *(np.full(x.size, moment) for moment in (sigma**2, sigma**2, 0.0))])
    start = at[:2].copy()
    with np.errstate(all="ignore"):
        for _ in range(_ROUNDS):
            before = at
            at = _next(stamps, at)
            if np.nanmax(np.abs(at - before), initial=0.0) < _SETTLED:
                break
        lost = ~np.isfinite(at).all(axis=0) | (np.hypot(*(at[:2] - start)) > _DRIFT)
        lost |= (
            ~(_weighted(stamps, at).sum(axis=(1, 2)) > 0)
            | (at[2] < _SMALLEST)
            | (at[3] < _SMALLEST)
            | (at[2] * at[3] <= at[4] ** 2)
        )
    at[:, lost] = np.nan
    x, y, xx, yy, xy = at
    return Moments(x, y, xx, yy, xy, lost)


def _next(stamps: Stamps, at: Floats) -> Floats:
    weight = _weighted(stamps, at)
    dx, dy = stamps.offsets(at[0], at[1])
    total = weight.sum(axis=(1, 2))
    mean_x, mean_y = ((weight * off).sum(axis=(1, 2)) / total for off in (dx, dy))
    xx, yy, xy = (
        (weight * one).sum(axis=(1, 2)) / total - mean
        for one, mean in ((dx**2, mean_x**2), (dy**2, mean_y**2), (dx * dy, mean_x * mean_y))
    )
    # 1/M = 1/(weighted moments) - 1/W, as inverses of matrices; the step of the middle is doubled
    # for W = M.
    (a, b, c), (d, e, f) = _inverse(xx, yy, xy), _inverse(*at[2:])
    return np.array([at[0] + 2 * mean_x, at[1] + 2 * mean_y, *_inverse(a - d, b - e, c - f)])


def _weighted(stamps: Stamps, at: Floats) -> Floats:
    x, y, xx, yy, xy = at
    return stamps.gaussian(x, y, xx, yy, xy) * stamps.pixels


def _inverse(xx: Floats, yy: Floats, xy: Floats) -> tuple[Floats, Floats, Floats]:
    determinant = xx * yy - xy**2
    return yy / determinant, xx / determinant, -xy / determinant


def psf_flux(stamps: Stamps, profiles: Floats, least: float = 0.5) -> Flux:
    """Fit the height of a profile to each cut-out, all good pixels counting alike.

    The flux is sum(p d) / sum(p^2) for pixels d and a profile p whose sum is 1; its variance
    sum(p^2 v) / sum(p^2)^2. So the flux of a bright star, too, is a linear function of its pixels.

    Parameters
    ----------
    stamps : `Stamps`
    profiles : array, shape (sources, side, side)
        What points would look like there.
    least : `float`
        The part of the profile that has to lie on good pixels.
    """
    profiles = np.where(stamps.good, profiles, 0.0)
    norm = (profiles**2).sum(axis=(1, 2))
    failed = ~(profiles.sum(axis=(1, 2)) >= least)
    with np.errstate(all="ignore"):
        value = (profiles * stamps.pixels).sum(axis=(1, 2)) / norm
        error = np.sqrt((profiles**2 * stamps.variance).sum(axis=(1, 2))) / norm
    value[failed] = error[failed] = np.nan
    return Flux(value, error, failed)
