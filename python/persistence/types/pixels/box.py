"""Boxes of pixels."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persistence.errors import DataIdError, FormatterError

_SECTION = re.compile(r"\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]")


def _whole(number: Any) -> int:
    """Take a whole number, also from text; half pixels cannot be cut."""
    return int(number) if isinstance(number, str) else operator.index(number)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, counted from 0; the pixel ``(x0, y0)`` is its first.

    Attributes
    ----------
    x0, y0 : `int`
        Column and row of the first pixel.
    width, height : `int`
        Number of columns and rows.
    """

    x0: int
    y0: int
    width: int
    height: int

    @classmethod
    def from_section(cls, text: str) -> Box:
        """Read a section of a FITS header, ``[x1:x2,y1:y2]``.

        From 1, both ends inside, perhaps reversed.

        Source: the NOAO image keyword dictionary (DATASEC, BIASSEC, CCDSEC and the like).
        """
        match = _SECTION.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise FormatterError(f"{text!r} is no image section of the form [x1:x2,y1:y2]")
        x1, x2, y1, y2 = (int(number) for number in match.groups())
        if 0 in (x1, x2, y1, y2):
            raise FormatterError(f"{text!r} begins at 0; sections count from 1")
        return cls(min(x1, x2) - 1, min(y1, y2) - 1, abs(x2 - x1) + 1, abs(y2 - y1) + 1)

    @classmethod
    def from_any(cls, box: Any) -> Box:
        """Return the `Box` of a box, ``(x0, y0, width, height)``, or an object of afw's."""
        if isinstance(box, Box):
            return box
        if hasattr(box, "getMinX"):
            return cls(box.getMinX(), box.getMinY(), box.getWidth(), box.getHeight())
        try:
            return cls(*(_whole(number) for number in box))
        except (TypeError, ValueError):
            raise DataIdError(f"bbox={box!r} is no box: give Box(x0, y0, width, height)") from None

    @property
    def slices(self) -> tuple[slice, slice]:
        """The box as an index of an array: rows, then columns."""
        return slice(self.y0, self.y0 + self.height), slice(self.x0, self.x0 + self.width)

    def shifted(self, dx: int, dy: int) -> Box:
        """Give the same box, moved."""
        return Box(self.x0 + dx, self.y0 + dy, self.width, self.height)

    def contains(self, other: Box) -> bool:
        """Say whether another box lies wholly inside; one of negative size lies nowhere."""
        return (
            other.width >= 0
            and other.height >= 0
            and self.x0 <= other.x0
            and self.y0 <= other.y0
            and other.x0 + other.width <= self.x0 + self.width
            and other.y0 + other.height <= self.y0 + self.height
        )

    # afw's names, for scripts written for them
    def getMinX(self) -> int:
        return self.x0

    def getMinY(self) -> int:
        return self.y0

    def getWidth(self) -> int:
        return self.width

    def getHeight(self) -> int:
        return self.height


def box_of(table: Mapping[str, Any], row: int = 0, prefix: str = "bbox") -> Box:
    """Read a box from the columns of its first and last pixels."""
    x0, y0, x1, y1 = (
        int(table[f"{prefix}_{end}"][row]) for end in ("min_x", "min_y", "max_x", "max_y")
    )
    return Box(x0, y0, x1 - x0 + 1, y1 - y0 + 1)
