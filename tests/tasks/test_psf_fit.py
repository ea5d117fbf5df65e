"""Fits of PSFs: galsim draws the stars, and tells how large and round the models are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence.tasks import psf_fit, psf_quality
from persistence.tasks.psf_fit import Shape, Stars

galsim = pytest.importorskip("galsim", reason="pip install '.[test]'")

CHIP = 1000.0
Profile = Callable[[float, float], Any]


def fixed(profile: Any) -> Profile:
    return lambda x, y: profile


PROFILES: dict[str, Callable[[float], Any]] = {
    "gaussian": lambda sigma: galsim.Gaussian(sigma=sigma).shear(e1=0.05, e2=-0.03),
    "moffat": lambda sigma: galsim.Moffat(beta=3.0, fwhm=2.355 * sigma).shear(e1=0.03, e2=0.02),
    "kolmogorov": lambda sigma: galsim.Kolmogorov(fwhm=2.355 * sigma),
}


def drawn(profile: Any, x: float, y: float, side: int) -> np.ndarray:
    """Draw a profile as pixels sample it, in a square around the pixel of its position."""
    off = x - np.floor(x + 0.5), y - np.floor(y + 0.5)
    image = galsim.Image(side, side, scale=1.0)
    profile.drawImage(image=image, offset=off, method="no_pixel")
    return np.asarray(image.array, float)


def stars_of(
    profile: Profile,
    number: int,
    side: int,
    noise: float = 8.0,
    seed: int = 1,
    faintest: float = 1e4,
) -> tuple[Stars, np.ndarray]:
    """Draw stars of the same logarithmic brightness steps, in noise; gives also how bright they are."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, CHIP, (2, number))
    flux = np.geomspace(faintest, 1e6, number)
    light = np.stack(
        [f * drawn(profile(*at), *at, side) for f, *at in zip(flux, x, y, strict=True)]
    )
    photons = np.maximum(light, 0) if noise else 0.0
    pixels = light + rng.normal(0, 1, light.shape) * np.sqrt(noise**2 + photons)
    good = np.ones(pixels.shape, bool)
    return Stars(x, y, pixels, np.full(number, noise or 1.0), good), flux


def shape_of(order: int, side: int, step: float = 1.0) -> Shape:
    return Shape(order, side, step, (CHIP / 2, CHIP / 2), (CHIP / 2, CHIP / 2))


def seen(array: np.ndarray) -> Any:
    """Measure an image with galsim's adaptive moments."""
    return galsim.hsm.FindAdaptiveMom(galsim.Image(np.ascontiguousarray(array), scale=1.0))


