"""Prediction of pixels from those around: exact for stars, nothing for the sky."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from persistence.tasks import prediction
from persistence.types.psf.psf import SingleGaussianPsf

PSF = SingleGaussianPsf((31, 31), 1.7)
ALIKE = prediction.resemblance(PSF.kernel_image())


def predicted(image: Any, variance: Any, places: Any, unknown: Any) -> prediction.Prediction:
    pixels = prediction.Pixels(image, variance, np.zeros(image.shape, bool))
    return prediction.predicted(pixels, places, ALIKE, unknown)


def star(x: float, y: float) -> NDArray[np.float64]:
    return PSF.stamps(np.array([x]), np.array([y]), 10)[0]


@pytest.mark.parametrize("off", [(0.0, 0.0), (0.4, -0.3), (-0.5, 0.5)])
@pytest.mark.parametrize("hole", [(10, 10), (10, 11), (8, 9)])
def test_a_pixel_of_a_star_is_what_the_star_has_there(
    off: tuple[float, float], hole: tuple[int, int]
) -> None:
    image = 1e6 * star(*off)
    unknown = np.zeros(image.shape, bool)
    unknown[hole] = True
    places = np.flatnonzero(unknown)
    spoilt = np.where(unknown, 1e9, image)
    made = predicted(spoilt, np.full(image.shape, 900.0), places, unknown)
    assert made.value[0] == pytest.approx(image[hole], abs=0.01 * image.max())
    assert abs(made.value[0] - image[hole]) < 4 * made.error[0]


def test_where_there_is_noise_alone_a_pixel_is_nearly_the_sky() -> None:
    image = np.random.default_rng(4).normal(0, 30, (60, 60))
    places = np.arange(0, image.size, 7)
    unknown = np.zeros(image.shape, bool)
    unknown.ravel()[places] = True
    made = predicted(image, np.full(image.shape, 900.0), places, unknown)
    assert made.value.std() < 10
    assert made.error.max() < 30


def test_at_the_edge_and_without_neighbours_there_is_a_prediction() -> None:
    image, unknown = np.ones((9, 9)), np.ones((9, 9), bool)
    for places in (np.array([0, 80, 40]), np.zeros(0, int)):
        made = predicted(image, image, places, unknown)
        np.testing.assert_array_equal(made.value, np.zeros(places.size))
        assert np.isfinite(made.error).all()


def test_resemblance_is_that_of_a_gaussian_moved_by_a_step() -> None:
    apart = (ALIKE.steps**2).sum(axis=1)
    np.testing.assert_allclose(ALIKE.middle, np.exp(-apart / (4 * 1.7**2)), rtol=1e-6)
