"""Points and extents, of whole numbers and of others, by the names of ``lsst.geom``.

A point is a position, an extent the way from one to another: their difference, or a size.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

from persistence.gen2types.exceptions import OutOfRangeError

_AXES = "xyz"


class Coordinates:
    """Two or three numbers."""

    dimensions: ClassVar[int]
    _takes: ClassVar[Callable[[Any], Any]]  # how a number becomes one of these
    _whole: ClassVar[bool]

    def __init__(self, *values: Any, **named: Any) -> None:
        numbers = self._numbers(values, named)
        take = type(self)._takes
        self._values = [take(number) for number in numbers]

    def _numbers(self, values: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """Return the numbers for a constructor's arguments: each, one for all, or a sequence."""
        axes = _AXES[: self.dimensions]
        if named:
            unknown = [name for name in named if name not in axes[len(values) :]]
            if unknown == ["value"] and not values:
                return [named["value"]] * self.dimensions
            if unknown or len(values) + len(named) != self.dimensions:
                raise TypeError(
                    f"{type(self).__name__}({', '.join(axes)}) does not accept the arguments "
                    f"{values} and {named}"
                )
            return self._cut([*values, *(named[name] for name in axes[len(values) :])])
        if len(values) == self.dimensions:
            return self._cut(list(values))
        if not values:
            return [0] * self.dimensions
        single = values[0] if len(values) == 1 else ()
        if isinstance(single, Coordinates):
            numbers = self._converted(single)
        elif isinstance(single, tuple | list) or getattr(single, "ndim", 0) == 1:
            numbers = list(single)
        else:
            numbers = [single] * self.dimensions
        if len(numbers) != self.dimensions:
            raise TypeError(
                f"{type(self).__name__}() takes {self.dimensions} numbers, not {values}"
            )
        return numbers

    def _cut(self, values: list[Any]) -> list[Any]:
        """Return numbers passed one by one, without fractions if they must be integers."""
        if not type(self)._whole:
            return values
        return [math.trunc(value) if hasattr(value, "__trunc__") else value for value in values]

    def _converted(self, other: Coordinates) -> list[Any]:
        return other._values

    def __getitem__(self, index: int) -> Any:
        try:
            return self._values[operator.index(index)]
        except IndexError:
            raise OutOfRangeError(
                f"index {index} is out of range: {type(self).__name__} has {self.dimensions} "
                "numbers"
            ) from None

    def __setitem__(self, index: int, value: Any) -> None:
        self[index]  # which refuses what is out of range
        self._values[index] = type(self)._takes(value)

    def __len__(self) -> int:
        return self.dimensions

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        """Compare with another of the same type; no ``Point2I`` is equal to a ``Point2D``."""
        if not isinstance(other, Coordinates) or type(self) is not type(other):
            return NotImplemented
        # One by one: lists take a NaN for equal to itself.
        return not [1 for a, b in zip(self._values, other._values, strict=True) if a != b]

    def __hash__(self) -> int:
        return hash(tuple(self._values))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self._values)

    def __str__(self) -> str:
        return f"({', '.join(f'{value:.5g}' for value in self._values)})"

    def __repr__(self) -> str:
        texts = (f"{v:.17g}" if math.isfinite(v) else f"float('{v}')" for v in self._values)
        return f"{type(self).__name__}({', '.join(texts)})"

    def clone(self) -> Self:
        return type(self)(*self._values)

    def getX(self) -> Any:
        return self[0]

    def getY(self) -> Any:
        return self[1]

    def setX(self, x: Any) -> None:
        self[0] = x

    def setY(self, y: Any) -> None:
        self[1] = y

    x = property(getX, setX)
    y = property(getY, setY)

    # -- comparisons of each number, with another of the same sort or one number
    def eq(self, other: Any) -> CoordinateExpr:
        return self._compared(operator.eq, other)

    def ne(self, other: Any) -> CoordinateExpr:
        return self._compared(operator.ne, other)

    def lt(self, other: Any) -> CoordinateExpr:
        return self._compared(operator.lt, other)

    def le(self, other: Any) -> CoordinateExpr:
        return self._compared(operator.le, other)

    def gt(self, other: Any) -> CoordinateExpr:
        return self._compared(operator.gt, other)

    def ge(self, other: Any) -> CoordinateExpr:
        return self._compared(operator.ge, other)

    def _compared(self, compare: Callable[[Any, Any], bool], other: Any) -> CoordinateExpr:
        others = other if isinstance(other, Coordinates) else [other] * self.dimensions
        kind = CoordinateExpr2 if self.dimensions == 2 else CoordinateExpr3
        return kind(*(compare(a, b) for a, b in zip(self._values, others, strict=True)))


