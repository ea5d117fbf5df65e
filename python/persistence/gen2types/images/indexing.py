"""Parts of images by afw's indices: boxes, points, and slices of columns and rows."""

from __future__ import annotations

import enum
import operator
from typing import Any

from persistence.gen2types.exceptions import LengthError
from persistence.types.pixels.box import Box


class ImageOrigin(enum.StrEnum):
    """Whose pixels are counted: those of the parent image, or the array's own."""

    PARENT = "PARENT"
    LOCAL = "LOCAL"


PARENT, LOCAL = ImageOrigin.PARENT, ImageOrigin.LOCAL


def inside(box: Any, bbox: Box, origin: Any = PARENT) -> Box:
    """Return a box as pixels of the array, from (0, 0).

    Parameters
    ----------
    box : `Box` or `Box2I`
        A part of an image.
    bbox : `Box`
        The box of the image in its parent.
    origin : `ImageOrigin`
        What the box counts from.

    Raises
    ------
    LengthError
        If it is not inside the image.
    """
    part = Box.from_any(box)
    if origin == PARENT:
        part = part.shifted(-bbox.x0, -bbox.y0)
    if not Box(0, 0, bbox.width, bbox.height).contains(part):
        raise LengthError(f"{box} ({ImageOrigin(origin).name}) is not inside the image, {bbox}")
    return part


def part_of(index: Any, bbox: Box) -> tuple[Box, bool]:
    """Return the pixels that an index of an image selects.

    Parameters
    ----------
    index
        A `Box2I`, a `Point2I`, two integers or slices, columns first; each of them may be followed
        by an `ImageOrigin`, PARENT by default.
    bbox : `Box`
        The box of the image in its parent.

    Returns
    -------
    part : `Box`
        The pixels of the array, from (0, 0).
    is_pixel : `bool`
        Whether it is one pixel rather than a part.

    Raises
    ------
    IndexError
        If a pixel is not in the image, or counted from the end in the parent's pixels.
    LengthError
        If a part is not inside the image.
    """
    words = index if isinstance(index, tuple) else (index,)
    origin: Any = PARENT
    if words and isinstance(words[-1], ImageOrigin):
        words, origin = words[:-1], words[-1]
    if not words or words in ((slice(None),), (...,)):
        return Box(0, 0, bbox.width, bbox.height), False
    if len(words) == 1 and hasattr(words[0], "getMinX"):
        return inside(words[0], bbox, origin), False
    if len(words) == 1 and hasattr(words[0], "getX"):
        # A point may be where negative numbers are pixels, not counted from the end.
        x, y = (operator.index(number) for number in words[0])
        dx, dy = (bbox.x0, bbox.y0) if origin == PARENT else (0, 0)
        return _pixel(x - dx, y - dy, bbox), True
    if len(words) != 2:
        raise TypeError(f"[{index!r}] is not valid for an image, which has columns and rows")
    starts = (bbox.x0, bbox.y0) if origin == PARENT else (0, 0)
    sizes = (bbox.width, bbox.height)
    (x1, x2), (y1, y2) = (
        _range(word, start, size, origin)
        for word, start, size in zip(words, starts, sizes, strict=True)
    )
    if not any(isinstance(word, slice) for word in words):
        return _pixel(x1, y1, bbox), True
    return inside(Box(x1, y1, x2 - x1, y2 - y1), bbox, LOCAL), False


def _range(word: Any, start: int, size: int, origin: Any) -> tuple[int, int]:
    """Return the first pixel of the array along an axis, and the one after the last."""
    if not isinstance(word, slice):
        first = _counted(operator.index(word), start, size, origin)
        return first, first + 1
    if word.step not in (None, 1):
        raise ValueError(
            f"a part of an image includes every pixel: a step of {word.step} is not valid"
        )
    first = 0 if word.start is None else _counted(word.start, start, size, origin)
    return first, size if word.stop is None else _counted(word.stop, start, size, origin)


def _counted(number: int, start: int, size: int, origin: Any) -> int:
    number = operator.index(number)
    if number >= 0:
        return number - start
    if origin == LOCAL:
        return size + number
    raise IndexError(
        f"{number} counts from the end only in LOCAL coordinates, image[x, y, LOCAL]; a Point2I "
        "or a Box2I may have negative pixels of the parent"
    )


def _pixel(x: int, y: int, bbox: Box) -> Box:
    if not (0 <= x < bbox.width and 0 <= y < bbox.height):
        raise IndexError(f"pixel ({x + bbox.x0}, {y + bbox.y0}) is not in the image, {bbox}")
    return Box(x, y, 1, 1)
