"""Integers that identify data IDs, packed as in Gen2: for single IDs and for numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.errors import DataIdError, MissingKey

# Named tuples instead of dataclasses: importing `dataclasses` takes a tenth of the time of
# importing all of persistence.


class ExposurePacker(NamedTuple):
    """A packing of the data ID of a detector's exposure into an integer.

    The integer is the sum of keys, each times a factor.

    Attributes
    ----------
    terms : sequence of mapping
        Key -> factor; the first term whose keys the data ID has counts. An empty term matches only
        the empty data ID.
    bits : `int` or None
        The number of bits of an identifier; None if unknown.
    defaults : mapping
        Key -> its value if the data ID lacks it.
    codes : mapping
        Key -> the number of each of its values, for keys that are not numbers.
    """

    terms: Sequence[Mapping[str, int]]
    bits: int | None = None
    defaults: Mapping[str, Any] = MappingProxyType({})
    codes: Mapping[str, Mapping[str, int]] = MappingProxyType({})

    def pack(self, data_id: Mapping[str, Any]) -> int:
        """Return the integer of a data ID.

        Raises
        ------
        MissingKey
            If the data ID lacks a key.
        DataIdError
            If a value is not a number and has no code.
        """
        full = {**self.defaults, **data_id}
        for term in self.terms:
            if all(key in full for key in term) and (term or not data_id):
                return sum(factor * self._number(key, full[key]) for key, factor in term.items())
        needed = " or ".join(repr(key) for term in self.terms for key in term if key not in full)
        raise MissingKey(f"an identifier needs {needed}; the data ID is {dict(data_id)}")

    def unpack(self, identifier: Any) -> dict[str, Any]:
        """Return the data ID of an integer, or of each in an integer array of any shape.

        The first of the terms is used. Codes are replaced by the values of their keys.

        Raises
        ------
        DataIdError
            If a number is not a code of its key.
        """
        parts, rest = {}, identifier
        for key, factor in sorted(self.terms[0].items(), key=lambda term: -term[1]):
            parts[key], rest = rest // factor, rest % factor
        return {key: self._value(key, parts[key]) for key in self.terms[0]}

    def _value(self, key: str, number: Any) -> Any:
        codes = self.codes.get(key)
        if codes is None:
            return number
        values = {code: value for value, code in codes.items()}
        if hasattr(number, "shape"):
            import numpy as np  # lazy: loaded already if there is an array

            return np.vectorize(lambda one: self._value(key, int(one)), otypes=[object])(number)
        if number not in values:
            known = ", ".join(f"{code} ({value})" for code, value in values.items())
            raise DataIdError(f"{key} has no value with the number {number} (known: {known})")
        return values[number]

    def _number(self, key: str, value: Any) -> int:
        codes = self.codes.get(key)
        try:
            # The number of a date consists of its digits.
            return int(str(value).replace("-", "")) if codes is None else codes[value]
        except (KeyError, ValueError):
            known = "" if codes is None else f" (known: {', '.join(codes)})"
            raise DataIdError(f"{key}={value!r} has no number{known}") from None


class CoaddPacker(NamedTuple):
    """A packing of tract, patch and filter into one integer; the filter takes the lowest bits.

    Attributes
    ----------
    tract_bits, patch_bits, filter_bits : `int`
        The bits of each number; a patch takes ``patch_bits`` twice, for x and y.
    said_bits : `int` or None
        The bits of an identifier according to the camera.
    """

    tract_bits: int = 10
    patch_bits: int = 10
    filter_bits: int = 4
    said_bits: int | None = None

    @property
    def bits(self) -> int:
        """The bits of an identifier: the camera's number, or the sum."""
        return self.said_bits or self.tract_bits + 2 * self.patch_bits + self.filter_bits

    def merged(self, tract: int, patch: str) -> int:
        """Return the integer of a tract and a patch, ``"x,y"``, for all filters.

        Raises
        ------
        DataIdError
            If a number exceeds its bits, or the patch does not have that form.
        """
        if not 0 <= tract < 1 << self.tract_bits:
            raise DataIdError(f"tract not in range [0,{1 << self.tract_bits}): {tract}")
        try:
            x, y = (int(part) for part in patch.split(","))
        except ValueError:
            raise DataIdError(f"patch={patch!r}: a patch is two integers, 'x,y'") from None
        for component in (x, y):
            if not 0 <= component < 1 << self.patch_bits:
                raise DataIdError(
                    f"patch component not in range [0, {1 << self.patch_bits}): {component}"
                )
        return (tract << 2 * self.patch_bits) + (x << self.patch_bits) + y

    def filtered(self, tract: int, patch: str, number: int) -> int:
        """Return the integer of a tract, a patch and the number of a filter."""
        if not 0 <= number < 1 << self.filter_bits:
            raise DataIdError(f"filter number not in range [0, {1 << self.filter_bits}): {number}")
        return (self.merged(tract, patch) << self.filter_bits) + number

    def unpack(self, identifier: Any) -> dict[str, Any]:
        """Return tract, patch_x, patch_y and filter of an integer, or of each in an array."""
        mask = (1 << self.patch_bits) - 1
        patches = identifier >> self.filter_bits
        return {
            "tract": patches >> 2 * self.patch_bits,
            "patch_x": (patches >> self.patch_bits) & mask,
            "patch_y": patches & mask,
            "filter": identifier & ((1 << self.filter_bits) - 1),
        }


def exposure_packer(said: Mapping[str, Any]) -> ExposurePacker | None:
    """Return the packing of exposures in the section ``identifiers`` of a policy.

    None without one.
    """
    if "exposure" not in said:
        return None
    terms = said["exposure"] if isinstance(said["exposure"], list) else [said["exposure"]]
    return ExposurePacker(
        terms, said.get("exposureBits"), said.get("defaults", {}), said.get("codes", {})
    )


def coadd_packer(said: Mapping[str, Any]) -> CoaddPacker | None:
    """Return the packing of coadds in the section ``identifiers`` of a policy; None without one."""
    if "coadd" not in said:
        return None
    bits = said["coadd"]
    return CoaddPacker(bits["tract"], bits["patch"], bits["filter"], said.get("coaddBits"))


class ExposureIdInfo:
    """The integer of an exposure, and the bits that remain for numbers within it.

    Parameters
    ----------
    expId : `int`, optional
        The integer.
    expBits : `int`, optional
        The most bits that it can take.
    maxBits : `int` or `None`, optional
        The available bits.

    Raises
    ------
    DataIdError
        If a number exceeds its bits.
    """

    def __init__(self, expId: int = 0, expBits: int = 1, maxBits: int | None = None) -> None:
        if int(expId).bit_length() > expBits:
            raise DataIdError(
                f"expId={expId} needs {int(expId).bit_length()} bits, more than expBits={expBits}"
            )
        if maxBits is not None and maxBits < expBits:
            raise DataIdError(f"expBits={expBits} is more than maxBits={maxBits}")
        self.expId = int(expId)
        self.expBits = int(expBits)
        self.maxBits = maxBits

    @property
    def unusedBits(self) -> int:
        """The remaining bits, of ``maxBits`` or of 64."""
        return (64 if self.maxBits is None else self.maxBits) - self.expBits
