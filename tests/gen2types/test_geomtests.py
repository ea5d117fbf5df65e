"""Assertions about geometry."""

from __future__ import annotations

import subprocess
import sys
import unittest
from typing import Any

import pytest

from lsst.geom import Box2D, Extent2D, Point2D, SpherePoint, arcseconds, degrees
from persistence.gen2types import geomtests

P, Q = Point2D(1, 2), Point2D(1, 2 + 2e-7)
SKY, NEAR = SpherePoint(10, 20, degrees), SpherePoint(10, 20 + 1 / 3600, degrees)
# What is near enough as a rule, what is not, and an argument by which it is.
CASES: dict[str, tuple[tuple[Any, Any], tuple[Any, Any], dict[str, Any]]] = {
    "assertAnglesAlmostEqual": (
        (359.9 * degrees, -0.1 * degrees),
        (1 * arcseconds, 2 * arcseconds),
        {"maxDiff": 1.1 * arcseconds},
    ),
    "assertPairsAlmostEqual": ((P, (1, 2)), (P, Q), {"maxDiff": 1e-6}),
    "assertPairListsAlmostEqual": (([P], [P]), ([P], [Q]), {"maxDiff": 1e-6}),
    "assertSpherePointsAlmostEqual": ((SKY, SKY), (SKY, NEAR), {"maxSep": 1.1 * arcseconds}),
    "assertSpherePointListsAlmostEqual": (
        ([SKY], [SKY]),
        ([SKY], [NEAR]),
        {"maxSep": 1.1 * arcseconds},
    ),
    "assertBoxesAlmostEqual": (
        (Box2D(P, Extent2D(1, 1)), Box2D(P, Extent2D(1, 1))),
        (Box2D(P, Extent2D(1, 1)), Box2D(Q, Extent2D(1, 1))),
        {"maxDiff": 1e-6},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_assertion_holds_or_fails(name: str) -> None:
    near, far, further = CASES[name]

    class Case(unittest.TestCase):
        pass

    geomtests.register(Case)
    check = getattr(Case(), name)
    check(*near)
    check(*far, **further)
    with pytest.raises(AssertionError, match="differ"):
        check(*far)


def test_every_assertion_is_tested() -> None:
    assert {assertion.__name__ for assertion in geomtests.ASSERTIONS} == set(CASES)


def test_test_cases_of_gen2_have_them_without_asking() -> None:
    code = """
import lsst.utils.tests
import lsst.geom
lsst.utils.tests.TestCase().assertAnglesAlmostEqual(1 * lsst.geom.degrees, 60 * lsst.geom.arcminutes)
"""
    pytest.importorskip("lsst.utils.tests")
    subprocess.run([sys.executable, "-c", code], check=True)
