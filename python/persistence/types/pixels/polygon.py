"""Polygons of pixels, such as the illuminated part of a detector (doc/gen2/afw-files.md 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.types.archives.archive import Load, Tables


@dataclass(frozen=True, eq=False)
class Polygon:
    """A polygon without holes.

    Attributes
    ----------
    vertices : array, shape (n, 2)
        Columns and rows in pixels of the parent image, each corner once.
    """

    vertices: NDArray[np.float64]

    @property
    def area(self) -> float:
        """The area in square pixels (shoelace formula)."""
        x, y = self.vertices.T
        return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2)

    def contains(self, x: ArrayLike, y: ArrayLike) -> Any:
        """Return whether points are inside.

        A ray from a point inside crosses the edge an odd number of times.

        Parameters
        ----------
        x, y : number or array
            Columns and rows, which are broadcast. A point on the edge may be in or out.
        """
        columns, rows = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        inside = np.zeros(columns.shape, dtype=bool)
        for (x1, y1), (x2, y2) in zip(
            self.vertices, np.roll(self.vertices, -1, axis=0), strict=True
        ):
            if y1 == y2:
                continue  # a ray along the rows does not cross parallel edges
            crosses = (y1 > rows) != (y2 > rows)
            inside ^= crosses & (columns < x1 + (rows - y1) * (x2 - x1) / (y2 - y1))
        return inside[()]

    def __eq__(self, other: object) -> bool:
        return (
            np.array_equal(self.vertices, other.vertices)
            if isinstance(other, Polygon)
            else NotImplemented
        )

    __hash__ = None  # type: ignore[assignment]  # it contains an array

    def __str__(self) -> str:
        return f"{len(self.vertices)} corners, {self.area:.0f} square pixels"

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"

    # afw's name, for scripts written for it
    def getVertices(self) -> list[tuple[float, float]]:
        """Return the corners as pairs of column and row."""
        return [(float(x), float(y)) for x, y in self.vertices]


def make(tables: Tables, load: Load) -> Polygon:
    """Return the polygon of a table, in which the first corner is repeated at the end."""
    (table,) = tables
    vertices = np.column_stack(
        [np.asarray(table[f"vertices_{axis}"], dtype=float) for axis in "xy"]
    )
    closed = len(vertices) > 1 and np.array_equal(vertices[0], vertices[-1])
    return Polygon(vertices[:-1] if closed else vertices)
