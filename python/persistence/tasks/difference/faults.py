"""Residuals of bright stars: changes so small that a fault of the match would leave them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NAME = "ip_diffim_Fault_flag"
_FWHM = 2.3548  # widths of the PSF
# How far from a source stars are looked for (FWHMs), and how much of the configured part of their
# light counts there: faults are largest on a star, and its wings have some.
_RINGS = ((1.0, 1.0), (2.0, 0.25))


def light(exposure: Exposure, x: Floats, y: Floats, distance: float) -> Floats:
    """Return the flux of a point whose peak is as high as the brightest pixel about positions.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        An exposure without background, with its PSF.
    x, y : array
        Positions (pixels of the parent image).
    distance : `float`
        Half the side of the squares about them (FWHMs of the PSF).
    """
    x0, y0 = exposure.origin
    reach = round(distance * _FWHM * exposure.psf.width())
    steps = np.arange(-reach, reach + 1)
    columns, rows = (
        np.clip(np.rint(at - first).astype(int)[:, np.newaxis] + steps, 0, size - 1)
        for at, first, size in ((x, x0, exposure.image.shape[1]), (y, y0, exposure.image.shape[0]))
    )
    squares = exposure.image[rows[:, :, np.newaxis], columns[:, np.newaxis, :]]
    highest = np.where(np.isfinite(squares), squares, 0.0).max(axis=(1, 2), initial=0.0)
    box = exposure.bbox
    middle = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    peak = float(exposure.psf.kernel_image(*middle).square(0, 0, reach).max())
    return np.asarray(highest / peak, float)


def flags(table: Any, exposures: tuple[Exposure, Exposure], part: float) -> Bools:
    """Return which sources are weaker than a part of the light there.

    Parameters
    ----------
    table : `~persistence.types.table.catalog.Catalog`
        A ``diaSrc``.
    exposures : `tuple` [`~persistence.types.exposure.exposure.Exposure`, ...]
        The exposures of which there is a difference.
    part : `float`
        Of a star within the PSF's FWHM; within twice that, a quarter of it. No kernel matches
        better.
    """
    x, y = (np.asarray(table[f"base_SdssCentroid_{axis}"], float) for axis in "xy")
    least = np.max(
        [
            factor * part * light(exposure, x, y, distance)
            for distance, factor in _RINGS
            for exposure in exposures
        ],
        axis=0,
    )
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(np.asarray(table["base_PsfFlux_instFlux"], float)) < least)


def add(table: Any, weak: Bools) -> None:
    """Add the flag to a ``diaSrc``."""
    table[NAME] = weak
    table[NAME].info.description = "it is weaker than a fault of the match would be on the star"
