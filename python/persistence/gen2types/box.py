"""`Box2I` and `Box2D`, by the names of ``lsst.geom``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from persistence.gen2types.boxbase import BoxBase, arguments, intervals
from persistence.gen2types.coordinates import (
    Coordinates,
    Extent2D,
    Extent2I,
    Point2D,
    Point2I,
)
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.gen2types.interval import EdgeHandlingEnum, IntervalD, IntervalI
from persistence.types.pixels.box import Box


class Box2I(BoxBase[IntervalI], Face[Box]):
    """A box of pixels; the last ones are inside.

    ``Box2I()`` is empty; others are made of ``(minimum, maximum)``, ``(corner, dimensions)``, two
    intervals, or another box. A maximum before the minimum, or a negative size, is turned round,
    or with ``invert=False`` makes the box empty. Of a box of positions, ``edgeHandling`` says what
    becomes of pixels that are in it in part.
    """

    Point = Point2I
    Extent = Extent2I
    EdgeHandlingEnum = EdgeHandlingEnum
    EXPAND = EdgeHandlingEnum.EXPAND
    SHRINK = EdgeHandlingEnum.SHRINK

    def __init__(self, *args: Any, **named: Any) -> None:
        x, y = intervals(self, arguments("Box2I", args, named))
        self._ours = self._spanned(x, y)._ours

    @classmethod
    def _spanned(cls, x: IntervalI, y: IntervalI) -> Box2I:
        if x.isEmpty() or y.isEmpty():
            return cls.of(Box(0, 0, 0, 0))
        return cls.of(Box(x.min, y.min, x.getSize(), y.getSize()))

    @classmethod
    def makeCenteredBox(cls, center: Point2D, size: Extent2I) -> Box2I:
        """Return the box of a size whose middle is nearest to a position."""
        if not (math.isfinite(center[0]) and math.isfinite(center[1])):
            raise InvalidParameterError(f"no box of pixels can be centred at {center}")
        corner = Point2I(Point2D(*(c - 0.5 * s + 0.5 for c, s in zip(center, size, strict=True))))
        return cls(corner, size, False)

    def getX(self) -> IntervalI:
        return IntervalI.fromMinSize(self._ours.x0, self._ours.width)

    def getY(self) -> IntervalI:
        return IntervalI.fromMinSize(self._ours.y0, self._ours.height)

    def getBegin(self) -> Point2I:
        return Point2I(self.getBeginX(), self.getBeginY())

    def getBeginX(self) -> int:
        return self._ours.x0

    def getBeginY(self) -> int:
        return self._ours.y0

    def getEnd(self) -> Point2I:
        return Point2I(self.getEndX(), self.getEndY())

    def getEndX(self) -> int:
        return self._ours.x0 + self._ours.width

    def getEndY(self) -> int:
        return self._ours.y0 + self._ours.height

    beginX = property(getBeginX)
    beginY = property(getBeginY)
    endX = property(getEndX)
    endY = property(getEndY)
    begin = property(getBegin)
    end = property(getEnd)

    def getSlices(self) -> tuple[slice, slice]:
        """Return the index of these pixels in an array: rows, then columns."""
        rows, columns = self._ours.slices
        return slice(rows.start, rows.stop, 1), slice(columns.start, columns.stop, 1)

    slices = property(getSlices)

    def grid(self, dtype: Any = np.int32) -> Any:
        """Return two arrays of the box's shape: the column, and the row, of each pixel."""
        return np.meshgrid(self.getX().arange(dtype), self.getY().arange(dtype))

    def contains(self, *other: Any) -> Any:
        """Return whether a pixel, a whole box, or each of arrays ``x, y``, is inside."""
        if len(other) == 2:
            x, y = (np.asarray(numbers) for numbers in other)
            inside = (self.beginX <= x) & (x < self.endX) & (self.beginY <= y) & (y < self.endY)
            return inside if inside.ndim else bool(inside)
        (single,) = other
        if isinstance(single, Box2I):
            return single.isEmpty() or self._ours.contains(single._ours)
        if not isinstance(single, Point2I):
            raise TypeError(f"Box2I.contains() takes a Point2I or a Box2I, not {single!r}")
        return single[0] in self.getX() and single[1] in self.getY()

    def __contains__(self, other: Any) -> bool:
        return bool(self.contains(other))

    def flipLR(self, xExtent: int) -> None:
        """Mirror the box in an image of a width, left to right."""
        if not self.isEmpty():
            self.shift(Extent2I(xExtent - self.endX - self.beginX, 0))

    def flipTB(self, yExtent: int) -> None:
        """Mirror the box in an image of a height, top to bottom."""
        if not self.isEmpty():
            self.shift(Extent2I(0, yExtent - self.endY - self.beginY))

    def __hash__(self) -> int:
        return hash(self._ours)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.getMin(), self.getDimensions())

    def __repr__(self) -> str:
        return f"Box2I(corner={self.getMin()!r}, dimensions={self.getDimensions()!r})"


