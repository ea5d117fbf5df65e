"""Formulas of integers of data IDs: by a policy's arithmetic, or by calls of a camera's code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.cameras import packed
from persistence.cameras.id_columns import MOST_BITS, Integers, first, integers, mapped, row
from persistence.cameras.identifiers import ExposurePacker
from persistence.cameras.mapper import Mapper
from persistence.cameras.numbering import Numbering
from persistence.cameras.packed import Part
from persistence.errors import DataIdError, MissingKey, PersistenceError, PolicyError

# The number of a row within a catalog.
COUNTER = "counter"
_ID_BITS = 64
# Methods of Gen2 that cameras override.
_HOOKED = ("_computeCcdExposureId", "_transformId"), ("_computeCoaddExposureId", "_filter_number")
# What a camera's code may raise for a value that it cannot number.
_CODE_FAILS = PersistenceError, ArithmeticError, LookupError, TypeError, ValueError
Columns = Mapping[str, NDArray[Any]]
Sequential = Callable[[Integers, Integers], tuple[Integers, Integers]]


class Formula(Protocol):
    """A way to pack columns of data IDs into integers, and back."""

    @property
    def bits(self) -> int | None:
        """The number of bits; None if unknown."""

    def pack(self, columns: Columns) -> Integers:
        """Return the integers."""

    def unpack(self, identifiers: Integers) -> dict[str, NDArray[Any]]:
        """Return the columns."""


class Rows:
    """The integers of a catalog's rows: that of its dataset, and in the low bits a counter.

    Gen2's ``IdFactory`` (afw) leaves what an exposure's bits leave of 64.
    """

    def __init__(self, of: Formula) -> None:
        if of.bits is None:
            raise PolicyError(
                "the rows of catalogs have no integers: the policy's section identifiers lacks "
                "the number of bits of an exposure (exposureBits)"
            )
        self._of = of
        self._low = _ID_BITS - of.bits
        self.bits: int | None = MOST_BITS

    def pack(self, columns: Columns) -> Integers:
        """Return the integers of rows, by the column ``counter``."""
        if COUNTER not in columns:
            raise MissingKey(
                f"the integers of a catalog's rows need {COUNTER!r}; the columns are "
                f"{', '.join(columns) or 'none'}"
            )
        counters = integers(COUNTER, columns[COUNTER], 1 << self._low)
        owners = self._of.pack(columns)
        most = 1 << MOST_BITS - self._low
        if owners.size and int(owners.max()) >= most:
            index = first(owners >= most)
            raise DataIdError(
                f"{row(owners, index)}{owners[index]} with {self._low} more bits for rows exceeds "
                f"the {MOST_BITS} bits of an integer"
            )
        return (owners << self._low) | counters

    def unpack(self, identifiers: Integers) -> dict[str, NDArray[Any]]:
        """Return the columns, with ``counter``."""
        owners = identifiers >> self._low
        return {**self._of.unpack(owners), COUNTER: identifiers & ((1 << self._low) - 1)}


class Exposures:
    """The integers of exposures by the formula of a policy."""

    def __init__(self, mapper: Mapper, packer: ExposurePacker) -> None:
        self._mapper, self._packer = mapper, packer
        self._known = {str(mapper.detector_key): mapper.detector_numbers}
        self.bits = packer.bits

    def pack(self, columns: Columns) -> Integers:
        """Return the integers, by arithmetic where columns have the formula's keys."""
        aliases = self._mapper.policy.aliases
        named = {aliases[key]: column for key, column in columns.items() if key in aliases}
        named = {**named, **columns}
        parts = packed.exposure_parts(self._packer, named, self._known)
        if parts is None:  # such as names of detectors; or a key is missing, as the call says
            return called(self._mapper._computeCcdExposureId, columns)
        for key, numbers in self._known.items():
            if key in named and all(part.key != key for part in parts):  # checked, not packed
                parts.append(Part(key, 0, 1 << MOST_BITS, numbers))
        shape = np.broadcast_shapes(*(np.shape(column) for column in columns.values()))
        values = {**_as_arrays(self._packer.defaults), **named}
        return np.broadcast_to(packed.pack(parts, values), shape)

    def unpack(self, identifiers: Integers) -> dict[str, NDArray[Any]]:
        """Return the keys of the formula's first term."""
        try:
            return packed.unpack(packed.first_parts(self._packer, self._known), identifiers)
        except DataIdError as error:
            if self.bits is None or not (identifiers >> min(self.bits, MOST_BITS)).any():
                raise
            raise DataIdError(
                f"{error}. An exposure has {self.bits} bits; unpack(integers, 'src') is for rows "
                "of catalogs"
            ) from None


