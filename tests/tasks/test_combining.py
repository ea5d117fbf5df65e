"""Combining images: against numpy and astropy on small stacks, and against the noise that is put in."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.stats import sigma_clip

from persistence.tasks import combining
from persistence.tasks.combining import Stack, combine

SHAPE = (40, 30)


def config(how: str = "MEANCLIP", clip: float = 3.0) -> Any:
    return SimpleNamespace(combine=how, clip=clip)


def stacked(images: Any) -> Stack:
    stack = Stack(images[0].shape)
    for image in images:
        stack.append(image)
    return stack


def made(number: int, level: float = 1000.0, noise: float = 6.0, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    light = rng.poisson(level, (number, *SHAPE))
    return (light + rng.normal(0, noise, light.shape)).astype(np.float32)


def of(images: Any, how: str = "MEANCLIP", noise: float = 6.0, scales: Any = None) -> Any:
    floor = np.full(images[0].shape, noise**2, np.float32)
    with closing(stacked(images)) as stack:
        return combine(stack, range(len(images)), scales or [1.0] * len(images), floor, config(how))


@pytest.mark.parametrize(("how", "oracle"), [("MEAN", np.mean), ("MEDIAN", np.median)])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 7])
def test_a_mean_and_a_median_are_those_of_numpy(how: str, oracle: Any, number: int) -> None:
    images = made(number)
    found = of(images, how)
    assert np.allclose(found.image, oracle(images.astype(float), axis=0), rtol=1e-6)
    assert found.clipped == 0
    assert set(np.unique(found.good)) == {number}


@pytest.mark.parametrize("how", ["MEAN", "MEDIAN", "MEANCLIP"])
def test_pixels_that_are_not_numbers_are_left_out(how: str) -> None:
    images = made(5)
    images[1, :20] = images[3, 10:30] = np.nan
    images[:, 0, 0] = np.nan
    found = of(images, how)
    with np.errstate(invalid="ignore"):
        oracle = {"MEDIAN": np.nanmedian}.get(how, np.nanmean)
        wanted = oracle(images.reshape(5, -1)[:, 1:].astype(float), axis=0)
    assert np.isnan(found.image[0, 0])
    assert np.isnan(found.variance[0, 0])
    off = np.abs(found.image.ravel()[1:] - wanted)
    assert off.max() < (1e-3 if how != "MEANCLIP" else 60)
    assert [found.good[0, 0], found.good[0, 1], found.good[15, 0], found.good[35, 0]] == [
        0,
        4,
        3,
        5,
    ]


def test_what_astropy_cuts_off_of_many_is_cut_off_here() -> None:
    images = made(30, seed=4)
    hits = np.random.default_rng(5).uniform(size=images.shape) < 0.01
    images[hits] += 3000
    found = of(images)
    oracle = sigma_clip(images, sigma=5, stdfunc="mad_std", maxiters=1, axis=0).mean(axis=0)
    # Cosmic rays are gone from both; what differs are the tails between 3 and 5 sigma.
    sigma = np.sqrt(1036 / 30)
    assert np.abs(found.image - oracle.data).max() < 3 * sigma
    assert np.std(found.image - oracle.data) < 0.3 * sigma
    assert found.clipped == pytest.approx(0.01 + 0.0027, abs=0.002)


@pytest.mark.parametrize("number", [3, 4, 5, 12])
@pytest.mark.parametrize("how", ["MEAN", "MEDIAN", "MEANCLIP"])
def test_the_variance_is_how_far_the_result_is_from_the_truth(how: str, number: int) -> None:
    found = of(made(number, seed=number), how)
    pulls = (found.image - 1000.0) / np.sqrt(found.variance)
    # of 1200 pixels: a standard deviation is known to 2%
    assert np.std(pulls) == pytest.approx(1.0, abs=0.07)


def test_a_cosmic_ray_in_one_of_three_leaves_nothing() -> None:
    images = made(3)
    images[1, 5, 5] += 500
    clean, found = of(np.delete(images, 1, axis=0)), of(images)
    assert found.image[5, 5] == pytest.approx(clean.image[5, 5])


def test_an_image_that_scatters_more_than_it_should_is_not_eaten_up() -> None:
    images = made(6)
    images[2] += np.random.default_rng(8).normal(0, 150, SHAPE).astype(np.float32)
    assert of(images).clipped < 0.02


def test_images_without_any_noise_are_combined_too() -> None:
    found = of(np.full((4, *SHAPE), 3.0, np.float32), noise=0.0)
    assert np.all(found.image == 3.0)


def test_each_is_divided_by_its_level() -> None:
    scales = [0.5, 1.0, 2.0, 4.0]
    images = np.stack([made(1, 20000 * each)[0] for each in scales])
    found = of(images, scales=scales)
    assert np.median(found.image) == pytest.approx(20000, rel=1e-3)
    error = np.sqrt(sum((20000 * each + 36) / each**2 for each in scales)) / 4
    assert np.median(np.sqrt(found.variance)) == pytest.approx(error, rel=0.02)


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    images = made(6)
    whole = of(images)
    monkeypatch.setattr(combining, "_AT_A_TIME", 6 * SHAPE[1] * 7)
    strips = of(images)
    # the scatter of a strip is another: rarely a pixel is on the other side
    assert np.mean(whole.image == strips.image) > 0.98
    assert np.array_equal(of(images, "MEDIAN").image, np.median(images, axis=0))


def test_a_stack_reads_what_was_appended_in_any_order() -> None:
    images = made(4)
    with closing(stacked(images)) as stack:
        assert len(stack) == 4
        assert np.array_equal(stack.read(2), images[2])
        assert np.array_equal(stack.read(0, slice(5, 9)), images[0, 5:9])
        assert np.array_equal(stack.read(3), images[3])
        rows, strip = next(iter(stack.strips([3, 1])))
        assert np.array_equal(strip, images[[3, 1]][:, rows])
