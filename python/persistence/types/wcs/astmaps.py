"""AST's mappings, forward and inverse, on arrays (doc/gen2/afw-files.md 2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError

# Shape (axes, number of points).
Points = NDArray[np.float64]
# Points per block: intermediate results stay in the processor's cache, which is twice as fast.
_BLOCK = 8192


class Map(Protocol):
    """A function of points and, usually, its inverse.

    Points are an array of shape (axes, number of points). Points outside of a function's domain
    become NaN.
    """

    @property
    def nin(self) -> int:
        """The number of input axes."""

    @property
    def nout(self) -> int:
        """The number of output axes."""

    def forward(self, points: Points) -> Points:
        """Return the images of points."""

    def inverse(self, points: Points) -> Points:
        """Return the origins of points.

        Raises
        ------
        FormatterError
            If there is no inverse.
        """


@dataclass(frozen=True)
class Inverted:
    """A mapping in the other direction."""

    inner: Map

    @property
    def nin(self) -> int:
        return self.inner.nout

    @property
    def nout(self) -> int:
        return self.inner.nin

    def forward(self, points: Points) -> Points:
        return self.inner.inverse(points)

    def inverse(self, points: Points) -> Points:
        return self.inner.forward(points)


@dataclass(frozen=True)
class Series:
    """Two mappings in series."""

    first: Map
    second: Map

    @property
    def nin(self) -> int:
        return self.first.nin

    @property
    def nout(self) -> int:
        return self.second.nout

    def forward(self, points: Points) -> Points:
        return self.second.forward(self.first.forward(points))

    def inverse(self, points: Points) -> Points:
        return self.first.inverse(self.second.inverse(points))


@dataclass(frozen=True)
class Parallel:
    """A mapping of the first axes, and another of the rest."""

    first: Map
    second: Map

    @property
    def nin(self) -> int:
        return self.first.nin + self.second.nin

    @property
    def nout(self) -> int:
        return self.first.nout + self.second.nout

    def forward(self, points: Points) -> Points:
        edge = self.first.nin
        return np.concatenate(
            [self.first.forward(points[:edge]), self.second.forward(points[edge:])]
        )

    def inverse(self, points: Points) -> Points:
        edge = self.first.nout
        return np.concatenate(
            [self.first.inverse(points[:edge]), self.second.inverse(points[edge:])]
        )


@dataclass(frozen=True)
class Either:
    """One mapping forward, and the inverse of another."""

    there: Map
    back: Map

    @property
    def nin(self) -> int:
        return self.there.nin

    @property
    def nout(self) -> int:
        return self.there.nout

    def forward(self, points: Points) -> Points:
        return self.there.forward(points)

    def inverse(self, points: Points) -> Points:
        return self.back.inverse(points)


@dataclass(frozen=True, eq=False)
class Scaled:
    """Each axis times a factor, plus an offset."""

    factors: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @property
    def nin(self) -> int:
        return len(self.factors)

    nout = nin

    def forward(self, points: Points) -> Points:
        return points * self.factors[:, np.newaxis] + self.offsets[:, np.newaxis]

    def inverse(self, points: Points) -> Points:
        if not self.factors.all():
            raise FormatterError("an AST mapping with a factor of 0 has no inverse")
        return (points - self.offsets[:, np.newaxis]) / self.factors[:, np.newaxis]


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix, with its inverse, or None."""

    matrix: NDArray[np.float64]
    inverted: NDArray[np.float64] | None

    @property
    def nin(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def nout(self) -> int:
        return int(self.matrix.shape[0])

    def forward(self, points: Points) -> Points:
        return self.matrix @ points

    def inverse(self, points: Points) -> Points:
        if self.inverted is None:
            raise FormatterError(f"AST's MatrixMap of shape {self.matrix.shape} has no inverse")
        return self.inverted @ points


def applied(function: Callable[[Points], Points], *arrays: ArrayLike) -> Points:
    """Return a function of points applied to arrays of coordinates, which are broadcast."""
    spread = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in arrays))
    points = np.stack([each.ravel() for each in spread])
    blocks = [
        function(points[:, start : start + _BLOCK])
        for start in range(0, points.shape[1] or 1, _BLOCK)
    ]
    return np.concatenate(blocks, axis=1).reshape(-1, *spread[0].shape)
