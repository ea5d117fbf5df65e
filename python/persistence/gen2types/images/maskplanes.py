"""The planes of masks as afw keeps them: one dictionary for all masks of a process.

A mask that was read from a file has the numbers of that file. Its face has those of the dictionary,
for scripts mix ``Mask.getPlaneBitMask`` of the class with the pixels of any mask.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from persistence.errors import did_you_mean
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.exceptions import RuntimeError as NoPlaneLeft
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask

BITS = 32
_planes: dict[str, int] = dict(DEFAULT_PLANES)


def planes() -> dict[str, int]:
    """Return a copy of the dictionary: names of planes and their bits, counted from 0."""
    return dict(_planes)


def bit_of(name: str) -> int:
    """Return the bit of a plane.

    Raises
    ------
    InvalidParameterError
        If there is no plane of that name.
    """
    if name not in _planes:
        raise InvalidParameterError(
            f"unknown mask plane {name!r}{did_you_mean(name, _planes)}; the planes are "
            f"{', '.join(_planes)}"
        )
    return _planes[name]


def bits_of(names: str | Iterable[str]) -> int:
    """Return the pixel value of some planes; the last bit is the sign of a 32-bit integer."""
    value = 0
    for name in [names] if isinstance(names, str) else names:
        value |= 1 << bit_of(name)
    return value - (1 << BITS) if value >> (BITS - 1) else value


def add(name: str, bit: int | None = None) -> int:
    """Add a plane, unless it exists, and return its bit.

    Parameters
    ----------
    name : `str`
        Its name.
    bit : `int`, optional
        Its bit, if no other plane has it; otherwise the lowest free one is used.

    Raises
    ------
    RuntimeError
        If all bits are in use.
    """
    if name not in _planes:
        taken = set(_planes.values())
        free = [number for number in (bit, *range(BITS)) if number is not None]
        free = [number for number in free if number not in taken]
        if not free:
            raise NoPlaneLeft(f"mask plane {name!r}: all {BITS} planes are in use: {_planes}")
        _planes[name] = free[0]
    return _planes[name]


def remove(name: str) -> None:
    """Remove a plane from the dictionary."""
    bit_of(name)
    del _planes[name]


def conformed(mask: Mask) -> Mask:
    """Return a mask with the numbers of the dictionary, which learns names that it did not have.

    The mask itself if its numbers are the same. Bits without a name stay unless a plane has them.
    """
    moves = [(bit, add(name, bit)) for name, bit in mask.planes.items()]
    if all(old == new for old, new in moves):
        return mask
    old = mask.array.view(np.uint32)
    unnamed = ~np.uint32(sum(1 << bit for bit in {*mask.planes.values(), *_planes.values()}))
    new = old & unnamed
    for bit, target in moves:
        new |= (old >> np.uint32(bit) & np.uint32(1)) << np.uint32(target)
    return Mask(new.view(np.int32), {name: _planes[name] for name in mask.planes})
