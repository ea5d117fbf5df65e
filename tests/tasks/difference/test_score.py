"""Scores: those of noise are normal deviates, those of points what their fluxes say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from persistence import Exposure
from persistence.tasks.difference import level
from persistence.tasks.difference.score import Score, peaks, score

from .conftest import SHAPE, SKY, drawn


def scored(exposure: Exposure) -> Score:
    return score(exposure, level.empty(exposure))


def test_the_scores_of_noise_are_normal(make: Callable[..., Exposure]) -> None:
    found = scored(make([], [], []))
    assert found.scale == pytest.approx(1, rel=0.03)
    assert found.image[found.good].std() == pytest.approx(1, rel=0.03)


def test_a_scale_of_the_noise_that_the_variance_does_not_tell_is_found(
    make: Callable[..., Exposure],
) -> None:
    given = make([], [], [])
    assert scored(given.replaced(image=given.image * 1.25)).scale == pytest.approx(1.25, rel=0.03)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_point_is_found_where_it_is_and_as_bright_as_it_is(
    make: Callable[..., Exposure], sign: int
) -> None:
    x, y = np.array([80.3, 150.8]), np.array([90.6, 201.2])
    # the variance of a matched filter: 4 pi sigma^2 sky
    error = np.sqrt(4 * np.pi * 1.6**2 * SKY)
    given = make([], [], [])
    light = drawn(x, y, [20 * error, 40 * error], 1.6)
    found = peaks(scored(given.replaced(image=given.image + np.float32(sign) * light)), 5.5, 5)
    order = np.argsort(np.abs(found.score))
    assert np.sign(found.score).tolist() == [sign, sign]
    assert np.abs(found.score[order]) == pytest.approx([20, 40], rel=0.1)
    assert found.x[order] == pytest.approx(x, abs=0.15)
    assert found.y[order] == pytest.approx(y, abs=0.15)


@pytest.mark.parametrize(("dx", "dy"), [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)])
def test_a_point_between_pixels_has_the_height_of_one_in_the_middle_of_one(
    make: Callable[..., Exposure], dx: float, dy: float
) -> None:
    given = make([], [], [], seed=None)
    light = drawn([130 + dx], [140 + dy], [5e3], 1.6)
    noise = np.random.default_rng(3).normal(0, np.sqrt(SKY) / 100, SHAPE)
    made = scored(given.replaced(image=(noise + light).astype(np.float32)))
    error = np.sqrt(4 * np.pi * 1.6**2 * SKY)
    (height,) = peaks(made, 5.5 / made.scale, 5).score * made.scale
    assert height == pytest.approx(5e3 / error, rel=0.01)


def test_bright_stars_that_have_changed_are_found_where_they_are(
    make: Callable[..., Exposure],
) -> None:
    # Their own noise is highest in their middles, so that the score hardly has a peak there.
    x, y = (
        axis.ravel() for axis in np.meshgrid(np.arange(40.2, 230, 45), np.arange(40.3, 270, 45))
    )
    star = drawn(x, y, np.full(x.size, 3e5), 2.0)
    noise = np.random.default_rng(3).normal(0, 1, SHAPE) * np.sqrt(star + SKY)
    made = make([], [], [], seed=None).replaced(
        image=(0.05 * star + noise).astype(np.float32), variance=(star + SKY).astype(np.float32)
    )
    found = peaks(scored(made), 5, 5)
    apart = np.hypot(*(one[:, np.newaxis] - other for one, other in ((x, found.x), (y, found.y))))
    # by the peaks of the score it is 0.45
    assert np.sqrt((apart.min(axis=1) ** 2).mean()) < 0.25


def test_without_peaks_there_is_nothing(make: Callable[..., Exposure]) -> None:
    assert peaks(scored(make([], [], [])), 9, 5).x.size == 0


def test_bad_pixels_about_a_point_take_away_light_and_noise(
    make: Callable[..., Exposure],
) -> None:
    given = make([], [], [], seed=None)
    image = (given.image + drawn([130], [140], [5e3], 1.6)).astype(np.float32)
    given.mask.array[138:143, 129] |= 1 << given.mask.planes["BAD"]  # type: ignore[union-attr]
    image[138:143, 129] = 1e6
    row = np.ones(SHAPE, bool)
    row[138:143, 129] = False
    profile = drawn([130], [140], [1.0], 1.6)
    right = 5e3 * np.sqrt((profile[row] ** 2).sum() / SKY)
    made = scored(given.replaced(image=image))
    # The highest that five of 25 pixels leave to a filter that knows of them.
    assert made.image[140, 130] * made.scale == pytest.approx(right, rel=0.02)


def test_near_what_cannot_be_used_nothing_is_found(make: Callable[..., Exposure]) -> None:
    light = drawn([80, 150, 5], [90, 200, 150], [3e4, 3e4, 3e4], 1.6)
    given = make([], [], [])
    given.mask.array[85:95, 75:85] |= 1 << given.mask.planes["CR"]  # type: ignore[union-attr]
    given.mask.array[205, 155] |= 1 << given.mask.planes["SAT"]  # type: ignore[union-attr]
    found = scored(given.replaced(image=(given.image + light).astype(np.float32)))
    # what stands out about a flagged core is not looked at where too much is flagged
    assert not found.good[86:94, 76:84].any()
    assert not found.good[194:217, 144:167].any()
    assert not found.good[:, :12].any()
    near = peaks(found, 5.5, 5)
    assert not np.any((np.abs(near.x - 150) < 10) & (np.abs(near.y - 200) < 10))


def test_each_peak_knows_of_the_other_sign_beside_it(make: Callable[..., Exposure]) -> None:
    light = (
        drawn([100], [100], [8e3], 1.6)
        - drawn([104], [100], [6e3], 1.6)
        + drawn([200], [200], [8e3], 1.6)
    )
    given = make([], [], [])
    found = peaks(scored(given.replaced(image=(given.image + light).astype(np.float32))), 5.5, 6)
    assert found.x.size == 3
    single = np.argmin(found.opposite)
    assert found.x[single] == pytest.approx(200, abs=0.2)
    assert found.opposite[single] < 4
    assert (np.delete(found.opposite, single) > 10).all()
    assert SHAPE[0] > found.y.max()
