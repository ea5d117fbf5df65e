"""Kernels that are fitted: Gaussians' squares of widths differ by that of the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence.tasks.difference import basis, kernelfit
from persistence.tasks.difference.kernelfit import Pair
from persistence.types.pixels.box import Box

from .conftest import SHAPE, drawn

BOX = Box(0, 0, SHAPE[1], SHAPE[0])
IMAGES = basis.gaussians(9, [0.7, 1.5, 3.0], [4, 3, 2])


def pair(stars: Any, scale: float = 1.0, noise: float = 1.0, level: float = 0.0) -> Pair:
    x, y, flux = stars
    rng = np.random.default_rng(8)
    light = [drawn(x, y, flux, 1.5), drawn(x, y, flux * scale, 2.1) + level]
    one, other = ((image + rng.normal(0, noise, SHAPE)).astype(np.float32) for image in light)
    return Pair(one, other, np.full(SHAPE, 2 * max(noise, 0.1) ** 2, np.float32))


@pytest.mark.parametrize(("order", "scale"), [(0, 0.6), (1, 1.3)])
def test_the_kernel_is_what_one_psf_lacks_of_the_other(
    stars: Any, order: int, scale: float
) -> None:
    given = pair(stars, scale, level=12.0)
    made = kernelfit.fit(given, *stars[:2], IMAGES, BOX, order, 0)
    assert made.kernel.sum == pytest.approx(scale, rel=2e-3)
    assert made.kernel.levels == pytest.approx([12.0], abs=0.2)
    rest = given.matched - made.kernel.applied(given.convolved)
    inner = rest[20:-20, 20:-20]
    assert np.abs(np.median(inner)) < 0.2
    # two noises of 1, one of them smoothed and scaled
    assert 1.0 < inner.std() < 1.6
    steps = np.arange(-9, 10)
    middle = made.kernel.middle / made.kernel.sum
    width = np.sqrt((middle * steps**2).sum())
    assert width == pytest.approx(np.sqrt(2.1**2 - 1.5**2), rel=0.1)


def test_a_star_that_has_changed_is_left_out(stars: Any) -> None:
    given = pair(stars)
    x, y, _ = stars
    extra = drawn(x[:2], y[:2], [3e5, 2e5], 2.1)
    changed = given._replace(matched=(given.matched + extra).astype(np.float32))
    made = kernelfit.fit(changed, x, y, IMAGES, BOX, 1, 0)
    assert not made.used[:2].any()
    assert made.used[2:].mean() > 0.8
    assert made.kernel.sum == pytest.approx(1, rel=3e-3)


def test_pixels_without_weight_do_not_count(stars: Any) -> None:
    given = pair(stars)
    x, y, _ = stars
    spoilt, variance = given.matched.copy(), given.variance.copy()
    rows, columns = (np.rint(axis).astype(int) for axis in (y, x))
    spoilt[rows + 5, columns] = np.nan
    variance[rows + 5, columns] = np.inf
    made = kernelfit.fit(Pair(given.convolved, spoilt, variance), x, y, IMAGES, BOX, 1, 0)
    assert made.kernel.sum == pytest.approx(1, rel=3e-3)


def test_a_star_beside_which_something_is_new_is_left_out(stars: Any) -> None:
    given = pair(stars)
    x, y, _ = stars
    # Far from the star's core, and brighter than most stars.
    extra = drawn(x[4:5] + 11, y[4:5], [3e5], 2.1)
    changed = given._replace(matched=(given.matched + extra).astype(np.float32))
    made = kernelfit.fit(changed, x, y, IMAGES, BOX, 1, 0)
    assert not made.used[4]
    assert made.kernel.sum == pytest.approx(1, rel=3e-3)
