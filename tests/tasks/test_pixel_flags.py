"""Flags of sources: by the planes of their pixels, near and in the middle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from persistence import Exposure
from persistence.tasks import pixel_flags
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask


def named(exposure: Exposure, x: float, y: float) -> set[str]:
    flags = pixel_flags.flags(exposure, np.array([x]), np.array([y]), 5)
    assert set(flags) == set(pixel_flags.FLAGS)
    return {name for name, values in flags.items() if values[0]}


@pytest.mark.parametrize(
    ("plane", "near", "centre"),
    [
        ("BAD", {"bad"}, {"bad", "badCenter"}),
        ("CR", {"cr"}, {"cr", "crCenter"}),
        ("INTRP", {"interpolated"}, {"interpolated", "interpolatedCenter"}),
        ("SAT", {"saturated"}, {"saturated", "saturatedCenter"}),
        ("SUSPECT", {"suspect"}, {"suspect", "suspectCenter"}),
        ("EDGE", {"edge"}, {"edge"}),
        ("NO_DATA", {"edge"}, {"edge"}),
        ("DETECTED", set(), set()),
    ],
)
def test_a_flag_near_a_source_is_told_from_one_in_its_middle(
    make: Callable[..., Exposure], plane: str, near: set[str], centre: set[str]
) -> None:
    flagged = np.zeros((96, 128), bool)
    flagged[40, 50] = True
    exposure = make([], **{plane: flagged})
    assert named(exposure, 60.0, 40.0) == set()
    assert named(exposure, 54.4, 43.0) == near
    assert named(exposure, 51.4, 39.0) == centre


@pytest.mark.parametrize(
    ("x", "y", "flags"),
    [
        (5.0, 50.0, set()),
        (4.4, 50.0, {"edge"}),
        (-3.0, 50.0, {"edge", "offimage"}),
        (60.0, 95.6, {"edge", "offimage"}),
    ],
)
def test_the_end_of_the_image_is_told(
    make: Callable[..., Exposure], x: float, y: float, flags: set[str]
) -> None:
    exposure = make([])
    assert named(exposure, x, y) == flags
    assert pixel_flags.cut_off(exposure, np.array([x]), np.array([y]), 5)[0] == ("edge" in flags)


def test_planes_that_a_mask_does_not_have_are_nowhere_set(make: Callable[..., Exposure]) -> None:
    exposure = make([])
    mask = Mask(np.full((96, 128), -1, np.int32), {"SAT": DEFAULT_PLANES["SAT"]})
    assert named(exposure.replaced(mask=mask), 50.0, 50.0) == {"saturated", "saturatedCenter"}
