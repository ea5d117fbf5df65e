"""Square cut-outs around many positions at once, and the fluxes of profiles in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stamps:
    """Cut-outs.

    Attributes
    ----------
    pixels, variance : array, shape (sources, side, side)
        The values; 0 where there is no good pixel.
    good : array of `bool`, same shape
        The usable pixels.
    columns, rows : array, shape (sources, 1, side) and (sources, side, 1)
        The pixel indices in the image.
    """

    pixels: Floats
    variance: Floats
    good: Bools
    columns: Floats
    rows: Floats

    def gaussian(self, x: Floats, y: Floats, xx: Floats, yy: Floats, xy: Floats) -> Floats:
        """Draw Gaussians that are 1 in their middles, of second moments ``xx``, ``yy``, ``xy``."""
        dx, dy = self.offsets(x, y)
        a, b, c = (
            (part / (xx * yy - xy**2))[:, np.newaxis, np.newaxis] for part in (yy / 2, xy, xx / 2)
        )
        exponent = (b * dx) * dy
        exponent -= a * dx**2
        exponent -= c * dy**2
        return np.asarray(np.exp(exponent, out=exponent))

    def offsets(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return columns and rows less those of some middles."""
        return self.columns - x[:, np.newaxis, np.newaxis], self.rows - y[:, np.newaxis, np.newaxis]

    def chosen(self, sources: Any) -> Stamps:
        """Return the cut-outs of some sources."""
        parts = (self.pixels, self.variance, self.good, self.columns, self.rows)
        return Stamps(*(part[sources] for part in parts))


@dataclass(frozen=True, eq=False)
class Flux:
    """Fluxes, their standard deviations, and where they could not be found: there both are NaN."""

    value: Floats
    error: Floats
    failed: Bools


def cut(image: Any, variance: Any, bad: Bools, x: Floats, y: Floats, radius: int) -> Stamps:
    """Return cut-outs of ``2 radius + 1`` pixels a side around positions.

    Their central pixels contain the positions, as for `persistence.types.psf.psfimage.Psf.stamps`.
    Pixels outside the image are not good.
    """
    columns, rows = pixel_numbers(x, y, radius)
    inside = (columns >= 0) & (columns < image.shape[1]) & (rows >= 0) & (rows < image.shape[0])
    pixels = np.clip(rows, 0, image.shape[0] - 1) * image.shape[1]
    pixels = pixels + np.clip(columns, 0, image.shape[1] - 1)
    good = inside & ~bad.reshape(-1)[pixels]
    return Stamps(
        np.where(good, image.reshape(-1)[pixels], np.float64(0)),
        np.where(good, variance.reshape(-1)[pixels], np.float64(0)),
        good,
        columns.astype(float),
        rows.astype(float),
    )


def pixel_numbers(x: Floats, y: Floats, radius: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the columns and the rows of squares around positions, as `Stamps` has them."""
    steps = np.arange(-radius, radius + 1)
    column, row = (np.floor(at + 0.5).astype(int)[:, np.newaxis, np.newaxis] for at in (x, y))
    return column + steps[np.newaxis, np.newaxis, :], row + steps[np.newaxis, :, np.newaxis]


def psf_flux(stamps: Stamps, profiles: Floats, least: float = 0.5) -> Flux:
    """Fit the amplitude of a profile to each cut-out, with equal weights for all good pixels.

    The flux is sum(p d) / sum(p^2) for pixels d and a profile p with sum 1; its variance is sum(p^2
    v) / sum(p^2)^2. The flux is thus a linear function of the pixels, also for bright stars.

    Parameters
    ----------
    stamps : `Stamps`
        The cut-outs.
    profiles : array, shape (sources, side, side)
        The images of point sources there.
    least : `float`
        The smallest fraction of the profile on good pixels.
    """
    profiles = np.where(stamps.good, profiles, 0.0)
    norm = (profiles**2).sum(axis=(1, 2))
    failed = ~(profiles.sum(axis=(1, 2)) >= least)
    with np.errstate(all="ignore"):
        value = (profiles * stamps.pixels).sum(axis=(1, 2)) / norm
        error = np.sqrt((profiles**2 * stamps.variance).sum(axis=(1, 2))) / norm
    value[failed] = error[failed] = np.nan
    return Flux(value, error, failed)
