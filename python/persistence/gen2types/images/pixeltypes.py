"""Classes that afw has once for each type of pixels: ``ImageF``, ``ImageI``, ..."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from persistence.files.numbers import exact

# The last letter of afw's names. Source: afw's template instances.
TYPES = {
    "F": np.dtype(np.float32),
    "D": np.dtype(np.float64),
    "I": np.dtype(np.int32),
    "L": np.dtype(np.uint64),
    "U": np.dtype(np.uint16),
    "X": np.dtype(np.int32),
}
# Types that afw has no images of, and those that it reads them as.
_READ_AS = {"b1": "I", "u1": "I", "i1": "I", "i2": "I", "i8": "I", "u4": "L", "f2": "F"}


class PixelTypes(type):
    """The class of a family of classes: its base class is called with ``dtype``, or indexed by it.

    ``Image(array, dtype=np.float32)`` is an ``ImageF``, ``Image["F"]`` and ``Image[np.float32]``
    are the class itself, as with afw's ``TemplateMeta``.
    """

    _by_letter: dict[str, Any]
    _family: PixelTypes
    dtype: Any

    def __init__(
        cls, name: str, bases: tuple[type, ...], members: dict[str, Any], letter: str = ""
    ) -> None:
        super().__init__(name, bases, members)
        if letter:
            cls.dtype = TYPES[letter]
            cls._by_letter[letter] = cls
        elif "_by_letter" in members:
            cls._family = cls

    def __new__(
        mcs, name: str, bases: tuple[type, ...], members: dict[str, Any], letter: str = ""
    ) -> PixelTypes:
        return super().__new__(mcs, name, bases, members)

    def __call__(cls, *words: Any, **named: Any) -> Any:
        if cls.__dict__.get("_by_letter") is None:
            return super().__call__(*words, **named)
        dtype = named.pop("dtype", None)
        if dtype is None:
            dtype = _dtype_of(words[0] if words else next(iter(named.values()), None))
        return cls[dtype or cls._default()](*words, **named)

    def _default(cls) -> str:
        return next(iter(cls._by_letter))

    def __getitem__(cls, key: Any) -> Any:
        if isinstance(key, str) and key in cls._by_letter:
            return cls._by_letter[key]
        return cls._by_letter[letter_of(key, cls._by_letter)]

    def __iter__(cls) -> Iterator[str]:
        return iter(cls._by_letter)

    def __contains__(cls, key: Any) -> bool:
        return key in cls._by_letter

    def keys(cls) -> Any:
        return cls._by_letter.keys()

    def values(cls) -> Any:
        return cls._by_letter.values()

    def items(cls) -> Any:
        return cls._by_letter.items()


def _dtype_of(source: Any) -> Any:
    """Return the pixel type of the source of an image; None if it has none."""
    if isinstance(source, np.ndarray):
        return source.dtype
    pixels = getattr(source, "image", source)
    return getattr(pixels, "dtype", None)


def letter_of(dtype: DTypeLike, known: Any = TYPES) -> str:
    """Return the letter of a type of pixels.

    Raises
    ------
    TypeError
        If afw has no images of such pixels.
    """
    wanted = np.dtype(dtype).newbyteorder("=")
    for letter in known:
        if TYPES[letter] == wanted:
            return str(letter)
    letter = _READ_AS.get(wanted.str[1:], "")
    if letter not in known:
        raise TypeError(f"afw has no images of {wanted} here; it has {', '.join(known)}")
    return letter


def as_afw(array: NDArray[Any]) -> NDArray[Any]:
    """Return pixels in a type that afw has: the array itself, or, of another type, a copy.

    Raises
    ------
    FormatterError
        If a number does not fit into the type.
    """
    dtype = TYPES[letter_of(array.dtype)]
    return array if array.dtype == dtype else exact(array, dtype)
