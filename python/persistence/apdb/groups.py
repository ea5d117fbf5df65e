"""Statistics of many groups of values at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Groups:
    """Groups of rows: rows that follow each other and have the same number.

    Parameters
    ----------
    numbers : array of `int`
        The number of each row's group, sorted.

    Attributes
    ----------
    numbers : array of `int`
        That of each group.
    counts : array of `int`
        How many rows each has.
    """

    def __init__(self, numbers: Ints) -> None:
        self.numbers, self.starts, self.of_rows, self.counts = np.unique(
            numbers, return_index=True, return_inverse=True, return_counts=True
        )

    def total(self, values: Any) -> Floats:
        """Return the sum of each group."""
        return self._reduced(np.add, np.asarray(values, float))

    def mean(self, values: Any, weights: Any = None) -> Floats:
        """Return the mean of each group."""
        if weights is None:
            return self.total(values) / self.counts
        return self.total(weights * np.asarray(values, float)) / self.total(weights)

    def smallest(self, values: Any) -> Floats:
        """Return the smallest value of each group."""
        return self._reduced(np.minimum, np.asarray(values, float))

    def largest(self, values: Any) -> Floats:
        """Return the largest value of each group."""
        return self._reduced(np.maximum, np.asarray(values, float))

    def percentile(self, values: Any, percent: float) -> Floats:
        """Return a percentile of each group, linear between values."""
        ordered = np.asarray(values, float)
        ordered = ordered[np.lexsort((ordered, self.of_rows))]
        place = (self.counts - 1) * (percent / 100)
        low = np.floor(place).astype(int)
        high, part = np.minimum(low + 1, self.counts - 1), place - low
        return np.asarray(
            ordered[self.starts + low] * (1 - part) + ordered[self.starts + high] * part
        )

    def spread(self, values: Any) -> Floats:
        """Return a value of each group for each of its rows."""
        return np.asarray(np.asarray(values, float)[self.of_rows])

    def steps(self) -> NDArray[np.bool_]:
        """Return which rows, but the first, are of the same group as the row before."""
        return np.asarray(self.of_rows[1:] == self.of_rows[:-1])

    def _reduced(self, function: Any, values: Floats) -> Floats:
        return np.asarray(
            function.reduceat(values, self.starts) if self.starts.size else np.zeros(0)
        )
