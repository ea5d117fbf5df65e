"""FITS binary tables from bytes to columns: only the columns wanted, in one pass.

astropy joins texts of variable length from characters without their blanks (doc/gen2/afw-files.md
8, 10), decodes every column of a table, and takes a thousand times as long for a table of one row.
Source of the format: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError, told
from persistence.files.bintable_cells import decode, out_of_heap
from persistence.files.bintable_columns import SIZES, Column, parse_columns

_BLOCK = 1 << 20


class _File(Protocol):
    """An open file of bytes."""

    def seek(self, position: int, /) -> Any: ...
    def read(self, size: int, /) -> bytes: ...


class Stream(NamedTuple):
    """A table's data in an open file.

    Attributes
    ----------
    file : file object
        A binary file that can be read at any position.
    offset : `int`
        The position of the table's first row, in bytes.
    """

    file: _File
    offset: int


Source = bytes | memoryview | Stream


@dataclass(frozen=True, slots=True)
class Table:
    """A binary table as its header describes it.

    Attributes
    ----------
    width : `int`
        Bytes per row.
    length : `int`
        Number of rows.
    heap : `int`
        First byte of the heap, counted from the first row.
    end : `int`
        End of the heap, counted from the first row.
    columns : mapping [`int`, `Column`]
        The columns by number.
    """

    width: int
    length: int
    heap: int
    end: int
    columns: Mapping[int, Column]

    @classmethod
    def parse(cls, cards: Mapping[str, Any]) -> Table:
        """Return the table that a header describes.

        Parameters
        ----------
        cards : mapping
            The header's cards by keyword.

        Raises
        ------
        FormatterError
            If a card is missing, the header contradicts itself, or a format is unknown.
        """
        try:
            width, length = cards["NAXIS1"], cards["NAXIS2"]
            heap, end = cards.get("THEAP", width * length), width * length + cards["PCOUNT"]
            return cls(width, length, heap, end, parse_columns(cards, width))
        except (LookupError, TypeError, ValueError) as error:
            raise _damaged(error) from error

    def read(
        self, source: Source, wanted: Iterable[int] | None = None, *, empty: bool = False
    ) -> dict[int, Any]:
        """Read columns.

        Parameters
        ----------
        source : `Source`
            The table's data: rows and heap.
        wanted : iterable of `int`, optional
            The columns' numbers; by default all.
        empty : `bool`, optional
            Whether to read no rows.

        Returns
        -------
        columns : `dict` [`int`, array]
            Arrays by column number, in order. Numbers are in native byte order, and masked where
            they are null; texts are without their padding; cells in the heap are objects, or texts.
            A column of bits is a boolean array of shape (bits, rows).

        Raises
        ------
        FormatterError
            If the table is truncated, or has no such column.
        """
        try:
            numbers = self.columns if wanted is None else sorted(set(wanted))
            chosen = [self.columns[number] for number in numbers]
            length = 0 if empty else self.length
            cells = _cells(source, self._row(chosen), length)
            heap = memoryview(b"")
            if length and any(column.form.pointer for column in chosen):
                heap = self.heap_of(source)
            return {
                column.number: decode(raw, column, heap)
                for column, raw in zip(chosen, cells, strict=True)
            }
        except (LookupError, TypeError, ValueError) as error:
            raise _damaged(error) from error

    def descriptors(self, source: Source, number: int) -> NDArray[np.int64]:
        """Read the positions in the heap of a column's cells.

        Parameters
        ----------
        source : `Source`
            The table's data: rows and heap.
        number : `int`
            The column's number.

        Returns
        -------
        descriptors : array of int64, shape (rows, 2)
            The number of elements of each cell, and its first byte in the heap.

        Raises
        ------
        FormatterError
            If a cell is outside of the heap, or the table is truncated.
        """
        column = self.columns[number]
        (cells,) = _cells(source, self._row([column]), self.length)
        if not column.form.repeat:
            return np.zeros((self.length, 2), np.int64)
        found = cells.astype(np.int64)
        lengths, starts = found[:, 0], found[:, 1]
        is_bits, most = column.form.letter == "X", max(0, self.end - self.heap)
        sizes = -(-lengths // 8) if is_bits else lengths * SIZES[column.form.letter]
        # the first: a product of 64 bits could overflow
        beyond = (lengths > 8 * most) | (starts > most) | (starts + sizes > most)
        wrong = (lengths < 0) | ((lengths > 0) & ((starts < 0) | beyond))
        if wrong.any():
            length, start = found[int(np.argmax(wrong))].tolist()
            raise out_of_heap(column, length, start, most)
        return found

    def heap_of(self, source: Source) -> memoryview:
        """Return the heap, which follows the rows, perhaps after a gap."""
        rows = self.width * self.length
        if self.heap < rows:
            raise FormatterError(f"the heap begins at {self.heap}, before the rows end at {rows}")
        return _bytes(source, self.heap, max(0, self.end - self.heap))

    def _row(self, columns: Sequence[Column]) -> np.dtype[Any]:
        """Return the dtype of a row with only some columns."""
        return np.dtype(
            {
                "names": [str(column.number) for column in columns],
                "formats": [column.form.raw for column in columns],
                "offsets": [column.start for column in columns],
                "itemsize": self.width,
            }
        )


def _damaged(error: Exception) -> FormatterError:
    return FormatterError(f"a binary table is damaged: {told(error)}")


def _cells(source: Source, row: np.dtype[Any], length: int) -> list[NDArray[Any]]:
    """Return the cells of a row's columns, in native byte order."""
    names = row.names or ()
    stored = [row[name] for name in names]
    cells = [np.empty((length, *raw.shape), raw.base.newbyteorder("=")) for raw in stored]
    step = max(1, _BLOCK // max(1, row.itemsize))
    for start in range(0, length if names and row.itemsize else 0, step):
        stop = min(start + step, length)
        content = _bytes(source, start * row.itemsize, (stop - start) * row.itemsize)
        block = np.frombuffer(content, row)
        for name, column in zip(names, cells, strict=True):
            column[start:stop] = block[name]
    return cells


def _bytes(source: Source, start: int, size: int) -> memoryview:
    if isinstance(source, Stream):
        source.file.seek(source.offset + start)
        content = memoryview(source.file.read(size))
    else:
        content = memoryview(source)[start : start + size]
    if len(content) < size:
        raise FormatterError(f"it is truncated: {size - len(content)} bytes are missing")
    return content
