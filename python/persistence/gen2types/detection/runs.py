"""Which runs of pixels touch each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


def components(y: Numbers, x0: Numbers, x1: Numbers, reach: int) -> list[Numbers]:
    """Return the numbers of the runs of each set of runs that hang together.

    Parameters
    ----------
    y, x0, x1 : array
        The rows of the runs, in ascending order, and their first and last columns.
    reach : `int`
        0 if pixels touch along sides only; 1 if at corners, too.
    """
    parents = list(range(len(y)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    rows, starts = np.unique(y, return_index=True)
    ends = np.append(starts[1:], len(y))
    first, last = x0.tolist(), x1.tolist()
    for index in range(1, len(rows)):
        if rows[index] != rows[index - 1] + 1:
            continue
        above, below = int(starts[index - 1]), int(starts[index])
        while above < ends[index - 1] and below < ends[index]:
            if first[above] <= last[below] + reach and first[below] <= last[above] + reach:
                lower, other = sorted((root(above), root(below)))
                parents[other] = lower
            if last[above] < last[below]:
                above += 1
            else:
                below += 1
    roots = np.array([root(run) for run in range(len(y))], int)
    return [np.flatnonzero(roots == each) for each in np.unique(roots)]
