"""Chooses the stars that a PSF is measured of: bright, alone, and as wide as most are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from persistence.tasks import robust
from persistence.tasks.measure import Measured
from persistence.tasks.stamps import Bools, Floats

_NARROW = 0.05  # half the width of the window with most sizes, relative
_WIDE = 0.2  # by how much sizes of stars may differ over a chip: relative
_LEAST = 0.02  # the part by which a star's size always may differ
_ROUND = 0.1  # by how much an ellipticity may differ from the others'
# The numbers of stars required for polynomials of order 1, and of order 2, of their sizes.
_SLOPED, _CURVED = 12, 30
# The part of a star's light that others near it may have.
_FAINT = 0.02


class Selected(NamedTuple):
    """The selected stars.

    Attributes
    ----------
    sigma, error : `float`
        The middle of the stars' sizes, and its standard deviation (pixels).
    stars : array of `bool`
        Which sources are as wide as most are, bright and alone.
    bright : `int`
        How many are bright, and have nothing that is flagged nearby.
    """

    sigma: float
    error: float
    stars: Bools
    bright: int


def sizes(measured: Measured) -> Floats:
    """Return the widths of sources, the standard deviations of round Gaussians of their area."""
    moments = measured.moments
    with np.errstate(all="ignore"):
        return np.asarray((moments.xx * moments.yy - moments.xy**2) ** 0.25)


def select(measured: Measured, config: Any) -> Selected:
    """Choose stars.

    Parameters
    ----------
    measured : `~persistence.tasks.measure.Measured`
        All sources, by a PSF of about the right width.
    config : `StarSelectorConfig`
    """
    bright = measured.clean & (measured.signal_to_noise >= config.signalToNoiseMin)
    number = int(np.count_nonzero(bright))
    if not number:
        return Selected(np.nan, np.nan, bright, 0)
    at_locus = bright.copy()
    at_locus[bright] = _at_locus(measured, bright, config.nSigmaClip)
    width = sizes(measured)
    typical = robust.average(width[at_locus])
    stars = at_locus & _alone(measured, config.isolation * typical.value)
    brightest = np.argsort(np.where(stars, -measured.signal_to_noise, 0.0), kind="stable")
    stars[brightest[config.maxStars :]] = False
    if stars.any():
        typical = robust.average(width[stars])
    return Selected(typical.value, typical.error, stars, number)


def _at_locus(measured: Measured, bright: Bools, clip: float) -> Bools:
    """Return which of the bright sources are as wide, and as round, as most around them."""
    moments = measured.moments
    size = np.log(sizes(measured)[bright])
    trace = (moments.xx + moments.yy)[bright]
    e1, e2 = (moments.xx - moments.yy)[bright] / trace, 2 * moments.xy[bright] / trace
    noise = 1 / measured.signal_to_noise[bright]
    middle = mode(size)
    kept = np.abs(size - middle) < _NARROW
    places = np.column_stack([measured.x[bright], measured.y[bright]])
    for _ in range(4):
        rest = [values - _surface(values, places, kept) for values in (size, e1, e2)]
        kept = np.abs(size - middle) < _WIDE
        for differences, least in zip(rest, (_LEAST, _ROUND, _ROUND), strict=True):
            scatter = robust.NORMAL * np.median(np.abs(differences[kept])) if kept.any() else 0.0
            kept &= np.abs(differences) <= np.hypot(clip * max(scatter, least / clip), clip * noise)
        if not kept.any():
            return np.abs(size - middle) < _NARROW
    return np.asarray(kept)


def mode(values: Floats, half: float = _NARROW) -> float:
    """Return the mode of values: the median of those in the fullest window.

    Parameters
    ----------
    half : `float`
        Half the width of the window.
    """
    ordered = np.sort(values)
    begin = np.searchsorted(ordered, ordered - half)
    end = np.searchsorted(ordered, ordered + half, side="right")
    best = int(np.argmax(end - begin))
    return float(np.median(ordered[begin[best] : end[best]]))


def _surface(values: Floats, places: Floats, kept: Bools) -> Floats:
    """Return a polynomial of the position, fitted to some values, at all places."""
    number = int(np.count_nonzero(kept))
    x, y = ((places - places.mean(axis=0)) / np.maximum(np.ptp(places, axis=0), 1.0)).T
    columns = [np.ones_like(x), x, y, x * x, x * y, y * y]
    columns = columns[: 6 if number >= _CURVED else 3 if number >= _SLOPED else 1]
    design = np.column_stack(columns)
    return np.asarray(design @ np.linalg.lstsq(design[kept], values[kept], rcond=None)[0])


def _alone(measured: Measured, distance: float) -> Bools:
    """Return which sources have no other that counts within a distance (pixels)."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack([measured.x, measured.y]))
    pairs = tree.query_pairs(distance, output_type="ndarray")
    flux = np.where(np.isfinite(measured.psf_flux.value), measured.psf_flux.value, np.inf)
    alone = np.ones(len(flux), bool)
    for axis, other in ((0, 1), (1, 0)):
        disturbed = flux[pairs[:, other]] > _FAINT * flux[pairs[:, axis]]
        alone[pairs[disturbed, axis]] = False
    return alone
