"""`Plane`: pixels with a position in a parent image. Images and masks are planes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2I
from persistence.gen2types.exceptions import LengthError
from persistence.gen2types.face import Face
from persistence.gen2types.images.indexing import PARENT, inside, part_of
from persistence.types.pixels.box import Box

# What afw calls the first argument of its constructors.
_FIRST = ("bbox", "dimensions", "width", "rhs", "array", "image", "fileName")


def first_words(
    words: tuple[Any, ...], named: dict[str, Any], names: Sequence[str]
) -> tuple[Any, ...]:
    """Return the arguments of a constructor of afw's; the first one may be given by a name.

    Parameters
    ----------
    words : `tuple`
        The arguments that have no names.
    named : `dict`
        Those that have; the first one is removed, if it is among them.
    names : sequence of `str`
        What the first one may be called.

    Returns
    -------
    words : `tuple`
        The first, which is None if there is none, and the others.
    """
    if words:
        return words
    return (next((named.pop(name) for name in names if name in named), None),)


class Plane(Face[Any]):
    """Pixels and their position; ``array[y - y0, x - x0]`` is the pixel (x, y) of the parent.

    Parameters
    ----------
    *words, **named
        afw's arguments: a width and a height, an `Extent2I` or a `Box2I`, and perhaps an initial
        value; an array, ``deep`` (True) and ``xy0``; another plane, perhaps a box and an
        `ImageOrigin`, and ``deep`` (False); the path of a file, and the number of an HDU.
    """

    dtype: ClassVar[Any]
    _array: NDArray[Any]
    _x0: int
    _y0: int

    def __init__(self, *words: Any, **named: Any) -> None:
        self._x0 = self._y0 = 0
        first, *rest = first_words(words, named, _FIRST)
        if isinstance(first, str | os.PathLike):
            self._read(os.fspath(first), *rest, **named)
        elif isinstance(first, Plane):
            self._share(first, *rest, **named)
        elif isinstance(first, np.ndarray):
            self._take(first, *rest, **named)
        else:
            self._create(first, *rest, **named)

    def _create(self, size: Any = None, *rest: Any, **named: Any) -> None:
        if hasattr(size, "getMinX"):
            box = Box.from_any(size)
        elif hasattr(size, "getX"):
            box = Box(0, 0, *size)
        else:
            height = named.pop("height") if "height" in named else rest[0] if rest else 0
            rest = rest[1:]
            box = Box(0, 0, 0 if size is None else int(size), int(height))
        rest = tuple(word for word in rest if not hasattr(word, "keys"))  # planes of a mask
        value = named.pop("initialValue", rest[0] if rest else 0)
        self._array = np.full((box.height, box.width), value, dtype=self.dtype)
        self._x0, self._y0 = box.x0, box.y0

    def _take(self, array: NDArray[Any], deep: bool = True, xy0: Any = None) -> None:
        if array.ndim != 2:
            raise ValueError(f"an image has two axes, not {array.ndim}")
        # pixels of another type are converted, which copies them
        self._array = array.astype(self.dtype, copy=deep)
        if xy0 is not None:
            self.setXY0(xy0)

    def _share(
        self,
        rhs: Plane,
        bbox: Any = None,
        origin: Any = PARENT,
        deep: bool | None = None,
    ) -> None:
        if isinstance(bbox, bool):
            bbox, deep = None, bbox
        part = rhs if bbox is None else rhs._part(inside(bbox, rhs._box, origin))
        copies = bool(deep) or rhs._array.dtype != self.dtype
        self._array = part._array.astype(self.dtype, copy=copies)
        self._x0, self._y0 = part._x0, part._y0

    def _read(self, path: str, *rest: Any, **named: Any) -> None:
        raise NotImplementedError

    @classmethod
    def _over(cls, array: NDArray[Any], x0: int, y0: int) -> Self:
        """Return a plane that shares an array."""
        plane = cls.__new__(cls)
        plane._array, plane._x0, plane._y0 = array, x0, y0
        return plane

    def _part(self, part: Box) -> Self:
        return self._over(self._array[part.slices], self._x0 + part.x0, self._y0 + part.y0)

    @property
    def _box(self) -> Box:
        height, width = self._array.shape
        return Box(self._x0, self._y0, width, height)

    @property
    def _xy0(self) -> tuple[int, int]:
        return self._x0, self._y0

    __eq__ = object.__eq__  # afw's images are equal to themselves only
    __hash__ = object.__hash__

    # -- pixels
    @property
    def array(self) -> NDArray[Any]:
        return self._array

    @array.setter
    def array(self, value: Any) -> None:
        self._array[...] = value

    def getArray(self) -> NDArray[Any]:
        return self._array

    def __getitem__(self, index: Any) -> Any:
        part, is_pixel = part_of(index, self._box)
        return self._array[part.y0, part.x0].item() if is_pixel else self._part(part)

    def __setitem__(self, index: Any, value: Any) -> None:
        part, _ = part_of(index, self._box)
        self._assign(self._array[part.slices], value)

    def _assign(self, pixels: NDArray[Any], value: Any) -> None:
        if isinstance(value, Plane):
            check_size(value._array.shape, pixels.shape)
            value = value._array
        if value is not pixels:
            pixels[...] = value

    def assign(self, rhs: Self, bbox: Any = None, origin: Any = PARENT) -> None:
        whole = bbox is None or Box.from_any(bbox).width == 0
        part = Box(0, 0, *self.getDimensions()) if whole else inside(bbox, self._box, origin)
        self._assign(self._array[part.slices], rhs)

    def set(self, *words: Any) -> None:
        """Set all pixels to a value; or, with column and row first, one of the array's."""
        if len(words) == 1:
            self._array[...] = words[0]
        else:
            x, y, value = words
            self._array[y, x] = value

    def get(self, x: int, y: int) -> Any:
        return self._array[y, x].item()

    # -- place
    def getWidth(self) -> int:
        return int(self._array.shape[1])

    def getHeight(self) -> int:
        return int(self._array.shape[0])

    def getDimensions(self) -> Extent2I:
        return Extent2I(self.getWidth(), self.getHeight())

    def getX0(self) -> int:
        return self._x0

    def getY0(self) -> int:
        return self._y0

    def getXY0(self) -> Point2I:
        return Point2I(self._x0, self._y0)

    def setXY0(self, *words: Any) -> None:
        self._x0, self._y0 = map(int, words if len(words) == 2 else Point2I(*words))

    def getBBox(self, origin: Any = PARENT) -> Box2I:
        return Box2I.of(self._box if origin == PARENT else Box(0, 0, *self.getDimensions()))

    width = property(getWidth)
    height = property(getHeight)

    # -- copies
    @property
    def Factory(self) -> type[Self]:
        return type(self)

    def clone(self) -> Self:
        return self._over(self._array.copy(), self._x0, self._y0)

    def subset(self, bbox: Any, origin: Any = PARENT) -> Self:
        return self._part(inside(bbox, self._box, origin))

    def swap(self, other: Self) -> None:
        self.__dict__, other.__dict__ = other.__dict__, self.__dict__

    def __str__(self) -> str:
        return f"{self._array}, bbox={self.getBBox()}"

    def __repr__(self) -> str:
        return f"lsst.afw.image.{type(self).__name__}={self}"


def check_size(size: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Raise an error for pixels of another size.

    Raises
    ------
    LengthError
        If it is not the required size.
    """
    if size != wanted:
        given, needed = (" x ".join(map(str, reversed(shape))) for shape in (size, wanted))
        raise LengthError(f"an image of {given} pixels does not fit one of {needed}")
