"""The level that is left in a difference: known to a part of the noise of one pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from persistence import Exposure
from persistence.tasks.difference import level
from persistence.types.pixels.mask import Mask

from .conftest import SHAPE, drawn


def difference(make: Callable[..., Exposure], photons: float, slope: float = 0.0) -> Exposure:
    """Return the difference of two images of the sky whose photons are counted."""
    rng = np.random.default_rng(9)
    given = make([], [], [])
    one, other = (rng.poisson(photons, SHAPE).astype(float) for _ in range(2))
    ramp = slope * (np.arange(SHAPE[1]) / SHAPE[1] - 0.5)
    return given.replaced(
        image=(one - photons + 0.3 * (other - photons) + ramp).astype(np.float32),
        variance=np.full(SHAPE, 1.09 * photons, np.float32),
    )


@pytest.mark.parametrize("photons", [30.0, 1000.0])
def test_it_is_the_mean_of_photons_and_not_their_mode(
    make: Callable[..., Exposure], photons: float
) -> None:
    given = difference(make, photons)
    made = level.level(given, level.empty(given), 128)
    # a mode by medians and means is 0.4 photons lower
    error = np.sqrt(1.09 * photons / given.image.size)
    assert made.mean() == pytest.approx(given.image.mean(), abs=max(0.6 * error, 0.03))


def test_a_slope_is_followed_and_what_is_bright_or_bad_is_not(
    make: Callable[..., Exposure],
) -> None:
    given = difference(make, 100.0, 40.0)
    light = drawn([60, 200], [60, 200], [1e6, -1e6], 1.6)
    given.mask.array[100:140, 100:140] |= 1 << given.mask.planes["BAD"]  # type: ignore[union-attr]
    image = (given.image + light).astype(np.float32)
    image[100:140, 100:140] = np.nan
    given = given.replaced(image=image)
    made = level.level(given, level.empty(given), 65)
    ramp = 40 * (np.arange(SHAPE[1]) / SHAPE[1] - 0.5)
    # Beyond the middles of the outermost bins a curve is its end.
    assert made[:, 40:-40].mean(axis=0) == pytest.approx(ramp[40:-40], abs=1.5)


def test_a_bin_without_usable_pixels_has_the_level_of_others(
    make: Callable[..., Exposure],
) -> None:
    given = difference(make, 100.0)
    pixels = np.ones(SHAPE, bool)
    pixels[:130] = False
    assert np.abs(level.level(given, pixels, 64)).max() < 1.5
    assert np.abs(level.level(given, np.zeros(SHAPE, bool), 64)).max() == 0


def test_pixels_of_sources_are_left_out_unless_nothing_would_be_left(
    make: Callable[..., Exposure],
) -> None:
    given = difference(make, 100.0)
    flags = {name: given.mask[name].copy() for name in given.mask.planes}  # type: ignore[index, union-attr]
    flags["BAD"][5, 5] = True
    for rows, expected in ((50, 250 * SHAPE[1]), (SHAPE[0], SHAPE[0] * SHAPE[1] - 1)):
        flags["DETECTED"] = np.zeros(SHAPE, bool)
        flags["DETECTED"][:rows] = True
        made = level.empty(given.replaced(mask=Mask.from_flags(flags)))
        assert np.count_nonzero(made) == expected
