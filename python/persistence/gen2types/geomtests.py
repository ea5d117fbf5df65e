"""Assertions about geometry for test cases, by the names of ``lsst.geom.testUtils``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from persistence.gen2types.angle import Angle, arcseconds

_NEAR = 0.001 * arcseconds


def assertAnglesAlmostEqual(
    testCase: Any,
    ang0: Angle,
    ang1: Angle,
    maxDiff: Angle = _NEAR,
    ignoreWrap: bool = True,
    msg: str = "Angles differ",
) -> None:
    """Assert that two angles are near one another, of full turns unless they count."""
    difference = ang0.separation(ang1) if ignoreWrap else ang0 - ang1
    if abs(difference) > maxDiff:
        testCase.fail(f"{msg}: {ang0!r} and {ang1!r} by {difference.asArcseconds()} arcsec")


def assertPairsAlmostEqual(
    testCase: Any, pair0: Any, pair1: Any, maxDiff: float = 1e-7, msg: str = "Pairs differ"
) -> None:
    """Assert that two points, or pairs of numbers, are near one another."""
    if len(pair0) != 2 or len(pair1) != 2:
        raise RuntimeError(f"{pair0} and {pair1} have to be pairs of numbers")
    distance = math.dist(pair0, pair1)
    if distance > maxDiff:
        testCase.fail(f"{msg}: {tuple(pair0)} and {tuple(pair1)} by {distance}")


def assertPairListsAlmostEqual(
    testCase: Any, list0: Any, list1: Any, maxDiff: float = 1e-7, msg: str = "Pairs differ"
) -> None:
    """Assert that the pairs of two lists are near one another."""
    for pair0, pair1 in _together(testCase, list0, list1):
        assertPairsAlmostEqual(testCase, pair0, pair1, maxDiff, msg)


def assertSpherePointsAlmostEqual(
    testCase: Any, sp0: Any, sp1: Any, maxSep: Angle = _NEAR, msg: str = "Positions differ"
) -> None:
    """Assert that two positions are near one another."""
    separation = sp0.separation(sp1)
    if separation > maxSep:
        testCase.fail(f"{msg}: {sp0} and {sp1} by {separation.asArcseconds()} arcsec")


def assertSpherePointListsAlmostEqual(
    testCase: Any, splist0: Any, splist1: Any, maxSep: Angle = _NEAR, msg: str = "Positions differ"
) -> None:
    """Assert that the positions of two lists are near one another."""
    for sp0, sp1 in _together(testCase, splist0, splist1):
        assertSpherePointsAlmostEqual(testCase, sp0, sp1, maxSep, msg)


def assertBoxesAlmostEqual(
    testCase: Any, box0: Any, box1: Any, maxDiff: float = 1e-7, msg: str = "Boxes differ"
) -> None:
    """Assert that the corners of two boxes are near one another."""
    assertPairsAlmostEqual(testCase, box0.getMin(), box1.getMin(), maxDiff, f"{msg}: minimum")
    assertPairsAlmostEqual(testCase, box0.getMax(), box1.getMax(), maxDiff, f"{msg}: maximum")


def _together(testCase: Any, list0: Any, list1: Any) -> Iterable[tuple[Any, Any]]:
    if len(list0) != len(list1):
        testCase.fail(f"Lists differ in length: {len(list0)} and {len(list1)}")
    return zip(list0, list1, strict=True)


ASSERTIONS: tuple[Callable[..., None], ...] = (
    assertAnglesAlmostEqual,
    assertBoxesAlmostEqual,
    assertPairListsAlmostEqual,
    assertPairsAlmostEqual,
    assertSpherePointListsAlmostEqual,
    assertSpherePointsAlmostEqual,
)


def register(TestCase: type) -> None:
    """Add the assertions as methods to a class of test cases."""
    for assertion in ASSERTIONS:
        if not hasattr(TestCase, assertion.__name__):
            setattr(TestCase, assertion.__name__, assertion)
