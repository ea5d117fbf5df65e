"""The level of the sky and what stands out of it, found in exposures without and with stars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.pipe.task import TaskError
from persistence.tasks import sky

SKY, SIGMA = 400.0, 1.4


def test_the_sky_is_found_and_what_is_kept_draws_it(make: Callable[..., Exposure]) -> None:
    exposure = make([], shape=(130, 200))
    columns = np.arange(200) * 0.2
    exposure.image[...] += columns.astype(np.float32)
    found = sky.background(exposure, 32)
    assert found[0].levels.shape == (4, 6)
    # Bins of 32 x 32 pixels have their level to 20 / 32 electrons; at the edges a curve goes on
    # from the last two.
    assert np.abs(found.image() - (SKY + columns)).max() < 5


def test_bright_stars_do_not_raise_the_sky(make: Callable[..., Exposure], grid: Any) -> None:
    exposure = make(grid)
    first = sky.background(exposure, 48)
    clean = exposure.replaced(image=exposure.image - first.image())
    found = sky.detect(clean, 5.0, SIGMA, 5)
    again = sky.background(exposure, 48, found.pixels)
    assert np.abs(again.image() - SKY).max() < 4


def test_each_star_is_detected_where_it_is_and_little_else(
    make: Callable[..., Exposure], grid: Any
) -> None:
    exposure = make(grid)
    clean = exposure.replaced(image=exposure.image - np.float32(SKY))
    found = sky.detect(clean, 5.0, SIGMA, 5)
    apart = np.hypot(grid[:, 0, None] - found.x, grid[:, 1, None] - found.y)
    assert (apart.min(axis=1) < 0.5).all()
    assert found.x.size <= len(grid) + 1
    assert found.pixels[np.rint(grid[:, 1]).astype(int), np.rint(grid[:, 0]).astype(int)].all()


def test_nothing_is_detected_in_noise_or_where_pixels_are_bad(
    make: Callable[..., Exposure],
) -> None:
    bad = np.zeros((96, 128), bool)
    bad[30:40, 40:60] = True
    exposure = make([(50.0, 35.0, 1e5)], BAD=bad)
    clean = exposure.replaced(image=np.where(bad, 1e6, exposure.image - SKY).astype(np.float32))
    found = sky.detect(clean, 6.0, SIGMA, 5)
    assert not [
        one
        for one in zip(found.x, found.y, strict=True)
        if not (38 < one[0] < 62 and 28 < one[1] < 42)
    ]
    assert not (found.pixels & bad).any()


def test_without_a_good_pixel_there_is_no_sky(make: Callable[..., Exposure]) -> None:
    mostly = np.arange(128) % 2 * np.arange(96)[:, None] % 3 == 0
    # sep would say that the sky is 0
    with pytest.raises(TaskError, match="are good: there is no bin"):
        sky.background(make([], BAD=mostly), 32)
    with pytest.raises(TaskError, match="of 12288 pixels 0 are good: there is no bin of 32 x 32"):
        sky.background(make([], BAD=np.ones((96, 128), bool)), 32)


def test_an_exposure_without_mask_or_variance_is_refused() -> None:
    with pytest.raises(TaskError, match="with mask and variance"):
        sky.background(Exposure(np.ones((64, 64)), fits.Header()), 32)


def test_a_bin_full_of_sources_keeps_its_level(make: Callable[..., Exposure]) -> None:
    exposure = make([], shape=(128, 128))
    exposure.image[...] += (np.arange(128) * 0.5).astype(np.float32)
    crowded = np.zeros((128, 128), bool)
    crowded[:64, 64:] = True
    found = sky.background(exposure, 64, crowded)
    assert np.abs(found.image() - (SKY + np.arange(128) * 0.5)).max() < 4


def test_a_bin_full_of_bad_pixels_gets_its_level_from_others(make: Callable[..., Exposure]) -> None:
    bad = np.zeros((128, 128), bool)
    bad[:64, 64:] = True
    exposure = make([], shape=(128, 128), BAD=bad)
    exposure.image[bad] = 1e6
    assert np.abs(sky.background(exposure, 64, bad).image() - SKY).max() < 4
