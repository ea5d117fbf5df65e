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

# The planes of every mask that afw writes. Source: afw-files 1.3.
DEFAULT_PLANES: Mapping[str, int] = {
    name: bit
    for bit, name in enumerate(
        ["BAD", "SAT", "INTRP", "CR", "EDGE", "DETECTED", "DETECTED_NEGATIVE", "SUSPECT", "NO_DATA"]
    )
}


_BITS = 32
_ROWS = 128  # that are looked through at once


def as_flags(numbers: NDArray[Any]) -> NDArray[np.int32]:
    """Return the numbers of a mask's pixels as 32 flags; the last flag is the sign.

    Raises
    ------
    FormatterError
        If a number has more flags, or is not an integer.
    """
    has_last = not np.can_cast(numbers.dtype, np.int32) and np.any(numbers >= 1 << (_BITS - 1))
    flags: NDArray[np.int32] = exact(numbers, np.uint32 if has_last else np.int32).view(np.int32)
    return flags


def planes_in(cards: Mapping[str, Any]) -> dict[str, int]:
    """Return the bits that the cards ``MP_*`` of a mask's header name.

    Raises
    ------
    FormatterError
        If a value is not the number of a bit.
    """
    given = {key: cards[key] for key in cards if key.startswith("MP_")}
    return {key[3:]: _bit(value, key) for key, value in given.items()}


def _flag(*bits: int) -> np.int32:
    """Return the number with some bits set; the last bit is the sign."""
    return np.uint32(sum(1 << bit for bit in bits)).view(np.int32)


def _bit(value: Any, name: str) -> int:
    if not str(value).isdigit() or int(value) >= _BITS:
        raise FormatterError(
            f"{name} = {value!r} is not a bit of a mask, which has 0 to {_BITS - 1}"
        )
    return int(value)


@dataclass(frozen=True, eq=False, repr=False)
class Mask:
    """Flags of pixels.

    Gen2's class is ``lsst.afw.image.Mask`` (doc/gen2/afw-files.md 1.3).

    Parameters
    ----------
    array : `numpy.ndarray` [`np.int32`]
        The flags, one bit each, int32, shape (rows, columns).
    planes : mapping of `str` to `int`
        The bit of each plane, counted from 0, by its name.

    Raises
    ------
    FormatterError
        If a bit is not from 0 to 31.

    Examples
    --------
    >>> import numpy as np
    >>> from persistence import Mask
    >>> mask = Mask.from_flags({"BAD": np.array([[True, False], [False, False]])})
    >>> mask.counts()
    {'BAD': 1}
    """

    array: NDArray[np.int32]
    planes: Mapping[str, int]
    shareable: ClassVar[bool] = False  # its pixels can be changed in place

    def __post_init__(self) -> None:
        for name, bit in self.planes.items():
            _bit(bit, name)

    @classmethod
    def from_flags(cls, flags: Mapping[str, NDArray[np.bool_]]) -> Mask:
        """Return the mask of one boolean array per plane.

        Parameters
        ----------
        flags : mapping of `str` to `numpy.ndarray` [`np.bool_`]
            Arrays of the same shape (rows, columns) by the name of the plane. The planes of afw's
            masks are always included.

        Returns
        -------
        `Mask`
            The mask.

        Raises
        ------
        FormatterError
            If there are more than 32 planes.
        """
        planes = dict(DEFAULT_PLANES)
        for name in flags:
            planes.setdefault(name, max(planes.values()) + 1)
        if max(planes.values()) >= _BITS:
            raise FormatterError(
                f"a mask has at most {_BITS} planes, not {max(planes.values()) + 1}: "
                f"{', '.join(planes)}"
            )
        array = np.zeros(next(iter(flags.values())).shape, dtype=np.int32)
        for name, flagged in flags.items():
            np.bitwise_or(array, _flag(planes[name]), out=array, where=flagged)
        return cls(array, planes)

    def __getitem__(self, name: str) -> NDArray[np.bool_]:
        """Return the pixels with a flag, as a boolean array."""
        if name not in self.planes:
            raise KeyError(f"the mask has no plane {name!r}; it has {', '.join(self.planes)}")
        return self.any_of([name])

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.planes)

    def any_of(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Return the pixels with at least one of some flags.

        Parameters
        ----------
        names : iterable of `str`
            The planes.

        Returns
        -------
        array of bool, shape (rows, columns)
            True for these pixels.

        Raises
        ------
        KeyError
            If there is no such plane.
        """
        chosen, flags = _flag(*{self.planes[name] for name in names}), self.array
        made = np.empty(flags.shape, bool)
        for first in range(0, len(flags), _ROWS):  # a temporary of this size stays in the cache
            part = np.s_[first : first + _ROWS]
            np.not_equal(flags[part] & chosen, 0, out=made[part])
        return made

    @property
    def unnamed(self) -> tuple[int, ...]:
        """The bits, counted from 0, of flagged pixels that have no name."""
        used = self._used
        return tuple(
            bit for bit in range(_BITS) if used >> bit & 1 and bit not in self.planes.values()
        )

    def counts(self) -> dict[str, int]:
        """Return the number of flagged pixels of each plane that has any."""
        used = self._used
        there = [name for name, bit in self.planes.items() if used >> bit & 1]
        return {name: int(np.count_nonzero(self[name])) for name in there}

    @property
    def _used(self) -> int:
        """The flags that occur, as one number."""
        return int(np.bitwise_or.reduce(self.array, axis=None)) if self.array.size else 0

    def html(self) -> Html:
        """Return the flagged pixels of each plane, with the colours of pictures, as HTML."""
        from persistence.drawing import pixels  # lazy: only for notebooks

        numbers = sorted(self.counts().items(), key=lambda item: -item[1])
        rows = [
            (notebook.swatch(pixels.colour(name)), name, number, f"{number / self.array.size:.3%}")
            for name, number in numbers
        ]
        unnamed = [("", f"bit {bit}", "no name", "") for bit in self.unnamed]
        return notebook.table([*rows, *unnamed], ["", "mask", "pixels", ""])

    @notebook.shows
    def _repr_html_(self) -> Html:
        from persistence.drawing import pixels  # lazy: only for notebooks

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
