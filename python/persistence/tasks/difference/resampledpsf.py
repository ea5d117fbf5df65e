"""PSFs of images that were made of others: moved, or convolved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.difference.polynomials import Polynomials
from persistence.types.pixels.box import Box
from persistence.types.psf.psfex import PsfexPsf

Floats = NDArray[np.float64]

_DEGREE = 2
_ALONG = 4  # positions along each axis at which the PSF is looked at
_SIDE = 41  # pixels: that of a model that PSFs are measured as


def fitted(image: Callable[[float, float], Floats], box: Box) -> PsfexPsf:
    """Return the PSF whose images at some positions are given.

    Parameters
    ----------
    image : callable
        Returns the image of a point in the middle of a pixel, as it is at a position (pixels of
        the parent image): an odd square, the same size everywhere.
    box : `~persistence.types.pixels.box.Box`
        Where positions may lie.
    """
    x, y = (
        start + np.linspace(0, length - 1, _ALONG)
        for start, length in ((box.x0, box.width), (box.y0, box.height))
    )
    places = np.array([(column, row) for row in y for column in x])
    images = np.array([image(*place) for place in places])
    terms = Polynomials(box, _DEGREE)
    design = terms.at(places[:, 0], places[:, 1])
    components, *_ = np.linalg.lstsq(design, images.reshape(len(images), -1), rcond=None)
    centre = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    scale = max(box.width / 2, 1.0), max(box.height / 2, 1.0)
    return PsfexPsf(components.reshape(-1, *images.shape[1:]), _DEGREE, centre, scale, 1.0, centre)


def square(psf: Any, x: float, y: float, side: int = _SIDE) -> Floats:
    """Return the image of a point in the middle of a pixel as a square about it; its sum is 1."""
    radius = side // 2
    # its own frame: the model at (x, y), drawn in the middle of a pixel
    kernel = psf.kernel_image(x, y)
    made = np.zeros((side, side))
    left, low = kernel.bbox.x0 + radius, kernel.bbox.y0 + radius
    height, width = kernel.array.shape
    made[max(low, 0) : max(low + height, 0), max(left, 0) : max(left + width, 0)] = kernel.array[
        max(-low, 0) : side - low, max(-left, 0) : side - left
    ]
    return np.asarray(made / made.sum())


def convolved(psf: Any, kernel: Callable[[float, float], Floats], box: Box) -> PsfexPsf:
    """Return the PSF of an image that was convolved with a kernel, which may vary.

    Parameters
    ----------
    psf : `~persistence.types.psf.psfimage.Psf`
        Of the image before.
    kernel : callable
        Returns the kernel at a position: an odd square.
    box : `~persistence.types.pixels.box.Box`
        Where positions may lie.
    """
    from scipy.signal import fftconvolve

    def image(x: float, y: float) -> Floats:
        made = fftconvolve(square(psf, x, y), kernel(x, y), mode="same")
        return np.asarray(made / made.sum())

    return fitted(image, box)
