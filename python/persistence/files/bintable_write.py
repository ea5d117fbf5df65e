"""FITS binary tables as bytes, from columns, in the form and with the cards of afw's tables.

doc/gen2/afw-files.md 3.1 describes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.files.numbers import exact

_BLOCK = 2880
# Kind and, for floats, size in bytes -> the format's letter and the stored type.
_LETTERS = {"i": ("J", ">i4"), "f8": ("D", ">f8"), "f4": ("E", ">f4")}
# The version of afw's tables whose column names we write. Source: doc/gen2/afw-files.md 3.2.
_VERSION = 3


def table(columns: Mapping[str, NDArray[Any]], cards: Iterable[tuple[str, Any]]) -> bytes:
    """Return the bytes of a binary table.

    Parameters
    ----------
    columns : mapping of `str` to `numpy.ndarray`
        One element per row. Booleans become flags; integers have 32 bits; floats have 32 or 64, as
        they are; byte strings keep their width. Numbers may have a second dimension. Object arrays
        hold arrays of bytes of any length.
    cards : iterable of `tuple` [`str`, object]
        Keywords and values that follow those of the columns.

    Returns
    -------
    hdu : `bytes`
        Header and data, padded to blocks of 2880 bytes.
    """
    flags = {name: column for name, column in columns.items() if column.dtype == bool}
    rest = {name: column for name, column in columns.items() if column.dtype != bool}
    rows = len(next(iter(columns.values())))
    forms: list[tuple[str, Any]] = []
    fields = []
    if flags:
        forms += [("TTYPE1", "flags"), ("TFORM1", f"{len(flags)}X"), ("FLAGCOL", 1)]
        forms += [(f"TFLAG{bit}", name) for bit, name in enumerate(flags, 1)]
        fields.append(np.packbits(np.column_stack(list(flags.values())), axis=1))
    heap = b""
    for number, (name, column) in enumerate(rest.items(), 1 + len(fields)):
        if column.dtype == object:
            form, kind, field = _described(column, len(heap))
            heap += b"".join(cell.tobytes() for cell in column)
        else:
            form, kind, field = _field(column)
        forms += [(f"TTYPE{number}", name), (f"TFORM{number}", form), (f"TCCLS{number}", kind)]
        fields.append(field)
    data = np.hstack(fields)
    layout = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", data.shape[1]),
        ("NAXIS2", rows),
    ]
    counts = [("PCOUNT", len(heap)), ("GCOUNT", 1), ("TFIELDS", len(rest) + bool(flags))]
    header = header_of([*layout, *counts, *forms, *cards, ("AFW_TABLE_VERSION", _VERSION)])
    return header + _padded(data.tobytes() + heap, b"\0")


def _described(column: NDArray[Any], start: int) -> tuple[str, str, NDArray[np.uint8]]:
    """Return form, kind and bytes of the descriptors of a column in the heap.

    A descriptor is the length and the position of a cell.
    """
    lengths = [len(cell) for cell in column]
    places = np.array(list(zip(lengths, start + np.cumsum([0, *lengths[:-1]]), strict=True)), ">i8")
    return f"1QB({max(lengths)})", "Array", places.view(np.uint8).reshape(len(column), 16)


def _field(column: NDArray[Any]) -> tuple[str, str, NDArray[np.uint8]]:
    """Return the form of a column, afw's word for its kind, and its bytes, row by row."""
    if column.dtype.kind == "S":
        width = column.dtype.itemsize
        return (
            f"{width}A",
            "String",
            np.frombuffer(column.tobytes(), np.uint8).reshape(len(column), width),
        )
    kind = column.dtype.kind
    letter, code = _LETTERS[kind if kind == "i" else column.dtype.str[1:]]
    width = math.prod(column.shape[1:])  # -1 would be ambiguous for no rows
    cells = np.ascontiguousarray(exact(column.reshape(len(column), width), code))
    return (
        f"{cells.shape[1]}{letter}",
        "Array" if column.ndim > 1 else "Scalar",
        cells.view(np.uint8),
    )


def header_of(cards: Iterable[tuple[str, Any]]) -> bytes:
    """Return the bytes of a header, including END; values are short strings and numbers."""
    lines = [
        f"{f'{key:8}' if len(key) <= 8 else f'HIERARCH {key} '}= {_value(value)}"
        for key, value in cards
    ]
    return _padded("".join(f"{line:80}" for line in [*lines, "END"]).encode("ascii"), b" ")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return f"{'T' if value else 'F':>20}"
    return f"{value:>20}" if isinstance(value, int) else f"'{value:8}'"


def _padded(content: bytes, fill: bytes) -> bytes:
    return content + fill * (-len(content) % _BLOCK)