class _ThreeAxes(Coordinates):
    """The base class of points and extents with a third coordinate."""

    dimensions = 3

    def getZ(self) -> Any:
        return self[2]

    def setZ(self, z: Any) -> None:
        self[2] = z

    z = property(getZ, setZ)


class CoordinateExpr(Coordinates):
    """The result of a comparison: a boolean for each number."""

    _takes = bool
    _whole = True

    def __class_getitem__(cls, dimensions: int) -> type[CoordinateExpr]:
        """Return the class of a number of dimensions."""
        return CoordinateExpr2 if dimensions == 2 else CoordinateExpr3

    def and_(self, other: CoordinateExpr) -> CoordinateExpr:
        return type(self)(*(a and b for a, b in zip(self, other, strict=True)))

    def or_(self, other: CoordinateExpr) -> CoordinateExpr:
        return type(self)(*(a or b for a, b in zip(self, other, strict=True)))

    def not_(self) -> CoordinateExpr:
        return type(self)(*(not a for a in self))


class CoordinateExpr2(CoordinateExpr):
    """Two truth values."""

    dimensions = 2


class CoordinateExpr3(CoordinateExpr, _ThreeAxes):
    """Three truth values."""


class Extent(Coordinates):
    """The vector from one point to another, or a size.

    Called with ``dtype=int`` or ``float`` (and ``dimensions``, 2 by default), it returns an object
    of that type, as the base class of Gen2 did.
    """

    def __new__(
        cls, *values: Any, dtype: type | None = None, dimensions: int = 2, **named: Any
    ) -> Any:
        return object.__new__(cls if cls is not Extent else _EXTENTS[_whole(dtype), dimensions])

    def __init__(self, *values: Any, dtype: Any = None, dimensions: int = 2, **named: Any) -> None:
        super().__init__(*values, **named)

    def __class_getitem__(cls, key: Any) -> type[Extent]:
        """Return the class of a type of numbers and a number of dimensions."""
        dtype, dimensions = key if isinstance(key, tuple) else (key, 2)
        return _EXTENTS[_whole(dtype), dimensions]

    def _converted(self, other: Coordinates) -> list[Any]:
        if type(self)._whole and not other._whole:
            raise TypeError(
                f"{other!r} has fractions; round it with truncate(), floor() or ceil() first"
            )
        return other._values

    def computeSquaredNorm(self) -> Any:
        return sum(value * value for value in self)

    def computeNorm(self) -> float:
        return math.sqrt(self.computeSquaredNorm())

    def asPoint(self) -> Any:
        return _POINTS[self._whole, self.dimensions](*self)

    def truncate(self) -> Any:
        return self._rounded(math.trunc)

    def floor(self) -> Any:
        return self._rounded(math.floor)

    def ceil(self) -> Any:
        return self._rounded(math.ceil)

    def _rounded(self, rounding: Callable[[Any], int]) -> Any:
        return _EXTENTS[True, self.dimensions](*(rounding(value) for value in self))

    # -- arithmetic: with extents; with points, which gives a point; with numbers
    def __add__(self, other: Any) -> Any:
        if isinstance(other, Point | Extent):
            table = _POINTS if isinstance(other, Point) else _EXTENTS
            return _summed(table, self, other, operator.add)
        return NotImplemented

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Extent):
            return _summed(_EXTENTS, self, other, operator.sub)
        return NotImplemented

    def __mul__(self, number: Any) -> Any:
        if isinstance(number, Coordinates) or not hasattr(number, "__float__"):
            return NotImplemented
        is_whole = self._whole and hasattr(number, "__index__")
        return _EXTENTS[is_whole, self.dimensions](*(value * number for value in self))

    __rmul__ = __mul__

    def __truediv__(self, number: Any) -> Any:
        return _EXTENTS[False, self.dimensions](*(value / float(number) for value in self))

    def __floordiv__(self, number: Any) -> Any:
        if not self._whole or not hasattr(number, "__index__"):
            return NotImplemented
        return type(self)(*(value // operator.index(number) for value in self))

    def __iadd__(self, other: Any) -> Any:
        return _changed(self, self + other if isinstance(other, Extent) else NotImplemented, "+=")

    def __isub__(self, other: Any) -> Any:
        return _changed(self, self.__sub__(other), "-=")

    def __imul__(self, number: Any) -> Any:
        return _changed(self, self.__mul__(number), "*=")

    def __itruediv__(self, number: Any) -> Any:
        return _changed(self, self.__truediv__(number), "/=")

    def __ifloordiv__(self, number: Any) -> Any:
        return _changed(self, self.__floordiv__(number), "//=")

    def __neg__(self) -> Any:
        return type(self)(*(-value for value in self))

    def __pos__(self) -> Any:
        return self


class Point(Coordinates):
    """A position. With ``dtype``, see `Extent`."""

    def __new__(
        cls, *values: Any, dtype: type | None = None, dimensions: int = 2, **named: Any
    ) -> Any:
        return object.__new__(cls if cls is not Point else _POINTS[_whole(dtype), dimensions])

    def __init__(self, *values: Any, dtype: Any = None, dimensions: int = 2, **named: Any) -> None:
        super().__init__(*values, **named)

    def __class_getitem__(cls, key: Any) -> type[Point]:
        """Return the class of a type of numbers and a number of dimensions."""
        dtype, dimensions = key if isinstance(key, tuple) else (key, 2)
        return _POINTS[_whole(dtype), dimensions]

    def _converted(self, other: Coordinates) -> list[Any]:
        if not type(self)._whole or other._whole:
            return other._values
        if isinstance(other, Extent):
            return [math.trunc(value) for value in other]
        # The pixel that the position is in: its middle is a whole number.
        return [math.floor(value + 0.5) for value in other]

    def asExtent(self) -> Any:
        return _EXTENTS[self._whole, self.dimensions](*self)

    def shift(self, offset: Any) -> None:
        self += offset

    def scale(self, factor: Any) -> None:
        self._values = [type(self)._takes(value * factor) for value in self]

    def distanceSquared(self, other: Any) -> Any:
        return (self - other).computeSquaredNorm()

    def toString(self) -> str:
        return str(self)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Extent):
            return _summed(_POINTS, self, other, operator.add)
        return NotImplemented

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, Point | Extent):
            table = _EXTENTS if isinstance(other, Point) else _POINTS
            return _summed(table, self, other, operator.sub)
        return NotImplemented

    def __iadd__(self, other: Any) -> Any:
        return _changed(self, self.__add__(other), "+=")

    def __isub__(self, other: Any) -> Any:
        is_extent = isinstance(other, Extent)
        return _changed(self, self.__sub__(other) if is_extent else NotImplemented, "-=")


