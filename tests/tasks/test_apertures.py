"""Sums within circles, without neighbours' light, beside those of photutils."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence.tasks import apertures, crowding
from persistence.tasks.crowding import Light
from persistence.types.psf.psf import SingleGaussianPsf

SHAPE, SIGMA = (70, 80), 1.8
PSF = SingleGaussianPsf((25, 25), SIGMA)

RADII = [3.0, 4.5, 12.0, 17.0]


def inside(radius: float) -> float:
    return float(1 - np.exp(-(radius**2) / (2 * SIGMA**2)))


@pytest.mark.parametrize("radius", RADII)
def test_sums_and_errors_are_those_of_photutils(radius: float) -> None:
    photutils = pytest.importorskip("photutils.aperture", reason="pip install '.[test]'")
    rng = np.random.default_rng(4)
    light = Light(
        rng.normal(50, 9, SHAPE).astype(np.float32),
        rng.uniform(50, 100, SHAPE).astype(np.float32),
        np.zeros(SHAPE, bool),
        (0, 0),
    )
    x, y = rng.uniform(20, 60, 9), rng.uniform(20, 50, 9)
    circles = photutils.CircularAperture(np.transpose([x, y]), radius)
    theirs = photutils.aperture_photometry(light.image, circles, error=np.sqrt(light.variance))
    ours = apertures.measure(light, x, y, radius)
    assert ours.value == pytest.approx(np.asarray(theirs["aperture_sum"]), rel=1e-4)
    assert ours.error == pytest.approx(np.asarray(theirs["aperture_sum_err"]), rel=1e-4)


@pytest.mark.parametrize("radius", RADII)
def test_a_source_has_its_own_light_within_a_circle_and_none_of_its_neighbours(
    make_light: Any, radius: float
) -> None:
    x, y, flux = np.array([30.2, 38.0]), np.array([30.4, 33.0]), np.array([8000.0, 5000.0])
    crowd = crowding.fit(make_light(x, y, flux), PSF, x, y, 8)
    found = apertures.measure_alone(crowd, radius)
    # pixels have their values in their middles: for a small circle that is not the integral
    assert found.value == pytest.approx(flux * inside(radius), rel=0.02 if radius < 5 else 1e-3)
    both = apertures.measure(crowd.light, x, y, radius)
    assert radius < 5 or (both.value > found.value + 50).all()


def test_bad_pixels_have_what_the_point_has_there(make_light: Any) -> None:
    x, y = np.array([40.0]), np.array([35.0])
    bad = np.zeros(SHAPE, bool)
    bad[:, 41] = True
    crowd = crowding.fit(make_light(x, y, [8000.0], bad), PSF, x, y, 8)
    assert apertures.measure_alone(crowd, 12.0).value[0] == pytest.approx(8000.0, rel=1e-3)
    # the mean of the others would be wrong
    assert apertures.measure(crowd.light, x, y, 12.0).value[0] < 7000


def test_a_circle_that_is_not_whole_has_no_flux(make_light: Any) -> None:
    x, y = np.array([5.0, 40.0]), np.array([30.0, 30.0])
    crowd = crowding.fit(make_light(x, y, [8000.0, 8000.0]), PSF, x, y, 8)
    circles = apertures.measure_alone(crowd, 9.0)
    assert circles.truncated.tolist() == [True, False]
    assert np.isnan(circles.flux.value).tolist() == [True, False]
    assert circles.flux.failed.tolist() == [True, False]


def test_the_level_around_is_that_of_the_sky_also_at_an_edge_and_with_a_stray(
    make_light: Any,
) -> None:
    light = make_light([], [], [], seed=5)
    image = light.image + np.float32(7.0)
    image[30, 48] = 1e6
    level = apertures.local_background(
        Light(image, light.variance, light.bad, (0, 0)),
        np.array([36.0, 3.0]),
        np.array([34.0, 3.0]),
        2.0,
    )
    # 550 pixels have their mean to 30 / sqrt(550); at the edge there is a third of them
    assert level.value == pytest.approx([7.0, 7.0], abs=6.0)
    assert level.error == pytest.approx([1.28, 2.3], rel=0.1)


@pytest.mark.parametrize(("radius", "name"), [(3.0, "3_0"), (4.5, "4_5"), (12.0, "12_0")])
def test_an_aperture_is_called_by_its_radius(radius: float, name: str) -> None:
    assert apertures.aperture_name(radius) == f"base_CircularApertureFlux_{name}"


def test_nothing_to_measure_is_no_trouble(make_light: Any) -> None:
    none = np.zeros(0)
    light = make_light([], [], [])
    assert apertures.measure_alone(crowding.fit(light, PSF, none, none, 4), 3.0).value.size == 0
    assert apertures.local_background(light, none, none, 1.0).value.size == 0
