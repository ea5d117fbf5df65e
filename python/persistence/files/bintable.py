"""Binary tables of FITS, from bytes to columns.

Those columns that are wanted, in one pass, in blocks that fit the cache.

astropy joins texts of varying length from characters of which the blanks are lost (afw-files 8,
10), decodes every column of a table, and takes a thousand times as long for a table of one row.
Source of the format: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError, told

# The letters of a column's format, and what its elements are.
DTYPES: Mapping[str, str] = {
    "L": "S1",
    "X": "u1",
    "A": "S1",
    "B": "u1",
    "I": ">i2",
    "J": ">i4",
    "K": ">i8",
    "E": ">f4",
    "D": ">f8",
    "C": ">c8",
    "M": ">c16",
}
_POINTERS: Mapping[str, str] = {"P": ">i4", "Q": ">i8"}
_SIZES: Mapping[str, int] = {
    letter: np.dtype(code).itemsize for letter, code in {**DTYPES, **_POINTERS}.items()
}
# A longest length is told of cells in the heap alone. Other characters that follow the letter have
# no meaning in the standard, so that a column with them is not known.
_FORM = re.compile(r"(\d*)(?:([PQ])([LXABIJKEDCM])(?:\(\d*\))?|([LXABIJKEDCM]))")
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
        A file of bytes that can be read at any position.
    offset : `int`
        The position of the table's first row.
    """

    file: _File
    offset: int


Source = bytes | memoryview | Stream


