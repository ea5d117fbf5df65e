"""Columns of FITS binary tables, as the cards of a header describe them.

Source of the format: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from persistence.errors import FormatterError

# The letter of a column's format -> the dtype of its elements.
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
SIZES: Mapping[str, int] = {
    letter: np.dtype(code).itemsize for letter, code in {**DTYPES, **_POINTERS}.items()
}
# Only cells in the heap state a longest length. Other characters after the letter have no meaning
# in the standard: a column with them is unknown.
_FORM = re.compile(r"(\d*)(?:([PQ])([LXABIJKEDCM])(?:\(\d*\))?|([LXABIJKEDCM]))")


@dataclass(frozen=True, slots=True)
class Form:
    """The format of a column.

    Attributes
    ----------
    letter : `str`
        The type of its elements: a key of `DTYPES`.
    repeat : `int`
        Elements per cell; if ``pointer``, descriptors per cell: 0 or 1.
    pointer : `str`
        ``P`` or ``Q`` if the elements are in the heap; else empty.
    """

    letter: str
    repeat: int
    pointer: str = ""

    @classmethod
    def parse(cls, text: str) -> Form:
        """Return the format that a ``TFORM`` card states.

        Parameters
        ----------
        text : `str`
            The card's value, such as ``2J`` or ``1PE(100)``.

        Raises
        ------
        FormatterError
            If the standard has no such format.
        """
        return _parsed(text)

    @property
    def width(self) -> int:
        """Bytes per cell in the row."""
        if self.pointer:
            return 2 * self.repeat * SIZES[self.pointer]
        if self.letter == "X":
            return -(-self.repeat // 8)
        return self.repeat * SIZES[self.letter]

    @property
    def raw(self) -> np.dtype[Any]:
        """The dtype of a cell as stored in the file."""
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
        First byte of its cells in their rows.
    zero, scale : number
        ``TZERO`` and ``TSCAL``: values are ``zero + scale * stored``.
    null : `int` or None
        The stored number that means null.
    sizes : `tuple` [`int`]
        The dimensions of a cell in numpy's order; empty if it has none or one.
    """

    number: int
    name: str
    form: Form
    start: int
    zero: Any
    scale: Any
    null: Any
    sizes: tuple[int, ...]


def parse_columns(cards: Mapping[str, Any], width: int) -> dict[int, Column]:
    """Return the columns that a header describes, by number.

    Parameters
    ----------
    cards : mapping
        The header of a binary table.
    width : `int`
        Bytes per row.

    Raises
    ------
    FormatterError
        If a format is unknown, or the columns are wider than a row.
    LookupError
        If a card is missing.
    TypeError
        If a card has a value of another type.
    ValueError
        If a card has an invalid value.
    """
    described, start = {}, 0
    for number in range(1, cards["TFIELDS"] + 1):
        described[number] = column = _column(cards, number, start)
        start += column.form.width
        if start > width:
            raise FormatterError(
                f"rows end before column {column.name} does: its cells end at byte {start} of "
                f"{width}"
            )
    return described


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
    """Return the dimensions of a cell of several numbers, from ``TDIM``."""
    text = str(cards.get(f"TDIM{number}", ""))
    sizes = tuple(int(size) for size in reversed(re.findall(r"\d+", text)))
    if math.prod(sizes) > form.repeat:
        raise FormatterError(f"TDIM{number} = {text!r} is too large for {form.repeat} elements")
    return sizes if len(sizes) > 1 else ()
