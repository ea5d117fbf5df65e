"""Averages that strays do not spoil."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.tasks.robust import average, excess, medians, spread

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)


def test_of_normal_numbers_it_is_the_mean_as_well_as_a_median_knows_it() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 4000)
    found = average(values)
    assert found.scatter == pytest.approx(2.0, rel=0.06)
    assert found.error == pytest.approx(2.0 * 1.2533 / np.sqrt(4000), rel=0.06)
    assert found.value == pytest.approx(5.0, abs=3 * found.error)
    assert found.kept.mean() == pytest.approx(0.9973, abs=0.003)


def test_strays_are_cut_off() -> None:
    values = np.concatenate([np.linspace(0.9, 1.1, 21), [50.0, -80.0, 1e9]])
    found = average(values)
    assert found.value == pytest.approx(1.0, abs=0.02)
    assert found.kept.tolist() == [True] * 21 + [False] * 3


@given(NUMBERS, st.floats(-100, 100))
def test_it_moves_with_the_numbers_and_lies_among_them(values: list[float], shift: float) -> None:
    one, other = average(values), average(np.add(values, shift))
    assert min(values) <= one.value <= max(values)
    assert one.kept.any()
    if np.array_equal(one.kept, other.kept):  # rounding may decide at the limit
        assert other.value == pytest.approx(one.value + shift, abs=1e-9)


@given(
    arrays.arrays(
        st.sampled_from(("f4", "f8")),
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=7),
        elements=st.floats(-1e3, 1e3, width=32) | st.just(np.nan),
    )
)
def test_medians_of_rows_are_numpys(values: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rows without a number
        expected = np.nanmedian(values, axis=1)
    found = medians(values)
    assert found.dtype == values.dtype
    assert np.array_equal(found, expected, equal_nan=True)


def test_a_single_number_is_its_own_average() -> None:
    found = average([3.0])
    assert (found.value, found.error, found.scatter) == (3.0, 0.0, 0.0)


@pytest.mark.parametrize("axes", [1, 2])
def test_the_spread_is_a_standard_deviation_whatever_the_strays(axes: int) -> None:
    values = np.random.default_rng(2).normal(0, 3.0, (4000, axes))
    values[:100] = 1e6
    assert spread(values) == pytest.approx(3.0, rel=0.06)


def test_the_excess_is_what_good_errors_leave_unexplained() -> None:
    rng = np.random.default_rng(3)
    errors = np.geomspace(0.01, 3.0, 3000)[:, np.newaxis]
    noise, more = rng.normal(0, 1, (2, 3000, 1))
    assert excess(errors * noise + 0.1 * more, errors) == pytest.approx(0.1, rel=0.1)
    assert excess(0.9 * errors * noise, errors) == 0.0
    assert excess(np.zeros((0, 2)), np.zeros((0, 2))) == 0.0


def test_errors_that_are_too_small_where_they_are_large_are_no_excess() -> None:
    """Faint stars may scatter twice as much as they say; that tells nothing of the bright ones."""
    rng = np.random.default_rng(4)
    errors = np.geomspace(0.01, 3.0, 3000)[:, np.newaxis]
    noise, more = rng.normal(0, 1, (2, 3000, 1))
    spoilt = np.where(errors > 0.2, 2.0, 1.0) * errors * noise
    assert excess(spoilt + 0.1 * more, errors) == pytest.approx(0.1, rel=0.1)