@pytest.mark.parametrize("kind", PROFILES)
@pytest.mark.parametrize("sigma", [1.0, 1.5, 3.0, 6.0])
def test_size_and_shape_are_those_of_the_profile(kind: str, sigma: float) -> None:
    side = max(25, 2 * int(5 * sigma) + 1)
    profile = PROFILES[kind](sigma)
    stars, _flux = stars_of(fixed(profile), 40, side)
    step = 0.5 if sigma < 1.4 else 1.0
    psf = psf_fit.fit(stars, shape_of(0, side, step), sigma).psf
    for x, y in ((500.0, 500.0), (500.4, 499.7)):
        model, truth = seen(psf.stamps([x], [y], side // 2)[0]), seen(drawn(profile, x, y, side))
        assert model.moments_sigma == pytest.approx(truth.moments_sigma, rel=0.006)
        assert model.observed_shape.e1 == pytest.approx(truth.observed_shape.e1, abs=0.004)
        assert model.observed_shape.e2 == pytest.approx(truth.observed_shape.e2, abs=0.004)


def test_a_psf_that_varies_over_the_chip_is_followed() -> None:
    def profile(x: float, y: float) -> Any:
        u, v = 2 * x / CHIP - 1, 2 * y / CHIP - 1
        return galsim.Moffat(beta=3.5, fwhm=4.5 * (1 + 0.02 * u + 0.01 * v * v)).shear(e1=0.03 * v)

    stars, _flux = stars_of(profile, 90, 33, seed=2)
    psf = psf_fit.fit(stars, shape_of(2, 33), 2.0).psf
    for x, y in ((60.2, 90.7), (950.4, 930.1), (500.0, 40.5), (70.3, 940.9)):
        model, truth = seen(psf.stamps([x], [y], 16)[0]), seen(drawn(profile(x, y), x, y, 33))
        assert model.moments_sigma == pytest.approx(truth.moments_sigma, rel=0.005)
        assert model.observed_shape.e1 == pytest.approx(truth.observed_shape.e1, abs=0.006)


def test_brightness_is_linear_and_the_same_at_all_parts_of_a_pixel() -> None:
    profile = fixed(PROFILES["moffat"](1.7))
    stars, _flux = stars_of(profile, 60, 33, noise=1.0)
    psf = psf_fit.fit(stars, shape_of(0, 33), 1.7).psf
    others, flux = stars_of(profile, 60, 33, noise=0.0, seed=9)
    ratio = psf_fit.compare(others, psf, 1.7).flux / flux
    assert np.ptp([np.median(part) for part in np.split(ratio, 4)]) < 1e-3
    assert np.std(ratio) < 1e-3


def test_pixels_of_neighbours_and_stars_that_are_none_have_no_part() -> None:
    profile = fixed(PROFILES["gaussian"](1.8))
    stars, flux = stars_of(profile, 40, 31, faintest=1e5)
    rng = np.random.default_rng(4)
    for each in range(0, 40, 3):  # neighbours of a tenth, 11 pixels off
        angle = rng.uniform(0, 2 * np.pi)
        at = stars.x[each] + 11 * np.cos(angle), stars.y[each] + 11 * np.sin(angle)
        away = (
            np.floor(at[0] + 0.5) - np.floor(stars.x[each] + 0.5),
            np.floor(at[1] + 0.5) - np.floor(stars.y[each] + 0.5),
        )
        blot = drawn(profile(*at), *at, 31)
        stars.pixels[each] += 0.1 * flux[each] * np.roll(blot, (int(away[1]), int(away[0])), (0, 1))
    stars.pixels[20] = flux[20] * drawn(galsim.Gaussian(sigma=2.6), stars.x[20], stars.y[20], 31)
    fitted = psf_fit.fit(stars, shape_of(0, 31), 1.8)
    assert not fitted.kept[20]
    assert fitted.kept.sum() >= 36
    truth = drawn(profile(0, 0), 0, 0, 31)
    difference = fitted.psf.kernel_image(500, 500).array - truth / truth.sum()
    assert np.abs(difference).max() < 6e-3 * truth.max()


def test_wings_are_smooth_where_they_are_lost_in_the_noise() -> None:
    stars, _flux = stars_of(fixed(PROFILES["moffat"](1.7)), 30, 41, noise=30.0)
    psf = psf_fit.fit(stars, shape_of(1, 41), 1.7).psf
    distance = np.hypot(*np.meshgrid(np.arange(-20, 21), np.arange(-20, 21)))
    outer = psf.components[0][distance > 16]
    assert (outer > 0).all()
    assert np.ptp(np.log(outer * distance[distance > 16] ** 6)) < 6
    assert np.abs(psf.components[1:, distance > 16]).max() < 0.01 * outer.max()
    assert psf.components[0][distance <= 12].sum() == pytest.approx(1)
    assert psf.components[1:, distance <= 12].sum(axis=1) == pytest.approx(0, abs=1e-6)


def test_held_out_stars_tell_that_a_psf_is_too_narrow() -> None:
    stars, _flux = stars_of(fixed(galsim.Gaussian(sigma=2.0)), 40, 31, faintest=1e5)
    right = psf_fit.fit(stars, shape_of(0, 31), 2.0).psf
    held_out, _flux = stars_of(fixed(galsim.Gaussian(sigma=2.06)), 20, 31, faintest=1e5, seed=3)
    quality = psf_quality.judge(held_out, right, 2.0)
    assert quality is not None
    assert quality.size == pytest.approx(0.03, abs=0.002)
    assert quality.chi2 > 2
    same = psf_quality.judge(stars, right, 2.0)
    assert same is not None
    assert same.size == pytest.approx(0, abs=0.001)
    assert same.chi2 < 1.3
    assert psf_quality.judge(stars.some(np.arange(40) < 2), right, 2.0) is None
