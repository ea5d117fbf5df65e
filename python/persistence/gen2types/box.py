"""`Box2I` and `Box2D`, by the names of ``lsst.geom``."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from persistence.gen2types.coordinates import (
    Coordinates,
    Extent,
    Extent2D,
    Extent2I,
    Point2D,
    Point2I,
)
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.face import Face
from persistence.gen2types.interval import EdgeHandlingEnum, IntervalD, IntervalI
from persistence.types.pixels.box import Box

I = TypeVar("I", IntervalI, IntervalD)  # noqa: E741


class _Box(Generic[I]):
    """What both kinds of boxes have: the intervals of columns and of rows, and what they give."""

    Point: ClassVar[Any]
    Extent: ClassVar[Any]

    def getX(self) -> I:
        raise NotImplementedError

    def getY(self) -> I:
        raise NotImplementedError

    @classmethod
    def _spanned(cls, x: I, y: I) -> Self:
        """Return the box of two intervals; it is empty if one of them is."""
        raise NotImplementedError

    def _become(self, other: Self) -> None:
        self.__dict__.update(other.__dict__)

    def getMin(self) -> Any:
        return self.Point(self.getMinX(), self.getMinY())

    def getMinX(self) -> Any:
        return self.getX().min

    def getMinY(self) -> Any:
        return self.getY().min

    def getMax(self) -> Any:
        return self.Point(self.getMaxX(), self.getMaxY())

    def getMaxX(self) -> Any:
        return self.getX().max

    def getMaxY(self) -> Any:
        return self.getY().max

    def getDimensions(self) -> Any:
        return self.Extent(self.getWidth(), self.getHeight())

    def getWidth(self) -> Any:
        return self.getX().getSize()

    def getHeight(self) -> Any:
        return self.getY().getSize()

    def getArea(self) -> Any:
        return self.getWidth() * self.getHeight()

    def getCenter(self) -> Point2D:
        return Point2D(self.getCenterX(), self.getCenterY())

    def getCenterX(self) -> float:
        return self.getX().getCenter() if not self.isEmpty() else math.nan

    def getCenterY(self) -> float:
        return self.getY().getCenter() if not self.isEmpty() else math.nan

    def isEmpty(self) -> bool:
        return self.getX().isEmpty() or self.getY().isEmpty()

    def getCorners(self) -> list[Any]:
        """Return the corners, counter-clockwise from the first pixel."""
        return [
            self.getMin(),
            self.Point(self.getMaxX(), self.getMinY()),
            self.getMax(),
            self.Point(self.getMinX(), self.getMaxY()),
        ]

    def overlaps(self, other: Self) -> bool:
        return not self.isDisjointFrom(other)

    intersects = overlaps

    def isDisjointFrom(self, other: Self) -> bool:
        return self.getX().isDisjointFrom(other.getX()) or self.getY().isDisjointFrom(other.getY())

    # -- other boxes
    def dilatedBy(self, buffer: Any) -> Self:
        """Return the box with a border added, of one width or of two."""
        x, y = buffer if isinstance(buffer, Coordinates) else (buffer, buffer)
        return self._spanned(self.getX().dilatedBy(x), self.getY().dilatedBy(y))

    def erodedBy(self, buffer: Any) -> Self:
        return self.dilatedBy(buffer * -1)

    def shiftedBy(self, offset: Any) -> Self:
        return self._spanned(self.getX().shiftedBy(offset[0]), self.getY().shiftedBy(offset[1]))

    def reflectedAboutX(self, x: Any) -> Self:
        return self._spanned(self.getX().reflectedAbout(x), self.getY())

    def reflectedAboutY(self, y: Any) -> Self:
        return self._spanned(self.getX(), self.getY().reflectedAbout(y))

    def expandedTo(self, other: Any) -> Self:
        """Return the smallest box that has both in it, this one and a point or another."""
        x, y = other if isinstance(other, Coordinates) else (other.getX(), other.getY())
        return self._spanned(self.getX().expandedTo(x), self.getY().expandedTo(y))

    def clippedTo(self, other: Self) -> Self:
        return self._spanned(
            self.getX().clippedTo(other.getX()), self.getY().clippedTo(other.getY())
        )

    # -- in place
    def grow(self, buffer: Any) -> None:
        self._become(self.dilatedBy(buffer))

    def shift(self, offset: Any) -> None:
        self._become(self.shiftedBy(offset))

    def include(self, other: Any) -> None:
        self._become(self.expandedTo(other))

    def clip(self, other: Self) -> None:
        self._become(self.clippedTo(other))

    def swap(self, other: Self) -> None:
        """Exchange what two boxes are."""
        mine = dict(self.__dict__)
        self.__dict__.update(other.__dict__)
        other.__dict__.update(mine)

    def toString(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"(minimum={self.getMin()}, maximum={self.getMax()})"

    minX = property(lambda self: self.getMinX())
    minY = property(lambda self: self.getMinY())
    maxX = property(lambda self: self.getMaxX())
    maxY = property(lambda self: self.getMaxY())
    width = property(lambda self: self.getWidth())
    height = property(lambda self: self.getHeight())
    area = property(lambda self: self.getArea())
    dimensions = property(lambda self: self.getDimensions())
    center = property(lambda self: self.getCenter())
    centerX = property(lambda self: self.getCenterX())
    centerY = property(lambda self: self.getCenterY())
    x = property(lambda self: self.getX())
    y = property(lambda self: self.getY())


class Box2I(_Box[IntervalI], Face[Box]):
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
        x, y = _intervals(self, _arguments("Box2I", args, named))
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
            raise InvalidParameterError(f"there is no box of pixels about {center}")
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
        """Return whether a pixel, a whole box, or each of arrays ``x, y``, lies inside."""
        if len(other) == 2:
            x, y = (np.asarray(numbers) for numbers in other)
            inside = (self.beginX <= x) & (x < self.endX) & (self.beginY <= y) & (y < self.endY)
            return inside if inside.ndim else bool(inside)
        (single,) = other
        if isinstance(single, Box2I):
            return single.isEmpty() or self._ours.contains(single._ours)
        if not isinstance(single, Point2I):
            raise TypeError(f"a Box2I has pixels in it: Point2I or Box2I, not {single!r}")
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


class Box2D(_Box[IntervalD]):
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
        self._x, self._y = _intervals(self, _arguments("Box2D", args, named))
        self._settle()

    def _settle(self) -> None:
        """Make a box without an area empty in both directions."""
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
        """Return whether a position, a whole box, or each of arrays ``x, y``, lies inside."""
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


_NAMES = ("minimum maximum", "corner dimensions", "x y")


def _arguments(kind: str, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return the arguments of a constructor by position."""
    last = [named.pop(name) for name in ("invert", "edgeHandling", "other") if name in named][::-1]
    names = [text.split() for text in _NAMES if set(named) == set(text.split()[len(args) :])]
    if named and not names:
        raise TypeError(
            f"{kind} is made of (minimum, maximum) or (corner, dimensions), not {named}"
        )
    return (*args, *(named[name] for name in (names[0][len(args) :] if named else ())), *last)


def _intervals(box: Any, args: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the intervals of columns and of rows that the arguments of a constructor say."""
    kind = IntervalI if box.Point is Point2I else IntervalD
    if not args:
        return kind(), kind()
    first = args[0]
    if isinstance(first, _Box):
        return kind(first.getX(), *args[1:]), kind(first.getY(), *args[1:])
    if isinstance(first, Box):
        return _intervals(box, (Box2I.of(first), *args[1:]))
    if isinstance(first, IntervalI | IntervalD):
        return kind(first), kind(args[1])
    invert = args[2] if len(args) > 2 else True
    pairs = zip(box.Point(first), args[1], strict=True)
    axis = _from_size if isinstance(args[1], Extent) else _from_ends
    x, y = (axis(kind, low, second, invert) for low, second in pairs)
    return x, y


def _from_ends(kind: Any, low: Any, high: Any, invert: bool) -> Any:
    return kind(min(low, high), max(low, high)) if invert else kind(low, high)


def _from_size(kind: Any, corner: Any, size: Any, invert: bool) -> Any:
    if size < 0 and invert:
        return kind.fromMinSize(corner + size + (kind is IntervalI), -size)
    return kind.fromMinSize(corner, size)


BoxI, BoxD = Box2I, Box2D
