"""Binary tables of FITS, from bytes to columns, as archives need them: strings as they were written, flags by name.

astropy joins strings of varying length from characters of which the blanks are lost (afw-files 8, 10), and takes a
thousand times as long for a table of one row. Source of the format: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.headers import Part

_FORM = re.compile(r"(\d*)([PQ]?)([LXBIJKAEDCM])(?:\(\d*\))?.*")
# afw takes every 16-bit column for unsigned. Source: afw-files 3.1.
_TYPES: dict[str, Any] = {
    "L": "S1",
    "B": "u1",
    "I": ">u2",
    "J": ">i4",
    "K": ">i8",
    "E": ">f4",
    "D": ">f8",
    "C": ">c8",
    "M": ">c16",
}
_DESCRIPTORS = {"P": np.dtype(">i4"), "Q": np.dtype(">i8")}


def columns(part: Part) -> dict[str, Any]:
    """Take a binary table apart.

    Returns
    -------
    columns : `dict`
        By name: an array, of one more dimension if a cell holds several numbers; a list of `str`; a list of arrays
        where cells differ in length. A column of flags gives a boolean array for each flag, by the flag's name.

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
        start = 0
        for number in range(1, cards["TFIELDS"] + 1):
            column, start = _column(cards, number, cells, start, heap)
            found |= column
        return found
    except (LookupError, TypeError, ValueError) as error:
        raise FormatterError(f"a binary table is damaged: {type(error).__name__}: {error}") from error


def _column(
    cards: Any, number: int, cells: NDArray[np.uint8], start: int, heap: memoryview
) -> tuple[dict[str, Any], int]:
    match = _FORM.fullmatch(cards[f"TFORM{number}"].strip())
    if match is None:
        raise ValueError(f"TFORM{number}={cards[f'TFORM{number}']!r}")
    repeat, pointer, letter = int(match[1] or 1), match[2], match[3]
    name = cards.get(f"TTYPE{number}", f"col{number}")
    if pointer:
        width = repeat * 2 * _DESCRIPTORS[pointer].itemsize
    else:
        width = (
            -(-repeat // 8) if letter == "X" else repeat * (1 if letter == "A" else np.dtype(_TYPES[letter]).itemsize)
        )
    inside = np.ascontiguousarray(cells[:, start : start + width])
    if inside.shape[1] < width:
        raise ValueError(f"rows end before column {name}")
    zero = cards.get(f"TZERO{number}", 0)
    if zero not in ((0, 1 << 15) if letter == "I" else (0,)) or cards.get(f"TSCAL{number}", 1) != 1:
        raise ValueError(f"column {name} is scaled, which afw's tables are not")
    if pointer:
        descriptors = inside.view(_DESCRIPTORS[pointer]) if repeat else np.zeros((len(cells), 2), int)
        values: Any = [_far(heap, int(length), int(offset), letter, zero) for length, offset in descriptors]
        return {name: values}, start + width
    if letter == "X":
        return _bits(cards, number, name, np.unpackbits(inside, axis=1, count=repeat).astype(bool)), start + width
    if letter == "A":
        return {name: [_text(row.tobytes()).rstrip(" ") for row in inside]}, start + width
    values = _numbers(inside.view(_TYPES[letter]) if width else np.zeros((len(cells), 0)), letter, zero)
    return _named(cards, number, name, values[:, 0] if repeat == 1 else values), start + width


def _far(heap: memoryview, length: int, offset: int, letter: str, zero: Any) -> Any:
    """Read a cell that lies in the heap."""
    size = length * (1 if letter == "A" else np.dtype(_TYPES[letter]).itemsize)
    if length < 0 or offset < 0 or offset + size > len(heap):
        raise ValueError(f"a cell of {length} elements at {offset} is not in the heap of {len(heap)} bytes")
    content = heap[offset : offset + size]
    return _text(bytes(content)) if letter == "A" else _numbers(np.frombuffer(content, _TYPES[letter]), letter, zero)


def _numbers(raw: NDArray[Any], letter: str, zero: Any) -> Any:
    """Give numbers in the machine's own order of bytes, 16-bit ones without the offset of their sign."""
    if letter == "L":
        return np.equal(raw, b"T")
    native = raw.astype(raw.dtype.newbyteorder("="))
    return np.bitwise_xor(native, native.dtype.type(zero)) if zero else native


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def _bits(cards: Any, number: int, name: str, bits: NDArray[np.bool_]) -> dict[str, Any]:
    """Give afw's column of flags by the flags' names; any other as it is."""
    if cards.get("FLAGCOL") != number:
        return {name: bits}
    return {cards[f"TFLAG{bit}"]: bits[:, bit - 1] for bit in range(1, bits.shape[1] + 1)}


def _named(cards: Any, number: int, name: str, values: NDArray[Any]) -> dict[str, Any]:
    """Give points, which old files have in one cell, a column for each number, as newer files do (afw-files 3.2)."""
    if cards.get(f"TCCLS{number}") != "Point" or values.ndim != 2:
        return {name: values}
    return {f"{name}_x": values[:, 0], f"{name}_y": values[:, 1]}