def _summed(table: Any, first: Any, other: Any, combine: Callable[[Any, Any], Any]) -> Any:
    """Return the sum or difference; it is whole if both are."""
    if len(first) != len(other):
        return NotImplemented
    kind = table[first._whole and other._whole, len(first)]
    return kind(*(combine(a, b) for a, b in zip(first, other, strict=True)))


def _changed(target: Any, result: Any, sign: str) -> Any:
    """Assign a result in place; raise an error if its type would have to change."""
    if type(result) is not type(target):
        operand = "this" if result is NotImplemented else f"what would be a {type(result).__name__}"
        raise TypeError(f"{type(target).__name__} {sign} does not accept {operand}")
    target._values = result._values
    return target


def _whole(dtype: Any) -> bool:
    if dtype not in (int, float):
        raise TypeError(f"dtype={dtype!r} is not int or float")
    return bool(dtype is int)


class Extent2I(Extent):
    """A size in pixels."""

    dimensions, _takes, _whole = 2, operator.index, True


class Extent2D(Extent):
    """A size, or the way between two positions."""

    dimensions, _takes, _whole = 2, float, False


class Extent3I(Extent, _ThreeAxes):
    """Three whole numbers."""

    _takes, _whole = operator.index, True


class Extent3D(Extent, _ThreeAxes):
    """The way between two positions in space."""

    _takes, _whole = float, False


class Point2I(Point):
    """A pixel."""

    dimensions, _takes, _whole = 2, operator.index, True


class Point2D(Point):
    """A position; the middle of the first pixel is (0, 0)."""

    dimensions, _takes, _whole = 2, float, False


class Point3I(Point, _ThreeAxes):
    """Three whole numbers."""

    _takes, _whole = operator.index, True


class Point3D(Point, _ThreeAxes):
    """A position in space."""

    _takes, _whole = float, False


_EXTENTS = {(True, 2): Extent2I, (False, 2): Extent2D, (True, 3): Extent3I, (False, 3): Extent3D}
_POINTS = {(True, 2): Point2I, (False, 2): Point2D, (True, 3): Point3I, (False, 3): Point3D}
ExtentI, ExtentD, PointI, PointD = Extent2I, Extent2D, Point2I, Point2D


def truncate(extent: Extent) -> Any:
    """Return an extent without the fractions of its numbers."""
    return extent.truncate()


def floor(extent: Extent) -> Any:
    """Return an extent of the next lower whole numbers."""
    return extent.floor()


def ceil(extent: Extent) -> Any:
    """Return an extent of the next higher whole numbers."""
    return extent.ceil()


def all(expr: CoordinateExpr) -> bool:  # noqa: A001  # the name of lsst.geom
    """Return whether a comparison holds for every number."""
    return False not in list(expr)


def any(expr: CoordinateExpr) -> bool:  # noqa: A001  # the name of lsst.geom
    """Return whether a comparison holds for a number."""
    return True in list(expr)
