"""What an archive gives to those who build its objects: rows of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.types.box import Box

# Column name -> array, or list for strings and for cells of varying length; one element a row.
Table = Mapping[str, Any]
# The tables of one object.
Tables = Sequence[Table]
# Gives the object of a number; None for 0.
Load = Callable[[int], Any]


def numbers_of(cell: Any) -> NDArray[np.float64]:
    """Take a cell of numbers; astropy gives one number for a cell of one."""
    return np.atleast_1d(np.asarray(cell, dtype=float)).ravel()


def text_of(cell: Any) -> str:
    """Take a cell of bytes for ASCII text."""
    return cell if isinstance(cell, str) else bytes(cell).decode("ascii", "replace")


def box_of(table: Table, row: int = 0, prefix: str = "bbox") -> Box:
    """Read a box from the columns of its first and last pixels."""
    x0, y0, x1, y1 = (int(table[f"{prefix}_{end}"][row]) for end in ("min_x", "min_y", "max_x", "max_y"))
    return Box(x0, y0, x1 - x0 + 1, y1 - y0 + 1)
