"""Points fitted together: each has its own light, however near others are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.tasks import crowding, stamps
from persistence.types.psf.psf import SingleGaussianPsf

SHAPE, SIGMA = (70, 80), 1.8
PSF = SingleGaussianPsf((25, 25), SIGMA)


@settings(max_examples=30, deadline=None)
@given(
    apart=st.floats(2.0, 12.0),
    angle=st.floats(0, 6.28),
    fluxes=st.tuples(st.floats(100, 1e5), st.floats(100, 1e5)),
    edge=st.booleans(),
)
def test_two_points_have_each_its_own_flux(
    make_light: Any, apart: float, angle: float, fluxes: tuple[float, float], edge: bool
) -> None:
    x = np.array([4.2 if edge else 40.2] * 2) + np.array([0, apart * np.cos(angle)])
    y = np.array([35.4] * 2) + np.array([0, apart * np.sin(angle)])
    x = np.clip(x, 1, None)
    if np.hypot(x[1] - x[0], y[1] - y[0]) < 2:
        return
    crowd = crowding.fit(make_light(x, y, fluxes), PSF, x, y, 8)
    assert crowd.flux == pytest.approx(fluxes, rel=1e-3, abs=1.0)
    # of the least bright pixel
    assert np.abs(crowd.rest.image).max() < 1e-3 * max(fluxes)


def test_each_source_alone_is_what_it_would_be_without_the_others(make_light: Any) -> None:
    x, y, flux = np.array([30.0, 35.5, 50.0]), np.array([30.2, 32.0, 40.0]), [9000.0, 5000.0, 300.0]
    crowd = crowding.fit(make_light(x, y, flux), PSF, x, y, 8)
    for number, alone in enumerate(crowd.alone().pixels):
        only = make_light(x[number : number + 1], y[number : number + 1], flux[number : number + 1])
        expected = only.cut(x[number : number + 1], y[number : number + 1], 8).pixels[0]
        assert alone == pytest.approx(expected, abs=0.5)


def test_neighbours_raise_errors_as_fluxes_scatter(make_light: Any) -> None:
    x, y = np.array([30.0, 33.2]), np.array([30.2, 30.2])
    fluxes = []
    for seed in range(100):
        crowd = crowding.fit(make_light(x, y, [4000.0, 3000.0], seed=seed), PSF, x, y, 8)
        flux = stamps.psf_flux(crowd.alone(), crowd.profiles)
        fluxes.append(flux.value)
    errors = flux.error * np.sqrt(crowd.crowding)
    assert (crowd.crowding > 1.2).all()
    # of 100: 0.07
    assert (np.std(fluxes, axis=0) / errors) == pytest.approx(1.0, abs=0.2)
    assert np.mean(fluxes, axis=0) == pytest.approx([4000.0, 3000.0], abs=60)


def test_bad_pixels_count_for_nothing_and_points_on_them_have_no_flux(make_light: Any) -> None:
    x, y = np.array([30.0, 60.0]), np.array([30.2, 40.0])
    bad = np.zeros(SHAPE, bool)
    bad[28:30, :] = True
    bad[30:50, 50:70] = True
    crowd = crowding.fit(make_light(x, y, [4000.0, 3000.0], bad), PSF, x, y, 8)
    assert crowd.flux == pytest.approx([4000.0, 0.0], rel=1e-3)


def test_points_beside_each_other_that_cannot_be_told_apart_stay_finite(make_light: Any) -> None:
    x, y = np.array([30.0, 30.0, 30.001]), np.array([30.0, 30.0, 30.0])
    crowd = crowding.fit(make_light(x[:1], y[:1], [4000.0]), PSF, x, y, 8)
    assert crowd.flux.sum() == pytest.approx(4000.0, rel=1e-3)
    assert np.isfinite(crowd.crowding).all()


@pytest.mark.slow
def test_fluxes_agree_with_those_that_photutils_fits(make_light: Any) -> None:
    psf = pytest.importorskip("photutils.psf", reason="pip install '.[test]'")
    from astropy.table import Table

    rng = np.random.default_rng(2)
    x, y = rng.uniform(12, 68, 12), rng.uniform(12, 58, 12)
    light = make_light(x, y, rng.uniform(3000, 9000, 12), seed=3)
    ours = crowding.fit(light, PSF, x, y, 8)
    model = psf.CircularGaussianSigmaPRF(sigma=SIGMA)
    model.x_0.fixed = model.y_0.fixed = True
    fit = psf.PSFPhotometry(model, (17, 17), grouper=psf.SourceGrouper(25), aperture_radius=4)
    theirs = fit(light.image.astype(float), init_params=Table([x, y], names=["x", "y"]))
    # theirs integrates over pixels, and takes no account of what groups share
    assert ours.flux == pytest.approx(np.asarray(theirs["flux_fit"]), rel=0.06, abs=100)


def test_no_point_at_all_is_no_trouble(make_light: Any) -> None:
    none = np.zeros(0)
    crowd = crowding.fit(make_light([], [], []), PSF, none, none, 8)
    assert crowd.flux.size == 0
    assert crowd.alone().pixels.shape == (0, 17, 17)
