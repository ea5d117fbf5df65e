"""Images for tests, and how they differ, by the names of ``lsst.afw.image.testUtils``."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types.images.image import Image
from persistence.gen2types.images.maskedimage import MaskedImageF


def makeRampImage(
    bbox: Any, start: float = 0, stop: float | None = None, imageClass: Any = None
) -> Any:
    """Return an image whose pixels grow evenly along each row, and from row to row.

    Parameters
    ----------
    bbox : `Box2I`
        Its position.
    start : `float`
        The first pixel.
    stop : `float`, optional
        The last pixel; by default the steps are 1.
    imageClass : `type`, optional
        The class of images, `ImageF` by default.
    """
    image = (imageClass or Image["F"])(bbox)
    pixels = image.array.size
    last = start + pixels - 1 if stop is None else stop
    image.array[...] = np.linspace(start, last, pixels).reshape(image.array.shape)
    return image


def makeGaussianNoiseMaskedImage(
    dimensions: Any, sigma: float, variance: float = 1.0
) -> MaskedImageF:
    """Return a masked image of normal noise."""
    image: MaskedImageF = MaskedImageF(dimensions)
    image.image.array[...] = np.random.normal(0.0, sigma, image.image.array.shape)
    image.variance.array[...] = variance
    return image


def imagesDiffer(
    image0: Any, image1: Any, skipMask: Any = None, rtol: float = 1e-5, atol: float = 1e-8
) -> str:
    """Return how two images differ; an empty text if they do not.

    Parameters
    ----------
    image0, image1 : `Image`, `Mask` or array
        What is compared.
    skipMask : array, optional
        Pixels that are not.
    rtol, atol : `float`
        Up to how much numbers may differ, as of `numpy.allclose`.
    """
    first, second = (np.asarray(getattr(image, "array", image)) for image in (image0, image1))
    if first.shape != second.shape:
        return f"dimensions differ: {first.shape} != {second.shape}"
    skipped = getattr(skipMask, "array", skipMask)
    used = np.ones(first.shape, bool) if skipped is None else np.asarray(skipped) == 0
    same = np.isclose(first, second, rtol=rtol, atol=atol, equal_nan=True) | ~used
    if same.all():
        return ""
    greatest = np.nanmax(np.abs(first.astype(float) - second)[~same])
    return f"maxDiff={greatest:g} of {np.count_nonzero(~same)} pixels"
