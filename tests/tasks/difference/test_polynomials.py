"""Polynomials of the position: their terms, one by one and as images."""

from __future__ import annotations

import numpy as np
import pytest

from persistence.tasks.difference.polynomials import Polynomials
from persistence.types.pixels.box import Box


@pytest.mark.parametrize(("order", "number"), [(0, 1), (1, 3), (2, 6), (3, 10)])
def test_there_is_a_term_for_each_product_of_powers(order: int, number: int) -> None:
    terms = Polynomials(Box(0, 0, 20, 30), order)
    assert len(terms.powers) == len({*terms.powers}) == number
    assert max(sum(powers) for powers in terms.powers) == order


def test_the_edges_are_at_one_and_the_middle_at_nothing() -> None:
    terms = Polynomials(Box(5, 7, 21, 31), 1)
    (one, x, y) = terms.at(np.array([15.0]), np.array([22.0]))[0]
    assert (one, x, y) == (1, 0, 0)
    corner = terms.at(np.array([4.5, 25.5]), np.array([6.5, 37.5]))
    assert corner[:, 1] == pytest.approx([-1, 1])
    assert corner[:, 2] == pytest.approx([-1, 1])


@pytest.mark.parametrize("order", [0, 2, 3])
def test_planes_are_the_terms_of_all_pixels(order: int) -> None:
    box = Box(3, -4, 6, 5)
    terms = Polynomials(box, order)
    rows, columns = np.mgrid[-4:1, 3:9]
    by_pixel = terms.at(columns.ravel().astype(float), rows.ravel().astype(float))
    for number, (row, column) in enumerate(terms.planes()):
        assert (row * column).ravel() == pytest.approx(by_pixel[:, number], abs=1e-6)
