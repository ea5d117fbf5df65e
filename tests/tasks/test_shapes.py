"""Middles and moments under Gaussian weights: those that galsim finds, with errors as they scatter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.tasks import shapes, stamps

SHAPE = (41, 43)


def draw(x: float, y: float, flux: float, xx: float, yy: float, xy: float = 0.0) -> Any:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    dx, dy, area = columns - x, rows - y, xx * yy - xy**2
    light = np.exp(-(yy * dx**2 + xx * dy**2 - 2 * xy * dx * dy) / (2 * area))
    return flux / (2 * np.pi * np.sqrt(area)) * light


def moffat(x: float, y: float, flux: float, fwhm: float, e1: float = 0.1) -> Any:
    """Draw a profile with wings, longer along the rows; its values are those in the middles of pixels."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    core = (fwhm / 2) ** 2 / (2 ** (1 / 3.0) - 1)
    square = ((1 - e1) * (columns - x) ** 2 + (1 + e1) * (rows - y) ** 2) / np.sqrt(1 - e1**2)
    return flux * 2 / (np.pi * core) * (1 + square / core) ** -3.0


def cut(images: Any, x: float, y: float, variance: Any = None, radius: int = 12) -> stamps.Stamps:
    """Cut the same place out of many images."""
    steps = np.arange(-radius, radius + 1)
    columns, rows = (int(np.floor(at + 0.5)) + steps for at in (x, y))
    parts = np.atleast_3d(images) if np.ndim(images) == 3 else np.asarray(images)[np.newaxis]
    pixels = parts[:, rows[:, np.newaxis], columns[np.newaxis, :]]
    noise = np.ones_like(pixels) if variance is None else variance[rows[:, np.newaxis], columns]
    return stamps.Stamps(
        pixels,
        np.broadcast_to(noise, pixels.shape),
        np.ones(pixels.shape, bool),
        np.broadcast_to(columns.astype(float), (len(pixels), 1, columns.size)),
        np.broadcast_to(rows.astype(float)[:, np.newaxis], (len(pixels), rows.size, 1)),
    )


def many(number: float, count: int) -> Any:
    return np.full(count, number)


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(20, 21),
    y=st.floats(20, 21),
    xx=st.floats(1.2, 4.0),
    yy=st.floats(1.2, 4.0),
    share=st.floats(-0.5, 0.5),
    weight=st.floats(1.5, 3.0),
)
def test_middles_of_a_gaussian_are_its_own_whatever_the_weight(
    x: float, y: float, xx: float, yy: float, share: float, weight: float
) -> None:
    part = cut(draw(x, y, 1e4, xx, yy, share * np.sqrt(xx * yy)), round(x), round(y))
    one = many(weight, 1)
    found = shapes.middles(part, many(round(x), 1), many(round(y), 1), one, one, 0 * one)
    assert not found.failed[0]
    assert (found.x[0], found.y[0]) == pytest.approx((x, y), abs=2e-3)


@pytest.mark.parametrize("fwhm", [3.0, 5.0, 8.0])
def test_moments_of_a_profile_with_wings_are_those_that_galsim_finds(fwhm: float) -> None:
    galsim = pytest.importorskip("galsim", reason="pip install '.[test]'")
    image = moffat(20.3, 19.8, 1e4, fwhm)
    part = cut(image, 20.3, 19.8, radius=18)
    found = shapes.moments(part, many(20.0, 1), many(20.0, 1), fwhm / 2.355)
    theirs = galsim.hsm.FindAdaptiveMom(galsim.Image(part.pixels[0], xmin=2, ymin=2))
    assert (found.x[0], found.y[0]) == pytest.approx(
        (theirs.moments_centroid.x, theirs.moments_centroid.y), abs=1e-3
    )
    # the root of the determinant, and (xx - yy) / (xx + yy)
    sigma = (found.xx * found.yy - found.xy**2)[0] ** 0.25
    assert sigma == pytest.approx(theirs.moments_sigma, rel=1e-3)
    assert ((found.xx - found.yy) / (found.xx + found.yy))[0] == pytest.approx(
        theirs.observed_e1, abs=1e-3
    )


