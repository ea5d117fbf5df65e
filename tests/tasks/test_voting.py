"""How one list lies on another is found though it is turned, scaled and shifted, and never by chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.tasks.matching import match
from persistence.tasks.voting import Limits, Offsets, pose

LIMITS = Limits(60.0, 2.0, 0.01)
RNG = np.random.default_rng(5)
STARS = Offsets(*RNG.uniform(-500, 500, (2, 120)))


def seen(
    east: float, north: float, turn: float, scale: float, strangers: int = 0, noise: float = 0.1
) -> Offsets:
    """Return stars at the positions for a wrong pointing, after some unrelated ones."""
    rng = np.random.default_rng(6)
    angle = np.radians(turn)
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    there = matrix @ np.array(STARS) + np.array([[east], [north]])
    there = there + rng.normal(0, noise, there.shape)
    others = rng.uniform(-500, 500, (2, strangers))
    return Offsets(*np.concatenate([others, there], axis=1))


@settings(max_examples=25, deadline=None)
@given(
    east=st.floats(-40, 40),
    north=st.floats(-40, 40),
    turn=st.floats(-2, 2),
    scale=st.floats(0.99, 1.01),
    strangers=st.integers(0, 90),
)
def test_stars_are_recognized_however_the_sky_lies(
    east: float, north: float, turn: float, scale: float, strangers: int
) -> None:
    sources = seen(east, north, turn, scale, strangers)
    pairs = match(sources, STARS, LIMITS, 2.0)
    assert pairs.pose is not None
    assert pairs.pose.sigmas > 5
    right = pairs.sources - strangers == pairs.stars
    assert right.sum() >= 115
    assert np.count_nonzero(~right) <= 3


@pytest.mark.parametrize("turn", [0.0, 1.3, -2.0])
def test_turn_scale_and_shift_are_those_that_were_made(turn: float) -> None:
    sources = seen(12.0, -7.0, turn, 1.005)
    answer = pose(sources, STARS, LIMITS, 2.0)
    assert answer is not None
    assert answer.turn == pytest.approx(-turn, abs=0.2)
    assert answer.scale == pytest.approx(1 / 1.005, abs=0.004)
    there = answer.applied(sources)
    off = np.hypot(there.east - STARS.east, there.north - STARS.north)
    assert np.median(off) < 2.0


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("number", [10, 60, 150])
def test_strangers_agree_by_chance_alone(seed: int, number: int) -> None:
    rng = np.random.default_rng([seed, number])
    sources = Offsets(*rng.uniform(-500, 500, (2, number)))
    answer = pose(sources, STARS, LIMITS, 2.0)
    assert answer is None or answer.sigmas < 4.5


@pytest.mark.parametrize(("turn", "east"), [(5.0, 0.0), (0.0, 90.0)])
def test_what_lies_beyond_the_limits_is_not_recognized(turn: float, east: float) -> None:
    answer = pose(seen(east, 0.0, turn, 1.0), STARS, LIMITS, 2.0)
    assert answer is None or answer.sigmas < 5


def test_the_order_of_faint_ones_does_not_matter() -> None:
    many = Offsets(*np.random.default_rng(8).uniform(-500, 500, (2, 2000)))
    both = Offsets(*(np.concatenate([a, b]) for a, b in zip(STARS, many, strict=True)))
    answer = pose(seen(5.0, 5.0, 0.5, 1.0), both, LIMITS, 2.0)
    assert answer is not None
    assert answer.votes > 60


def test_two_lists_of_nothing_have_no_pose() -> None:
    nothing = Offsets(np.zeros(0), np.zeros(0))
    assert pose(nothing, STARS, LIMITS, 2.0) is None
    assert pose(STARS, nothing, LIMITS, 2.0) is None
