"""A kernel that varies: applied to an image, it is at each position what it is there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from persistence.tasks.difference.kernel import MatchingKernel
from persistence.tasks.difference.polynomials import Polynomials
from persistence.types.pixels.box import Box

BOX = Box(0, 0, 80, 60)


@pytest.fixture
def kernel() -> MatchingKernel:
    rng = np.random.default_rng(4)
    images = rng.normal(size=(3, 5, 5))
    return MatchingKernel(images, Polynomials(BOX, 1), np.array([7.0]), Polynomials(BOX, 0))


def test_a_point_becomes_the_kernel_of_its_place(kernel: MatchingKernel) -> None:
    """So far as it is alike over its own width."""
    image = np.zeros((60, 80), np.float32)
    image[20, 30] = 100
    made = kernel.applied(image) - 7
    # each pixel has the kernel of its own place
    rows, columns = np.mgrid[18:23, 28:33]
    right = [
        100 * kernel.at(float(x), float(y))[y - 18, x - 28]
        for y, x in zip(rows.ravel(), columns.ravel(), strict=True)
    ]
    assert made[18:23, 28:33].ravel() == pytest.approx(right, abs=1e-3)
    assert np.abs(np.delete(made, slice(18, 23), axis=0)).max() < 1e-3


def test_its_sum_and_variance_are_those_of_the_middle(kernel: MatchingKernel) -> None:
    assert kernel.sum == pytest.approx(kernel.at(39.5, 29.5).sum())
    variance = np.random.default_rng(1).uniform(1, 2, (60, 80)).astype(np.float32)
    right = signal.convolve(variance.astype(float), kernel.middle**2, mode="same")
    assert kernel.variance(variance) == pytest.approx(right, rel=1e-4)
