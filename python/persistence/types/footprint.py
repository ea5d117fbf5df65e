"""Footprints: the pixels of which a source is made, its peaks, and perhaps the values of the pixels.

Coordinates are pixels of the parent image, counted from 0. Source of the stored forms: afw-files 3.2 and 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError
from persistence.types.box import Box


@dataclass(frozen=True, eq=False)
class SpanSet:
    """A set of pixels, as runs along rows.

    Attributes
    ----------
    y : array of `int`, shape (spans,)
        The row of each run.
    x0, x1 : array of `int`, shape (spans,)
        Its first and its last column.
    """

    y: NDArray[np.int64]
    x0: NDArray[np.int64]
    x1: NDArray[np.int64]

    @classmethod
    def from_arrays(cls, y: ArrayLike, x0: ArrayLike, x1: ArrayLike) -> SpanSet:
        """Make a set of runs.

        Raises
        ------
        FormatterError
            If the arrays differ in length, or a run ends before it begins.
        """
        spans = cls(*(np.asarray(each, dtype=np.int64).reshape(-1) for each in (y, x0, x1)))
        if not len(spans.y) == len(spans.x0) == len(spans.x1):
            raise FormatterError(f"spans of {len(spans.y)} rows have {len(spans.x0)} starts, {len(spans.x1)} ends")
        if (spans.x1 < spans.x0).any():
            raise FormatterError("a span ends before it begins")
        return spans

    @classmethod
    def from_mask(cls, mask: ArrayLike, origin: tuple[int, int] = (0, 0)) -> SpanSet:
        """Make the set of an image's true pixels; ``origin`` is the column and the row of its first pixel."""
        inside = np.asarray(mask, dtype=bool)
        steps = np.diff(np.pad(inside.astype(np.int8), ((0, 0), (1, 1))), axis=1)
        (y, x0), (_, stop) = np.nonzero(steps == 1), np.nonzero(steps == -1)
        return cls(y + origin[1], x0 + origin[0], stop - 1 + origin[0])

    def __len__(self) -> int:
        return len(self.y)

    @property
    def area(self) -> int:
        """The number of pixels."""
        return int(np.sum(self.x1 - self.x0 + 1))

    @property
    def bbox(self) -> Box:
        """The smallest box that holds all pixels; an empty one at the origin if there are none."""
        if not len(self):
            return Box(0, 0, 0, 0)
        x0, y0 = int(self.x0.min()), int(self.y.min())
        return Box(x0, y0, int(self.x1.max()) - x0 + 1, int(self.y.max()) - y0 + 1)

    def contains(self, x: int, y: int) -> bool:
        """Say whether a pixel belongs to the set."""
        return bool(((self.y == y) & (self.x0 <= x) & (x <= self.x1)).any())

    def indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the rows and the columns of all pixels, run by run."""
        widths = self.x1 - self.x0 + 1
        before = np.repeat(np.cumsum(widths) - widths, widths)
        return np.repeat(self.y, widths), np.repeat(self.x0, widths) + np.arange(self.area) - before

    def mask(self, box: Box | None = None) -> NDArray[np.bool_]:
        """Make an image that is true at the set's pixels, over a box of the parent image; over `bbox` if absent."""
        return self.image(np.ones(self.area, bool), box)

    def image(self, values: NDArray[Any], box: Box | None = None, fill: Any = 0) -> NDArray[Any]:
        """Make an image of values, one for each pixel run by run, over a box; pixels outside it are left out."""
        box = self.bbox if box is None else box
        found = np.full((box.height, box.width), fill, dtype=values.dtype)
        y, x = self.indices()
        y, x = y - box.y0, x - box.x0
        inside = (y >= 0) & (y < box.height) & (x >= 0) & (x < box.width)
        found[y[inside], x[inside]] = values[inside]
        return found

    getArea = property(lambda self: lambda: self.area)
