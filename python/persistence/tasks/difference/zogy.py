"""Subtraction by both PSFs, which needs no fit.

Source: Zackay, Ofek & Gal-Yam 2016, ApJ 830, 27.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks import sky
from persistence.tasks.difference import resampledpsf
from persistence.tasks.difference.subtract import Difference, calm, joined, usable

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]

_MARGIN = 48  # pixels about a tile, more than a PSF reaches
_SMALLEST = 1e-12  # of the largest power: smaller values are rounding errors


def subtracted(science: Exposure, template: Exposure, tile: int) -> Difference:
    """Return the difference of two exposures of the same pixels, by their zero points and PSFs.

    Parameters
    ----------
    science, template : `~persistence.types.exposure.exposure.Exposure`
        Exposures with photometric calibrations.
    tile : `int`
        The side of the tiles in which the PSFs are treated as constant (pixels).

    Raises
    ------
    TaskError
        If one of them has no photometric calibration, or there are no usable pixels.
    """
    wanted, given = science.photo_calib, template.photo_calib
    if wanted is None or given is None:
        raise TaskError("zogy needs the photometric calibrations of both exposures; al does not")
    scale = float(given.getCalibrationMean() / wanted.getCalibrationMean())
    good = usable(science, template)
    box = science.bbox
    new, old = (
        np.where(good, exposure.image, np.float32(0)).astype(float)
        for exposure in (science, template)
    )
    old *= scale
    noise = [calm(sky.planes(exposure)[1], good) for exposure in (science, template)]
    noise[1] = noise[1] * np.float32(scale**2)
    image = np.zeros(new.shape, np.float32)
    middle = np.zeros((1, 1))
    for inner, x, y in _tiles(new.shape, tile):
        outer, back = _with_margin(inner, new.shape)
        parts = [plane[outer] for plane in (new, old)]
        sigmas = [float(np.median(plane[inner])) for plane in noise]
        position = box.x0 + x, box.y0 + y
        difference, psf = _difference(
            parts,
            sigmas,
            [resampledpsf.square(side.psf, *position) for side in (science, template)],
        )
        image[inner] = difference[back]
        if inner[0].start <= new.shape[0] // 2 < inner[0].stop and (
            inner[1].start <= new.shape[1] // 2 < inner[1].stop
        ):
            middle = psf
    variance = (noise[0] + noise[1]).astype(np.float32)
    made_psf = resampledpsf.fitted(lambda _x, _y: middle, box)
    exposure = science.replaced(
        image=image, variance=variance, mask=joined(science, template), psf=made_psf,
        ap_corr_map=None,
    )  # fmt: skip
    matched = template.replaced(
        image=(template.image * np.float32(scale)), photo_calib=science.photo_calib
    )
    return Difference(exposure, matched, scale, "neither", None)


def _difference(
    parts: list[Floats], variances: list[float], psfs: list[Floats]
) -> tuple[Floats, Floats]:
    """Return the difference of two tiles, in counts of the first, and its PSF."""
    from scipy import fft

    shape = parts[0].shape
    new, old = (fft.rfft2(part) for part in parts)
    of_new, of_old = (fft.rfft2(_centred(psf, shape)) for psf in psfs)
    power = variances[1] * np.abs(of_new) ** 2 + variances[0] * np.abs(of_old) ** 2
    root = np.sqrt(np.maximum(power, power.max() * _SMALLEST))
    total = np.sqrt(sum(variances))
    # Scaled so that light is as bright as in the first, and the noise is both variances' sum.
    spectrum = fft.irfft2((of_old * new - of_new * old) / root * total, shape)
    psf = fft.irfft2(of_old * of_new / root * total, shape)
    half = psfs[0].shape[0] // 2
    psf = np.roll(psf, (half, half), axis=(0, 1))[: 2 * half + 1, : 2 * half + 1]
    light = psf.sum()
    return spectrum / light, psf / light


def _centred(psf: Floats, shape: tuple[int, ...]) -> Floats:
    padded = np.zeros(shape)
    half = psf.shape[0] // 2
    padded[: psf.shape[0], : psf.shape[1]] = psf
    return np.roll(padded, (-half, -half), axis=(0, 1))


def _tiles(shape: tuple[int, int], side: int) -> Iterator[tuple[tuple[slice, slice], float, float]]:
    """Yield each tile, with the column and row of its middle."""
    for row in range(0, shape[0], side):
        for column in range(0, shape[1], side):
            rows = slice(row, min(row + side, shape[0]))
            columns = slice(column, min(column + side, shape[1]))
            yield (rows, columns), (columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2


def _with_margin(
    inner: tuple[slice, slice], shape: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return a tile with its surroundings, and the tile's position in that."""
    outer = tuple(
        slice(max(part.start - _MARGIN, 0), min(part.stop + _MARGIN, size))
        for part, size in zip(inner, shape, strict=True)
    )
    back = tuple(
        slice(part.start - wide.start, part.stop - wide.start)
        for part, wide in zip(inner, outer, strict=True)
    )
    return (outer[0], outer[1]), (back[0], back[1])
