"""Tables whose columns are in several files, and are read on access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError, did_you_mean


class Part(Protocol):
    """A table that can be read in part, such as `persistence.composites.handle.Handle`."""

    def get(self, view: str | None = None, **options: Any) -> Any: ...


class JoinedTable:
    """Catalogs of the same objects, joined by a number that each object has in all of them.

    Parameters
    ----------
    parts : mapping of `str` to `Part`
        The catalogs. The rows are those of the first one, in its order.
    key : `str`, optional
        The column that identifies the objects.

    Notes
    -----
    ``joined['flux']`` reads one column; ``joined['ra', 'dec']``, or a list of names, returns a
    table of these columns, with the key first. A column that several catalogs have is
    ``part.column``, except for the first catalog's.
    """

    def __init__(self, parts: Mapping[str, Part], key: str = "id") -> None:
        self.key = key
        self._parts = dict(parts)
        self._places: dict[str, tuple[str, str]] = {}
        self._ids: dict[str, NDArray[Any]] = {}
        self._orders: dict[str, NDArray[np.intp] | None] = {}
        for name, part in self._parts.items():
            columns = part.get("schema").colnames
            if key not in columns:
                raise FormatterError(
                    f"{part} has no column {key!r} to be joined by (it has {', '.join(columns)})"
                )
            for column in columns:
                if column in self._places and column == key:
                    continue
                called = f"{name}.{column}" if column in self._places else column
                if called in self._places:
                    raise FormatterError(
                        f"two columns would have the name {called!r}: {name} has {column!r}, too"
                    )
                self._places[called] = name, column

    @property
    def colnames(self) -> list[str]:
        """The columns of all catalogs."""
        return list(self._places)

    def __len__(self) -> int:
        return len(self._numbers(next(iter(self._parts))))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __repr__(self) -> str:
        return f"JoinedTable of {', '.join(self._parts)}: {len(self._places)} columns"

    def __getitem__(self, name: str | Sequence[str]) -> Any:
        """Read a column, or a table of some columns."""
        if isinstance(name, str):
            return self.read([name])[name]
        if not isinstance(name, list | tuple):
            raise FormatterError(
                f"a joined table returns columns by name, not {name!r}: read() returns a table "
                "of them"
            )
        return self.read(name)

    def read(self, columns: Sequence[str] | None = None) -> Any:
        """Read some columns, by default all.

        Parameters
        ----------
        columns : sequence of `str` or `None`, optional
            The columns.

        Returns
        -------
        table : `astropy.table.Table`
            The key and these columns.

        Raises
        ------
        FormatterError
            If there is no such column, or the catalogs do not have the same objects.
        """
        wanted = list(self._places if columns is None else columns)
        for column in wanted:
            if column not in self._places:
                raise FormatterError(
                    f"no catalog has a column {column!r}{did_you_mean(column, self._places)}"
                )
        first = next(iter(self._parts))
        by_part: dict[str, list[str]] = {first: []}
        for column in wanted:
            by_part.setdefault(self._places[column][0], []).append(column)
        whole: Any = None
        for name, names in by_part.items():
            table = self._read(name, names)
            if whole is None:
                whole = table
            else:
                for column in names:
                    whole[column] = table[column]
        return whole[list(dict.fromkeys([self.key, *wanted]))]

    def _read(self, name: str, columns: Sequence[str]) -> Any:
        """Read columns of one catalog, with rows in the first one's order, and joined names."""
        own = {self._places[column][1]: column for column in columns}
        table = self._parts[name].get(columns=tuple(dict.fromkeys([self.key, *own])))
        self._ids.setdefault(name, np.asarray(table[self.key]))
        order = self._order(name)
        if order is not None:
            table = table[order]
        for there, here in own.items():
            if there != here:
                table.rename_column(there, here)
        return table

    def _numbers(self, name: str) -> NDArray[Any]:
        if name not in self._ids:
            self._ids[name] = np.asarray(self._parts[name].get(columns=(self.key,))[self.key])
        return self._ids[name]

    def _order(self, name: str) -> NDArray[np.intp] | None:
        """Return the row of a catalog for each row of the first one; None if they are the same."""
        if name not in self._orders:
            first = next(iter(self._parts))
            self._orders[name] = _match(self._numbers(first), self._numbers(name), first, name)
        return self._orders[name]


def _match(
    wanted: NDArray[Any], there: NDArray[Any], first: str, name: str
) -> NDArray[np.intp] | None:
    for numbers, catalog in ((wanted, first), (there, name)):
        if len(np.unique(numbers)) != len(numbers):
            raise FormatterError(f"{catalog} has several rows for one object, and cannot be joined")
    if np.array_equal(wanted, there):
        return None
    missing = np.setdiff1d(wanted, there)
    if len(missing):
        shown = ", ".join(map(str, missing[:5]))
        raise FormatterError(f"{name} lacks {len(missing)} of the objects of {first}: {shown}")
    ranks = np.argsort(there)
    order: NDArray[np.intp] = ranks[np.searchsorted(there[ranks], wanted)]
    return order
