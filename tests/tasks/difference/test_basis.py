"""What kernels are made of: sums, sizes, independence."""

from __future__ import annotations

import numpy as np
import pytest

from persistence.tasks.difference import basis


@pytest.mark.parametrize(
    ("sigmas", "degrees", "number"),
    [((0.7, 1.5, 3.0), (4, 3, 2), 31), ((1.0,), (0,), 1), ((1.0, 2.0), (2, 0), 7)],
)
def test_the_first_has_all_of_the_sum(sigmas: tuple, degrees: tuple, number: int) -> None:
    images = basis.gaussians(12, sigmas, degrees)
    assert images.shape == (number, 25, 25)
    sums = images.sum(axis=(1, 2))
    assert sums[0] == pytest.approx(1)
    assert sums[1:] == pytest.approx(0, abs=1e-9)
    assert np.linalg.matrix_rank(images.reshape(number, -1)) == number


def test_they_are_gaussians_times_powers() -> None:
    """By hand: of degree 1, the second is the Gaussian times x."""
    images = basis.gaussians(5, [1.5], [1])
    steps = np.arange(-5, 6)
    gaussian = np.exp(-(steps**2 + steps[:, np.newaxis] ** 2) / 4.5)
    by_x = gaussian * steps
    assert images[0] == pytest.approx(gaussian / gaussian.sum())
    assert images[1] == pytest.approx(by_x / np.sqrt((by_x**2).sum()))
