"""Points and extents: which operators there are, and what they give."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import lsst.geom as geom
from lsst.geom import (
    Extent2D,
    Extent2I,
    Extent3D,
    Point2D,
    Point2I,
    Point3D,
)

P, Q, E, F = Point2I(1, 2), Point2D(1.5, 2.5), Extent2I(3, 4), Extent2D(0.5, 0.25)
# The table of operators in the documentation of lsst.geom; None is a TypeError.
OPERATORS: list[tuple[Any, str, Any, Any]] = [
    (Q, "+", Q, None),
    (Q, "-", Q, Extent2D(0, 0)),
    (Q, "-", P, Extent2D(0.5, 0.5)),
    (Q, "+", F, Point2D(2, 2.75)),
    (Q, "-", E, Point2D(-1.5, -1.5)),
    (P, "+", P, None),
    (P, "+", F, Point2D(1.5, 2.25)),
    (P, "+", E, Point2I(4, 6)),
    (P, "-", P, Extent2I(0, 0)),
    (P, "-", Q, Extent2D(-0.5, -0.5)),
    (P, "-", F, Point2D(0.5, 1.75)),
    (P, "-", E, Point2I(-2, -2)),
    (F, "+", Q, Point2D(2, 2.75)),
    (E, "+", P, Point2I(4, 6)),
    (E, "-", P, None),
    (F, "+", E, Extent2D(3.5, 4.25)),
    (E, "-", E, Extent2I(0, 0)),
    (F, "*", 2, Extent2D(1, 0.5)),
    (E, "*", 2, Extent2I(6, 8)),
    (E, "*", 0.5, Extent2D(1.5, 2)),
    (2, "*", E, Extent2I(6, 8)),
    (0.5, "*", E, Extent2D(1.5, 2)),
    (E, "/", 2, Extent2D(1.5, 2)),
    (F, "/", 0.5, Extent2D(1, 0.5)),
    (E, "//", 2, Extent2I(1, 2)),
    (Extent2I(-3, 4), "//", 2, Extent2I(-2, 2)),
    (E, "//", 2.0, None),
    (F, "//", 2, None),
    (P, "*", 2, None),
]


@pytest.mark.parametrize(("left", "sign", "right", "result"), OPERATORS)
def test_an_operator_gives_what_the_original_gave(
    left: Any, sign: str, right: Any, result: Any
) -> None:
    if result is None:
        with pytest.raises(TypeError):
            eval(f"left {sign} right")
        return
    outcome = eval(f"left {sign} right")
    assert (type(outcome), list(outcome)) == (type(result), list(result))


@pytest.mark.parametrize(
    ("left", "sign", "right"),
    [
        (E, "/=", 2),
        (E, "*=", 0.5),
        (E, "+=", F),
        (P, "+=", F),
        (P, "-=", P),
        (P, "+=", P),
        (E, "+=", P),
    ],
)
def test_in_place_no_type_changes(left: Any, sign: str, right: Any) -> None:
    with pytest.raises(TypeError):
        exec(f"a = left.clone(); a {sign} right", {"left": left, "right": right})


def test_in_place_it_is_the_same_object() -> None:
    point = shared = Point2D(1, 2)
    point += Extent2I(1, 1)
    point -= Extent2D(0.5, 0.5)
    assert shared is point
    assert shared == Point2D(1.5, 2.5)
    point.shift(Extent2D(1, 1))
    assert list(shared) == [2.5, 3.5]


@pytest.mark.parametrize(
    ("point", "values"),
    [
        (Point2I(), [0, 0]),
        (Point2D(3.5), [3.5, 3.5]),
        (Point2I(Point2D(1.5, -1.5)), [2, -1]),  # the pixel that a position is in
        (Point2I(1.7, -1.7), [1, -1]),  # two numbers lose their fractions, as in C++
        (Extent2I(np.float64(3.9), 2), [3, 2]),
        (Point2I(x=1.5, y=2), [1, 2]),
        (Point2I(Extent2D(1.7, -1.7)), [1, -1]),
        (Point2D(Point2I(1, 2)), [1.0, 2.0]),
        (Point2D(x=1, y=2), [1.0, 2.0]),
        (Point2I((1, 2)), [1, 2]),
        (Point2D(np.array([1.0, 2.0])), [1.0, 2.0]),
        (Point2I(np.int32(1), np.int64(2)), [1, 2]),
        (Point2I(Extent2I(1, 2)), [1, 2]),
        (Point3D(1, 2, 3), [1.0, 2.0, 3.0]),
        (geom.Point(1, 2, dtype=int), [1, 2]),
        (geom.ExtentI(1, 2), [1, 2]),
        (geom.Extent(1.5, 2, dtype=float), [1.5, 2.0]),
    ],
)
def test_a_point_is_made_of(point: Any, values: list[float]) -> None:
    assert list(point) == values
    assert {type(value) for value in point} <= ({int} if "I" in type(point).__name__ else {float})


@pytest.mark.parametrize(
    "act",
    [
        lambda: Point2I(1.5),
        lambda: Point2I((1.5, 2.0)),
        lambda: Point2I(float("nan"), 2),
        lambda: setattr(Point2I(1, 2), "x", 1.5),
        lambda: Point2D(1, 2, 3),
        lambda: Point2D(1, z=2),
        lambda: Extent2I(Extent2D(1, 2)),
        lambda: Point2D("a", "b"),
        lambda: Point2D((1, 2, 3)),
    ],
)
def test_a_point_is_not_made_of(act: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        act()


def test_numbers_have_names_and_indices() -> None:
    point = Point2D(1, 2)
    assert (point.x, point.getY(), point[0], point[-1], len(point)) == (1, 2, 1, 2, 2)
    point.x = 5
    point.setY(6)
    point[0] += 1
    assert tuple(point) == (6, 6)
    with pytest.raises(IndexError):
        point[2]
    assert Extent3D(1, 2, 3).z == 3


def test_sizes_are_computed() -> None:
    assert Extent2I(3, 4).computeNorm() == 5
    assert Extent2I(3, 4).computeSquaredNorm() == 25
    assert Point2D(0, 0).distanceSquared(Point2D(3, 4)) == 25
    assert Extent2D(1.5, -1.5).truncate() == Extent2I(1, -1)
    assert geom.floor(Extent2D(1.5, -1.5)) == Extent2I(1, -2)
    assert geom.ceil(Extent2D(1.5, -1.5)) == Extent2I(2, -1)
    assert Point2I(1, 2).asExtent() == Extent2I(1, 2)
    assert Extent2D(1, 2).asPoint() == Point2D(1, 2)


def test_each_number_can_be_compared() -> None:
    assert list(Point2D(1, 2).lt(Point2D(2, 2))) == [True, False]
    assert geom.any(Point2D(1, 2).lt(Point2D(2, 2)))
    assert not geom.all(Point2D(1, 2).ge(2))
    assert list(Extent2I(1, 2).eq(1).not_()) == [False, True]


def test_they_read_as_those_of_the_original() -> None:
    assert (str(Point2D(1.25, 2)), repr(Point2D(1.25, 2))) == ("(1.25, 2)", "Point2D(1.25, 2)")
    assert repr(Extent2D(float("nan"), 1)) == "Extent2D(float('nan'), 1)"
    assert pickle.loads(pickle.dumps(Point3D(1, 2, 3))) == Point3D(1, 2, 3)
    assert Point2D(1, 2) != Point2I(1, 2)
    assert len({Point2I(1, 2), Point2I(1, 2), Extent2I(1, 2)}) == 2


def test_classes_are_found_by_type_and_dimensions() -> None:
    assert geom.Point[float, 2] is geom.Point[float] is Point2D
    assert geom.Extent[int, 2] is Extent2I
    assert geom.Extent[float, 3] is Extent3D
    assert geom.CoordinateExpr[2] is type(Point2D(1, 2).lt(3))
    assert geom.CoordinateExpr[3] is geom.CoordinateExpr3


def test_what_is_no_number_is_not_equal_to_itself() -> None:
    point = Point2D(float("nan"), 1)
    assert point != point
    assert point != point.clone()
