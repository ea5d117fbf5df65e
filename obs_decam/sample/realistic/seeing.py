"""The point spread function of the realistic sky, with wings, and not the same everywhere."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from obs_decam.sample.facts import Layout

Floats = NDArray[np.float64]

# Kolmogorov's profile is tabulated to so many widths, in such steps, by an integral over so many
# frequencies (cycles per width).
_REACH, _STEP, _HIGHEST = 60.0, 0.02, 4.0
# The full width at half maximum of Kolmogorov's profile, in lambda / r0 (Roddier 1981).
_WIDTH = 0.9758634299


class Shape(NamedTuple):
    """The PSF at some positions: full width at half maximum (pixels), and ellipticity.

    The ellipticity is (a^2 - b^2) / (a^2 + b^2) along the columns, ``e1``, and along the diagonal,
    ``e2``.
    """

    fwhm: Any
    e1: Any
    e2: Any


class Seeing(NamedTuple):
    """How a point is seen over a chip.

    Attributes
    ----------
    fwhm : `float`
        Full width at half maximum in the middle of the chip (pixels).
    profile : `str`
        ``moffat``, ``kolmogorov``, or ``gaussian``.
    beta : `float`
        The exponent of Moffat's profile: the smaller it is, the more light is in the wings.
    gradient : `float`
        The part by which the width grows from the middle to the right edge; along the rows it
        varies about as much, and not linearly.
    e1, e2 : `float`
        The ellipticity in the middle.
    twist : `float`
        By how much the ellipticity changes from the middle to an edge.
    """

    fwhm: float
    profile: str = "moffat"
    beta: float = 3.0
    gradient: float = 0.02
    e1: float = 0.03
    e2: float = -0.02
    twist: float = 0.01

    def shape(self, x: Any, y: Any, layout: Layout) -> Shape:
        """Return the PSF at pixels of the trimmed image, counted from 0."""
        across = np.asarray(x) / layout.columns - 1
        along = 2 * np.asarray(y) / layout.rows - 1
        growth = self.gradient * (across + along**2 - 0.75 * along)
        e1, e2 = self.e1 + self.twist * across, self.e2 + 1.5 * self.twist * along
        return Shape(self.fwhm * (1 + growth), e1, e2)

    def values(self, dx: Any, dy: Any, shape: Shape) -> Floats:
        """Return the fraction of a point's light in pixels at distances from it (pixels).

        Notes
        -----
        The profile is that of the light that pixels collect, and is therefore evaluated at their
        centres.
        """
        fwhm, e1, e2 = shape
        # Of the same area as a circle, so that the peak does not depend on the ellipticity.
        square = (1 - e1) * dx * dx - 2 * e2 * dx * dy + (1 + e1) * dy * dy
        square = square / (np.sqrt(1 - e1 * e1 - e2 * e2) * fwhm * fwhm)
        return np.asarray(_PROFILES[self.profile](square, self.beta) / (fwhm * fwhm))


def _moffat(square: Any, beta: float) -> Any:
    core = 1 / (4 * (2 ** (1 / beta) - 1))
    return (beta - 1) / (np.pi * core) * (1 + square / core) ** -beta


def _gaussian(square: Any, beta: float) -> Any:
    rate = 4 * np.log(2)
    return rate / np.pi * np.exp(-rate * square)


def _kolmogorov(square: Any, beta: float) -> Any:
    radii, values = _table()
    return np.interp(np.sqrt(square), radii, values, right=0.0)


@functools.cache
def _table() -> tuple[Floats, Floats]:
    """Return radius (widths) and value of the profile with the transfer exp(-3.44 (f r0)^(5/3))."""
    from scipy.special import j0

    radii = np.arange(0.0, _REACH, _STEP)
    frequencies = (np.arange(4000) + 0.5) * _HIGHEST / 4000
    # At a distance of r0 the structure function of the phase is 6.8839; half of it counts.
    transfer = np.exp(-3.44195 * (frequencies / _WIDTH) ** (5 / 3))
    weights = 2 * np.pi * frequencies * transfer * (_HIGHEST / 4000)
    values = np.array([j0(2 * np.pi * radius * frequencies) @ weights for radius in radii])
    return radii, np.maximum(values, 0.0)


_PROFILES = {"moffat": _moffat, "gaussian": _gaussian, "kolmogorov": _kolmogorov}
