"""Footprints: a source's pixels, its peaks, and perhaps the values of the pixels.

Coordinates are pixels of the parent image, counted from 0. Source of the stored forms:
doc/gen2/afw-files.md 3.2 and 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box


@dataclass(frozen=True, eq=False)
class SpanSet:
    """A set of pixels, as runs along rows.

    Attributes
    ----------
    y : array of `int`, shape (spans,)
        The row of each run.
    x0, x1 : array of `int`, shape (spans,)
        Its first and last column.
    """

    y: NDArray[np.int64]
    x0: NDArray[np.int64]
    x1: NDArray[np.int64]

    @classmethod
    def from_arrays(cls, y: ArrayLike, x0: ArrayLike, x1: ArrayLike) -> SpanSet:
        """Return the set of some runs.

        Raises
        ------
        FormatterError
            If the arrays differ in length, or a run ends before it begins.
        """
        spans = cls(*(np.asarray(each, dtype=np.int64).reshape(-1) for each in (y, x0, x1)))
        if not len(spans.y) == len(spans.x0) == len(spans.x1):
            raise FormatterError(
                f"spans of {len(spans.y)} rows have {len(spans.x0)} starts, {len(spans.x1)} ends"
            )
        if (spans.x1 < spans.x0).any():
            raise FormatterError("a span ends before it begins")
        return spans

    @classmethod
    def from_mask(cls, mask: ArrayLike, origin: tuple[int, int] = (0, 0)) -> SpanSet:
        """Return the set of an image's true pixels.

        ``origin`` is column and row of its first pixel.
        """
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
        """The smallest box that contains all pixels; empty at the origin without pixels."""
        if not len(self):
            return Box(0, 0, 0, 0)
        x0, y0 = int(self.x0.min()), int(self.y.min())
        return Box(x0, y0, int(self.x1.max()) - x0 + 1, int(self.y.max()) - y0 + 1)

    def contains(self, x: int, y: int) -> bool:
        """Return whether a pixel is in the set."""
        return bool(((self.y == y) & (self.x0 <= x) & (x <= self.x1)).any())

    def indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of all pixels, run by run."""
        widths = self.x1 - self.x0 + 1
        before = np.repeat(np.cumsum(widths) - widths, widths)
        return np.repeat(self.y, widths), np.repeat(self.x0, widths) + np.arange(self.area) - before

    def mask(self, box: Box | None = None) -> NDArray[np.bool_]:
        """Return a boolean image of the set over a box of the parent image, by default `bbox`."""
        return self.image(np.ones(self.area, bool), box)

    def image(self, values: NDArray[Any], box: Box | None = None, fill: Any = 0) -> NDArray[Any]:
        """Return an image of values, one per pixel run by run, over a box.

        Pixels outside of the box are left out.
        """
        box = self.bbox if box is None else box
        found = np.full((box.height, box.width), fill, dtype=values.dtype)
        y, x = self.indices()
        y, x = y - box.y0, x - box.x0
        inside = (y >= 0) & (y < box.height) & (x >= 0) & (x < box.width)
        found[y[inside], x[inside]] = values[inside]
        return found

    # afw's names, for scripts written for them
    def getArea(self) -> int:
        """Return the number of pixels."""
        return self.area

    def getBBox(self) -> Box:
        """Return the smallest box that contains all pixels."""
        return self.bbox


@dataclass(frozen=True, eq=False)
class Footprint:
    """The pixels of a source.

    Attributes
    ----------
    spans : `SpanSet`
        The pixels.
    peaks : structured array
        The peaks in it: ``id``, ``f_x``, ``f_y``, ``i_x``, ``i_y``, ``peakValue`` and perhaps more.
    """

    spans: SpanSet
    peaks: NDArray[np.void]

    @property
    def area(self) -> int:
        """The number of pixels."""
        return self.spans.area

    @property
    def bbox(self) -> Box:
        """The smallest box that contains all pixels."""
        return self.spans.bbox

    def contains(self, x: int, y: int) -> bool:
        """Return whether a pixel is in the footprint."""
        return self.spans.contains(x, y)

    def mask(self, box: Box | None = None) -> NDArray[np.bool_]:
        """Return a boolean image of the footprint; see `SpanSet.mask`."""
        return self.spans.mask(box)

    # afw's names, for scripts written for them
    def getSpans(self) -> SpanSet:
        """Return the pixels as a `SpanSet`."""
        return self.spans

    def getPeaks(self) -> NDArray[np.void]:
        """Return the peaks."""
        return self.peaks

    def getArea(self) -> int:
        """Return the number of pixels."""
        return self.area

    def getBBox(self) -> Box:
        """Return the smallest box that contains all pixels."""
        return self.bbox

    def isHeavy(self) -> bool:
        """Return whether the footprint has the values of its pixels."""
        return isinstance(self, HeavyFootprint)


