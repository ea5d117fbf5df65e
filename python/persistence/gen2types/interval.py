"""`IntervalI` and `IntervalD`: the extent of a box along an axis, by ``lsst.geom``'s names."""

from __future__ import annotations

import enum
import math
import operator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.exceptions import OverflowError as TooLarge

_LARGEST = 2**31 - 1


class EdgeHandlingEnum(enum.IntEnum):
    """The treatment of pixels that a box of positions covers in part."""

    EXPAND = 0
    SHRINK = 1


@dataclass(frozen=True, slots=True, repr=False)
class _Interval:
    """From ``min`` to ``max``; both ends are inside.

    It is empty if ``max < min``, or both are NaN.
    """

    min: Any = 0
    max: Any = -1

    @classmethod
    def fromMinMax(cls, min: Any, max: Any) -> Self:
        return cls(min, max)

    def getMin(self) -> Any:
        return self.min

    def getMax(self) -> Any:
        return self.max

    def isEmpty(self) -> bool:
        return not self.min <= self.max

    def contains(self, other: Any) -> bool:
        """Return whether a number, or a whole interval, is inside."""
        if isinstance(other, _Interval):
            return other.isEmpty() or (self.min <= other.min and other.max <= self.max)
        if other != other:
            raise InvalidParameterError("NaN is not a valid point of an interval")
        return bool(self.min <= other <= self.max)

    __contains__ = contains

    def overlaps(self, other: Self) -> bool:
        return not self.isDisjointFrom(other)

    def isDisjointFrom(self, other: Self) -> bool:
        if self.isEmpty() or other.isEmpty():
            return True
        return bool(self.min > other.max or self.max < other.min)

    def dilatedBy(self, buffer: Any) -> Self:
        if not math.isfinite(buffer):
            raise InvalidParameterError(f"an interval cannot grow by {buffer}")
        return self if self.isEmpty() else type(self)(self.min - buffer, self.max + buffer)

    def erodedBy(self, buffer: Any) -> Self:
        return self.dilatedBy(-buffer)

    def shiftedBy(self, offset: Any) -> Self:
        if not math.isfinite(offset):
            raise InvalidParameterError(f"an interval cannot be shifted by {offset}")
        return self if self.isEmpty() else type(self)(self.min + offset, self.max + offset)

    def reflectedAbout(self, point: Any) -> Self:
        if not math.isfinite(point):
            raise InvalidParameterError(f"an interval cannot be reflected about {point}")
        return self if self.isEmpty() else type(self)(2 * point - self.max, 2 * point - self.min)

    def expandedTo(self, other: Any) -> Self:
        """Return the smallest interval that has both in it, this one and a number or another."""
        if not isinstance(other, _Interval):
            if not math.isfinite(other):
                raise InvalidParameterError(f"an interval cannot be expanded to {other}")
            other = type(self)(other, other)
        if self.isEmpty() or other.isEmpty():
            return other if self.isEmpty() else self
        return type(self)(min(self.min, other.min), max(self.max, other.max))

    def clippedTo(self, other: Self) -> Self:
        if self.isEmpty() or other.isEmpty():
            return type(self)()
        return type(self)(max(self.min, other.min), min(self.max, other.max))

    def toString(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"(min={self.min}, max={self.max})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self}" if not self.isEmpty() else f"{type(self).__name__}()"


class IntervalI(_Interval):
    """Whole numbers: the columns, or the rows, of a box of pixels."""

    __slots__ = ()

    EdgeHandlingEnum: ClassVar[Any] = EdgeHandlingEnum

    def __init__(
        self,
        min: Any = 0,
        max: Any = -1,
        edgeHandling: EdgeHandlingEnum = EdgeHandlingEnum.EXPAND,
    ) -> None:
        if isinstance(min, _Interval):
            min, max = _pixels(min, max if isinstance(max, EdgeHandlingEnum) else edgeHandling)  # noqa: A001
        low, high = operator.index(min), operator.index(max)
        low, high = (low, high) if low <= high else (0, -1)
        if high > _LARGEST or low < -_LARGEST - 1 or high - low >= _LARGEST:
            raise TooLarge(f"the interval from {low} to {high} does not fit in 32 bits")
        object.__setattr__(self, "min", low)
        object.__setattr__(self, "max", high)

    @classmethod
    def fromMinSize(cls, min: int, size: int) -> IntervalI:
        return cls(min, min + size - 1) if size > 0 else cls()

    @classmethod
    def fromMaxSize(cls, max: int, size: int) -> IntervalI:
        return cls(max - size + 1, max) if size > 0 else cls()

    @classmethod
    def fromCenterSize(cls, center: float, size: int) -> IntervalI:
        # `int` cuts off, as the original did.
        return cls.fromMinSize(int(center - 0.5 * size + 0.5), size)

    def getBegin(self) -> int:
        return int(self.min)

    def getEnd(self) -> int:
        """Return the first number behind it."""
        return int(self.max) + 1

    def getSize(self) -> int:
        return int(self.max - self.min + 1)

    def getCenter(self) -> float:
        return float(0.5 * (self.min + self.max))

    def getSlice(self) -> slice:
        return slice(self.getBegin(), self.getEnd())

    slice = getSlice

    def range(self) -> range:
        return range(self.getBegin(), self.getEnd())

    def arange(self, dtype: Any = np.int32) -> Any:
        return np.arange(self.getBegin(), self.getEnd(), dtype=dtype)

    begin = property(getBegin)
    end = property(getEnd)
    size = property(getSize)
    center = property(getCenter)


def _pixels(interval: _Interval, edges: EdgeHandlingEnum) -> tuple[int, int]:
    """Return the first and the last pixel of an interval of positions."""
    if interval.isEmpty():
        return 0, -1
    if not (math.isfinite(interval.min) and math.isfinite(interval.max)):
        raise InvalidParameterError(f"{interval!r} is not finite, and has no whole numbers")
    half = 0.5 if edges == EdgeHandlingEnum.EXPAND else -0.5
    return math.ceil(interval.min - half), math.floor(interval.max + half)


class IntervalD(_Interval):
    """Positions along an axis."""

    __slots__ = ()

    def __init__(self, min: Any = math.nan, max: Any = math.nan) -> None:
        low, high = min, max
        if isinstance(min, _Interval):
            half = 0.5 if isinstance(min, IntervalI) else 0.0  # whole pixels
            low, high = (min.min - half, min.max + half) if not min.isEmpty() else (1.0, 0.0)
        low, high = (float(low), float(high)) if low <= high else (math.nan, math.nan)
        if low == math.inf or high == -math.inf:
            raise InvalidParameterError(f"an interval cannot reach from {low} to {high}")
        object.__setattr__(self, "min", low)
        object.__setattr__(self, "max", high)

    @classmethod
    def fromMinSize(cls, min: float, size: float) -> IntervalD:
        return cls(min, min + size)

    @classmethod
    def fromMaxSize(cls, max: float, size: float) -> IntervalD:
        return cls(max - size, max)

    @classmethod
    def fromCenterSize(cls, center: float, size: float) -> IntervalD:
        return cls.fromMinSize(center - 0.5 * size, size)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IntervalD):
            return NotImplemented
        both_empty = self.isEmpty() and other.isEmpty()
        return both_empty or (self.min, self.max) == (other.min, other.max)

    def __hash__(self) -> int:
        return hash(None if self.isEmpty() else (self.min, self.max))

    def getSize(self) -> float:
        return 0.0 if self.isEmpty() else self.max - self.min

    def getCenter(self) -> float:
        return float(0.5 * (self.min + self.max))

    size = property(getSize)
    center = property(getCenter)
