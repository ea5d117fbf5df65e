"""`SimpleCatalog` and `SourceCatalog`: catalogs that are sorted by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from persistence.gen2types.table.basecatalog import BaseCatalog
from persistence.gen2types.table.basetable import SimpleTable, SourceTable
from persistence.gen2types.table.columnview import SourceColumnView
from persistence.gen2types.table.sources import SimpleRecord, SourceRecord


class SimpleCatalog(BaseCatalog):
    """Records with a number and a position."""

    Table = SimpleTable
    Record = SimpleRecord

    def _sorting(self, key: Any) -> Any:
        return "id" if key is None else key


class SourceCatalog(SimpleCatalog):
    """Measured sources."""

    Table = SourceTable
    Record = SourceRecord
    Columns = SourceColumnView

    def getChildren(self, parent: int | Sequence[int], *args: Sequence[Any]) -> Any:
        """Return the sources whose parent is a source.

        Parameters
        ----------
        parent : `int` or sequence of `int`
            The number of the parent, or of several.
        *args : sequence, optional
            Sequences of which the children's items are wanted as well.

        Returns
        -------
        children : `SourceCatalog`, or iterator
            Of several parents, the children of each; with further sequences, tuples.
        """
        if np.ndim(parent) == 0:
            return self._children(int(parent), args)  # type: ignore[arg-type]
        return self._of_each(parent, args)  # type: ignore[arg-type]

    def _children(self, parent: int, args: tuple[Sequence[Any], ...]) -> Any:
        places = np.flatnonzero(self.column("parent") == parent)
        children = self.subset(places)
        if not args:
            return children
        return children, *([other[int(position)] for position in places] for other in args)

    def _of_each(self, parents: Sequence[int], args: tuple[Sequence[Any], ...]) -> Iterator[Any]:
        return (self._children(int(parent), args) for parent in parents)
