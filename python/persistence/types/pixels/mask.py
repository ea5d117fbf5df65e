"""Masks whose bits have names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence import notebook
from persistence.errors import FormatterError
from persistence.files.numbers import exact
from persistence.notebook import Html

# afw's planes, which every mask that it writes has. Source: afw-files 1.3.
DEFAULT_PLANES: Mapping[str, int] = {
    name: bit
    for bit, name in enumerate(
        ["BAD", "SAT", "INTRP", "CR", "EDGE", "DETECTED", "DETECTED_NEGATIVE", "SUSPECT", "NO_DATA"]
    )
}


_BITS = 32


def as_flags(numbers: NDArray[Any]) -> NDArray[np.int32]:
    """Return the numbers of a mask's pixels as 32 flags; the sign is that of the last one.

    Raises
    ------
    FormatterError
        If a number has more flags, or is none that is whole.
    """
    has_last = not np.can_cast(numbers.dtype, np.int32) and np.any(numbers >= 1 << (_BITS - 1))
    flags: NDArray[np.int32] = exact(numbers, np.uint32 if has_last else np.int32).view(np.int32)
    return flags


def planes_in(cards: Mapping[str, Any]) -> dict[str, int]:
    """Return the names of the bits that the cards ``MP_*`` of a mask's header give.

    Raises
    ------
    FormatterError
        If one of them is no number of a bit.
    """
    given = {key: cards[key] for key in cards if key.startswith("MP_")}
    return {key[3:]: _bit(value, key) for key, value in given.items()}


def _flag(*bits: int) -> np.int32:
    """Return the number that has some bits set; the last bit is the sign."""
    return np.uint32(sum(1 << bit for bit in bits)).view(np.int32)


def _bit(value: Any, name: str) -> int:
    if not str(value).isdigit() or int(value) >= _BITS:
        raise FormatterError(f"{name} = {value!r} is no bit of a mask, which has 0 to {_BITS - 1}")
    return int(value)


@dataclass(frozen=True, eq=False, repr=False)
class Mask:
    """Flags of pixels.

    Attributes
    ----------
    array : array of int32, shape (rows, columns)
        The flags, one bit each.
    planes : mapping [`str`, `int`]
        What each bit, counted from 0, is called.

    Raises
    ------
    FormatterError
        If a plane is given another number than 0 to 31.
    """

    array: NDArray[np.int32]
    planes: Mapping[str, int]
    shareable: ClassVar[bool] = False  # its pixels can be changed in place

    def __post_init__(self) -> None:
        for name, bit in self.planes.items():
            _bit(bit, name)

    @classmethod
    def from_flags(cls, flags: Mapping[str, NDArray[np.bool_]]) -> Mask:
        """Make a mask from one boolean array for each plane; all have the same shape."""
        planes = dict(DEFAULT_PLANES)
        for name in flags:
            planes.setdefault(name, max(planes.values()) + 1)
        if max(planes.values()) >= _BITS:
            raise FormatterError(
                f"a mask holds {_BITS} planes, not {max(planes.values()) + 1}: {', '.join(planes)}"
            )
        array = np.zeros(next(iter(flags.values())).shape, dtype=np.int32)
        for name, flagged in flags.items():
            np.bitwise_or(array, _flag(planes[name]), out=array, where=flagged)
        return cls(array, planes)

    def __getitem__(self, name: str) -> NDArray[np.bool_]:
        """Give the pixels that have a flag."""
        if name not in self.planes:
            raise KeyError(f"the mask has no plane {name!r}; it has {', '.join(self.planes)}")
        return self.any_of([name])

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.planes)

    def any_of(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Give the pixels that have at least one of some flags."""
        return np.asarray((self.array & _flag(*{self.planes[name] for name in names})) != 0)

    @property
    def unnamed(self) -> tuple[int, ...]:
        """The bits, counted from 0, that some pixel has and no plane is called."""
        used = self._used
        return tuple(
            bit for bit in range(_BITS) if used >> bit & 1 and bit not in self.planes.values()
        )

    def counts(self) -> dict[str, int]:
        """Count the flagged pixels of each plane that has any."""
        used = self._used
        there = [name for name, bit in self.planes.items() if used >> bit & 1]
        return {name: int(np.count_nonzero(self[name])) for name in there}

    @property
    def _used(self) -> int:
        """The flags that some pixel has."""
        return int(np.bitwise_or.reduce(self.array, axis=None)) if self.array.size else 0

    def html(self) -> Html:
        """Return the flagged pixels of each plane, with the colours of pictures, as HTML."""
        from persistence.drawing import pixels  # lazy: only notebooks need it

        numbers = sorted(self.counts().items(), key=lambda item: -item[1])
        rows = [
            (notebook.swatch(pixels.colour(name)), name, number, f"{number / self.array.size:.3%}")
            for name, number in numbers
        ]
        unnamed = [("", f"bit {bit}", "no name", "") for bit in self.unnamed]
        return notebook.table([*rows, *unnamed], ["", "mask", "pixels", ""])

    @notebook.shows
    def _repr_html_(self) -> Html:
        from persistence.drawing import pixels  # lazy: only notebooks need it

        size = " x ".join(map(str, reversed(self.array.shape)))
        shown = notebook.title("Mask", f"of {size} pixels")
        if self.array.ndim != 2 or not self.array.size:
            return notebook.join([shown, self.html()])
        empty = np.broadcast_to(np.float32(0), self.array.shape)
        drawn = pixels.picture(empty, self.array, self.planes, pixels.LONGEST)
        drawn = drawn._replace(grey=np.full_like(drawn.grey, pixels.LEVELS - 1))  # on white
        return notebook.join([shown, notebook.beside(pixels.html(drawn, "mask"), self.html())])

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {number}" for name, number in self.counts().items())
        unnamed = f"; no name for bits {', '.join(map(str, self.unnamed))}" if self.unnamed else ""
        flagged = f"{np.count_nonzero(self.array)} of {self.array.size} pixels flagged"
        return flagged + (f": {shown}" if shown else "") + unnamed

    __repr__ = __str__
