"""Predict the values of pixels from nearby pixels, given the PSF and the noise.

Light that comes through the telescope is as smooth as the PSF: the correlation of pixels at a
distance is the autocorrelation of the PSF. With the noise, least squares predict a pixel from its
neighbours (Wiener's filter; Rybicki & Press 1992, ApJ 398, 169).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.stamps import Bools, Floats
from persistence.types.psf.psfimage import PsfImage

Places = NDArray[np.intp]

_REACH = 3  # pixels to the farthest neighbours in the row that predict a pixel
_NEAR = 10  # square pixels: those within are about as good as the whole square, and half the work
_CHUNK = 512  # pixels predicted at once: their matrices need 10 MB
# The least variance of what comes through the telescope, in that of the noise: where there seems
# to be nothing, the prediction is nearly the level of the sky.
_LEAST = 1e-3


class Pixels(NamedTuple):
    """A background-subtracted image.

    Attributes
    ----------
    image, variance : array, shape (rows, columns)
        The planes.
    bad : array of `bool`, same shape
        Pixels to ignore.
    """

    image: Any
    variance: Any
    bad: Bools


class Prediction(NamedTuple):
    """Predicted values of pixels.

    Attributes
    ----------
    value, error : array
        The value, and the standard deviation of the noiseless light from it.
    """

    value: Floats
    error: Floats


class Resemblance(NamedTuple):
    """The correlation of pixels due to the PSF.

    Attributes
    ----------
    steps : array, shape (neighbours, 2)
        Rows and columns from a pixel to its neighbours.
    between : array, shape (neighbours, neighbours)
        The correlation of each pair of neighbours.
    middle : array, shape (neighbours,)
        The correlation of each neighbour with the pixel.
    """

    steps: NDArray[np.intp]
    between: Floats
    middle: Floats


def resemblance(psf: PsfImage) -> Resemblance:
    """Return how the pixels around one resemble each other and that one.

    Parameters
    ----------
    psf : `~persistence.types.psf.psfimage.PsfImage`
        A point's image, in the middle of a pixel.
    """
    grid = np.arange(-_REACH, _REACH + 1)
    steps = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
    apart = (steps**2).sum(axis=1)
    steps = steps[(apart > 0) & (apart <= _NEAR)]
    shape = [size + 2 * _REACH for size in psf.array.shape]
    spectrum = np.fft.rfft2(psf.array, shape)
    # moved by no more than 2 _REACH pixels, no image comes round to itself
    itself = np.fft.irfft2(np.abs(spectrum) ** 2, shape)
    itself /= itself[0, 0]
    between = steps[:, np.newaxis] - steps
    return Resemblance(
        steps, itself[between[..., 0], between[..., 1]], itself[steps[:, 0], steps[:, 1]]
    )


def predicted(
    pixels: Pixels,
    places: Places,
    alike: Resemblance,
    unknown: Bools,
    spoilt: Bools | None = None,
) -> Prediction:
    """Predict pixels from known ones around them.

    Parameters
    ----------
    pixels : `Pixels`
        The image.
    places : array of `int`
        The pixels to predict, as indices of the flattened image.
    alike : `Resemblance`
        The correlations.
    unknown : array of `bool`, shape (rows, columns)
        Pixels that must not be used: bad ones, and those to predict.
    spoilt : array of `bool`, optional
        Pixels that do not contribute to the estimate of the amount of light, on which the error of
        a prediction depends. Default: all unknown ones.
    """
    flags = unknown, unknown if spoilt is None else spoilt
    parts = [
        _predicted(pixels, places[start : start + _CHUNK], alike, *flags)
        for start in range(0, len(places), _CHUNK)
    ]
    if not parts:
        return Prediction(np.zeros(0), np.zeros(0))
    return Prediction(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def filled(pixels: Pixels, places: Places, psf: PsfImage) -> Any:
    """Return an image with some pixels as the others predict them that are not bad."""
    unknown, image = pixels.bad.copy(), pixels.image.copy()
    unknown.ravel()[places] = True
    image.ravel()[places] = predicted(pixels, places, resemblance(psf), unknown).value
    return image


def _predicted(
    pixels: Pixels, places: Places, alike: Resemblance, unknown: Bools, spoilt: Bools
) -> Prediction:
    neighbours, inside = around(places, alike.steps, pixels.image.shape)
    known, lit = (inside & ~flags.ravel()[neighbours] for flags in (unknown, spoilt))
    values, noise = (plane.ravel()[neighbours].astype(float) for plane in pixels[:2])
    power = _power(values, noise, lit)
    matrix = np.where(known[:, :, np.newaxis] & known[:, np.newaxis, :], alike.between, 0.0)
    diagonal = np.arange(len(alike.steps))
    # unknown pixels have no correlation
    matrix[:, diagonal, diagonal] = 1 + np.where(known, noise, 0) / power[:, np.newaxis]
    middle = np.where(known, alike.middle, 0.0)
    weights = np.linalg.solve(matrix, middle[:, :, np.newaxis])[:, :, 0]
    value = np.where(known, weights * values, 0).sum(axis=1)
    missing = np.maximum(1 - (weights * middle).sum(axis=1), 0)
    return Prediction(value, np.sqrt(power * missing))


def _power(values: Floats, noise: Floats, lit: Bools) -> Floats:
    """Return the variance of the light in each row of pixels, beyond that of the noise."""
    number = np.maximum(lit.sum(axis=1), 1)
    squares, quiet = (np.where(lit, each, 0).sum(axis=1) / number for each in (values**2, noise))
    return np.asarray(np.maximum(squares - quiet, _LEAST * np.maximum(quiet, 1e-30)))


def around(places: Places, steps: NDArray[np.intp], shape: tuple[int, ...]) -> tuple[Places, Bools]:
    """Return the indices of pixels at some steps, and which of them are inside the image.

    For those outside, the nearest pixels are returned.
    """
    rows, columns = (
        axis[:, np.newaxis] + step
        for axis, step in zip(np.unravel_index(places, shape), steps.T, strict=True)
    )
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    near = np.clip(rows, 0, shape[0] - 1) * shape[1] + np.clip(columns, 0, shape[1] - 1)
    return near, inside