class Box2D(BoxBase[IntervalD]):
    """A box of positions; the upper edges are outside. Made as a `Box2I`, or of one.

    That of a `Box2I` has the whole of its pixels in it, from half a pixel before the first one.
    """

    Point = Point2D
    Extent = Extent2D
    EPSILON = 2 * float(np.finfo(float).eps)
    INVALID = math.nan

    _x: IntervalD
    _y: IntervalD

    def __init__(self, *args: Any, **named: Any) -> None:
        self._x, self._y = intervals(self, arguments("Box2D", args, named))
        self._settle()

    def _settle(self) -> None:
        """Change a box without an area to one that is empty in both directions."""
        if not (self._x.min < self._x.max and self._y.min < self._y.max):
            self._x, self._y = IntervalD(), IntervalD()

    @classmethod
    def _spanned(cls, x: IntervalD, y: IntervalD) -> Box2D:
        box = cls.__new__(cls)
        box._x, box._y = x, y
        box._settle()
        return box

    @classmethod
    def makeCenteredBox(cls, center: Point2D, size: Any) -> Box2D:
        return cls(
            Point2D(*(c - 0.5 * s for c, s in zip(center, size, strict=True))), Extent2D(size)
        )

    def getX(self) -> IntervalD:
        return self._x

    def getY(self) -> IntervalD:
        return self._y

    def contains(self, *other: Any) -> Any:
        """Return whether a position, a whole box, or each of arrays ``x, y``, is inside."""
        if len(other) == 1 and isinstance(other[0], Box2D):
            return self._x.contains(other[0]._x) and self._y.contains(other[0]._y)
        x, y = (np.asarray(numbers) for numbers in (other if len(other) == 2 else other[0]))
        low, high = (self._x.min <= x) & (self._y.min <= y), (x < self._x.max) & (y < self._y.max)
        inside = low & high
        return inside if inside.ndim else bool(inside)

    def __contains__(self, other: Any) -> bool:
        return bool(self.contains(other))

    def isDisjointFrom(self, other: Box2D) -> bool:
        x, y = self._x.clippedTo(other._x), self._y.clippedTo(other._y)
        return not (x.getSize() > 0 and y.getSize() > 0)

    def expandedTo(self, other: Any) -> Box2D:
        if isinstance(other, Box2D) or not isinstance(other, Coordinates):
            return super().expandedTo(other)
        # The upper edge is outside, and the point is to be inside.
        x, y = (_with_point(*pair) for pair in ((self._x, other[0]), (self._y, other[1])))
        return self._spanned(x, y)

    def flipLR(self, xExtent: float) -> None:
        """Mirror the box in an image of a width, left to right."""
        if not self.isEmpty():
            self._x = IntervalD(xExtent - self._x.max, xExtent - self._x.min)

    def flipTB(self, yExtent: float) -> None:
        """Mirror the box in an image of a height, top to bottom."""
        if not self.isEmpty():
            self._y = IntervalD(yExtent - self._y.max, yExtent - self._y.min)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Box2D):
            return NotImplemented
        return (self._x, self._y) == (other._x, other._y)

    def __hash__(self) -> int:
        return hash((self._x, self._y))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.getMin(), self.getMax())

    def __repr__(self) -> str:
        return f"Box2D(minimum={self.getMin()!r}, dimensions={self.getDimensions()!r})"


def _with_point(interval: IntervalD, point: float) -> IntervalD:
    if interval.isEmpty():
        return IntervalD(point, math.nextafter(point, math.inf))
    high = interval.max if point < interval.max else math.nextafter(point, math.inf)
    return IntervalD(min(interval.min, point), high)


BoxI, BoxD = Box2I, Box2D
