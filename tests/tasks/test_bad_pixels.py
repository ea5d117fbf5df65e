"""Pixels unlike their neighbours: what is put in is found, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from persistence.tasks import bad_pixels

CONFIG = SimpleNamespace(
    nSigmaBright=5.0,
    minBright=50.0,
    nSigmaDark=5.0,
    minResponse=0.8,
    maxResponse=1.2,
    nSigmaColumn=10.0,
    minColumnDeviation=0.05,
)
SHAPE = (200, 64)


def dark() -> Any:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    glow = 30 * np.exp(-rows / 50) + columns / 10
    return (glow + np.random.default_rng(1).normal(0, 3, SHAPE)).astype(np.float32)


def flat() -> Any:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    shape = 1 - 0.3 * ((rows - 100) / 200) ** 2 + columns / 1000
    return (shape * (1 + np.random.default_rng(2).normal(0, 0.01, SHAPE))).astype(np.float32)


def pixels(found: Any) -> set[tuple[int, int]]:
    return set(zip(*(axis.tolist() for axis in np.nonzero(found)), strict=True))


def test_hot_pixels_are_those_that_were_put_in() -> None:
    image = dark()
    wanted = {(0, 0), (10, 20), (11, 20), (150, 63)}
    for row, column in wanted:
        image[row, column] += 90
    image[30, 30] += 30  # less than minBright
    image[40, 40] = np.nan
    assert pixels(bad_pixels.hot(image, CONFIG)) == wanted | {(40, 40)}


def test_a_column_that_is_a_little_warm_all_along_is_bad() -> None:
    image = dark()
    image[:, 17] += 12
    assert pixels(bad_pixels.hot(image, CONFIG)) == {(row, 17) for row in range(SHAPE[0])}


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.75, 1.3])
def test_pixels_with_another_part_of_the_light_are_bad(factor: float) -> None:
    image = flat()
    image[60:63, 8:12] *= factor
    wanted = {(row, column) for row in range(60, 63) for column in range(8, 12)}
    assert pixels(bad_pixels.unresponsive(image, CONFIG)) == wanted


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_column_that_sees_a_little_less_all_along_is_bad(factor: float) -> None:
    image = flat()
    image[:, 40] *= factor
    found = bad_pixels.unresponsive(image, CONFIG)
    assert pixels(found) == {(row, 40) for row in range(SHAPE[0])}


def test_a_column_of_which_too_much_is_bad_is_bad_as_a_whole() -> None:
    bad = np.zeros((10, 3), bool)
    bad[:4, 0] = bad[:2, 1] = True
    filled = bad_pixels.filled_columns(bad, 0.3)
    assert filled[:, 0].all()
    assert np.array_equal(filled[:, 1:], bad[:, 1:])


def test_neighbouring_columns_make_one_box() -> None:
    bad = np.zeros((9, 9), bool)
    bad[2:5, 1:4] = bad[7, 8] = bad[3:5, 4] = True
    boxes = [(box.x0, box.y0, box.width, box.height) for box in bad_pixels.boxes(bad)]
    assert boxes == [(1, 2, 3, 3), (4, 3, 1, 2), (8, 7, 1, 1)]


@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_boxes_cover_each_bad_pixel_once_and_no_good_one(bad: Any) -> None:
    covered = np.zeros(bad.shape, int)
    for box in bad_pixels.boxes(bad):
        covered[box.slices] += 1
    assert np.array_equal(covered, bad.astype(int))
