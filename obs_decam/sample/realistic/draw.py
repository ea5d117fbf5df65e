"""Draws stars and galaxies into an image: by numpy, or by galsim where that is wanted."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from astropy.table import Table

from obs_decam.sample.facts import Layout
from obs_decam.sample.realistic.seeing import Floats, Seeing

_REACH, _FARTHEST = 6.0, 44.0  # widths of the PSF to which stars are drawn: faint ones, bright ones
_FAINT = 2e4  # electrons: a star up to which the first holds
_FINE = 5  # steps a pixel, in which galaxies are drawn before they are seen through the PSF


def draw_stars(image: Floats, x: Any, y: Any, counts: Any, seeing: Seeing, layout: Layout) -> None:
    """Add stars to an image.

    Parameters
    ----------
    image : array
        Electrons, of the trimmed image; it is changed.
    x, y : array
        Where they are: pixels counted from 0.
    counts : array
        What they bring, all wings included (electrons).
    seeing : `Seeing`
        The PSF.
    layout : `~obs_decam.sample.facts.Layout`
        The chip's size.
    """
    for column, row, light in zip(x, y, counts, strict=True):
        growth = (max(light, _FAINT) / _FAINT) ** 0.3
        radius = int(np.ceil(seeing.fwhm * min(_REACH * growth, _FARTHEST)))
        part = _window(image, column, row, radius)
        if part is not None:
            dx, dy = part.columns - column, part.rows - row
            part.pixels += light * seeing.values(dx, dy, seeing.shape(column, row, layout))


class _Window:
    """The part of an image around a position."""

    def __init__(self, image: Floats, first: tuple[int, int], last: tuple[int, int]) -> None:
        (left, low), (right, high) = first, last
        self.first = first
        self.pixels = image[low:high, left:right]
        self.columns = np.arange(left, right)
        self.rows = np.arange(low, high)[:, np.newaxis]


def _window(image: Floats, column: float, row: float, radius: int) -> _Window | None:
    """Return the part of a square on the image; None if there is none."""
    middle = round(float(column)), round(float(row))
    sizes = image.shape[1], image.shape[0]
    first = tuple(max(place - radius, 0) for place in middle)
    last = tuple(min(place + radius + 1, size) for place, size in zip(middle, sizes, strict=True))
    if any(a >= b for a, b in zip(first, last, strict=True)):
        return None
    return _Window(image, (first[0], first[1]), (last[0], last[1]))


def draw_galaxies(
    image: Floats, x: Any, y: Any, counts: Any, galaxies: Table, seeing: Seeing, layout: Layout
) -> None:
    """Add galaxies, Sersic's profiles seen through the PSF, to an image; see `draw_stars`."""
    for column, row, light, galaxy in zip(x, y, counts, galaxies, strict=True):
        radius = float(galaxy["radius"])
        side = int(np.clip(6 * radius + 3 * seeing.fwhm, 12, 48))
        part = _window(image, column, row, side)
        if part is None:
            continue
        middle = round(float(column)), round(float(row))
        seen = _galaxy(column - middle[0], row - middle[1], radius, galaxy, side)
        dx = dy = np.arange(-side, side + 1)
        psf = seeing.values(dx, dy[:, np.newaxis], seeing.shape(column, row, layout))
        seen = light * _convolved(seen, psf)
        left, low = (side - (a - b) for a, b in zip(middle, part.first, strict=True))
        height, width = part.pixels.shape
        part.pixels += seen[low : low + height, left : left + width]


def _galaxy(dx: float, dy: float, radius: float, galaxy: Any, side: int) -> Floats:
    """Draw a galaxy of unit flux off the centre of a stamp, as above the atmosphere."""
    steps = (np.arange((2 * side + 1) * _FINE) + 0.5) / _FINE - side - 0.5
    cosine, sine = np.cos(galaxy["angle"]), np.sin(galaxy["angle"])
    columns, rows = steps - dx, (steps - dy)[:, np.newaxis]
    # Of the same area as a circle of that radius.
    stretch = np.sqrt(galaxy["ratio"])
    major = (cosine * columns + sine * rows) * stretch
    minor = (-sine * columns + cosine * rows) / stretch
    index = float(galaxy["index"])
    profile = np.exp(-_half(index) * (np.hypot(major, minor) / radius) ** (1 / index))
    fine = profile.reshape(2 * side + 1, _FINE, 2 * side + 1, _FINE).sum((1, 3))
    return np.asarray(fine / fine.sum())


@functools.cache
def _half(index: float) -> float:
    """Return the constant that places half of the light of Sersic's profile in its radius."""
    from scipy.special import gammaincinv

    return float(gammaincinv(2 * index, 0.5))


def _convolved(profile: Floats, psf: Floats) -> Floats:
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(profile, psf / psf.sum(), mode="same"))
