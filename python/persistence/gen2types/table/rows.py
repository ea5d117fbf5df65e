"""`Rows`: which rows of which blocks a catalog has, in its order."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.table.block import Block

Numbers = NDArray[np.int64]


class Run(NamedTuple):
    """Rows of one block: a range where they follow each other, else their numbers."""

    block: Block
    rows: range | Numbers


class Rows:
    """Rows of blocks, as runs.

    Parameters
    ----------
    runs : iterable of `Run`, optional
        The rows.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.runs = [run for run in runs if len(run.rows)]
        self._ends = [int(end) for end in np.cumsum([len(run.rows) for run in self.runs])]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[tuple[Block, int]]:
        for block, rows in list(self.runs):
            for row in rows:
                yield block, int(row)

    def locate(self, index: int) -> tuple[Block, int]:
        """Return the block and the row of an index, counted from 0."""
        run = bisect.bisect_right(self._ends, index)
        block, rows = self.runs[run]
        return block, int(rows[index - self._ends[run] + len(rows)])

    def append(self, block: Block, row: int) -> None:
        """Add a row at the end."""
        last = self.runs[-1] if self.runs else None
        if (
            last is not None
            and last.block is block
            and isinstance(last.rows, range)
            and (last.rows.step, last.rows.stop) == (1, row)
        ):
            self.runs[-1] = Run(block, range(last.rows.start, row + 1))
            self._ends[-1] += 1
            return
        self.runs.append(Run(block, range(row, row + 1)))
        self._ends.append(len(self) + 1)

    def extend(self, other: Rows) -> None:
        """Add other rows at the end."""
        for block, rows in list(other.runs):
            if isinstance(rows, range) and rows.step == 1:
                # The first one is joined with what comes before it, the others with the first.
                self.append(block, rows.start)
                last = self.runs[-1].rows
                assert isinstance(last, range)
                self.runs[-1] = Run(block, range(last.start, rows.stop))
                self._ends[-1] += len(rows) - 1
            else:
                self.runs.append(Run(block, rows))
                self._ends.append(len(self) + len(rows))

    def take(self, chosen: Any) -> Rows:
        """Return some of the rows: those of a slice, or at some places."""
        if isinstance(chosen, slice) and len(self.runs) == 1:
            block, rows = self.runs[0]
            return Rows([_run(block, rows[chosen])])
        places = np.arange(len(self))[chosen]
        if len(self.runs) == 1:
            block, rows = self.runs[0]
            return Rows([_run(block, np.asarray(rows, np.int64)[places])])
        which = np.repeat(np.arange(len(self.runs)), [len(run.rows) for run in self.runs])[places]
        numbers = self.numbers()[places]
        starts = np.flatnonzero(np.diff(which, prepend=-1))
        parts = np.split(numbers, starts[1:])
        return Rows(
            _run(self.runs[which[start]].block, part)
            for start, part in zip(starts, parts, strict=bool(len(starts)))
        )

    def numbers(self) -> Numbers:
        """Return the number of each row in its block."""
        parts = [np.asarray(run.rows, np.int64) for run in self.runs]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    @property
    def contiguous(self) -> bool:
        """Whether the rows follow each other in memory."""
        if len(self.runs) > 1:
            return False
        return not self.runs or len(self) == 1 or _step(self.runs[0].rows) == 1

    def column(self, name: str) -> NDArray[Any] | None:
        """Return a column: a view if the rows are contiguous, else a copy.

        None if there are no rows.
        """
        parts = [_of(block.whole(name), rows) for block, rows in self.runs]
        if len(parts) > 1:
            return np.concatenate(parts)
        return parts[0] if parts else None


def _of(column: NDArray[Any], rows: range | Numbers) -> NDArray[Any]:
    if isinstance(rows, range) and rows.step > 0:
        return column[rows.start : rows.stop : rows.step]
    return column[np.asarray(rows, np.int64)]


def _step(rows: range | Numbers) -> int:
    return rows.step if isinstance(rows, range) else 0


def _run(block: Block, rows: range | Numbers) -> Run:
    if not isinstance(rows, range) and len(rows) and (np.diff(rows) == 1).all():
        return Run(block, range(int(rows[0]), int(rows[-1]) + 1))
    return Run(block, rows)
