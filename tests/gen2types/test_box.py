"""Boxes: of pixels against sets of pixels, of positions against numbers."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest

from lsst.geom import (
    Box2D,
    Box2I,
    BoxI,
    Extent2D,
    Extent2I,
    IntervalD,
    IntervalI,
    Point2D,
    Point2I,
)
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.exceptions import OverflowError as TooLarge
from persistence.types.pixels.box import Box

BOXES = [
    Box2I(Point2I(*corner), Extent2I(*size))
    for corner, size in [
        ((0, 0), (4, 3)),
        ((2, 1), (3, 4)),
        ((-2, -1), (2, 2)),
        ((1, 1), (1, 1)),
        ((0, 0), (0, 0)),
    ]
]


def pixels(box: Box2I) -> set[tuple[int, int]]:
    return {(x, y) for x in range(-20, 20) for y in range(-20, 20) if Point2I(x, y) in box}


def spanned(points: set[tuple[int, int]]) -> set[tuple[int, int]]:
    if not points:
        return set()
    columns, rows = zip(*points, strict=True)
    return set(
        itertools.product(range(min(columns), max(columns) + 1), range(min(rows), max(rows) + 1))
    )


@pytest.mark.parametrize(("one", "other"), list(itertools.product(BOXES, BOXES)))
def test_two_boxes_of_pixels_behave_as_sets(one: Box2I, other: Box2I) -> None:
    mine, yours = pixels(one), pixels(other)
    assert one.overlaps(other) is one.intersects(other) is bool(mine & yours)
    assert one.isDisjointFrom(other) is not one.overlaps(other)
    assert one.contains(other) is (other in one) is (yours <= mine)
    assert pixels(one.clippedTo(other)) == mine & yours
    assert pixels(one.expandedTo(other)) == spanned(mine | yours)
    clipped, included = Box2I(one), Box2I(one)
    clipped.clip(other)
    included.include(other)
    assert (clipped, included) == (one.clippedTo(other), one.expandedTo(other))
    assert (one == other) is (mine == yours)


@pytest.mark.parametrize("box", BOXES)
def test_one_box_of_pixels_behaves_as_a_set(box: Box2I) -> None:
    mine = pixels(box)
    assert box.getArea() == box.area == len(mine)
    assert box.isEmpty() is (not mine)
    assert pixels(box.shiftedBy(Extent2I(2, -3))) == {(x + 2, y - 3) for x, y in mine}
    grown = {(x + i, y + j) for x, y in mine for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert pixels(box.dilatedBy(1)) == grown
    assert box.dilatedBy(Extent2I(2, 1)).erodedBy(Extent2I(2, 1)) == box
    assert pixels(box.expandedTo(Point2I(5, 5))) == spanned(mine | {(5, 5)})
    assert {(x, y) for x, y in zip(*(g.ravel() for g in box.grid()), strict=True)} == mine
    image = np.zeros((20, 20))
    image[Box2I(box).shiftedBy(Extent2I(5, 5)).getSlices()] = 1
    assert image.sum() == len(mine)
    flipped = Box2I(box)
    flipped.flipLR(4)
    assert pixels(flipped) == {(3 - x, y) for x, y in mine}
    flipped.flipTB(3)
    assert pixels(flipped) == {(3 - x, 2 - y) for x, y in mine}


MADE: list[tuple[Any, tuple[int, int, int, int]]] = [
    (lambda: Box2I(Point2I(1, 2), Point2I(4, 6)), (1, 2, 4, 5)),
    (lambda: Box2I(minimum=Point2I(1, 2), maximum=Point2I(4, 6)), (1, 2, 4, 5)),
    (lambda: Box2I(Point2I(4, 6), Point2I(1, 2)), (1, 2, 4, 5)),
    (lambda: Box2I(Point2I(4, 6), Point2I(1, 2), False), (0, 0, 0, 0)),
    (lambda: Box2I(Point2I(4, 6), Point2I(1, 2), invert=False), (0, 0, 0, 0)),
    (lambda: Box2I(Point2I(1, 2), Extent2I(4, 5)), (1, 2, 4, 5)),
    (lambda: Box2I(corner=Point2I(1, 2), dimensions=Extent2I(4, 5)), (1, 2, 4, 5)),
    (lambda: Box2I(Point2I(4, 6), Extent2I(-4, -5)), (1, 2, 4, 5)),
    (lambda: Box2I(Point2I(4, 6), Extent2I(-4, -5), invert=False), (0, 0, 0, 0)),
    (lambda: Box2I(Point2I(4, 6), Extent2I(0, 5)), (0, 0, 0, 0)),
    (lambda: Box2I(IntervalI(1, 4), IntervalI(2, 6)), (1, 2, 4, 5)),
    (lambda: Box2I(x=IntervalI(1, 4), y=IntervalI(2, 6)), (1, 2, 4, 5)),
    (Box2I, (0, 0, 0, 0)),
    (lambda: Box2I(Box(1, 2, 4, 5)), (1, 2, 4, 5)),
    (lambda: Box2I(Box2D(Point2D(1.2, 2), Point2D(3.4, 4))), (1, 2, 3, 3)),
    (lambda: Box2I(Box2D(Point2D(1.2, 2), Point2D(3.4, 4)), Box2I.SHRINK), (2, 3, 1, 1)),
    (
        lambda: Box2I(Box2D(Point2D(1.2, 2), Point2D(3.4, 4)), edgeHandling=Box2I.EXPAND),
        (1, 2, 3, 3),
    ),
    (lambda: Box2I.makeCenteredBox(Point2D(10, 10), Extent2I(5, 4)), (8, 9, 5, 4)),
    (lambda: Box2I.makeCenteredBox(Point2D(10.4, 9.5), Extent2I(4, 3)), (9, 9, 4, 3)),
]


@pytest.mark.parametrize(("make", "numbers"), MADE)
def test_a_box_of_pixels_is_made_of(make: Any, numbers: tuple[int, ...]) -> None:
    box = make()
    assert box.astropy == Box(*numbers)
    assert pickle.loads(pickle.dumps(box)) == box


def test_a_box_of_pixels_has_numbers_under_all_names() -> None:
    box = Box2I(Point2I(1, 2), Extent2I(4, 6))
    numbers = {
        "minX": 1, "minY": 2, "maxX": 4, "maxY": 7, "beginX": 1, "beginY": 2, "endX": 5, "endY": 8,
        "width": 4, "height": 6, "area": 24, "centerX": 2.5, "centerY": 4.5,
    }  # fmt: skip
    for name, number in numbers.items():
        assert getattr(box, name) == getattr(box, f"get{name[0].upper()}{name[1:]}")() == number
    assert box.getMin() == box.getBegin() == Point2I(1, 2)
    assert (box.getMax(), box.getEnd()) == (Point2I(4, 7), Point2I(5, 8))
    assert box.getDimensions() == box.dimensions == Extent2I(4, 6)
    assert box.getCenter() == Point2D(2.5, 4.5)
    assert box.getCorners() == [Point2I(1, 2), Point2I(4, 2), Point2I(4, 7), Point2I(1, 7)]
    assert list(box.getX().range()) == [1, 2, 3, 4]
    assert (box.x.begin, box.y.size, box.x.center) == (1, 6, 2.5)
    assert list(box.contains(np.array([0, 1, 4, 5]), np.full(4, 2))) == [False, True, True, False]
    assert str(box) == "(minimum=(1, 2), maximum=(4, 7))"
    assert repr(box) == "Box2I(corner=Point2I(1, 2), dimensions=Extent2I(4, 6))"
    assert eval(repr(box)) == box
    assert BoxI is Box2I
    assert (Box2I().getMax(), Box2I().isEmpty()) == (Point2I(-1, -1), True)


def test_a_box_changes_in_place() -> None:
    box, other = Box2I(Point2I(0, 0), Extent2I(4, 4)), Box2I(Point2I(9, 9), Extent2I(1, 1))
    box.grow(2)
    box.grow(Extent2I(-1, 0))
    box.shift(Extent2I(1, 1))
    assert box == Box2I(Point2I(0, -1), Extent2I(6, 8))
    box.swap(other)
    assert (box.getMin(), other.getMin()) == (Point2I(9, 9), Point2I(0, -1))


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda: Box2I(Point2I(2**31 - 1, 0), Extent2I(2, 1)), TooLarge),
        (
            lambda: Box2I.makeCenteredBox(Point2D(math.nan, 0), Extent2I(1, 1)),
            InvalidParameterError,
        ),
        (lambda: Box2I(Box2D(Point2D(0, 0), Point2D(math.inf, 1))), InvalidParameterError),
        (lambda: Box2I(Point2I(0, 0), dims=Extent2I(2, 1)), TypeError),
        (lambda: Box2I(Point2I(0, 0), Extent2I(1, 1)).contains(Point2D(0, 0)), TypeError),
    ],
)
def test_what_is_no_box_is_refused(act: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        act()


def test_a_box_of_positions_has_the_whole_of_its_pixels_in_it() -> None:
    box = Box2D(Box2I(Point2I(1, 2), Extent2I(4, 6)))
    assert (box.getMin(), box.getMax()) == (Point2D(0.5, 1.5), Point2D(4.5, 7.5))
    assert (box.getWidth(), box.getHeight(), box.getArea()) == (4.0, 6.0, 24.0)
    assert box.getCenter() == Point2D(2.5, 4.5)
    assert Box2I(box, Box2I.SHRINK) == Box2I(Point2I(1, 2), Extent2I(4, 6))
    assert Point2D(0.5, 1.5) in box
    assert Point2D(4.5, 3) not in box  # the upper edge is outside
    assert list(box.contains(np.array([0.4, 0.5, 4.5]), np.full(3, 3.0))) == [False, True, False]


@pytest.mark.parametrize(
    ("box", "bounds"),
    [
        (Box2D(Point2D(1, 2), Extent2D(3, 4)), (1, 2, 4, 6)),
        (Box2D(Point2D(4, 6), Extent2D(-3, -4)), (1, 2, 4, 6)),
        (Box2D(Point2D(4, 6), Point2D(1, 2)), (1, 2, 4, 6)),
        (Box2D(IntervalD(1, 4), IntervalD(2, 6)), (1, 2, 4, 6)),
        (Box2D.makeCenteredBox(Point2D(2.5, 4), Extent2D(3, 4)), (1, 2, 4, 6)),
        (Box2D(Point2D(1, 2), Extent2D(3, 4)).dilatedBy(0.5), (0.5, 1.5, 4.5, 6.5)),
        (Box2D(Point2D(1, 2), Extent2D(3, 4)).erodedBy(Extent2D(1, 0)), (2, 2, 3, 6)),
        (Box2D(Point2D(1, 2), Extent2D(3, 4)).shiftedBy(Extent2D(1, 0)), (2, 2, 5, 6)),
        (
            Box2D(Point2D(1, 2), Extent2D(3, 4)).clippedTo(Box2D(Point2D(0, 0), Point2D(2, 9))),
            (1, 2, 2, 6),
        ),
        (Box2D(Point2D(1, 2), Extent2D(3, 4)).expandedTo(Point2D(0, 7)), (0, 2, 4, 7)),
        (
            Box2D(Point2D(1, 2), Extent2D(3, 4)).expandedTo(Box2D(Point2D(0, 0), Point2D(2, 9))),
            (0, 0, 4, 9),
        ),
    ],
)
def test_boxes_of_positions_are_calculated_with(box: Box2D, bounds: tuple[float, ...]) -> None:
    assert (*box.getMin(), *box.getMax()) == pytest.approx(bounds, abs=1e-14)
    assert pickle.loads(pickle.dumps(box)) == box


def test_a_point_that_is_included_is_inside() -> None:
    box = Box2D()
    for point in (Point2D(1, 2), Point2D(3, 4)):
        box.include(point)
        assert point in box


def test_a_box_of_positions_without_area_is_empty() -> None:
    for box in (
        Box2D(),
        Box2D(Point2D(1, 1), Point2D(1, 2)),
        Box2D(Box2I()),
        Box2D(Point2D(1, 1), Extent2D(0, 2)),
    ):
        assert box.isEmpty()
        assert box == Box2D()
        assert box.getArea() == 0
        assert not box.overlaps(Box2D(Point2D(0, 0), Point2D(2, 2)))
    one, other = Box2D(Point2D(0, 0), Point2D(1, 1)), Box2D(Point2D(1, 0), Point2D(2, 1))
    assert not one.overlaps(other)  # only their edges meet
    assert one.overlaps(Box2D(Point2D(0.9, 0), Point2D(2, 1)))


def test_intervals_are_made_of() -> None:
    assert IntervalI.fromMinSize(3, 4) == IntervalI(3, 6) == IntervalI.fromMaxSize(6, 4)
    assert IntervalI(IntervalD(2.5, 6.5)) == IntervalI(2, 7)
    assert IntervalI(IntervalD(2.5, 6.5), IntervalI.EdgeHandlingEnum.SHRINK) == IntervalI(3, 6)
    assert IntervalD(IntervalI(3, 6)) == IntervalD(2.5, 6.5)
    assert IntervalI(3, 6).slice() == slice(3, 7)
    assert IntervalI(3, 6).reflectedAbout(3) == IntervalI(0, 3)
    assert IntervalI.fromCenterSize(4.5, 4) == IntervalI(3, 6)
    assert (IntervalI(5, 4).isEmpty(), IntervalD(5, 4).isEmpty()) == (True, True)
