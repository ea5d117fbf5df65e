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
_REACH = 2.3548  # widths of the PSF from a source to the brightest pixel about it: the PSF's FWHM


def light(exposure: Exposure, x: Floats, y: Floats) -> Floats:
    """Return the flux of a point whose peak is as high as the brightest pixel about positions.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        An exposure without background, with its PSF.
    x, y : array
        Positions (pixels of the parent image).
    """
    x0, y0 = exposure.origin
    reach = round(_REACH * exposure.psf.width())
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
        The part. No kernel matches better.
    """
    x, y = (np.asarray(table[f"base_SdssCentroid_{axis}"], float) for axis in "xy")
    brightest = np.maximum(*(light(exposure, x, y) for exposure in exposures))
    with np.errstate(invalid="ignore"):
        weak = np.abs(np.asarray(table["base_PsfFlux_instFlux"], float)) < part * brightest
    return np.asarray(weak)


def add(table: Any, weak: Bools) -> None:
    """Add the flag to a ``diaSrc``."""
    table[NAME] = weak
    table[NAME].info.description = "it is weaker than a fault of the match would be on the star"
