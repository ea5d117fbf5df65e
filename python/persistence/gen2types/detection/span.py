"""`Span`: pixels of one row, and `Stencil`: the definition of a distance between pixels."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

from persistence.gen2types.coordinates import Point2I


class Stencil(enum.Enum):
    """The metric of a distance between pixels: Euclidean, the larger step, or the sum of steps."""

    CIRCLE = 0
    BOX = 1
    MANHATTAN = 2


class Span:
    """Pixels of one row, from one column to another, both of which belong to it."""

    __slots__ = ("x0", "x1", "y")

    def __init__(self, y: int = 0, x0: int = 0, x1: int = -1) -> None:
        self.y, self.x0, self.x1 = int(y), int(x0), int(x1)

    def getY(self) -> int:
        return self.y

    def getX0(self) -> int:
        return self.x0

    def getX1(self) -> int:
        return self.x1

    getMinX, getMaxX, getBeginX = getX0, getX1, getX0

    def getEndX(self) -> int:
        return self.x1 + 1

    def getWidth(self) -> int:
        return self.x1 - self.x0 + 1

    def getMin(self) -> Point2I:
        return Point2I(self.x0, self.y)

    def getMax(self) -> Point2I:
        return Point2I(self.x1, self.y)

    @property
    def width(self) -> int:
        """How many pixels there are."""
        return self.getWidth()

    def isEmpty(self) -> bool:
        return self.x1 < self.x0

    def contains(self, x: int, y: int | None = None) -> bool:
        return self.x0 <= x <= self.x1 and (y is None or y == self.y)

    def toString(self) -> str:
        return repr(self)

    def shift(self, dx: int) -> None:
        self.x0, self.x1 = self.x0 + dx, self.x1 + dx

    def __lt__(self, other: Span) -> bool:
        return (self.y, self.x0, self.x1) < (other.y, other.x0, other.x1)

    def __len__(self) -> int:
        return self.getWidth()

    def __iter__(self) -> Iterator[Point2I]:
        return (Point2I(x, self.y) for x in range(self.x0, self.x1 + 1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Span):
            return NotImplemented
        return (self.y, self.x0, self.x1) == (other.y, other.x0, other.x1)

    def __hash__(self) -> int:
        return hash((self.y, self.x0, self.x1))

    def __reduce__(self) -> tuple[Any, ...]:
        return Span, (self.y, self.x0, self.x1)

    def __repr__(self) -> str:
        return f"{self.y}: {self.x0}..{self.x1}"
