"""Convolution of whole images with small kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def each(image: Plane, kernels: Sequence[Any] | NDArray[Any]) -> Iterator[Plane]:
    """Yield an image convolved with each of some kernels; beyond its edges it is 0.

    Parameters
    ----------
    image : array, shape (rows, columns)
        Finite.
    kernels : sequence of array, shape (side, side)
        All of one odd size. The middle pixel of one leaves the image where it is.
    """
    from scipy import fft

    half = kernels[0].shape[0] // 2
    shape = tuple(fft.next_fast_len(size + 2 * half, real=True) for size in image.shape)
    transformed = fft.rfft2(image.astype(np.float32, copy=False), shape)
    rows, columns = (slice(half, half + size) for size in image.shape)
    for kernel in kernels:
        product = transformed * fft.rfft2(np.asarray(kernel, np.float32), shape)
        yield fft.irfft2(product, shape, overwrite_x=True)[rows, columns]


def convolved(image: Plane, kernel: Any) -> Plane:
    """Return an image convolved with one kernel; see `each`."""
    return next(each(image, [kernel]))
