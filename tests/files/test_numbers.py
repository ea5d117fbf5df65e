"""Numbers cast to another type: the same numbers, or an error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.errors import FormatterError
from persistence.files.numbers import exact

INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
TOO_LARGE = [
    pytest.param(value, source, target, id=f"{value} {source} to {target}")
    for value, source, target in [
        (2**31 + 1, "u4", "i4"),
        (-1, "i4", "u2"),
        (70000, "i4", "u2"),
        (-1, "i1", "u8"),
        (2**63, "u8", "i8"),
        (2**53 + 1, "i8", "i4"),
        (float("nan"), "f4", "i4"),
        (float("inf"), "f8", "u2"),
        (-0.5, "f4", "u1"),
        (1.5, "f8", "i8"),
        (2.0**31, "f4", "i4"),
        (2.0**63, "f8", "i8"),
        (2.0**64, "f4", "u8"),
        (-(2.0**63) - 2048, "f8", "i8"),
        (65536.0, "f4", "u2"),
        (1e300, "f8", "f4"),
        (-1e39, "f8", "f4"),
    ]
]


@pytest.mark.parametrize(("value", "source", "target"), TOO_LARGE)
def test_a_number_that_does_not_fit_is_refused_with_its_place(value, source, target):
    values = np.array([[0, 1], [0, value]], source)
    with pytest.raises(FormatterError, match=r"at \[1, 1\] does not fit into (u?int|float)\d+"):
        exact(values, target)


@given(st.data(), st.sampled_from([*INTEGERS, "f4", "f8"]), st.sampled_from(INTEGERS))
def test_what_comes_out_is_what_went_in(data, source, target):
    values = data.draw(arrays.arrays(source, 3))
    limits = np.iinfo(target)
    # Python's own numbers are the oracle: they compare exactly, whatever their types.
    fits = [
        value == value and abs(value) != float("inf") and int(value) == value
        and limits.min <= int(value) <= limits.max
        for value in values.tolist()
    ]  # fmt: skip
    if all(fits):
        assert exact(values, target).tolist() == [int(value) for value in values.tolist()]
        assert exact(values, target).dtype == target
    else:
        with pytest.raises(FormatterError, match="does not fit"):
            exact(values, target)


def test_floats_may_lose_digits_and_infinity_stays():
    values = np.array([0.1, np.inf, np.nan, -np.inf, 1e-300, 2.0**24 + 1])
    assert np.array_equal(exact(values, "f4"), values.astype("f4"), equal_nan=True)
    assert exact(np.array([2**24 + 1]), "f4").tolist() == [2.0**24]


def test_an_array_that_has_the_type_is_not_copied():
    values = np.arange(3)
    assert exact(values, values.dtype) is values


def test_masked_numbers_may_be_anything():
    values = np.ma.array([1.0, np.nan, 1e30], mask=[False, True, True])
    assert exact(values, "i2").tolist() == [1, None, None]
    with pytest.raises(FormatterError, match="the value -1 at"):
        exact(np.ma.array([-1, -2], mask=[False, True]), "u2")


@pytest.mark.parametrize("values", [np.array(["1"]), np.array([1j]), np.array([None])])
def test_what_is_no_number_is_refused(values):
    with pytest.raises(FormatterError, match="are not numbers of type int32"):
        exact(values, "i4")


def test_nothing_is_always_held():
    assert exact(np.zeros((0, 3)), "u1").shape == (0, 3)
    assert exact(np.zeros((0, 3), "i8"), "u1").shape == (0, 3)