class Coadds:
    """The integers of patches by the formula of a policy."""

    def __init__(self, mapper: Mapper, with_filter: bool, sequential: Sequential) -> None:
        packer = mapper.coadd_packer
        if packer is None:
            raise PolicyError(f"{mapper.policy.path} does not define numbers of coadds")
        self._mapper, self._sequential = mapper, sequential
        labels = mapper.translator.filters
        self._filters = (
            {label.name: number for number, label in reversed([*enumerate(labels)])}
            if with_filter
            else None
        )
        self._parts = packed.coadd_parts(packer, self._filters)
        self.bits = packer.bits

    def pack(self, columns: Columns) -> Integers:
        """Return the integers; ``patch`` is ``"x,y"`` or a sequential number of the sky map."""
        needed = ("tract", "patch", *(["filter"] if self._filters is not None else []))
        missing = [key for key in needed if key not in columns]
        if missing and not {"patch_x", "patch_y"} <= columns.keys():
            raise MissingKey(
                f"an identifier needs {' and '.join(map(repr, missing))}; the columns are "
                f"{', '.join(columns) or 'none'}"
            )
        values = dict(columns)
        if "patch" in columns:
            values["patch_x"], values["patch_y"] = self._pairs(columns)
        parts = self._parts
        if self._filters is not None and "filter" in values:
            values["filter"] = mapped("filter", values["filter"], self._mapper._filter_number)
            parts = [part._replace(codes=None) for part in parts]
        shape = np.broadcast_shapes(*(np.shape(column) for column in columns.values()))
        return np.broadcast_to(packed.pack(parts, values), shape)

    def _pairs(self, columns: Columns) -> tuple[Integers, Integers]:
        patches = columns["patch"]
        if patches.dtype.kind in "iuf":
            numbers = integers("patch", patches)
            return self._sequential(integers("tract", columns["tract"]), numbers)
        pairs: list[tuple[int, int]] = []

        def number(text: str) -> int:
            pairs.append(_pair(text))
            return len(pairs) - 1

        positions = mapped("patch", patches, number)
        xs, ys = np.array(pairs, np.int64).reshape(-1, 2).T
        return xs[positions], ys[positions]

    def unpack(self, identifiers: Integers) -> dict[str, NDArray[Any]]:
        """Return tract, patch and filter."""
        columns = packed.unpack(self._parts, identifiers)
        x, y = columns.pop("patch_x"), columns.pop("patch_y")
        height = int(y.max()) + 1 if y.size else 1
        width = int(x.max()) + 1 if x.size else 1
        names = np.array([f"{i},{j}" for i in range(width) for j in range(height)])
        patches = names[x * height + y]
        return {"tract": columns.pop("tract"), "patch": patches, **columns}