@pytest.mark.parametrize("flux", [600.0, 3000.0, 100000.0])
@pytest.mark.parametrize("source", ["gaussian", "moffat", "larger than the weight"])
def test_errors_are_what_noise_does(flux: float, source: str) -> None:
    rng, count, sky = np.random.default_rng(9), 400, 100.0
    light = {
        "gaussian": draw(20.3, 19.8, flux, 4.4, 4.4),
        "moffat": moffat(20.3, 19.8, flux, 5.0),
        "larger than the weight": draw(20.3, 19.8, 2 * flux, 9.0, 7.0),
    }[source]
    images = rng.poisson(light + sky, (count, *SHAPE)) - sky
    part = cut(images, 20.3, 19.8, light + sky)
    x, y, moment = many(20.0, count), many(20.0, count), many(4.4, count)
    middles = shapes.middles(part, x, y, moment, moment, 0 * moment)
    good = ~middles.failed
    assert good.mean() > 0.97
    for axis, right in (("x", 20.3), ("y", 19.8)):
        off = (getattr(middles, axis) - right)[good]
        # of 400: 0.035; noise of the errors themselves adds to it where there is little light
        limits = (0.88, 1.12) if flux > 1000 else (0.8, 1.25)
        assert limits[0] < (off / getattr(middles, f"{axis}_error")[good]).std() < limits[1]
    moments = shapes.moments(part, x, y, 2.1)
    kept = ~moments.failed
    assert kept.mean() > 0.85  # at a signal to noise of 8
    if flux > 1000:
        for name in ("xx", "yy", "xy"):
            scatter = getattr(moments, name)[kept].std()
            # wings raise it a little
            assert scatter / np.median(getattr(moments, f"{name}_error")[kept]) == pytest.approx(
                1.1, abs=0.25
            )


def test_errors_come_to_the_bounds_that_are_stated() -> None:
    sigma, flux, sky = 2.0, 1e4, 400.0
    light, ratio = draw(20.0, 20.0, flux, 4.0, 4.0), flux / np.sqrt(4 * np.pi * sky) / sigma
    at, moment = many(20.0, 1), many(sigma**2, 1)
    part = cut(light, 20, 20, np.full(SHAPE, sky))
    middle, shape = (
        shapes.middles(part, at, at, moment, moment, 0 * moment),
        shapes.moments(part, at, at, 2.0),
    )
    assert middle.x_error[0] == pytest.approx(np.sqrt(2) * sigma / ratio, rel=0.01)
    assert shape.xx_error[0] == pytest.approx(np.sqrt(8) * sigma**2 / ratio, rel=0.01)
    assert shape.xy_error[0] == pytest.approx(2 * sigma**2 / ratio, rel=0.01)
    middle = shapes.middles(cut(light, 20, 20, light), at, at, moment, moment, 0 * moment)
    assert middle.y_error[0] == pytest.approx(4 / 3 * sigma / np.sqrt(flux), rel=0.01)


@pytest.mark.parametrize(
    "image", [np.zeros(SHAPE), -draw(20, 20, 1e4, 2, 2), draw(26, 20, 1e4, 2, 2)]
)
def test_what_has_no_middle_stays_where_it_was_found(image: Any) -> None:
    one = many(2.0, 1)
    found = shapes.middles(
        cut(image, 20, 20, radius=6), many(20.0, 1), many(20.0, 1), one, one, 0 * one
    )
    assert found.failed[0]
    assert (found.x[0], found.y[0]) == (20.0, 20.0)


def test_the_flux_of_a_gaussian_of_its_moments_is_its_own() -> None:
    part = cut(draw(20.3, 19.8, 5000.0, 6.0, 3.0, 1.0), 20.3, 19.8, radius=16)
    moments = shapes.moments(part, many(20.0, 1), many(20.0, 1), 2.0)
    assert shapes.gaussian_flux(part, moments).value[0] == pytest.approx(5000.0, rel=1e-3)
