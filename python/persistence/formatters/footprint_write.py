"""Write the footprints of catalogs as afw archives them: all of a kind in one table.

Source: doc/gen2/afw-files.md 2.1 and 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from persistence.types.table.footprint import Footprint, HeavyFootprint, SpanSet

_SPANS = [("y", "i4"), ("x0", "i4"), ("x1", "i4")]
_HEAVY = [("image", object), ("mask", object), ("variance", object)]
# numpy's types of pixels -> the last letter of afw's class.
_LETTERS = {"f4": "F", "f8": "D", "i4": "I", "u2": "U"}
_MODULES = {"SpanSet": "lsst.afw.geom"}

# A function of a table and cards that returns the bytes of an HDU.
LayOut = Callable[[Table, Sequence[tuple[str, Any]]], bytes]


def archive(footprints: Iterable[Footprint | None], lay_out: LayOut) -> tuple[Any, bytes]:
    """Return the archive of footprints, and their ids.

    Parameters
    ----------
    footprints : iterable of `Footprint` or None
        The footprints of a catalog's rows.
    lay_out : callable
        Returns the bytes of a table's HDU.

    Returns
    -------
    numbers : array of `int`
        The number of each footprint in the archive; 0 for None.
    content : `bytes`
        The archive's HDUs.
    """
    tables = _Tables()
    numbers: dict[int, int] = {}
    rows = []
    for footprint in footprints:
        if footprint is not None and id(footprint) not in numbers:
            numbers[id(footprint)] = tables.put(footprint)
        rows.append(0 if footprint is None else numbers[id(footprint)])
    return np.array(rows, np.int32), tables.content(lay_out)


class _Tables:
    """Tables whose rows belong to several objects, and the index of the rows."""

    def __init__(self) -> None:
        self._index: list[tuple[Any, ...]] = []
        self._groups: dict[Any, tuple[int, list[NDArray[Any]]]] = {}
        self._lengths: dict[Any, int] = {}
        self._last = 0

    def put(self, footprint: Footprint) -> int:
        own, spans = self._last + 1, self._last + 2  # as afw numbers them
        self._last += 2
        self._add(spans, "SpanSet", [_rows(_SPANS, *_runs(footprint.spans))])
        parts = [_rows([("id", "i4")], [spans]), _numbered(footprint.peaks)]
        if not isinstance(footprint, HeavyFootprint):
            self._add(own, "Footprint", parts)
            return own
        pixels = np.asarray(footprint.image)
        letter = _LETTERS.get(pixels.dtype.str[1:], "D")
        values = np.empty(1, _HEAVY)
        values["image"][0] = pixels if letter != "D" else pixels.astype(np.float64)
        values["mask"][0] = np.asarray(footprint.mask_values).astype(np.int32)
        values["variance"][0] = np.asarray(footprint.variance, np.float32)
        self._add(own, f"HeavyFootprint{letter}", [*parts, values])
        return own

    def _add(self, number: int, name: str, parts: Sequence[NDArray[Any]]) -> None:
        module = _MODULES.get(name, "lsst.afw.detection")
        for part, rows in enumerate(parts):
            key = (name, part, str(rows.dtype))
            group, held = self._groups.setdefault(key, (len(self._groups) + 1, []))
            first = self._lengths.get(key, 0)
            held.append(rows)
            self._lengths[key] = first + len(rows)
            self._index.append((number, group, part, first, len(rows), name, module))

    def content(self, lay_out: LayOut) -> bytes:
        """Return the HDUs: the index and the tables."""
        names = ("id", "cat.archive", "cat.persistable", "row0", "nrows")
        kinds = [(name, "i4") for name in names] + [("name", "S64"), ("module", "S64")]
        index = np.array(self._index, kinds)
        count = len(self._groups) + 1
        cards = [("EXTTYPE", "ARCHIVE_INDEX"), ("EXTNAME", "ARCHIVE_INDEX"), ("AR_CATN", 0)]
        hdus = [lay_out(Table(index), [*cards, ("AR_NCAT", count)])]
        for (name, _part, _kind), (group, held) in self._groups.items():
            cards = [("EXTTYPE", "ARCHIVE_DATA"), ("AR_CATN", group), ("AR_NAME", name)]
            hdus.append(lay_out(Table(np.concatenate(held)), cards))
        return b"".join(hdus)


def _runs(spans: SpanSet) -> tuple[NDArray[Any], ...]:
    return spans.y, spans.x0, spans.x1


def _numbered(peaks: NDArray[np.void]) -> NDArray[np.void]:
    """Return peaks with ids, which files of version 0 do not have."""
    if "id" in (peaks.dtype.names or ()):
        return peaks
    kinds = [("id", "i8"), *((name, peaks.dtype[name]) for name in peaks.dtype.names or ())]
    numbers = np.arange(1, len(peaks) + 1)
    return _rows(kinds, numbers, *(peaks[name] for name in peaks.dtype.names or ()))


def _rows(kinds: Any, *columns: Any) -> NDArray[Any]:
    rows = np.empty(len(columns[0]), kinds)
    for (name, _kind), column in zip(kinds, columns, strict=True):
        rows[name] = column
    return rows
