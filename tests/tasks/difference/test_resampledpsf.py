"""PSFs of what was convolved: Gaussians' squares of widths add up."""

from __future__ import annotations

import numpy as np
import pytest

from persistence.tasks.difference import resampledpsf
from persistence.types.pixels.box import Box
from persistence.types.psf.psf import GaussianPsf

BOX = Box(0, 0, 200, 300)


def gaussian(sigma: float, side: int = 25) -> np.ndarray:
    steps = np.arange(side) - side // 2
    made = np.exp(-(steps**2 + steps[:, np.newaxis] ** 2) / (2 * sigma**2))
    return np.asarray(made / made.sum())


@pytest.mark.parametrize("side", [9, 25, 41])
def test_a_square_is_the_image_about_its_middle(side: int) -> None:
    made = resampledpsf.square(GaussianPsf((25, 25), 2.0), 10.0, 20.0, side)
    assert made.shape == (side, side)
    assert made.sum() == pytest.approx(1)
    assert np.unravel_index(made.argmax(), made.shape) == (side // 2, side // 2)
    if side == 25:
        assert made == pytest.approx(gaussian(2.0))


def test_squares_of_widths_add_up() -> None:
    made = resampledpsf.convolved(GaussianPsf((41, 41), 2.0), lambda _x, _y: gaussian(1.5), BOX)
    assert made.width(100, 150) == pytest.approx(2.5, rel=1e-3)


def test_it_follows_a_kernel_that_varies() -> None:
    def width(x: float, y: float) -> float:
        return 1.2 + 0.3 * x / 200 + 0.2 * y / 300

    made = resampledpsf.convolved(
        GaussianPsf((41, 41), 2.0), lambda x, y: gaussian(width(x, y)), BOX
    )
    for x, y in ((0, 0), (199, 299), (40, 250)):
        assert made.width(x, y) == pytest.approx(np.hypot(2, width(x, y)), rel=3e-3)
