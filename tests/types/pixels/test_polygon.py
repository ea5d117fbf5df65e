"""Polygons: what lies inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.types.pixels.polygon import Polygon, make

SQUARE = Polygon(np.array([[0.0, 0.0], [0.0, 4.0], [4.0, 4.0], [4.0, 0.0]]))
ARROW = Polygon(np.array([[0.0, 0.0], [4.0, 4.0], [8.0, 0.0], [4.0, 2.0]]))


@given(st.floats(-2, 6), st.floats(-2, 6))
def test_a_square_holds_what_is_between_its_sides(x, y):
    on_edge = x in (0.0, 4.0) or y in (0.0, 4.0)
    assert on_edge or SQUARE.contains(x, y) == (0 < x < 4 and 0 < y < 4)


def test_a_hollow_is_outside():
    assert ARROW.contains([4.0, 4.0, 1.0, 7.5], [1.0, 3.0, 0.75, 0.3]).tolist() == [
        False,
        True,
        True,
        True,
    ]


def test_points_are_broadcast():
    assert SQUARE.contains(np.arange(1, 4), np.array([[1.0], [5.0]])).tolist() == [
        [True] * 3,
        [False] * 3,
    ]


@pytest.mark.parametrize(("polygon", "area"), [(SQUARE, 16.0), (ARROW, 8.0)])
def test_the_area_is_known(polygon, area):
    assert polygon.area == area


@pytest.mark.parametrize("closed", [True, False])
def test_the_corner_that_closes_the_ring_is_left_out(closed):
    ends = [0.0] if closed else []
    table = {
        "vertices_x": np.array([0.0, 0.0, 4.0, 4.0, *ends]),
        "vertices_y": np.array([0.0, 4.0, 4.0, 0.0, *ends]),
    }
    assert make([table], lambda number: None) == SQUARE
    assert SQUARE.getVertices()[1] == (0.0, 4.0)