class Calls:
    """The integers that a camera's code computes; back by a table of those that exist."""

    def __init__(
        self,
        number: Callable[[Mapping[str, Any]], int],
        bits: int | None,
        existing: Callable[[], Iterable[Mapping[str, Any]]],
    ) -> None:
        self._number, self._existing = number, existing
        self.bits = bits

    def pack(self, columns: Columns) -> Integers:
        """Return the integers, by a call for each row."""
        return called(self._number, columns)

    def unpack(self, identifiers: Integers) -> dict[str, NDArray[Any]]:
        """Return the keys of existing data IDs that have the integers."""
        rows = [dict(data_id) for data_id in self._existing()]
        keys = list(dict.fromkeys(key for data_id in rows for key in data_id))
        codes = np.array([self._number(data_id) for data_id in rows], np.int64)
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        places = np.searchsorted(ordered, identifiers)
        hits = places < ordered.size
        hits[hits] = ordered[places[hits]] == identifiers[hits] if hits.ndim else hits
        if not np.all(hits):
            index = first(~hits)
            raise DataIdError(
                f"{row(identifiers, index)}{identifiers[index]} is not the number of a data ID "
                f"that the repository knows ({len(rows)} are compared)"
            )
        chosen = order[places]
        return {key: np.array([data_id.get(key) for data_id in rows])[chosen] for key in keys}


def by_formula(mapper: Mapper, integer: str, sequential: Sequential) -> Formula | None:
    """Return the formula of the policy; None if the camera's code computes the integer.

    Parameters
    ----------
    mapper : `Mapper`
        The camera.
    integer : `str`
        Gen2's name of the integer: ``ccdExposureId``, ``deepCoaddId``.
    sequential : callable
        Returns columns and rows of patches by tracts and sequential numbers.

    Returns
    -------
    formula : `Formula` or None
        The formula.

    Raises
    ------
    PolicyError
        If neither the policy nor the camera's code defines the integer.
    """
    is_coadd = integer != "ccdExposureId"
    is_overridden = any(
        getattr(type(mapper), method) is not getattr(Numbering, method)
        for method in _HOOKED[is_coadd]
    )
    if ("bypass", integer) in mapper.hooks or is_overridden:
        return None
    if is_coadd:
        return Coadds(mapper, "Merged" not in integer, sequential)
    packer = mapper.exposure_packer
    if packer is None:
        raise PolicyError(f"{mapper.policy.path} does not define numbers of the camera's exposures")
    return Exposures(mapper, packer)


def by_calls(
    mapper: Mapper, integer: str, existing: Callable[[], Iterable[Mapping[str, Any]]]
) -> Formula:
    """Return the formula that calls the camera's code once for each row."""
    hook = mapper.hook("bypass", integer)
    count = mapper.hook("bypass", f"{integer}_bits")
    if hook is None:
        raise PolicyError(f"{mapper.policy.path} does not define {integer}")
    bits = None if count is None else _bits(lambda: int(count(f"{integer}_bits", None, None, {})))
    return Calls(lambda data_id: int(hook(integer, None, None, data_id)), bits, existing)


def called(number: Callable[[Mapping[str, Any]], int], columns: Columns) -> Integers:
    """Return the integers of data IDs by one call for each row; errors name the row."""
    if any(np.asarray(column).dtype.kind == "b" for column in columns.values()):
        raise DataIdError("expected integers, not booleans")
    arrays = np.broadcast_arrays(*(np.asarray(column) for column in columns.values()))
    shape = arrays[0].shape if arrays else ()
    values = [array.ravel().tolist() for array in arrays]
    numbers = np.empty(int(np.prod(shape)), np.int64)
    for position, items in enumerate(zip(*values, strict=True) if arrays else [()]):
        try:
            numbers[position] = number(dict(zip(columns, items, strict=True)))
        except _CODE_FAILS as error:
            kind = type(error) if isinstance(error, DataIdError | MissingKey) else DataIdError
            message = error.args[0] if error.args else error
            raise kind(f"row {position}: {message}" if shape else message) from error
    return numbers.reshape(shape)


def _bits(count: Callable[[], int]) -> int | None:
    try:
        return count()
    except PolicyError:
        return None


def _as_arrays(values: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    return {key: np.asarray(value) for key, value in values.items()}


def _pair(text: str) -> tuple[int, int]:
    words: Sequence[str] = text.split(",")
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise DataIdError(f"patch={text!r}: a patch is two integers, 'x,y'")
    return int(words[0]), int(words[1])
