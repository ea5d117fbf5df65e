"""How good a PSF is, by stars that had no part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from persistence.tasks import psf_fit, robust, shapes, stamps
from persistence.tasks.psf_fit import Stars
from persistence.tasks.stamps import Bools, Floats

if TYPE_CHECKING:
    from persistence.types.psf.psfimage import Psf

_FEWEST = 3  # the smallest number of stars for a median
_REACH = 4.0  # half the side of the part of a square that shapes are found in, in widths of the PSF


class Quality(NamedTuple):
    """The quality of a PSF, measured with reserved stars.

    Attributes
    ----------
    size, size_scatter : `float`
        The median relative difference of the sizes of stars and PSF, and the standard deviation of
        single stars.
    e1, e2 : `float`
        The median differences of the ellipticities, along the axes and along the diagonals.
    chi2 : `float`
        The median of the mean square of the residuals in the core, relative to the expected one.
    number : `int`
        The number of stars.
    """

    size: float
    size_scatter: float
    e1: float
    e2: float
    chi2: float
    number: int


def judge(stars: Stars, psf: Psf, sigma: float) -> Quality | None:
    """Compare stars with a PSF; None if there are too few.

    Parameters
    ----------
    stars : `~persistence.tasks.psf_fit.Stars`
        Which had no part in it.
    sigma : `float`
        About how wide the PSF is (pixels).
    """
    if len(stars.x) < _FEWEST:
        return None
    compared = psf_fit.compare(stars, psf, sigma)
    reach = min(int(np.ceil(_REACH * sigma)), stars.radius)
    inner = slice(stars.radius - reach, stars.radius + reach + 1)
    seen = _shapes(stars, np.where(stars.good, stars.pixels, 0.0)[:, inner, inner], sigma)
    # The same pixels are missing in both.
    model = _shapes(stars, np.where(stars.good, compared.model, 0.0)[:, inner, inner], sigma)
    whole = np.isfinite(seen).all(axis=0) & np.isfinite(model).all(axis=0)
    if np.count_nonzero(whole) < _FEWEST:
        return None
    size = robust.average(seen[0, whole] / model[0, whole] - 1)
    e1, e2 = (robust.average((seen - model)[part, whole]).value for part in (1, 2))
    chi2 = float(np.median(compared.chi2[whole]))
    return Quality(size.value, size.scatter, e1, e2, chi2, int(np.count_nonzero(whole)))


def _shapes(stars: Stars, pixels: Floats, sigma: float) -> Floats:
    """Return sizes and two ellipticities of squares, NaN where there are none, shape (3, stars)."""
    reach = pixels.shape[1] // 2
    steps = np.arange(-reach, reach + 1.0)
    every: Bools = np.ones(pixels.shape, bool)
    middles = [np.floor(axis + 0.5)[:, np.newaxis, np.newaxis] for axis in (stars.x, stars.y)]
    part = stamps.Stamps(
        pixels,
        np.ones_like(pixels),
        every,
        middles[0] + steps[np.newaxis, np.newaxis, :],
        middles[1] + steps[np.newaxis, :, np.newaxis],
    )
    measured = shapes.moments(part, stars.x, stars.y, sigma)
    with np.errstate(all="ignore"):
        size = (measured.xx * measured.yy - measured.xy**2) ** 0.25
        trace = measured.xx + measured.yy
        return np.stack([size, (measured.xx - measured.yy) / trace, 2 * measured.xy / trace])
