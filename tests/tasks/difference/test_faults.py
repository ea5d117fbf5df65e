"""Residuals of bright stars, and changes that stand out of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from persistence.tasks.difference import faults


def test_the_light_about_a_source_is_that_of_the_brightest_point(make: Callable[..., Any]) -> None:
    exposure = make([60, 150], [80, 200], [5e5, 2e4], seed=None)
    light = faults.light(
        exposure, np.array([60.0, 63.0, 152.0, 220.0]), np.array([80.0, 78.0, 199.0, 30.0]), 1.0
    )
    assert light[:3] == pytest.approx([5e5, 5e5, 2e4], rel=0.01)
    assert light[3] < 1


@pytest.mark.parametrize(
    ("flux", "part", "weak"),
    [
        (1e3, 0.01, [True, True, False]),  # 1 % of the star is 5e3, a quarter of that 1.25e3
        (4e3, 0.01, [True, False, False]),
        (6e3, 0.01, [False, False, False]),
        (4e3, 0.0, [False, False, False]),
    ],
)
def test_what_is_less_than_a_part_of_a_star_is_flagged_but_not_beside_it(
    make: Callable[..., Any], flux: float, part: float, weak: list[bool]
) -> None:
    science = make([60], [80], [5e5], seed=None)
    template = make([60], [80], [4e5], seed=None)
    table = {
        "base_SdssCentroid_x": [61.0, 60.0, 60.0], "base_SdssCentroid_y": [79.0, 86.0, 95.0],
        "base_PsfFlux_instFlux": [-flux, flux, flux],
    }  # fmt: skip
    assert faults.flags(table, (science, template), part).tolist() == weak
