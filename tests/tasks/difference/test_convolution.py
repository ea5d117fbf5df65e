"""Convolution of whole images; the judge is scipy's direct sum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from persistence.tasks.difference import convolution


@pytest.mark.parametrize("shape", [(20, 31), (64, 64), (5, 40)])
@pytest.mark.parametrize("side", [1, 3, 9])
def test_it_is_the_direct_sum(shape: tuple[int, int], side: int) -> None:
    rng = np.random.default_rng(side)
    image = rng.normal(size=shape).astype(np.float32)
    kernels = rng.normal(size=(2, side, side))
    for made, kernel in zip(convolution.each(image, kernels), kernels, strict=True):
        right = signal.convolve(image.astype(float), kernel, mode="same", method="direct")
        # "same" is the first one's size only where it is the larger
        if side <= min(shape):
            assert made == pytest.approx(right, abs=1e-4)
        assert made.shape == shape
        assert made.dtype == np.float32


def test_a_kernel_of_one_pixel_leaves_the_image() -> None:
    image = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    assert convolution.convolved(image, np.ones((1, 1))) == pytest.approx(image, abs=1e-5)
