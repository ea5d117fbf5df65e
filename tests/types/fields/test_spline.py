"""Curves through points; the numbers were computed by SciPy's CubicSpline (natural) and Akima1DInterpolator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.fields import spline

X = np.array([0.0, 1.0, 2.5, 3.0, 5.0, 6.0])
Y = np.array([1.0, 3.0, 2.0, 2.5, -1.0, 0.0])
AT = np.array([0.25, 1.75, 2.75, 4.0, 5.5])


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (0, [1, 3, 2, 2.5, -1]),  # the nearest; at the middle, the left one
        (1, [1.5, 2.5, 2.25, 0.75, -0.5]),
        (2, [1.683180754405, 2.461281662996, 2.260703469163, 1.004129955947, -0.789578744493]),
        (3, [1.683180754405, 2.461281662996, 2.260703469163, 1.004129955947, -0.789578744493]),
        (5, [1.764423076923, 2.538461538462, 2.261973875181, 0.834316037736, -0.84375]),
    ],
)
def test_curves_are_drawn_through_points(number, wanted):
    np.testing.assert_allclose(spline.interpolated(X, Y, AT, number), wanted, atol=1e-11)
    np.testing.assert_allclose(spline.interpolated(X, Y, X, number), Y, atol=1e-14)


# Value, slope and curvature at the ends, by the same.
@pytest.mark.parametrize(
    ("number", "first", "last"),
    [
        (0, (1, 0, 0), (0, 0, 0)),
        (1, (1, 2, 0), (0, 1, 0)),
        (2, (1, 2.7815712187958885, 0), (0, 1.7722099853157123, 0)),
        (5, (1, 3.3333333333333335, -2.051282051282052), (0, 2.375, 2.75)),
    ],
)
def test_beyond_its_ends_a_curve_goes_on_as_it_is_there(number, first, last):
    found = spline.interpolated(X, Y, np.array([-2.0, 9.0]), number)
    wanted = [
        value + slope * away + bend * away**2 / 2
        for (value, slope, bend), away in ((first, -2), (last, 3))
    ]
    np.testing.assert_allclose(found, wanted)


def test_between_straight_lines_akima_leaves_the_corner():
    x = np.arange(8.0)
    y = np.array([0, 0, 0, 0, 1, 2, 3, 4.0])
    np.testing.assert_allclose(
        spline.interpolated(x, y, np.array([2.5, 3, 3.5, 6.5]), 5), [0, 0, 0.5, 3.5]
    )


@given(st.sampled_from([1, 2, 5]), st.floats(-5, 5), st.floats(-5, 5), st.floats(-3, 9))
def test_a_straight_line_stays_one(number, slope, start, at):
    found = spline.interpolated(X, start + slope * X, np.array([at]), number)
    np.testing.assert_allclose(found, start + slope * at, atol=1e-11)


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_many_curves_are_drawn_at_once(number):
    many = np.stack([Y, Y**2, -Y], axis=-1).reshape(6, 3, 1)
    found = spline.interpolated(X, many, AT, number)
    assert found.shape == (5, 3, 1)
    np.testing.assert_allclose(found[:, 1, 0], spline.interpolated(X, Y**2, AT, number), atol=1e-13)


@pytest.mark.parametrize(
    ("number", "points", "message"),
    [
        (4, 6, r"4 \(periodic cubic spline\) is not supported"),
        (-1, 6, "style -1 is not supported"),
        (5, 4, "Akima needs 5 points; there are 4"),
        (1, 1, "linear needs 2"),
    ],
)
def test_what_cannot_be_drawn_is_told(number, points, message):
    with pytest.raises(FormatterError, match=message):
        spline.interpolated(X[:points], Y[:points], AT, number)
