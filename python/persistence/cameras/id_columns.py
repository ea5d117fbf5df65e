"""Columns of values of data IDs as arrays: integers that are checked, and text by distinct values.

Errors name the first row that is wrong, counted from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.dataids.dataid import cast, plain
from persistence.errors import DataIdError

Integers = NDArray[np.int64]
# Integers are kept as int64.
MOST_BITS = 63
_EXACT = 2.0**53
_BUCKET_BITS = 20
# Multipliers of hashes of text: if two texts share a bucket by one of them, the next is tried.
_FACTORS = tuple(map(np.uint32, (1_000_003, 16_777_619, 92_821)))
_GOLDEN = np.uint32(2_654_435_761)  # 2^32 over the golden ratio, prime
# Shorter columns are sorted.
_FEW = 4096


def integers(key: str, column: Any, size: int = 1 << MOST_BITS, is_date: bool = True) -> Integers:
    """Return a column of integers as an array of int64.

    Parameters
    ----------
    key : `str`
        Its name, for messages.
    column : array_like
        Integers of any type, floats without fractions, or text that consists of digits; the number
        of a date is that of its digits.
    size : `int`, optional
        The integers are below this.
    is_date : `bool`, optional
        Whether hyphens between digits are ignored.

    Raises
    ------
    DataIdError
        If a value is masked, a boolean, NaN, has a fraction, is negative or too large.
    """
    array = unmasked(key, column)
    kind = array.dtype.kind
    if kind == "b":
        raise DataIdError(f"{key}: expected integers, not booleans")
    if kind == "f":
        with np.errstate(invalid="ignore"):
            bad = ~(np.isfinite(array) & (array == np.trunc(array)) & (abs(array) < _EXACT))
        refuse(key, array, bad, "is not an integer")
    elif kind in "OUS":
        array = _parsed(key, array, is_date)
    elif kind not in "iu":
        raise DataIdError(f"{key}: expected integers, not {array.dtype}")
    if array.size and (int(array.min()) < 0 or int(array.max()) >= size):
        bad = (array < 0) | (array >= np.uint64(size) if array.dtype.kind == "u" else array >= size)
        refuse(key, array, bad, f"is not in the range from 0 to {size - 1}")
    return np.asarray(array, np.int64)


def unmasked(key: str, column: Any) -> NDArray[Any]:
    """Return a column as an array.

    Raises
    ------
    DataIdError
        If a value is masked or None.
    """
    mask = np.ma.getmaskarray(column) if np.ma.isMaskedArray(column) else None
    array = np.asarray(column)
    if mask is not None:
        refuse(key, array, np.asarray(mask), "is masked")
    return array


def distinct(array: NDArray[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the distinct values of an array of text, and the position in them of each element.

    Equal texts fall into one bucket of a hash; sorting 10^7 texts would take a second.
    """
    flat = np.ascontiguousarray(np.ravel(array))
    width = flat.dtype.itemsize // 4
    if flat.size < _FEW or flat.dtype.kind != "U" or not width:
        values, inverse = np.unique(flat, return_inverse=True)
        return values.tolist(), inverse.reshape(np.shape(array))
    characters = flat.view(np.uint32).reshape(flat.size, width)
    for factor in _FACTORS:
        hashes = characters[:, 0].copy()
        for number in range(1, width):
            hashes *= factor
            hashes ^= characters[:, number]
        buckets = (hashes * _GOLDEN) >> np.uint32(32 - _BUCKET_BITS)
        members = np.full(1 << _BUCKET_BITS, -1, np.int64)
        members[buckets] = np.arange(flat.size)
        used = np.flatnonzero(members >= 0)
        chosen = flat[members[used]]
        numbers = np.zeros(1 << _BUCKET_BITS, np.int64)
        numbers[used] = np.arange(used.size)
        inverse = numbers[buckets]
        if (chosen[inverse] == flat).all():
            return chosen.tolist(), inverse.reshape(np.shape(array))
    values, inverse = np.unique(flat, return_inverse=True)  # texts share buckets
    return values.tolist(), inverse.reshape(np.shape(array))


def mapped(key: str, column: Any, number: Callable[[Any], int]) -> Integers:
    """Return the number of each value of a column of text, by one call for each distinct value.

    Raises
    ------
    DataIdError
        If the function raises one; the row is added to the message.
    """
    array = unmasked(key, column)
    if array.dtype.kind == "S":
        array = array.astype("U")
    if array.dtype.kind == "O":
        texts = [value.decode() if isinstance(value, bytes) else value for value in array.flat]
        odd = [place for place, value in enumerate(texts) if not isinstance(value, str)]
        if odd:
            raise DataIdError(f"{at(array, odd[0])}{key}={texts[odd[0]]!r}: expected text")
        array = np.array(texts, dtype=str).reshape(array.shape)
    if array.dtype.kind != "U":
        raise DataIdError(f"{key}: expected text, not {array.dtype}")
    values, inverse = distinct(array)
    numbers = np.zeros(len(values), np.int64)
    for position, value in enumerate(values):
        try:
            numbers[position] = number(value)
        except DataIdError as error:
            place = int(np.flatnonzero(np.ravel(inverse) == position)[0])
            raise type(error)(f"{at(array, place)}{error}") from None
    return numbers[inverse]


def _parsed(key: str, array: NDArray[Any], is_date: bool) -> Integers:
    """Return the integers that an array of text or objects contains."""
    values = np.empty(array.size, np.int64)
    for position, value in enumerate(array.flat):
        text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
        if isinstance(text, str) and is_date and not text.startswith("-"):
            text = text.replace("-", "")
        try:
            if isinstance(value, bool | np.bool):
                raise DataIdError(f"{key}={value!r}: expected an integer, not a boolean")
            values[position] = cast(key, plain(text), int)
        except (DataIdError, OverflowError) as error:
            raise DataIdError(f"{at(array, position)}{error}") from None
    return values.reshape(array.shape)


def refuse(key: str, array: NDArray[Any], bad: NDArray[np.bool], why: str) -> None:
    """Raise DataIdError for the first bad value, if there is one."""
    if bad.any():
        index = first(bad)
        value = "" if why == "is masked" else f"={array[index]}"
        raise DataIdError(f"{row(array, index)}{key}{value} {why}")


def first(flags: Any) -> tuple[int, ...]:
    """Return the index of the first true flag."""
    where = np.unravel_index(int(np.argmax(flags)), np.shape(flags))
    return tuple(int(index) for index in where)


def at(array: NDArray[Any], place: int) -> str:
    """Return the beginning of a message about an element, by its place in the flat array."""
    index = np.unravel_index(place, array.shape) if array.ndim else ()
    return row(array, tuple(int(number) for number in index))


def row(array: NDArray[Any], index: tuple[int, ...]) -> str:
    """Return the beginning of a message about an element of an array."""
    if not array.ndim:
        return ""
    return f"row {index[0] if array.ndim == 1 else index}: "
