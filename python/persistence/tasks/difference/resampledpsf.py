"""PSFs of images computed from others: warped, or convolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks.difference import convolution
from persistence.types.pixels.box import Box
from persistence.types.psf.psfex import PsfexPsf

Floats = NDArray[np.float64]

_DEGREE = 2
_ALONG = 4  # positions along each axis at which the PSF is looked at
_SIDE = 41  # pixels: that of a model that PSFs are measured as


def fitted(image: Callable[[float, float], Floats], box: Box) -> PsfexPsf:
    """Return the PSF with known images at some positions.

    Parameters
    ----------
    image : callable
        Returns the image of a point source in the centre of a pixel at a position (pixels of the
        parent image): an odd square, the same size everywhere.
    box : `~persistence.types.pixels.box.Box`
        The range of positions.
    """
    x, y = (
        start + np.linspace(0, length - 1, _ALONG)
        for start, length in ((box.x0, box.width), (box.y0, box.height))
    )
    places = np.array([(column, row) for row in y for column in x])
    images = np.array([image(*position) for position in places])
    centre = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    scale = max(box.width / 2, 1.0), max(box.height / 2, 1.0)
    blank = PsfexPsf(images[:0], _DEGREE, centre, scale, 1.0, centre)
    terms = blank.terms(*places.T)
    components, *_ = np.linalg.lstsq(terms, images.reshape(len(images), -1), rcond=None)
    return replace(blank, components=components.reshape(-1, *images.shape[1:]))


def square(psf: Any, x: float, y: float, side: int = _SIDE) -> Floats:
    """Return the image of a point in the middle of a pixel as a square about it; its sum is 1."""
    stamp = psf.kernel_image(x, y).square(0, 0, side // 2)
    return np.asarray(stamp / stamp.sum())


def convolved(psf: Any, kernel: Callable[[float, float], Floats], box: Box) -> PsfexPsf:
    """Return the PSF of an image that was convolved with a kernel, which may vary.

    Parameters
    ----------
    psf : `~persistence.types.psf.psfimage.Psf`
        The PSF before the convolution.
    kernel : callable
        Returns the kernel at a position: an odd square.
    box : `~persistence.types.pixels.box.Box`
        The range of positions.
    """

    def image(x: float, y: float) -> Floats:
        convolved = convolution.convolved(square(psf, x, y).astype(np.float32), kernel(x, y))
        return np.asarray(convolved / convolved.sum(), float)

    return fitted(image, box)
