"""Dipoles: what a star that has moved leaves is told from a point that has appeared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence import Exposure
from persistence.tasks.difference import dipole
from persistence.tasks.difference.score import Peaks

from .conftest import drawn


def fitted(exposure: Exposure, x: float, y: float, sign: float = 1.0, ratio: float = 0.3) -> Any:
    return dipole.fit(
        exposure, np.array([x]), np.array([y]), np.array([sign]), np.array([True]), ratio
    )


@pytest.mark.parametrize(("apart", "angle"), [(4.0, 0.0), (3.0, 1.2), (4.5, -2.0)])
def test_two_points_of_opposite_sign_are_found(
    make: Callable[..., Exposure], apart: float, angle: float
) -> None:
    ends = [
        (130 + side * apart / 2 * np.cos(angle), 140 + side * apart / 2 * np.sin(angle))
        for side in (1, -1)
    ]
    light = drawn(*zip(ends[0], strict=True), [4e4], 1.6) - drawn(
        *zip(ends[1], strict=True), [3e4], 1.6
    )
    given = make([], [], [])
    made = fitted(given.replaced(image=(given.image + light).astype(np.float32)), *ends[0])
    assert made.is_dipole[0]
    assert made.positive[0] == pytest.approx(4e4, rel=0.05)
    assert made.negative[0] == pytest.approx(-3e4, rel=0.05)
    assert made.separation[0] == pytest.approx(apart, abs=0.1)
    assert np.cos(made.angle[0] - angle) > 0.99
    assert (made.x[0], made.y[0]) == pytest.approx((130, 140), abs=0.1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("apart", [0.3, 0.8])
def test_both_sides_of_a_star_that_has_moved_a_little_say_the_same(
    make: Callable[..., Exposure], apart: float, sign: int
) -> None:
    light = drawn([130 + apart / 2], [140], [1e5], 1.6) - drawn(
        [130 - apart / 2], [140], [1e5], 1.6
    )
    given = make([], [], [])
    moved = given.replaced(image=(given.image + light).astype(np.float32))
    # Where a matched filter sees the lobe of this sign.
    made = fitted(moved, 130 + sign * 1.6 * np.sqrt(2), 140, sign)
    assert made.is_dipole[0]
    assert (made.x[0], made.y[0]) == pytest.approx((130, 140), abs=0.15)
    # Small separations and great fluxes cannot be told apart; their product is known.
    moment = made.separation[0] * (made.positive[0] - made.negative[0]) / 2
    assert moment == pytest.approx(apart * 1e5, rel=0.1)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_point_alone_is_no_dipole(make: Callable[..., Exposure], sign: int) -> None:
    given = make([], [], [])
    light = sign * drawn([130.3], [140.2], [2e4], 1.6)
    made = fitted(given.replaced(image=(given.image + light).astype(np.float32)), 130, 140, sign)
    assert not made.is_dipole[0]


def test_what_is_not_chosen_or_at_the_edge_has_no_numbers(make: Callable[..., Exposure]) -> None:
    given = make([], [], [])
    made = dipole.fit(
        given, np.array([100.0, 2.0]), np.array([100.0, 100.0]), np.ones(2),
        np.array([False, True]), 0.3,
    )  # fmt: skip
    assert np.isnan(made.positive).all()
    assert not made.is_dipole.any()


def test_candidates_have_enough_of_the_other_sign() -> None:
    nothing = np.zeros(4)
    found = Peaks(nothing, nothing, np.array([10.0, -10, 40, 6]), np.array([2.0, 4, 5, 3.5]))
    assert dipole.candidates(found).tolist() == [False, True, False, True]
