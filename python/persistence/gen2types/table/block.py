"""`Block`: rows that are contiguous in memory, column by column.

Records and catalogs are views of blocks: several of them may share a row and its changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.table.keys import ARRAYS, TYPES, Field
from persistence.gen2types.table.schema import Schema

_FIRST = 16
_FLOATS = ("F", "D", "Angle", "ArrayF", "ArrayD")


class Later(NamedTuple):
    """An object that is read when it is first accessed.

    Attributes
    ----------
    objects, place : sequence, `int`
        Where it is.
    archives, number : `dict`, `int` or None
        The file, and its number in the archive there, 0 for no object.
    """

    objects: Sequence[Any]
    place: int
    archives: Any
    number: int | None


class Block:
    """Rows of a schema.

    Parameters
    ----------
    schema : `Schema`
        The fields.
    columns : `dict` [`str`, array], optional
        The columns; they are shared.
    stored : `dict` [`str`, sequence], optional
        Objects that belong to rows, by the name of what they are: ``footprint``; each is read when
        it is asked for.

    Attributes
    ----------
    table : `BaseTable` or None
        The table whose records these are.
    length : `int`
        How many rows are in use.
    objects : `dict`
        Objects that rows were given, by name, then by row.
    source : `~persistence.types.table.catalog.Catalog` or None
        The catalog whose columns these are, as long as the block has no other rows.
    numbers, archives : `dict`
        The numbers that the stored objects have in the archive of a file, by name; and which file.
    """

    def __init__(
        self,
        schema: Schema,
        columns: dict[str, NDArray[Any]] | None = None,
        stored: dict[str, Sequence[Any]] | None = None,
    ) -> None:
        self.schema = schema
        self.table: Any = None
        self.length = 0 if columns is None else len(next(iter(columns.values()), ()))
        self.stored = stored or {}
        self.objects: dict[str, dict[int, Any]] = {}
        self.source: Any = None
        self.numbers: dict[str, NDArray[Any]] = {}
        self.archives: dict[str, Any] = {}
        self._columns: dict[str, NDArray[Any]] = {}
        for item in schema:
            name = item.field.getName()
            self._columns[name] = empty(item.field, 0) if columns is None else columns[name]
        self._capacity = self.length

    def whole(self, name: str) -> NDArray[Any]:
        """Return a column with all that there is room for; rows in use come first."""
        return self._columns[name]

    def column(self, name: str) -> NDArray[Any]:
        """Return a column."""
        return self._columns[name][: self.length]

    def reserve(self, rows: int) -> None:
        """Reserve memory for more rows."""
        if self.length + rows <= self._capacity:
            return
        capacity = max(self.length + rows, 2 * self._capacity, _FIRST)
        for item in self.schema:
            name = item.field.getName()
            grown = empty(item.field, capacity, self._columns[name].dtype)
            grown[: self.length] = self.column(name)
            self._columns[name] = grown
        self._capacity = capacity

    def add(self, rows: int = 1) -> range:
        """Add rows without values, and return their numbers."""
        self.reserve(rows)
        first = self.length
        self.length += rows
        self.source = None
        return range(first, self.length)

    def object(self, name: str, row: int) -> Any:
        """Return an object of a row, None if it has none."""
        held = self.held(name, row)
        return held.objects[held.place] if isinstance(held, Later) else held

    def held(self, name: str, row: int) -> Any:
        """Return an object of a row, or where it is; None if it has none."""
        given = self.objects.get(name)
        if given is not None and row in given:
            return given[row]
        stored = self.stored.get(name, ())
        if row >= len(stored):
            return None
        number = int(self.numbers[name][row]) if name in self.numbers else None
        return Later(stored, row, self.archives, number)

    def set_object(self, name: str, row: int, value: Any) -> None:
        """Set the object of a row, or remove it."""
        self.objects.setdefault(name, {})[row] = value

    def object_names(self) -> set[str]:
        """Return the names of the rows' objects."""
        return self.objects.keys() | self.stored.keys()

    def copy_objects(self, row: int, other: Block, position: int) -> None:
        """Copy the objects of another row, without reading them."""
        for name in self.object_names() | other.object_names():
            self.set_object(name, row, other.held(name, position))

    def stored_numbers(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any] | None:
        """Return the numbers of objects of rows that are as they were stored, all in one file.

        None if some may be others.
        """
        if self.objects.get(name) or name not in self.numbers:
            return None
        there = self.numbers[name]
        return there[rows] if not len(rows) or rows.max() < len(there) else None

    def number(self, name: str, row: int) -> tuple[Any, int] | None:
        """Return the file of an object of a row, and its number in it, 0 if the row has none.

        None if the object is not in a file.
        """
        held = self.held(name, row)
        if held is None:
            return {}, 0
        if not isinstance(held, Later) or held.number is None:
            return None
        return held.archives, held.number

    @property
    def spare(self) -> int:
        """For how many more rows there is room."""
        return self._capacity - self.length


def empty(field: Field, rows: int, dtype: Any = None) -> NDArray[Any]:
    """Return a column of unknown values: NaN, 0, False, empty text."""
    kind, size = field.kind, field.getSize()
    if kind == "String":
        return np.full(rows, "", dtype or (f"U{size}" if size else object))
    if size == 0:
        cells = np.empty(rows, object)
        for row in range(rows):
            cells[row] = np.zeros(0, TYPES[kind])
        return cells
    shape = (rows, size) if kind in ARRAYS else rows
    return np.full(shape, np.nan if kind in _FLOATS else 0, dtype or TYPES[kind])
