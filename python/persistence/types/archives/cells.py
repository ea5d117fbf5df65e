"""Cells of an archive's tables, as what builds its objects needs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def numbers_of(cell: Any) -> NDArray[np.float64]:
    """Take a cell of numbers; astropy gives one number for a cell of one."""
    return np.atleast_1d(np.asarray(cell, dtype=float)).ravel()


def text_of(cell: Any) -> str:
    """Take a cell of bytes for ASCII text."""
    return cell if isinstance(cell, str) else bytes(cell).decode("ascii", "replace")
