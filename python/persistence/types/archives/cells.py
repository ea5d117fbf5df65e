"""Conversions of cells in an archive's tables for the creation of objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def numbers_of(cell: Any) -> NDArray[np.float64]:
    """Return a cell of numbers as an array; astropy returns one number for a cell of one."""
    return np.atleast_1d(np.asarray(cell, dtype=float)).ravel()


def text_of(cell: Any) -> str:
    """Return a cell of bytes as ASCII text."""
    return cell if isinstance(cell, str) else bytes(cell).decode("ascii", "replace")
