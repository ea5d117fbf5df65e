"""The small images that a matching kernel is a sum of: Gaussians times polynomials.

Source: Alard & Lupton 1998, ApJ 503, 325; Alard 2000, A&AS 144, 363.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NOTHING = 1e-9  # a sum that is 0 but for rounding


def gaussians(half: int, sigmas: Sequence[float], degrees: Sequence[int]) -> Floats:
    """Return the images.

    Parameters
    ----------
    half : `int`
        Half the side of an image, less half a pixel.
    sigmas : sequence of `float`
        Standard deviations of the Gaussians (pixels).
    degrees : sequence of `int`
        The highest sum of powers of the polynomial that each is multiplied with.

    Returns
    -------
    images : array, shape (number, 2 half + 1, 2 half + 1)
        The sum of the first is 1, that of all others 0: so the first one's amplitude is the sum of
        the kernel. The others' squares sum up to 1.
    """
    steps = np.arange(-half, half + 1, dtype=float)
    images = []
    for sigma, degree in zip(sigmas, degrees, strict=True):
        profile = np.exp(-(steps**2) / (2 * sigma**2))
        for q in range(degree + 1):
            for p in range(degree + 1 - q):
                images.append(np.outer(profile * steps**q, profile * steps**p))
    normalized = np.array([image / np.abs(image).sum() for image in images])
    sums = normalized.sum(axis=(1, 2))
    has_sum = np.abs(sums) > _NOTHING
    normalized[has_sum] /= sums[has_sum, np.newaxis, np.newaxis]
    normalized[1:][has_sum[1:]] -= normalized[0]
    normalized[1:] /= np.sqrt((normalized[1:] ** 2).sum(axis=(1, 2)))[:, np.newaxis, np.newaxis]
    return normalized
