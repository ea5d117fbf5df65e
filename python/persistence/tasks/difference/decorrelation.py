"""Remove the correlation of neighbouring pixels in a difference, which convolution causes.

Source: Reiss & Lupton 2016, DMTN-021.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SIDE = 63  # pixels: odd, and larger than any matching kernel


def whitener(kernel: Floats, matched: float, convolved: float) -> Floats:
    """Return the kernel that makes a difference's noise white again.

    Parameters
    ----------
    kernel : array, shape (side, side)
        The kernel with which one of the images was convolved.
    matched, convolved : `float`
        The variances of the noise of the other image, and of the convolved one before the
        convolution.

    Returns
    -------
    kernel : array, shape (63, 63)
        The variance is then ``matched + convolved * kernel.sum()**2``. Its sum is 1.
    """
    padded = np.zeros((_SIDE, _SIDE))
    start = _SIDE // 2 - kernel.shape[0] // 2
    inner = slice(start, start + kernel.shape[0])
    padded[inner, inner] = kernel
    power = np.abs(np.fft.fft2(padded)) ** 2
    total = matched + convolved * kernel.sum() ** 2
    factor = np.sqrt(total / (matched + convolved * power))
    return np.asarray(np.fft.fftshift(np.fft.ifft2(factor).real))
