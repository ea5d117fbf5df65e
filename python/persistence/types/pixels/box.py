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
    """Return an integer, also from text; fractions of pixels raise an error."""
    return int(number) if isinstance(number, str) else operator.index(number)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels, counted from 0; ``(x0, y0)`` is its first pixel.

    Gen2's class is ``lsst.geom.Box2I``.

    Parameters
    ----------
    x0, y0 : `int`
        Column and row of the first pixel.
    width, height : `int`
        The numbers of columns and rows.

    Examples
    --------
    >>> from persistence import Box
    >>> Box.from_section("[1:4,1:2]")
    Box(x0=0, y0=0, width=4, height=2)
    """

    x0: int
    y0: int
    width: int
    height: int

    @classmethod
    def from_section(cls, text: str) -> Box:
        """Return the box of a section of a FITS header, ``[x1:x2,y1:y2]``.

        Sections count from 1, include both ends, and may be reversed. Source: the NOAO image
        keyword dictionary (DATASEC, BIASSEC, CCDSEC and others).

        Parameters
        ----------
        text : `str`
            The section.

        Returns
        -------
        `Box`
            The box.

        Raises
        ------
        FormatterError
            If the text is not a section.
        """
        match = _SECTION.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise FormatterError(f"{text!r} is not an image section of the form [x1:x2,y1:y2]")
        x1, x2, y1, y2 = (int(number) for number in match.groups())
        if 0 in (x1, x2, y1, y2):
            raise FormatterError(f"{text!r} begins at 0; sections count from 1")
        return cls(min(x1, x2) - 1, min(y1, y2) - 1, abs(x2 - x1) + 1, abs(y2 - y1) + 1)

    @classmethod
    def from_any(cls, box: Any) -> Box:
        """Return the `Box` of a box, ``(x0, y0, width, height)``, or an object of afw's.

        Parameters
        ----------
        box : `Box`, sequence of four `int`, or ``lsst.geom.Box2I``
            The box.

        Returns
        -------
        `Box`
            The box.

        Raises
        ------
        DataIdError
            If it is none of these.
        """
        if isinstance(box, Box):
            return box
        if hasattr(box, "getMinX"):
            return cls(box.getMinX(), box.getMinY(), box.getWidth(), box.getHeight())
        try:
            return cls(*(_whole(number) for number in box))
        except (TypeError, ValueError):
            raise DataIdError(
                f"bbox={box!r} is not a box: use Box(x0, y0, width, height)"
            ) from None

    @property
    def slices(self) -> tuple[slice, slice]:
        """The box as an index of an array: rows, then columns."""
        return slice(self.y0, self.y0 + self.height), slice(self.x0, self.x0 + self.width)

    def shifted(self, dx: int, dy: int) -> Box:
        """Return the box moved by some columns and rows.

        Parameters
        ----------
        dx, dy : `int`
            The shift (pixels).

        Returns
        -------
        `Box`
            The moved box.
        """
        return Box(self.x0 + dx, self.y0 + dy, self.width, self.height)

    def contains(self, other: Box) -> bool:
        """Return whether another box is completely inside; a box of negative size never is.

        Parameters
        ----------
        other : `Box`
            The other box.

        Returns
        -------
        `bool`
            Whether it is inside.
        """
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
        """Return the first column."""
        return self.x0

    def getMinY(self) -> int:
        """Return the first row."""
        return self.y0

    def getWidth(self) -> int:
        """Return the number of columns."""
        return self.width

    def getHeight(self) -> int:
        """Return the number of rows."""
        return self.height


def box_of(table: Mapping[str, Any], row: int = 0, prefix: str = "bbox") -> Box:
    """Return the box in columns of first and last pixels."""
    x0, y0, x1, y1 = (
        int(table[f"{prefix}_{end}"][row]) for end in ("min_x", "min_y", "max_x", "max_y")
    )
    return Box(x0, y0, x1 - x0 + 1, y1 - y0 + 1)
