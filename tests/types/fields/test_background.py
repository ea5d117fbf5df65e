"""Backgrounds drawn from bins."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.fields import spline
from persistence.types.fields.background import Background, BackgroundList, Surface, centres
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask

BOX = Box(100, -20, 70, 47)


def background(levels, box=BOX, variance=1.0, **surface) -> Background:
    levels = np.asarray(levels, np.float32)
    mask = Mask(np.zeros(levels.shape, np.int32), DEFAULT_PLANES)
    return Background(
        levels, np.full(levels.shape, variance, np.float32), mask, box, Surface(**surface)
    )


def bins(function, shape=(6, 7), box=BOX) -> np.ndarray:
    """Return a function of columns and rows, from the box's first, in the middles of bins."""
    rows, columns = centres(shape[0], box.height), centres(shape[1], box.width)
    return function(columns, rows[:, np.newaxis])


@pytest.mark.parametrize(
    ("number", "length", "wanted"),
    [
        (1, 10, [4.5]),
        (2, 10, [2, 7]),
        (2, 5, [1, 3.5]),  # of 3 pixels, and of 2
        (3, 10, [1, 4.5, 8]),  # of 3, 4 and 3
    ],
)
def test_bins_have_middles(number, length, wanted):
    assert centres(number, length).tolist() == wanted


@given(*[st.floats(-1, 1)] * 3, st.sampled_from([1, 2, 3, 5]))
def test_a_plane_is_a_plane(constant, of_x, of_y, number):
    plane = lambda x, y: constant + of_x * x + of_y * y  # noqa: E731
    found = background(bins(plane), interpolation=number).image()
    rows, columns = np.indices((BOX.height, BOX.width))
    assert (found.shape, found.dtype) == ((47, 70), np.float32)
    np.testing.assert_allclose(found, plane(columns, rows), atol=5e-5)


def test_curves_go_along_columns_first_and_then_along_rows():
    levels = np.random.default_rng(0).random((6, 7)).astype(np.float32)
    found = background(levels).image()
    at_row = [
        spline.interpolated(centres(6, 47), column.astype(float), np.array([11.0]), 5)[0]
        for column in levels.T
    ]
    wanted = spline.interpolated(centres(7, 70), np.array(at_row), np.array([33.0]), 5)[0]
    assert found[11, 33] == pytest.approx(wanted, rel=1e-6)


def test_a_part_of_it_is_that_part():
    whole = background(np.random.default_rng(1).random((6, 7)))
    part = whole.image(Box(120, -5, 11, 13))
    np.testing.assert_array_equal(part, whole.image()[15:28, 20:31])
    with pytest.raises(FormatterError, match="is not inside the background"):
        whole.image(Box(0, 0, 5, 5))


def test_bins_without_a_level_are_left_out():
    levels = bins(lambda x, y: 3 + 0.5 * x + 0.25 * y)
    levels[2, 3] = levels[:, 5] = np.nan
    rows, columns = np.indices((BOX.height, BOX.width))
    np.testing.assert_allclose(
        background(levels).image(), 3 + 0.5 * columns + 0.25 * rows, rtol=1e-5
    )
    with pytest.raises(FormatterError, match="no bin of the background"):
        background(np.full((6, 7), np.nan)).image()


@pytest.mark.parametrize(("shape", "kinds"), [((1, 2), (0, 1)), ((4, 3), (3, 3)), ((5, 1), (5, 0))])
def test_few_bins_get_simpler_curves_or_are_refused(shape, kinds):
    levels = np.random.default_rng(2).random(shape)
    one = background(levels)
    for axis, number in enumerate(kinds):
        assert spline.highest(shape[axis]) == number
    assert np.isfinite(one.image()).all()
    strict = dataclasses.replace(one, surface=Surface(undersampled=0))
    with pytest.raises(FormatterError, match="Akima needs 5 points"):
        strict.image()


@pytest.mark.parametrize("weighted", [True, False])
def test_a_polynomial_is_fitted_where_that_is_asked_for(weighted):
    surface = {"approximation": 0, "order": (2, 2), "weighted": weighted}
    function = lambda x, y: 5 + 0.1 * x - 0.02 * y + 1e-3 * x * y - 2e-3 * y**2  # noqa: E731
    levels = bins(function)
    levels[1, 1] = np.nan
    rows, columns = np.indices((BOX.height, BOX.width))
    np.testing.assert_allclose(
        background(levels, **surface).image(), function(columns, rows), atol=1e-5
    )
    with pytest.raises(FormatterError, match="3 bins are too few"):
        background(np.ones((1, 3)), **surface).image()


def test_the_fit_counts_bins_by_their_variance():
    one = background([[1.0, 2.0, 6.0]], approximation=0, order=(0, 0))
    one.variance[0] = [1, 1, 4]
    assert one.image()[0, 0] == pytest.approx((1 + 2 + 6 / 4) / 2.25)
    alike = dataclasses.replace(one, surface=Surface(approximation=0, order=(0, 0), weighted=False))
    assert alike.image()[0, 0] == pytest.approx(3)


def test_a_list_is_the_sum_of_its_components():
    one, other = background(np.full((5, 5), 2.0)), background(np.full((2, 1), 0.5), interpolation=1)
    both = BackgroundList((one, other))
    assert (len(both), both[1], list(both)) == (2, other, [one, other])
    np.testing.assert_allclose(both.image(Box(101, 0, 3, 2)), 2.5)
    np.testing.assert_array_equal(both.getImage(), one.getImageF() + other.getImageF())
    with pytest.raises(FormatterError, match="without components"):
        BackgroundList(()).image()
