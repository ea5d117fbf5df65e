"""The differences of two values: of plain data, arrays, and objects by their attributes."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Cards and entries that say when a file was written, or sum it up.
IGNORED = ("DATE", "CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM")
_LEVELS = 100
_Compare = Callable[[Any, Any, "How", str, int], Iterator[str]]


@dataclass(frozen=True, slots=True)
class How:
    """How values are compared.

    Attributes
    ----------
    rtol, atol : `float`
        Numbers may differ by ``atol + rtol * abs(b)``; for 0, they have to be equal. NaN equals
        NaN.
    ignore : `tuple` [`str`]
        Patterns of FITS cards, and of entries of mappings, that are not compared.
    """

    rtol: float = 0.0
    atol: float = 0.0
    ignore: tuple[str, ...] = IGNORED

    def ignores(self, name: str) -> bool:
        """Return whether a card or an entry is not compared."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.ignore)

    def are_close(self, one: float, other: float) -> bool:
        """Return whether two numbers are equal, or as close as is asked."""
        if one == other or (one != one and other != other):
            return True
        is_finite = math.isfinite(one) and math.isfinite(other)
        return is_finite and abs(one - other) <= self.atol + self.rtol * abs(other)


def differences(one: Any, other: Any, how: How, name: str = "", level: int = 0) -> Iterator[str]:
    """Yield what differs between two values.

    Parameters
    ----------
    one, other : object
        The values.
    how : `How`
        The tolerances, and what is ignored.
    name : `str`, optional
        What the values are called in the text.
    level : `int`, optional
        How deep they are in others.
    """
    if level > _LEVELS:
        yield f"{name} is too deep to be compared"
        return
    mine, yours = _kind(one), _kind(other)
    if mine is not yours:
        yield _both(name, one, other)
        return
    yield from mine(one, other, how, name, level)


def _kind(value: Any) -> _Compare:
    """Return what compares a value with another one of its kind."""
    return next((compare for types, compare in _KINDS if isinstance(value, types)), _of_objects)


def _of_plain(one: Any, other: Any, how: How, name: str, level: int) -> Iterator[str]:
    if type(one) is not type(other) or one != other:
        yield _both(name, one, other)


def _of_numbers(one: Any, other: Any, how: How, name: str, level: int) -> Iterator[str]:
    if not how.are_close(one, other):
        yield _both(name, one, other)


def _of_any_arrays(one: Any, other: Any, how: How, name: str, level: int) -> Iterator[str]:
    yield from of_arrays(np.asarray(one), np.asarray(other), how, name)


def _of_sequences(one: Any, other: Any, how: How, name: str, level: int) -> Iterator[str]:
    if len(one) != len(other):
        yield f"{name or 'the value'} has {len(one)} items, and {len(other)}"
        return
    for number, (mine, yours) in enumerate(zip(one, other, strict=True)):
        yield from differences(mine, yours, how, f"{name}[{number}]", level + 1)


def _of_objects(one: Any, other: Any, how: How, name: str, level: int) -> Iterator[str]:
    if type(one) is not type(other):
        yield _both(name, one, other)
    elif hasattr(one, "__dict__"):
        yield from _of_mappings(vars(one), vars(other), how, name, level)
    elif one != other:
        yield _both(name, one, other)


def of_arrays(one: Any, other: Any, how: How, name: str) -> Iterator[str]:
    """Yield what differs between two arrays; see `differences`."""
    label = name or "the array"
    if one.shape != other.shape:
        yield f"{label} has the shape {one.shape}, and {other.shape}"
        return
    kinds = [(array.dtype.kind, array.dtype.itemsize) for array in (one, other)]
    if one.dtype.names != other.dtype.names or kinds[0] != kinds[1]:
        yield f"{label} is {one.dtype.name}, and {other.dtype.name}"
        return
    if one.dtype.names:
        for field in one.dtype.names:
            yield from of_arrays(one[field], other[field], how, f"{name}.{field}")
        return
    if one.dtype.kind == "O":
        for index in np.ndindex(one.shape):
            yield from differences(one[index], other[index], how, f"{name}{list(index)}", 1)
        return
    unequal = _unequal(one, other, how)
    count = int(np.count_nonzero(unequal))
    if count:
        yield f"{label}: {count} of {one.size} values differ{_largest(one, other, unequal)}"


def _unequal(one: Any, other: Any, how: How) -> Any:
    """Return which values of two arrays differ by more than is allowed; NaN equals NaN."""
    unequal = one != other
    if one.dtype.kind in "fc":
        unequal &= ~((one != one) & (other != other))
    if (how.rtol or how.atol) and one.dtype.kind in "iufc":
        if one.dtype.kind in "iu":
            one, other = one.astype(np.float64), other.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            unequal &= ~(np.abs(one - other) <= how.atol + how.rtol * np.abs(other))
    return unequal


def _largest(one: Any, other: Any, unequal: Any) -> str:
    if one.dtype.kind not in "iuf":
        return ""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(one[unequal].astype(np.float64) - other[unequal].astype(np.float64))
    known = apart[np.isfinite(apart)]
    return f", by up to {known.max():.6g}" if known.size else ""


def _of_mappings(
    one: Mapping[Any, Any], other: Mapping[Any, Any], how: How, name: str, level: int
) -> Iterator[str]:
    start = f"{name}." if name else ""
    for key in dict.fromkeys((*one, *other)):
        if how.ignores(str(key)):
            continue
        label = f"{start}{key}"
        if key not in other:
            yield f"{label} is in the first only"
        elif key not in one:
            yield f"{label} is in the second only"
        else:
            yield from differences(one[key], other[key], how, label, level + 1)


# Types -> what compares two values of them; the first that fits.
_KINDS: Sequence[tuple[type | tuple[type, ...], _Compare]] = (
    ((bool, str, bytes), _of_plain),
    ((np.ndarray, np.generic), _of_any_arrays),
    ((int, float), _of_numbers),
    (Mapping, _of_mappings),
    (Sequence, _of_sequences),
)


def _both(name: str, one: Any, other: Any) -> str:
    return f"{name or 'the value'} is {_short(one)}, and {_short(other)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
