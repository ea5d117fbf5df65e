"""Cells of FITS binary tables: from stored bytes to numbers, texts and bits.

Source of the format: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.files.bintable_columns import DTYPES, SIZES, Column


def decode(raw: NDArray[Any], column: Column, heap: memoryview) -> Any:
    """Return the values of a column.

    Parameters
    ----------
    raw : `numpy.ndarray`
        The cells as stored in the rows, in native byte order.
    column : `Column`
        The column's description.
    heap : `memoryview`
        The table's heap, to which descriptors point.

    Returns
    -------
    values : array
        As described in `persistence.files.bintable.Table.read`.

    Raises
    ------
    FormatterError
        If a descriptor points outside of the heap.
    """
    form = column.form
    if form.pointer:
        return _far(raw, column, heap)
    if form.letter == "X":
        return _bits(raw.T, form.repeat)
    if form.letter == "A":
        return _texts(raw) if form.repeat else np.zeros(len(raw), "U1")
    values = _numbers(raw, column)
    if column.sizes:
        # elements beyond the dimensions are padding
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
    """Return values plus TZERO; the offset of unsigned integers is exact (FITS 4.0, table 19)."""
    size = raw.dtype.itemsize
    if raw.dtype.kind == "i" and zero == 1 << (8 * size - 1):
        return (raw ^ raw.dtype.type(-(1 << (8 * size - 1)))).view(f"u{size}")
    if raw.dtype.kind == "u" and zero == -128:
        return (raw ^ np.uint8(128)).view("i1")
    return raw + np.float64(zero)


def _bits(raw: NDArray[np.uint8], count: int) -> NDArray[np.bool_]:
    """Return bits along the first axis, so that each bit column is contiguous."""
    return np.unpackbits(np.ascontiguousarray(raw), axis=0, count=count).view(bool)


def _texts(raw: NDArray[Any]) -> NDArray[np.str_]:
    """Return decoded texts without trailing blanks, cut at a NUL."""
    if raw.tobytes().isascii():
        texts = raw.astype(f"U{raw.dtype.itemsize}")
    else:
        texts = np.char.decode(raw, "utf-8", "replace")
    if raw.size and (np.char.find(raw, b"\0") >= 0).any():
        texts = np.array([text.partition("\0")[0] for text in texts.tolist()])
    return np.char.rstrip(texts, " ")


def _far(raw: NDArray[Any], column: Column, heap: memoryview) -> Any:
    """Return cells that are stored in the heap."""
    places = raw.tolist() if column.form.repeat else [(0, 0)] * len(raw)
    cells = [_cell(length, offset, column, heap) for length, offset in places]
    if column.form.letter == "A":
        return np.array(cells, dtype=str)
    found = np.empty(len(cells), dtype=object)
    # one by one: numpy would join cells of equal length into one array
    for row, cell in enumerate(cells):
        found[row] = cell
    return found


def out_of_heap(column: Column, length: int, start: int, size: int) -> FormatterError:
    """Return the error for a descriptor that points outside of the heap."""
    return FormatterError(
        f"a cell of {column.name} is not in the heap: {length} elements from byte {start} of {size}"
    )


def _cell(length: int, offset: int, column: Column, heap: memoryview) -> Any:
    letter = column.form.letter
    if not length:
        offset = 0  # meaningless for an empty cell
    stop = offset + (-(-length // 8) if letter == "X" else length * SIZES[letter])
    if length < 0 or offset < 0 or stop > len(heap):
        raise out_of_heap(column, length, offset, len(heap))
    content = heap[offset:stop]
    if letter == "A":
        return bytes(content).partition(b"\0")[0].decode("utf-8", "replace")
    stored = np.frombuffer(content, DTYPES[letter])
    if letter == "X":
        return _bits(stored, length)
    return _numbers(stored.astype(stored.dtype.newbyteorder("=")), column)
