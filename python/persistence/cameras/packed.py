"""Columns of data IDs packed into arrays of integers, and unpacked, with no loop over rows.

Errors name the first row that is wrong, counted from 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.cameras.detectors import span
from persistence.cameras.id_columns import MOST_BITS, Integers, first, integers, mapped, row
from persistence.cameras.identifiers import CoaddPacker, ExposurePacker
from persistence.errors import DataIdError, MissingKey


class Part(NamedTuple):
    """A key's share of an integer: its number times a factor.

    Attributes
    ----------
    key : `str`
        The key.
    factor : `int`
        By what its number is multiplied.
    size : `int`
        The numbers go from 0 up to, but not including, this.
    known : collection of `int` or None
        The valid numbers; None if all below ``size`` are.
    codes : mapping or None
        The number of each of its values; None for a key that is a number itself.
    """

    key: str
    factor: int
    size: int
    known: Collection[int] | None = None
    codes: Mapping[Any, int] | None = None


def exposure_parts(
    packer: ExposurePacker, keys: Collection[str], known: Mapping[str, Collection[int] | None]
) -> list[Part] | None:
    """Return the parts of an exposure's integer, for data IDs with some keys.

    Parameters
    ----------
    packer : `ExposurePacker`
        The camera's formula.
    keys : collection of `str`
        The keys of the data IDs.
    known : mapping
        The valid numbers of keys: those of the detectors.

    Returns
    -------
    parts : `list` of `Part` or None
        The parts, the most significant first; None if no term of the formula has these keys.
    """
    having = {*packer.defaults, *keys}
    for term in packer.terms:
        if term and having.issuperset(term):
            return _parts(packer, term, known)
    return None


def first_parts(packer: ExposurePacker, known: Mapping[str, Collection[int] | None]) -> list[Part]:
    """Return the parts of an exposure's integer in the first term of the formula."""
    return _parts(packer, packer.terms[0], known)


def _parts(
    packer: ExposurePacker, term: Mapping[str, int], known: Mapping[str, Collection[int] | None]
) -> list[Part]:
    ordered = sorted(term.items(), key=lambda item: -item[1])
    bits = MOST_BITS if packer.bits is None else packer.bits
    above = 1 << min(bits, MOST_BITS)
    parts = []
    for key, factor in ordered:
        size = max(-(-above // factor), 1)
        parts.append(Part(key, factor, size, known.get(key), packer.codes.get(key)))
        if term is packer.terms[0]:  # keys of the others overlap: LATISS's night and controller
            above = factor
    return parts


def coadd_parts(packer: CoaddPacker, filters: Mapping[str, int] | None) -> list[Part]:
    """Return the parts of the integer of a coadd's patch: tract, patch_x, patch_y and filter.

    Parameters
    ----------
    packer : `CoaddPacker`
        The camera's numbers of bits.
    filters : mapping or None
        The number of each name of a filter; None for the integer of all filters.
    """
    low = 0 if filters is None else packer.filter_bits
    side = 1 << packer.patch_bits
    parts = [
        Part("tract", 1 << 2 * packer.patch_bits + low, 1 << packer.tract_bits),
        Part("patch_x", 1 << packer.patch_bits + low, side),
        Part("patch_y", 1 << low, side),
    ]
    if filters is not None:
        parts.append(Part("filter", 1, 1 << packer.filter_bits, codes=filters))
    return parts


def pack(parts: Sequence[Part], columns: Mapping[str, Any]) -> Integers:
    """Return the integers of columns of data IDs, in the shape to which the columns broadcast.

    Raises
    ------
    MissingKey
        If there is no column for a part.
    DataIdError
        If a value is not a number that the part can take.
    """
    missing = [part.key for part in parts if part.key not in columns]
    if missing:
        raise MissingKey(
            f"an identifier needs {' and '.join(map(repr, missing))}; the columns are "
            f"{', '.join(columns) or 'none'}"
        )
    total: Integers = np.zeros((), np.int64)
    for part in parts:
        numbers = _numbers(part, columns[part.key])
        scaled = numbers if part.factor == 1 else numbers * part.factor
        total = total + scaled if total.ndim or part is not parts[0] else scaled
    return total


def unpack(parts: Sequence[Part], identifiers: Integers) -> dict[str, NDArray[Any]]:
    """Return the value of each part of integers, as arrays of the same shape.

    Raises
    ------
    DataIdError
        If an integer is that of no data ID.
    """
    values: dict[str, NDArray[Any]] = {}
    rest = identifiers
    for part in parts:
        if part.factor == 1:
            numbers = rest
        else:
            numbers = rest // part.factor
            rest = rest - numbers * part.factor
        wrong = _wrong(part, numbers)
        if wrong is not None:
            raise DataIdError(
                f"{row(identifiers, wrong)}{identifiers[wrong]} has {part.key} {numbers[wrong]}: "
                f"{_span(part)}"
            )
        values[part.key] = numbers if part.codes is None else _values(part, numbers)
    if parts[-1].factor != 1 and rest.any():
        index = first(rest != 0)
        raise DataIdError(
            f"{row(identifiers, index)}{identifiers[index]} is not the number of a data ID"
        )
    return values


def _numbers(part: Part, column: Any) -> Integers:
    if part.codes is None:
        numbers = integers(part.key, column, part.size)
    else:
        codes = part.codes
        numbers = mapped(part.key, column, lambda value: _code(part.key, codes, value))
    wrong = _wrong(part, numbers)
    if wrong is not None:
        raise DataIdError(f"{row(numbers, wrong)}{part.key}={numbers[wrong]}: {_span(part)}")
    return numbers


def _code(key: str, codes: Mapping[Any, int], value: Any) -> int:
    if value not in codes:
        raise DataIdError(f"{key}={value!r} has no number (known: {', '.join(map(str, codes))})")
    return codes[value]


def _wrong(part: Part, numbers: Integers) -> tuple[int, ...] | None:
    """Return the index of the first number that a part does not have; None if it has all."""
    if not numbers.size:
        return None
    if int(numbers.min()) < 0 or int(numbers.max()) >= part.size:
        return first((numbers < 0) | (numbers >= part.size))
    known = part.known if part.codes is None else part.codes.values()
    if known is None:
        return None
    if isinstance(known, range) and known.step == 1:
        if known.start <= int(numbers.min()) and int(numbers.max()) < known.stop:
            return None
        return first((numbers < known.start) | (numbers >= known.stop))
    is_known = np.zeros(max(known, default=0) + 2, bool)
    is_known[list(known)] = True
    hits = is_known[np.minimum(numbers, is_known.size - 1)]
    return None if hits.all() else first(~hits)


def _span(part: Part) -> str:
    if part.codes is not None:
        known = sorted((code, value) for value, code in part.codes.items())
        return f"known are {', '.join(f'{code} ({value})' for code, value in known)}"
    if part.known is not None:
        return f"the camera has {span(part.known)}"
    return f"it goes from 0 to {part.size - 1}"


def _values(part: Part, numbers: Integers) -> NDArray[Any]:
    assert part.codes is not None
    names = [""] * (max(part.codes.values(), default=0) + 1)
    for value, code in part.codes.items():
        names[code] = value
    return np.array(names)[numbers]
