"""Integers that stand for data IDs, as Gen2 packed them.

For one ID, or for numpy arrays of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.errors import DataIdError, MissingKey

# These are named tuples, not dataclasses: importing `dataclasses` costs a tenth of importing all of
# persistence.


class ExposurePacker(NamedTuple):
    """Packs the data ID of one detector's exposure into an integer.

    A sum of keys, each times a factor.

    Attributes
    ----------
    terms : sequence of mapping
        Key -> factor; of several, the first counts whose keys the data ID has. An empty one is for
        the empty data ID alone.
    bits : `int` or None
        How many bits the identifier takes; None if nobody says.
    defaults : mapping
        Key -> its value where the data ID lacks it.
    codes : mapping
        Key -> the number of each of its values, for keys that are no numbers.
    """

    terms: Sequence[Mapping[str, int]]
    bits: int | None = None
    defaults: Mapping[str, Any] = MappingProxyType({})
    codes: Mapping[str, Mapping[str, int]] = MappingProxyType({})

    def pack(self, data_id: Mapping[str, Any]) -> int:
        """Pack a data ID.

        Raises
        ------
        MissingKey
            If the data ID lacks a key.
        DataIdError
            If a value is no number, and has none.
        """
        full = {**self.defaults, **data_id}
        for term in self.terms:
            if all(key in full for key in term) and (term or not data_id):
                return sum(factor * self._number(key, full[key]) for key, factor in term.items())
        needed = " or ".join(repr(key) for term in self.terms for key in term if key not in full)
        raise MissingKey(f"an identifier needs {needed}; the data ID is {dict(data_id)}")

    def unpack(self, identifier: Any) -> dict[str, Any]:
        """Take an identifier, or an integer array of any shape, apart.

        By the first of the terms. Values of keys with codes are what the codes stand for.

        Raises
        ------
        DataIdError
            If a number of a key with codes stands for none of its values.
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
            import numpy as np  # lazy: who has an array has it

            return np.vectorize(lambda one: self._value(key, int(one)), otypes=[object])(number)
        if number not in values:
            known = ", ".join(f"{code} ({value})" for code, value in values.items())
            raise DataIdError(f"{key} has no value that is numbered {number} (known: {known})")
        return values[number]

    def _number(self, key: str, value: Any) -> int:
        codes = self.codes.get(key)
        try:
            # A date counts as the number that its digits make.
            return int(str(value).replace("-", "")) if codes is None else codes[value]
        except (KeyError, ValueError):
            known = "" if codes is None else f" (known: {', '.join(codes)})"
            raise DataIdError(f"{key}={value!r} has no number{known}") from None


class CoaddPacker(NamedTuple):
    """Packs tract, patch and filter into one integer; the filter takes the lowest bits.

    Attributes
    ----------
    tract_bits, patch_bits, filter_bits : `int`
        How many bits each number takes; a patch takes ``patch_bits`` twice, for its x and y.
    said_bits : `int` or None
        How many bits the camera says that an identifier takes.
    """

    tract_bits: int = 10
    patch_bits: int = 10
    filter_bits: int = 4
    said_bits: int | None = None

    @property
    def bits(self) -> int:
        """How many bits an identifier of a coadd takes; more, if the camera says so."""
        return self.said_bits or self.tract_bits + 2 * self.patch_bits + self.filter_bits

    def merged(self, tract: int, patch: str) -> int:
        """Pack a tract and a patch, ``"x,y"``, that all filters share.

        Raises
        ------
        DataIdError
            If a number does not fit its bits, or the patch is not of that form.
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
        """Pack a tract, a patch and the number of a filter."""
        if not 0 <= number < 1 << self.filter_bits:
            raise DataIdError(f"filter number not in range [0, {1 << self.filter_bits}): {number}")
        return (self.merged(tract, patch) << self.filter_bits) + number

    def unpack(self, identifier: Any) -> dict[str, Any]:
        """Take an identifier, or an integer array of any shape, apart.

        Tract, patch_x, patch_y, filter.
        """
        mask = (1 << self.patch_bits) - 1
        patches = identifier >> self.filter_bits
        return {
            "tract": patches >> 2 * self.patch_bits,
            "patch_x": (patches >> self.patch_bits) & mask,
            "patch_y": patches & mask,
            "filter": identifier & ((1 << self.filter_bits) - 1),
        }


def exposure_packer(said: Mapping[str, Any]) -> ExposurePacker | None:
    """Make what packs exposures of the section ``identifiers`` of a policy.

    None if it does not say.
    """
    if "exposure" not in said:
        return None
    terms = said["exposure"] if isinstance(said["exposure"], list) else [said["exposure"]]
    return ExposurePacker(
        terms, said.get("exposureBits"), said.get("defaults", {}), said.get("codes", {})
    )


def coadd_packer(said: Mapping[str, Any]) -> CoaddPacker | None:
    """Make what packs coadds of the section ``identifiers`` of a policy.

    None if it does not say.
    """
    if "coadd" not in said:
        return None
    bits = said["coadd"]
    return CoaddPacker(bits["tract"], bits["patch"], bits["filter"], said.get("coaddBits"))


class ExposureIdInfo:
    """The integer of an exposure, and the bits that are left for what is counted in it.

    Parameters
    ----------
    expId : `int`
        The integer.
    expBits : `int`
        The most bits that it may take.
    maxBits : `int`, optional
        How many bits there are.

    Raises
    ------
    DataIdError
        If a number does not fit.
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
        """How many bits are left: of ``maxBits``, or of 64."""
        return (64 if self.maxBits is None else self.maxBits) - self.expBits
