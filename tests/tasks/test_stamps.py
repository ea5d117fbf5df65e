"""Moments and fluxes of Gaussians in cut-outs: exact where there is no noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from persistence.tasks import shapes, stamps
from persistence.types.psf.psf import SingleGaussianPsf

SHAPE = (40, 50)


def draw(x: float, y: float, flux: float, xx: float, yy: float, xy: float = 0.0) -> Any:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    dx, dy, area = columns - x, rows - y, xx * yy - xy**2
    light = np.exp(-(yy * dx**2 + xx * dy**2 - 2 * xy * dx * dy) / (2 * area))
    return flux / (2 * np.pi * np.sqrt(area)) * light


def cut(image: Any, x: float, y: float, bad: Any = None, radius: int = 12) -> stamps.Stamps:
    bad = np.zeros(image.shape, bool) if bad is None else bad
    return stamps.cut(image, np.ones_like(image), bad, np.array([x]), np.array([y]), radius)


def flux_of(part: stamps.Stamps, x: float, y: float, sigma: float) -> stamps.Flux:
    psf = SingleGaussianPsf((25, 25), sigma)
    return stamps.psf_flux(part, psf.stamps(one(x), one(y), part.pixels.shape[1] // 2))


def one(number: float) -> Any:
    return np.array([number])


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(20, 21),
    y=st.floats(20, 21),
    xx=st.floats(1.2, 4.0),
    yy=st.floats(1.2, 4.0),
    share=st.floats(-0.5, 0.5),
    flux=st.floats(1, 1e6),
)
def test_the_moments_of_a_gaussian_are_its_own(
    x: float, y: float, xx: float, yy: float, share: float, flux: float
) -> None:
    xy = share * np.sqrt(xx * yy)
    part = cut(draw(x, y, flux, xx, yy, xy), round(x), round(y))
    found = shapes.moments(part, one(round(x)), one(round(y)), 1.5)
    assert not found.failed[0]
    assert (found.x[0], found.y[0]) == pytest.approx((x, y), abs=1e-3)
    assert (found.xx[0], found.yy[0], found.xy[0]) == pytest.approx((xx, yy, xy), abs=5e-3)


def inside(centre: float, last: int, sigma: float) -> float:
    """Return the share of a Gaussian that lies on the pixels 0 to ``last``."""
    ends = ((edge - centre) / (sigma * math.sqrt(2)) for edge in (-0.5, last + 0.5))
    return -0.5 * float(np.subtract(*map(math.erf, ends)))


@settings(max_examples=40, deadline=None)
@example(x=0.5, y=0.5, flux=0.0, sigma=2.0)  # in a corner two edges take their share
@given(
    x=st.floats(-1, 50), y=st.floats(-1, 40), flux=st.floats(-1e5, 1e5), sigma=st.floats(1.0, 2.5)
)
def test_the_flux_of_a_gaussian_is_its_own_also_at_an_edge(
    x: float, y: float, flux: float, sigma: float
) -> None:
    found = flux_of(cut(draw(x, y, flux, sigma**2, sigma**2), x, y), x, y, sigma)
    if found.failed[0]:
        assert inside(x, 49, sigma) * inside(y, 39, sigma) < 0.55  # about half of it is there
        assert np.isnan([found.value[0], found.error[0]]).all()
    else:
        assert found.value[0] == pytest.approx(flux, rel=1e-6, abs=1e-6)


def test_the_error_of_a_flux_is_that_of_the_noise() -> None:
    sigma, rng = 1.5, np.random.default_rng(5)
    fluxes = []
    for _ in range(300):
        image = draw(20.2, 19.7, 500.0, sigma**2, sigma**2) + rng.normal(size=SHAPE)
        found = flux_of(cut(image, 20, 20), 20.2, 19.7, sigma)
        fluxes.append(found.value[0])
    # As for sums over an area of 4 pi sigma^2.
    assert found.error[0] == pytest.approx(np.sqrt(4 * np.pi) * sigma, rel=1e-4)
    # of 300: 0.04; three times that
    assert np.std(fluxes) == pytest.approx(found.error[0], rel=0.12)
    assert np.mean(fluxes) == pytest.approx(500, abs=1.0)


def test_bad_pixels_count_for_nothing() -> None:
    image = draw(20.3, 20.1, 1000.0, 2.0, 2.0)
    bad = np.zeros(SHAPE, bool)
    bad[:, 22] = True
    image[bad] = np.nan
    found = flux_of(cut(image, 20, 20, bad), 20.3, 20.1, float(np.sqrt(2.0)))
    assert found.value[0] == pytest.approx(1000.0)


@pytest.mark.parametrize(
    "image", [np.zeros(SHAPE), -draw(20, 20, 1e4, 2, 2), draw(26, 20, 1e4, 2, 2)]
)
def test_what_is_no_source_has_no_moments(image: Any) -> None:
    found = shapes.moments(cut(image, 20, 20, radius=6), one(20.0), one(20.0), 1.5)
    assert found.failed[0]
    assert np.isnan([found.x[0], found.y[0], found.xx[0], found.yy[0], found.xy[0]]).all()


def test_no_source_at_all_is_no_trouble() -> None:
    nothing = np.zeros(0)
    part = stamps.cut(np.zeros(SHAPE), np.ones(SHAPE), np.zeros(SHAPE, bool), nothing, nothing, 5)
    assert shapes.moments(part, nothing, nothing, 1.5).x.size == 0
    assert stamps.psf_flux(part, np.zeros((0, 11, 11))).value.size == 0