@dataclass(frozen=True, eq=False)
class HeavyFootprint(Footprint):
    """A footprint with the values of its pixels, in the order of the spans.

    Attributes
    ----------
    image, mask_values, variance : array, shape (area,)
        The pixels' values, flags and variances.
    """

    image: NDArray[Any]
    mask_values: NDArray[Any]
    variance: NDArray[Any]

    def __post_init__(self) -> None:
        for name in ("image", "mask_values", "variance"):
            if getattr(self, name).shape != (self.area,):
                size = getattr(self, name).shape
                raise FormatterError(
                    f"a footprint of {self.area} pixels has {name} of shape {size}"
                )

    def to_image(self, box: Box | None = None, fill: Any = 0) -> NDArray[Any]:
        """Return an image of the values over a box of the parent image, by default `bbox`."""
        return self.spans.image(self.image, box, fill)

    # afw's names, for scripts written for them
    def getImageArray(self) -> NDArray[Any]:
        """Return the pixels' values."""
        return self.image

    def getMaskArray(self) -> NDArray[Any]:
        """Return the pixels' flags."""
        return self.mask_values

    def getVarianceArray(self) -> NDArray[Any]:
        """Return the pixels' variances."""
        return self.variance


# -- As stored in archives
# ---------------------------------------------------------------------------------


def make_spans(tables: Sequence[Mapping[str, Any]], load: Callable[[int], Any]) -> SpanSet:
    """Return the `SpanSet` of its table in an archive."""
    return SpanSet.from_arrays(
        *(tables[0][name] for name in ("y", "x0", "x1")) if tables else ((), (), ())
    )


def make(tables: Sequence[Mapping[str, Any]], load: Callable[[int], Any]) -> Footprint:
    """Return the `Footprint` of its tables in an archive: its spans, or their number, and peaks."""
    spans = make_spans(tables, load) if "y" in tables[0] else load(int(tables[0]["id"][0]))
    if not isinstance(spans, SpanSet):
        raise FormatterError(f"the spans of a footprint are {type(spans).__name__}")
    return Footprint(spans, _rows(tables[1]))


def make_heavy(tables: Sequence[Mapping[str, Any]], load: Callable[[int], Any]) -> HeavyFootprint:
    """Return the `HeavyFootprint` of its tables in an archive: a footprint's, and the pixels."""
    plain = make(tables, load)
    values = (np.asarray(tables[2][name][0]) for name in ("image", "mask", "variance"))
    return HeavyFootprint(plain.spans, plain.peaks, *values)


def _rows(table: Mapping[str, Any]) -> NDArray[np.void]:
    columns = {name: np.asarray(column) for name, column in table.items()}
    length = len(next(iter(columns.values()), ()))
    found = np.empty(
        length, [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
    )
    for name, column in columns.items():
        found[name] = column
    return found


# -- As stored in catalogs of version 0
# ---------------------------------------------------------------------


def from_cells(cells: Mapping[str, NDArray[Any]]) -> Footprint | None:
    """Return the footprint in the cells of a row: spans, peaks, and perhaps pixels.

    Spans are triples of row, start and end; peaks are triples of x, y and value.

    Returns
    -------
    footprint : `Footprint` or None
        None if the row has no spans.
    """
    if not cells["spans"].size:
        return None
    spans = SpanSet.from_arrays(*cells["spans"].reshape(-1, 3).T)
    x, y, value = cells.get("peaks", np.zeros(0, np.float32)).reshape(-1, 3).T
    rounded = {"i_x": np.floor(x + 0.5).astype(np.int32), "i_y": np.floor(y + 0.5).astype(np.int32)}
    peaks = _rows({"f_x": x, "f_y": y, **rounded, "peakValue": value})
    if not cells.get("image", np.zeros(0)).size:
        return Footprint(spans, peaks)
    return HeavyFootprint(spans, peaks, *(cells[name] for name in ("image", "mask", "variance")))
