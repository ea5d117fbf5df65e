"""Noise that a convolution has made alike in neighbours is white again."""

from __future__ import annotations

import numpy as np
import pytest

from persistence.tasks.difference import convolution, decorrelation


def kernel(sigma: float, total: float) -> np.ndarray:
    steps = np.arange(-9, 10)
    made = np.exp(-(steps**2 + steps[:, np.newaxis] ** 2) / (2 * sigma**2))
    return np.asarray(made / made.sum() * total)


@pytest.mark.parametrize(("sigma", "total"), [(0.8, 1.0), (1.5, 0.7), (2.0, 1.6)])
def test_the_noise_of_a_difference_is_white_and_of_the_variance_that_is_told(
    sigma: float, total: float
) -> None:
    rng, given = np.random.default_rng(3), kernel(sigma, total)
    one, other = (rng.normal(0, width, (400, 400)).astype(np.float32) for width in (3.0, 4.0))
    difference = one - convolution.convolved(other, given)
    made = convolution.convolved(difference, decorrelation.whitener(given, 9.0, 16.0))[
        40:-40, 40:-40
    ]
    assert made.var() == pytest.approx(9 + 16 * total**2, rel=0.02)
    for before, after in ((made[:, 1:], made[:, :-1]), (made[1:], made[:-1])):
        assert (before * after).mean() / made.var() == pytest.approx(0, abs=0.012)


def test_it_keeps_the_sum_and_where_light_is() -> None:
    white = decorrelation.whitener(kernel(1.5, 0.8), 4.0, 5.0)
    assert white.shape == (63, 63)
    assert white.sum() == pytest.approx(1)
    assert np.unravel_index(white.argmax(), white.shape) == (31, 31)
    assert white == pytest.approx(white[::-1, ::-1], abs=1e-12)


def test_where_nothing_was_convolved_it_does_nothing() -> None:
    white = decorrelation.whitener(np.ones((1, 1)), 4.0, 5.0)
    assert white[31, 31] == pytest.approx(1)
    assert np.abs(white).sum() == pytest.approx(1)
