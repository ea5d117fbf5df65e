"""Binary tables of FITS, from bytes to columns, as archives need them.

Strings as they were written, flags by name.

astropy joins strings of varying length from characters of which the blanks are lost (afw-files 8,
10), and takes a thousand times as long for a table of one row. Source of the format: FITS Standard
4.0, section 7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.files.fits_headers import Part

_FORM = re.compile(r"(\d*)([PQ]?)([LXBIJKAEDCM])(?:\(\d*\))?.*")
# afw takes every 16-bit column for unsigned. Source: afw-files 3.1.
_TYPES = {
    letter: np.dtype(code)
    for letter, code in {
        "L": "S1",
        "B": "u1",
        "A": "u1",
        "I": ">u2",
        "J": ">i4",
        "K": ">i8",
        "E": ">f4",
        "D": ">f8",
        "C": ">c8",
        "M": ">c16",
        "P": ">i4",
        "Q": ">i8",
    }.items()
}
_SIGN = 1 << 15


class _Form(NamedTuple):
    """How one column lies in the rows."""

    number: int
    name: str
    repeat: int
    pointer: str
    letter: str
    zero: int
    start: int

    @property
    def width(self) -> int:
        """The bytes of a cell; of one that lies in the heap, those of its place."""
        if self.pointer:
            return 2 * self.repeat * _TYPES[self.pointer].itemsize
        return (
            -(-self.repeat // 8)
            if self.letter == "X"
            else self.repeat * _TYPES[self.letter].itemsize
        )


def columns(part: Part) -> dict[str, Any]:
    """Take a binary table apart.

    Returns
    -------
    columns : `dict`
        By name: an array, of one more dimension if a cell holds several numbers; a list of `str`; a
        list of arrays where cells differ in length. A column of flags gives a boolean array for
        each flag, by the flag's name.

    Raises
    ------
    FormatterError
        If the table is damaged, or is none.
    """
    cards = part.cards
    if cards.get("XTENSION") != "BINTABLE":
        raise FormatterError(f"an HDU of kind {cards.get('XTENSION')} is no binary table")
    try:
        width, rows = cards["NAXIS1"], cards["NAXIS2"]
        cells = np.frombuffer(part.data, np.uint8, width * rows).reshape(rows, width)
        heap = part.data[cards.get("THEAP", width * rows) :]
        found: dict[str, Any] = {}
        for form in _forms(cards):
            found |= _column(form, cards, cells[:, form.start : form.start + form.width], heap)
        return found
    except (LookupError, TypeError, ValueError) as error:
        raise FormatterError(
            f"a binary table is damaged: {type(error).__name__}: {error}"
        ) from error


def _forms(cards: Mapping[str, Any]) -> Iterator[_Form]:
    start = 0
    for number in range(1, cards["TFIELDS"] + 1):
        match = _FORM.fullmatch(cards[f"TFORM{number}"].strip())
        if match is None:
            raise ValueError(f"TFORM{number} = {cards[f'TFORM{number}']!r}")
        name, zero = cards.get(f"TTYPE{number}", f"column {number}"), cards.get(f"TZERO{number}", 0)
        form = _Form(number, name, int(match[1] or 1), match[2], match[3], zero, start)
        if (
            zero not in ((0, _SIGN) if form.letter == "I" else (0,))
            or cards.get(f"TSCAL{number}", 1) != 1
        ):
            raise ValueError(f"column {name} is scaled, which afw's tables are not")
        start += form.width
        if start > cards["NAXIS1"]:
            raise ValueError(f"rows end before column {name} does")
        yield form


def _column(
    form: _Form, cards: Mapping[str, Any], cells: NDArray[np.uint8], heap: memoryview
) -> dict[str, Any]:
    cells = np.ascontiguousarray(cells)
    if not form.repeat:
        return {form.name: np.zeros((len(cells), 0), _TYPES[form.letter])}
    if form.pointer:
        places = cells.view(_TYPES[form.pointer])
        return {
            form.name: [_far(form, heap, int(length), int(offset)) for length, offset in places]
        }
    if form.letter == "X":
        return _bits(form, cards, np.unpackbits(cells, axis=1, count=form.repeat).astype(bool))
    if form.letter == "A":
        return {form.name: [_text(row.tobytes()).rstrip(" ") for row in cells]}
    values = _numbers(form, cells.view(_TYPES[form.letter]))
    if form.repeat == 2 and cards.get(f"TCCLS{form.number}") == "Point":
        # Old files have points in one cell; newer ones, a column for each number. Source: afw-files
        # 3.2.
        return {f"{form.name}_x": values[:, 0], f"{form.name}_y": values[:, 1]}
    return {form.name: values[:, 0] if form.repeat == 1 else values}


def _far(form: _Form, heap: memoryview, length: int, offset: int) -> Any:
    """Read a cell that lies in the heap."""
    dtype = _TYPES[form.letter]
    size = length * dtype.itemsize
    if length < 0 or offset < 0 or offset + size > len(heap):
        raise ValueError(
            f"a cell of {form.name} is not in the heap: {length} elements from byte {offset}"
        )
    content = heap[offset : offset + size]
    return (
        _text(bytes(content))
        if form.letter == "A"
        else _numbers(form, np.frombuffer(content, dtype))
    )


def _numbers(form: _Form, raw: Any) -> Any:
    """Return numbers in native byte order, 16-bit ones without the offset of their sign."""
    if form.letter == "L":
        return np.equal(raw, b"T")
    native = raw.astype(raw.dtype.newbyteorder("="))
    return native ^ np.uint16(form.zero) if form.zero else native


def _bits(form: _Form, cards: Mapping[str, Any], bits: NDArray[np.bool_]) -> dict[str, Any]:
    """Give afw's column of flags by the flags' names; any other as it is."""
    if cards.get("FLAGCOL") != form.number:
        return {form.name: bits}
    return {cards[f"TFLAG{bit}"]: bits[:, bit - 1] for bit in range(1, form.repeat + 1)}


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")
