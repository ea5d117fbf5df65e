"""Integers that stand for data IDs, as Gen2 packed them: for one ID, or for numpy arrays of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from persistence.errors import DataIdError


@dataclass(frozen=True, slots=True)
class CoaddPacker:
    """Packs tract, patch and filter into one integer; the filter takes the lowest bits.

    Attributes
    ----------
    tract_bits, patch_bits, filter_bits : `int`
        How many bits each number takes; a patch takes ``patch_bits`` twice, for its x and y.
    """

    tract_bits: int = 10
    patch_bits: int = 10
    filter_bits: int = 4

    @property
    def bits(self) -> int:
        """How many bits an identifier of a coadd takes."""
        return self.tract_bits + 2 * self.patch_bits + self.filter_bits

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
                raise DataIdError(f"patch component not in range [0, {1 << self.patch_bits}): {component}")
        return (tract << 2 * self.patch_bits) + (x << self.patch_bits) + y

    def filtered(self, tract: int, patch: str, number: int) -> int:
        """Pack a tract, a patch and the number of a filter."""
        if not 0 <= number < 1 << self.filter_bits:
            raise DataIdError(f"filter number not in range [0, {1 << self.filter_bits}): {number}")
        return (self.merged(tract, patch) << self.filter_bits) + number

    def unpack(self, identifier: Any) -> dict[str, Any]:
        """Take an identifier, or an integer array of any shape, apart: tract, patch_x, patch_y, filter."""
        mask = (1 << self.patch_bits) - 1
        patches = identifier >> self.filter_bits
        return {
            "tract": patches >> 2 * self.patch_bits,
            "patch_x": (patches >> self.patch_bits) & mask,
            "patch_y": patches & mask,
            "filter": identifier & ((1 << self.filter_bits) - 1),
        }
