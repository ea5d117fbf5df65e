"""What boxes of pixels and of positions have in common, by the names of ``lsst.geom``."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Generic, Self, TypeVar

from persistence.gen2types.coordinates import Coordinates, Extent, Point2D, Point2I
from persistence.gen2types.interval import IntervalD, IntervalI
from persistence.types.pixels.box import Box

I = TypeVar("I", IntervalI, IntervalD)  # noqa: E741


class BoxBase(Generic[I]):
    """The base of both kinds of boxes: the intervals of columns and of rows."""

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
        """Exchange the contents of two boxes."""
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


_NAMES = ("minimum maximum", "corner dimensions", "x y")


def arguments(kind: str, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return the arguments of a constructor by position."""
    last = [named.pop(name) for name in ("invert", "edgeHandling", "other") if name in named][::-1]
    names = [text.split() for text in _NAMES if set(named) == set(text.split()[len(args) :])]
    if named and not names:
        raise TypeError(f"{kind}() takes (minimum, maximum) or (corner, dimensions), not {named}")
    return (*args, *(named[name] for name in (names[0][len(args) :] if named else ())), *last)


def intervals(box: Any, args: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the intervals of columns and of rows for the arguments of a constructor."""
    kind = IntervalI if box.Point is Point2I else IntervalD
    if not args:
        return kind(), kind()
    first = args[0]
    if isinstance(first, BoxBase):
        return kind(first.getX(), *args[1:]), kind(first.getY(), *args[1:])
    if isinstance(first, Box):
        pixels = ((first.x0, first.width), (first.y0, first.height))
        x, y = (kind(IntervalI.fromMinSize(*pair), *args[1:]) for pair in pixels)
        return x, y
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
