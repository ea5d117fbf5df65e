"""Bounds that mark rows as suspicious."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence.errors import UsageError
from persistence.quality import bounds
from persistence.quality.bounds import BOUNDS, Bound
from persistence.quality.columns import COLUMNS, arrays


def table(number: int = 10, **columns: Any) -> dict[str, Any]:
    """Return rows of two visits that are well, but for some columns."""
    good = {
        "visit": [1 + row % 2 for row in range(number)], "band": ["r"] * number,
        "psfSigma": [1.9] * number, "pixelScale": [0.26] * number, "e1": [0.01] * number,
        "e2": [-0.02] * number, "zeroPoint": [30.0 + 0.001 * row for row in range(number)],
    }  # fmt: skip
    rows = [
        dict(zip({**good, **columns}, values, strict=True))
        for values in zip(*{**good, **columns}.values(), strict=True)
    ]
    return arrays(rows)


def test_what_is_well_is_not_marked() -> None:
    assert bounds.reasons(table()) == [[] for _ in range(10)]


@pytest.mark.parametrize(
    ("name", "bound", "values", "marked"),
    [
        ("seeing", Bound(max=1.5), [1, 1, 1.6, 1, 1.5], {2: "seeing 1.6 > 1.5"}),
        ("nMatch", Bound(min=5), [9, 4, 5, -1, 9], {1: "nMatch 4 < 5"}),
        ("zeroPoint", Bound(max=1), [np.nan, np.nan, 2, 0, 0], {2: "zeroPoint 2 > 1"}),
    ],
)
def test_a_bound_marks_what_is_beyond_and_known(
    name: str, bound: Bound, values: list[float], marked: dict[int, str]
) -> None:
    found = bounds.reasons(table(5, **{name: values}), {name: bound})
    assert found == [[marked[row]] if row in marked else [] for row in range(5)]


def test_a_value_is_compared_with_the_others_of_its_visit() -> None:
    rng = np.random.default_rng(1)
    level = np.where(np.arange(40) % 2, 500.0, 900.0) + rng.normal(0, 4, 40)
    level[6] = 960.0  # of the visit of 900: 15 deviations
    sky = {"skyBg": level.tolist()}
    found = bounds.reasons(table(40, **sky), {"skyBg": Bound(mads=5)})
    assert [row for row, texts in enumerate(found) if texts] == [6]
    assert found[6][0].startswith("skyBg 960 > 9")
    assert "(visit 90" in found[6][0]
    assert bounds.reasons(table(40, **sky), {"skyBg": Bound(mads=5, share=0.1)})[6] == []
    assert bounds.reasons(table(40, **sky), {"skyBg": Bound(mads=5, least=70)})[6] == []
    # over the filter the two visits are one group, which scatters
    assert bounds.reasons(table(40, **sky), {"skyBg": Bound(mads=5, within="filter")})[6] == []


def test_of_four_values_none_is_odd() -> None:
    odd = {"visit": [1] * 4, "skyBg": [1.0, 1.0, 1.0, 9.0]}
    assert bounds.reasons(table(4, **odd), {"skyBg": Bound(mads=5)}) == [[], [], [], []]
    odd = {"visit": [1] * 5, "skyBg": [1.0, 1.0, 1.0, 1.0, 9.0]}
    assert bounds.reasons(table(5, **odd), {"skyBg": Bound(mads=5)})[4]


def test_the_median_deviation_is_scaled_to_a_normal_one() -> None:
    values = np.random.default_rng(2).normal(0, 1, 4001)
    many = {"visit": np.ones(4001), "skyBg": values, "band": np.array(["r"] * 4001)}
    marked = sum(map(bool, bounds.reasons(many, {"skyBg": Bound(mads=2)})))
    assert marked == pytest.approx(0.0455 * 4001, rel=0.15)


def test_every_default_bound_is_of_something_that_there_is() -> None:
    assert all(name in COLUMNS or name in bounds.QUANTITIES for name in BOUNDS)
    for name in BOUNDS:
        assert bounds.values_of(table(), name) is not None


def test_bounds_are_replaced_and_taken_away() -> None:
    made = bounds.changed(BOUNDS, {"seeing": {"max": 1.2}, "skyBg": None}, "bounds.yaml")
    assert made["seeing"] == Bound(max=1.2)
    assert "skyBg" not in made
    assert made["zeroPoint"] == BOUNDS["zeroPoint"]
    assert bounds.parse("seeing:max=2,mads=4") == ("seeing", {"max": 2.0, "mads": 4.0})
    assert bounds.parse("zeroPoint:mads=4,within=filter")[1] == {"mads": 4.0, "within": "filter"}
    assert bounds.parse("seeing:none") == ("seeing", None)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"seing": {"max": 1}}, "b.yaml: there is no quantity 'seing'.*seeing"),
        ({"seeing": {"maximum": 1}}, "b.yaml: seeing: a bound has no 'maximum'.*max"),
        ({"seeing": {"max": "two"}}, "b.yaml: seeing: max is a number, not 'two'"),
        ({"seeing": {"max": True}}, "max is a number"),
        ({"seeing": {"within": "night"}}, "within is visit or filter, not 'night'"),
        ({"seeing": 2}, "2 is not a bound"),
        ({"reasons": {"max": 2}}, "there is no quantity 'reasons'"),
    ],
)
def test_what_cannot_be_meant_is_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        bounds.changed(BOUNDS, said, "b.yaml")


@pytest.mark.parametrize("text", ["seeing", "seeing:", "seeing:2", "seeing=2"])
def test_an_option_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a bound, such as seeing:max=2,mads=4"):
        bounds.parse(text)
