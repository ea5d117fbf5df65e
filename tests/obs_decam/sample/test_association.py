"""The evaluation of association counts what is right and what is wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from obs_decam.sample.evaluate import association

X = np.array([10.0, 20.0, 30.0, 40.0])


def truth(shift: float) -> Any:
    """Return four transients and a star that varies; in each visit they are elsewhere."""
    transients = Table({"id": [81, 82, 83, 84], "x": X + shift, "y": X, "counts": np.ones(4)})
    transients["sign"] = 1
    stars = Table({"id": [1, 2], "x": [100.0, 200.0], "y": [5.0, 5.0], "change": [0.0, 0.3]})
    return SimpleNamespace(transients=transients, stars=stars)


# Visit, object, x and y.
RIGHT = [
    *((1, 1001 + place, x, x) for place, x in enumerate(X)),
    *((2, 1001 + place, x + 3, x) for place, x in enumerate(X)),
    (1, 1010, 100.0, 5.0),  # the star that does not vary: nothing
]


@pytest.mark.parametrize(
    ("change", "associated", "wrong"),
    [
        ({}, 100.0, 0.0),
        ({4: 2001}, 75.0, 0.0),  # a new object, where there is one
        ({4: 1002}, 75.0, 100 / 9),  # that of another
        ({4: 1002, 5: 1001}, 50.0, 200 / 9),
    ],
)
def test_pairs_and_wrong_sources_are_counted(
    change: dict[int, int], associated: float, wrong: float
) -> None:
    rows = np.array(RIGHT, dtype=object)
    for place, number in change.items():
        rows[place, 1] = number
    made = list(association.figures_of(rows, {1: truth(0.0), 2: truth(3.0)}, "case"))
    assert [figure.name for figure in made] == ["associated", "wrong"]
    assert [figure.value for figure in made] == pytest.approx([associated, wrong])
    assert made[0].is_met is (associated > 95)
    assert made[1].is_met is (wrong < 0.1)
