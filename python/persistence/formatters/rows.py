"""Binary tables of FITS, from bytes to columns.

Those that are asked for, in one pass, in blocks that fit the cache.

astropy loses the blanks of strings whose length varies (afw-files 8, 10), and decodes every column
of a table. Source of the format: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError

_FORM = re.compile(r"(\d*)([PQ]?)([LXABIJKEDCM])(?:\(\d*\))?\s*")
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
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Form:
    """The format of a column.

    Attributes
    ----------
    letter : `str`
        What its elements are: a key of `DTYPES`.
    repeat : `int`
        How many a cell holds; of descriptors, if ``pointer``.
    pointer : `str`
        ``P`` or ``Q`` if the elements lie in the heap; else empty.
    """

    letter: str
    repeat: int
    pointer: str = ""

    @classmethod
    def parse(cls, text: str) -> Form:
        """Read the value of a ``TFORM`` card."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise FormatterError(f"{text!r} is no format of a column")
        return cls(match[3], int(match[1] or 1), match[2])

    @property
    def raw(self) -> np.dtype[Any]:
        """The type of a cell as it lies in the file."""
        if self.pointer:
            return np.dtype((_POINTERS[self.pointer], (2 * self.repeat,)))
        if self.letter == "X":
            return np.dtype(("u1", (-(-self.repeat // 8),)))
        if self.letter == "A":
            return np.dtype(f"S{self.repeat}") if self.repeat else np.dtype(("u1", (0,)))
        return (
            np.dtype(DTYPES[self.letter])
            if self.repeat == 1
            else np.dtype((DTYPES[self.letter], (self.repeat,)))
        )


def read(hdu: Any, header: Mapping[str, Any], wanted: Iterable[int], length: int) -> dict[int, Any]:
    """Read columns of a binary table.

    Parameters
    ----------
    hdu : `astropy.io.fits.BinTableHDU`
        An HDU of a file that is open.
    header : mapping
        Its header.
    wanted : iterable of `int`
        The columns' numbers, counted from 1.
    length : `int`
        How many rows to read, from the first.

    Returns
    -------
    columns : `dict` [`int`, array]
        Numbers in the machine's own order of bytes, masked where they are ``TNULL``; texts; objects
        where cells differ in length. A column of bits gives a boolean array of shape (bits, rows).

    Raises
    ------
    FormatterError
        If the table is truncated, or its header does not fit its rows.
    """
    forms = [
        Form.parse(str(header[f"TFORM{number}"])) for number in range(1, header["TFIELDS"] + 1)
    ]
    starts = np.cumsum([0, *(form.raw.itemsize for form in forms)])
    width, every = header["NAXIS1"], header["NAXIS2"]
    if starts[-1] > width:
        raise FormatterError(f"the columns need {starts[-1]} bytes, and rows have {width}")
    chosen = sorted(set(wanted))
    row = np.dtype(
        {
            "names": [str(number) for number in chosen],
            "formats": [forms[number - 1].raw for number in chosen],
            "offsets": [starts[number - 1] for number in chosen],
            "itemsize": width,
        }
    )
    info = hdu.fileinfo()
    raw = _raw(info, row, length)
    heap = b""
    if length and any(forms[number - 1].pointer for number in chosen):
        gap = header.get("THEAP", width * every) - width * every
        heap = _bytes(info, width * every, header["PCOUNT"])[gap:]
    return {
        number: _decoded(raw[str(number)], forms[number - 1], _cards(header, number), heap)
        for number in chosen
    }


def _raw(info: Any, row: np.dtype[Any], length: int) -> dict[str, NDArray[Any]]:
    """Take the columns out of the rows.

    Of bits, the bytes come first, so that each flag lies in one piece.
    """
    names = row.names or ()
    found = {
        name: np.empty((length, *row[name].shape), row[name].base.newbyteorder("="))
        for name in names
    }
    step = max(1, _BLOCK // max(1, row.itemsize))
    for start in range(0, length if names else 0, step):
        stop = min(start + step, length)
        block = np.frombuffer(
            _bytes(info, start * row.itemsize, (stop - start) * row.itemsize), row
        )
        for name in names:
            found[name][start:stop] = block[name]
    return found


def _bytes(info: Any, offset: int, size: int) -> bytes:
    if not size:
        return b""
    stream = info["file"]
    stream.seek(info["datLoc"] + offset)
    content: bytes = stream.read(size)
    if len(content) < size:
        raise FormatterError(f"it is truncated: {size - len(content)} bytes are missing")
    return content


@dataclass(frozen=True, slots=True)
class _Cards:
    """The cards of a column that say how its numbers are stored."""

    zero: Any
    scale: Any
    null: Any
    shape: tuple[int, ...]


def _cards(header: Any, number: int) -> _Cards:
    dimensions = re.findall(r"\d+", str(header.get(f"TDIM{number}", "")))
    return _Cards(
        header.get(f"TZERO{number}", 0),
        header.get(f"TSCAL{number}", 1),
        header.get(f"TNULL{number}"),
        tuple(int(size) for size in reversed(dimensions)),
    )


def _decoded(raw: NDArray[Any], form: Form, cards: _Cards, heap: bytes) -> Any:
    if form.pointer:
        return _far(raw, form, cards, heap)
    if form.letter == "X":
        bits = np.unpackbits(np.ascontiguousarray(raw.T), axis=0, count=form.repeat)
        return bits.view(bool)
    if form.letter == "A":
        return _texts(raw) if form.repeat else np.zeros(len(raw), "U1")
    values = _numbers(raw, form.letter, cards)
    return values.reshape(len(raw), *cards.shape) if len(cards.shape) > 1 else values


def _numbers(raw: NDArray[Any], letter: str, cards: _Cards) -> Any:
    if letter == "L":
        return raw == b"T"
    null = None if cards.null is None or letter not in "BIJK" else raw == cards.null
    values: Any = raw
    if cards.scale != 1:
        values = raw * float(cards.scale) + cards.zero
    elif cards.zero:
        values = _offset(raw, cards.zero)
    return values if null is None or not null.any() else np.ma.array(values, mask=null)


def _offset(raw: NDArray[Any], zero: Any) -> Any:
    """Add an offset; a sign's offset gives unsigned numbers (FITS Standard 4.0, table 19)."""
    size = raw.dtype.itemsize
    if raw.dtype.kind == "i" and zero == 1 << (8 * size - 1):
        return (raw ^ raw.dtype.type(-(1 << (8 * size - 1)))).view(f"u{size}")
    if raw.dtype.kind == "u" and zero == -128:
        return (raw ^ np.uint8(128)).view("i1")
    return raw + np.float64(zero)


def _texts(raw: NDArray[Any]) -> NDArray[np.str_]:
    """Decode texts; blanks at their ends are filling, and so is what follows a NUL."""
    ascii_only = not raw.size or int(raw.view("u1").max()) < 128
    texts = (
        raw.astype(f"U{raw.dtype.itemsize}")
        if ascii_only
        else np.char.decode(raw, "utf-8", "replace")
    )
    if raw.size and (np.char.find(raw, b"\0") >= 0).any():
        texts = np.array([text.partition("\0")[0] for text in texts.tolist()])
    return np.char.rstrip(texts, " ")


def _far(raw: NDArray[Any], form: Form, cards: _Cards, heap: bytes) -> Any:
    """Read cells that lie in the heap."""
    descriptors = raw.reshape(-1, 2) if form.repeat else np.zeros((len(raw), 2), int)
    cells = [_cell(int(length), int(offset), form, cards, heap) for length, offset in descriptors]
    if form.letter == "A":
        return np.array(cells, dtype=str)
    found = np.empty(len(cells), dtype=object)
    # all at once, numpy would make one array of cells of one length
    for row, cell in enumerate(cells):
        found[row] = cell
    return found


def _cell(length: int, offset: int, form: Form, cards: _Cards, heap: bytes) -> Any:
    dtype = np.dtype(DTYPES[form.letter])
    stop = offset + length * dtype.itemsize
    if length < 0 or offset < 0 or stop > len(heap):
        raise FormatterError(f"a cell lies at {offset} to {stop} of a heap of {len(heap)} bytes")
    content = heap[offset:stop]
    if form.letter == "A":
        return content.partition(b"\0")[0].decode("utf-8", "replace")
    return _numbers(
        np.frombuffer(content, dtype).astype(dtype.newbyteorder("=")), form.letter, cards
    )