@dataclass(frozen=True, slots=True)
class Form:
    """The format of a column.

    Attributes
    ----------
    letter : `str`
        What its elements are: a key of `DTYPES`.
    repeat : `int`
        How many a cell holds; of descriptors, 0 or 1, if ``pointer``.
    pointer : `str`
        ``P`` or ``Q`` if the elements lie in the heap; else empty.
    """

    letter: str
    repeat: int
    pointer: str = ""

    @classmethod
    def parse(cls, text: str) -> Form:
        """Return the format that is the value of a ``TFORM`` card.

        Raises
        ------
        FormatterError
            If the standard has no such format.
        """
        return _parsed(text)

    @property
    def width(self) -> int:
        """How many bytes a cell takes in its row."""
        if self.pointer:
            return 2 * self.repeat * _SIZES[self.pointer]
        if self.letter == "X":
            return -(-self.repeat // 8)
        return self.repeat * _SIZES[self.letter]

    @property
    def raw(self) -> np.dtype[Any]:
        """The type of a cell as it lies in the file."""
        if self.pointer:
            return np.dtype((_POINTERS[self.pointer], (2 * self.repeat,)))
        if self.letter == "X":
            return np.dtype(("u1", (self.width,)))
        if self.letter == "A":
            return np.dtype(f"S{self.repeat}") if self.repeat else np.dtype(("u1", (0,)))
        return (
            np.dtype(DTYPES[self.letter])
            if self.repeat == 1
            else np.dtype((DTYPES[self.letter], (self.repeat,)))
        )


@functools.lru_cache(512)
def _parsed(text: str) -> Form:
    match = _FORM.fullmatch(text.strip())
    form = Form(match[3] or match[4], int(match[1] or 1), match[2] or "") if match else None
    if form is None or (form.pointer and form.repeat > 1):
        raise FormatterError(f"{text!r} is not a format of a binary table's column")
    return form


class Column(NamedTuple):
    """A column as its cards describe it.

    Attributes
    ----------
    number : `int`
        Its number, counted from 1.
    name : `str`
        Its ``TTYPE``, or ``column <number>`` if it has none.
    form : `Form`
        Its format.
    start : `int`
        Where its cells begin in their rows.
    zero, scale : number
        What is added to stored numbers, and before that multiplied with them.
    null : `int` or None
        The stored number that stands for none.
    sizes : `tuple` [`int`]
        The dimensions of a cell, as numpy has them; empty if it has none or one.
    """

    number: int
    name: str
    form: Form
    start: int
    zero: Any
    scale: Any
    null: Any
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A binary table as its header describes it.

    Attributes
    ----------
    width : `int`
        The bytes of a row.
    length : `int`
        The number of rows.
    heap : `int`
        Where the heap begins, counted from the first row.
    end : `int`
        Where the heap ends.
    columns : mapping [`int`, `Column`]
        Its columns by number.
    """

    width: int
    length: int
    heap: int
    end: int
    columns: Mapping[int, Column]

    @classmethod
    def parse(cls, cards: Mapping[str, Any]) -> Table:
        """Return the table that a header describes.

        Raises
        ------
        FormatterError
            If it lacks a card, contradicts itself, or has a format that is not known.
        """
        try:
            width, length = cards["NAXIS1"], cards["NAXIS2"]
            heap, end = cards.get("THEAP", width * length), width * length + cards["PCOUNT"]
            return cls(width, length, heap, end, _columns(cards, width))
        except (LookupError, TypeError, ValueError) as error:
            raise _damaged(error) from error

    def read(
        self, source: Source, wanted: Iterable[int] | None = None, *, empty: bool = False
    ) -> dict[int, Any]:
        """Read columns.

        Parameters
        ----------
        source : `bytes`, `memoryview` or `Stream`
            The table's data: rows and heap.
        wanted : iterable of `int`, optional
            The columns' numbers; by default all.
        empty : `bool`, optional
            Whether to read no rows.

        Returns
        -------
        columns : `dict` [`int`, array]
            By number, in order. Numbers are in the machine's own order of bytes, masked where they
            are null; texts are without the blanks that fill them; cells that lie in the heap are
            objects, or texts. A column of bits gives a boolean array of shape (bits, rows).

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
                heap = self._heap(source)
            return {
                column.number: _decoded(raw, column, heap)
                for column, raw in zip(chosen, cells, strict=True)
            }
        except (LookupError, TypeError, ValueError) as error:
            raise _damaged(error) from error

    def _heap(self, source: Source) -> memoryview:
        """Return the heap, which lies behind the rows, perhaps behind a gap."""
        rows = self.width * self.length
        if self.heap < rows:
            raise FormatterError(f"the heap begins at {self.heap}, before the rows end at {rows}")
        return _bytes(source, self.heap, max(0, self.end - self.heap))

    def _row(self, columns: Sequence[Column]) -> np.dtype[Any]:
        """Return the type of a row of which some columns are wanted."""
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


def _columns(cards: Mapping[str, Any], width: int) -> dict[int, Column]:
    columns, start = {}, 0
    for number in range(1, cards["TFIELDS"] + 1):
        columns[number] = column = _column(cards, number, start)
        start += column.form.width
        if start > width:
            raise FormatterError(
                f"rows end before column {column.name} does: its cells end at byte {start} of "
                f"{width}"
            )
    return columns


def _column(cards: Mapping[str, Any], number: int, start: int) -> Column:
    text, name = str(cards[f"TFORM{number}"]), str(cards.get(f"TTYPE{number}", f"column {number}"))
    try:
        form = Form.parse(text)
    except FormatterError as error:
        raise FormatterError(f"TFORM{number} = {error}") from None
    scaled, null = form.letter not in "LXA", form.letter in "BIJK"
    return Column(
        number,
        name,
        form,
        start,
        cards.get(f"TZERO{number}", 0) if scaled else 0,
        cards.get(f"TSCAL{number}", 1) if scaled else 1,
        cards.get(f"TNULL{number}") if null else None,
        _sizes(cards, number, form) if scaled and form.repeat > 1 else (),
    )


def _sizes(cards: Mapping[str, Any], number: int, form: Form) -> tuple[int, ...]:
    """Return the dimensions that ``TDIM`` gives to a cell of several numbers."""
    text = str(cards.get(f"TDIM{number}", ""))
    sizes = tuple(int(size) for size in reversed(re.findall(r"\d+", text)))
    if math.prod(sizes) > form.repeat:
        raise FormatterError(f"TDIM{number} = {text!r} is too large for {form.repeat} elements")
    return sizes if len(sizes) > 1 else ()


def _cells(source: Source, row: np.dtype[Any], length: int) -> list[NDArray[Any]]:
    """Return the cells of a row's columns, in the machine's own order of bytes."""
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


def _decoded(raw: NDArray[Any], column: Column, heap: memoryview) -> Any:
    form = column.form
    if form.pointer:
        return _far(raw, column, heap)
    if form.letter == "X":
        return _bits(raw.T, form.repeat)
    if form.letter == "A":
        return _texts(raw) if form.repeat else np.zeros(len(raw), "U1")
    values = _numbers(raw, column)
    if column.sizes:
        # elements beyond the dimensions are filling
        values = values[:, : math.prod(column.sizes)].reshape(len(values), *column.sizes)
    return values


def _numbers(raw: NDArray[Any], column: Column) -> Any:
    if column.form.letter == "L":
        return raw == b"T"
    null = None if column.null is None else raw == column.null
    values: Any = raw
    if column.scale != 1:
        values = raw * float(column.scale) + column.zero
    elif column.zero:
        values = _offset(raw, column.zero)
    return values if null is None or not null.any() else np.ma.array(values, mask=null)


def _offset(raw: NDArray[Any], zero: Any) -> Any:
    """Add an offset; a sign's offset gives unsigned numbers (FITS Standard 4.0, table 19)."""
    size = raw.dtype.itemsize
    if raw.dtype.kind == "i" and zero == 1 << (8 * size - 1):
        return (raw ^ raw.dtype.type(-(1 << (8 * size - 1)))).view(f"u{size}")
    if raw.dtype.kind == "u" and zero == -128:
        return (raw ^ np.uint8(128)).view("i1")
    return raw + np.float64(zero)


def _bits(raw: NDArray[np.uint8], count: int) -> NDArray[np.bool_]:
    """Return bits along the first axis; the bytes come first, so that each lies in one piece."""
    return np.unpackbits(np.ascontiguousarray(raw), axis=0, count=count).view(bool)


def _texts(raw: NDArray[Any]) -> NDArray[np.str_]:
    """Decode texts; blanks at their ends are filling, and so is what follows a NUL."""
    if raw.tobytes().isascii():
        texts = raw.astype(f"U{raw.dtype.itemsize}")
    else:
        texts = np.char.decode(raw, "utf-8", "replace")
    if raw.size and (np.char.find(raw, b"\0") >= 0).any():
        texts = np.array([text.partition("\0")[0] for text in texts.tolist()])
    return np.char.rstrip(texts, " ")


def _far(raw: NDArray[Any], column: Column, heap: memoryview) -> Any:
    """Read cells that lie in the heap."""
    places = raw.tolist() if column.form.repeat else [(0, 0)] * len(raw)
    cells = [_cell(length, offset, column, heap) for length, offset in places]
    if column.form.letter == "A":
        return np.array(cells, dtype=str)
    found = np.empty(len(cells), dtype=object)
    # all at once, numpy would make one array of cells of one length
    for row, cell in enumerate(cells):
        found[row] = cell
    return found


def _cell(length: int, offset: int, column: Column, heap: memoryview) -> Any:
    letter = column.form.letter
    if not length:
        offset = 0  # that of an empty cell has no meaning
    stop = offset + (-(-length // 8) if letter == "X" else length * _SIZES[letter])
    if length < 0 or offset < 0 or stop > len(heap):
        raise FormatterError(
            f"a cell of {column.name} is not in the heap: {length} elements from byte {offset} of "
            f"{len(heap)}"
        )
    content = heap[offset:stop]
    if letter == "A":
        return bytes(content).partition(b"\0")[0].decode("utf-8", "replace")
    stored = np.frombuffer(content, DTYPES[letter])
    if letter == "X":
        return _bits(stored, length)
    return _numbers(stored.astype(stored.dtype.newbyteorder("=")), column)
