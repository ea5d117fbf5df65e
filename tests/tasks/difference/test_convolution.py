"""Convolution of whole images; the judge is scipy's direct sum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from persistence.tasks.difference import convolution


@pytest.mark.parametrize("shape", [(20, 31), (64, 64), (5, 40), (260, 500)])
@pytest.mark.parametrize("side", [1, 3, 9])
def test_it_is_the_direct_sum(shape: tuple[int, int], side: int) -> None:
    rng = np.random.default_rng(side)
    image = rng.normal(size=shape).astype(np.float32)
    kernels = rng.normal(size=(2, side, side))
    weights = [(rng.normal(size=(1, shape[1])), rng.normal(size=(shape[0], 1))) for _ in kernels]
    made = convolution.summed(image, kernels, [tuple(map(np.float32, each)) for each in weights])
    right = np.zeros(shape)
    for kernel, (along, down) in zip(kernels, weights, strict=True):
        wide = np.pad(image.astype(float), side // 2)
        right += along * down * signal.convolve(wide, kernel, mode="valid", method="direct")
    assert made == pytest.approx(right, abs=2e-4)
    assert made.dtype == np.float32


def test_a_kernel_of_one_pixel_leaves_the_image() -> None:
    image = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    assert convolution.convolved(image, np.ones((1, 1))) == pytest.approx(image, abs=1e-5)
