"""Stacks of the stars that the PSF was measured of, and of the model where they are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.plot.stars import Cell

Floats = NDArray[np.float64]
_BAD = ("BAD", "SAT", "CR", "NO_DATA")
# The chip is parted into so many along each side; in each, so many stars are stacked at most.
_PARTS = 3
_MOST = 60
# Half the side of a picture, in standard deviations of the PSF, and in pixels.
_REACH, _LEAST, _LARGEST = 5.0, 6, 20


def grid(exposure: Any, sources: Any, psf: Any) -> list[list[Cell]]:
    """Return stacks in parts of the chip, the lowest row of parts first.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        Without its background.
    sources : `~persistence.types.table.catalog.Catalog` or None
        With ``slot_Centroid`` and ``calib_psf_used``.
    psf : `~persistence.types.psf.psfimage.Psf` or None
        The model.
    """
    if psf is None or sources is None or "calib_psf_used" not in sources.colnames:
        return [[Cell()] * _PARTS] * _PARTS
    used = np.asarray(sources["calib_psf_used"], bool)
    x, y = (np.asarray(sources[f"slot_Centroid_{axis}"], float)[used] for axis in "xy")
    box = exposure.bbox
    column, row = (
        np.clip(((at - start) / size * _PARTS).astype(int), 0, _PARTS - 1)
        for at, start, size in ((x, box.x0, box.width), (y, box.y0, box.height))
    )
    radius = int(np.clip(np.ceil(_REACH * psf.width()), _LEAST, _LARGEST))
    return [
        [
            _stack(exposure, psf, x[here], y[here], radius)
            for here in ((row == up) & (column == right) for right in range(_PARTS))
        ]
        for up in range(_PARTS)
    ]


def _stack(exposure: Any, psf: Any, x: Floats, y: Floats, radius: int) -> Cell:
    if not x.size:
        return Cell()
    x, y = x[:_MOST], y[:_MOST]
    pixels = _cut(exposure, x, y, radius)
    model = np.asarray(psf.stamps(x, y, radius), float)
    seen = np.where(np.isfinite(pixels), model, 0.0)
    weight = (seen**2).sum(axis=(1, 2))
    flux = (np.nan_to_num(pixels) * seen).sum(axis=(1, 2)) / np.where(weight > 0, weight, 1.0)
    good = flux > 0
    if not good.any():
        return Cell()
    model = model[good]
    stars = pixels[good] / flux[good, np.newaxis, np.newaxis]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pixels that are bad in all stars
        left = np.nan_to_num(np.nanmedian(stars - model, axis=0))
        stacked = np.nan_to_num(np.nanmedian(stars, axis=0))
    return Cell(stacked, np.median(model, axis=0), left, len(stars))


def _cut(exposure: Any, x: Floats, y: Floats, radius: int) -> Floats:
    """Return the pixels around positions; NaN where there are none, or bad ones."""
    steps = np.arange(-radius, radius + 1)
    box, (rows, columns) = exposure.bbox, exposure.image.shape
    column, row = (
        np.floor(at + 0.5).astype(int)[:, np.newaxis] - start + steps
        for at, start in ((x, box.x0), (y, box.y0))
    )
    inside = (
        ((row >= 0) & (row < rows))[:, :, np.newaxis]
        & ((column >= 0) & (column < columns))[:, np.newaxis, :]
    )  # fmt: skip
    where = (
        np.clip(row, 0, rows - 1)[:, :, np.newaxis],
        np.clip(column, 0, columns - 1)[:, np.newaxis, :],
    )
    pixels = np.where(inside, exposure.image[where].astype(float), np.nan)
    if exposure.mask is None:
        return pixels
    bits = sum(1 << exposure.mask.planes[name] for name in _BAD if name in exposure.mask.planes)
    pixels[(exposure.mask.array[where] & bits) != 0] = np.nan
    return pixels
