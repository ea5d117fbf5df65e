"""`BaseCatalog`: records of one schema, in an order of their own."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types import exceptions
from persistence.gen2types.exceptions import InvalidParameterError, LogicError, OutOfRangeError
from persistence.gen2types.face import Face
from persistence.gen2types.table import ours
from persistence.gen2types.table.basetable import BaseTable
from persistence.gen2types.table.block import Block, empty
from persistence.gen2types.table.columnview import BaseColumnView
from persistence.gen2types.table.keys import ARRAYS, Key
from persistence.gen2types.table.ordered import Ordered
from persistence.gen2types.table.records import BaseRecord
from persistence.gen2types.table.rows import Rows, Run
from persistence.gen2types.table.schema import Schema
from persistence.gen2types.table.schemamapper import SchemaMapper
from persistence.types.metadata.property import PropertyList


class BaseCatalog(Ordered, Face[Any]):
    """Records of a table. Several catalogs may have the same record.

    Parameters
    ----------
    table : `BaseTable`, `Schema` or `BaseCatalog`, optional
        Where new records come from, the fields without which there is no such catalog if absent; of
        a catalog, its table and its records.
    """

    Table: ClassVar[type[BaseTable]] = BaseTable
    Record: ClassVar[type[BaseRecord]] = BaseRecord
    Columns: ClassVar[type[BaseColumnView]] = BaseColumnView

    def __init__(self, table: Any = None) -> None:
        if table is None or isinstance(table, Schema):
            table = self.Table.make(self.Table.makeMinimalSchema() if table is None else table)
        self._table: BaseTable = table.table if isinstance(table, BaseCatalog) else table
        if not isinstance(self._table, BaseTable):
            raise TypeError(f"{type(self).__name__}() takes a schema or a table, not {table!r}")
        self._rows: Rows = Rows(table._rows.runs if isinstance(table, BaseCatalog) else ())

    @classmethod
    def of(cls, catalog: Any) -> Self:
        """Return the face of a table of astropy's; its columns are shared."""
        schema, block = ours.block_of(catalog, cls.Table.__name__.removesuffix("Table"))
        table = cls.Table(schema)
        table._schema, table.block, block.table = schema, block, table
        # What was read from a file says something, if only nothing; scripts add to it.
        table.setMetadata(ours.metadata_of(catalog) or PropertyList())
        face = cls(table)
        face._rows = Rows([Run(block, range(block.length))])
        return face

    @property
    def astropy(self) -> Any:
        """The records as a `~persistence.types.table.catalog.Catalog`.

        Its columns are shared if the records follow each other in memory.
        """
        return ours.catalog_of(self)

    # -- what it is of
    @property
    def table(self) -> Any:
        """Where new records come from."""
        return self._table

    def getTable(self) -> Any:
        return self._table

    @property
    def schema(self) -> Schema:
        """The fields."""
        return self._table.schema

    def getSchema(self) -> Schema:
        return self._table.schema

    def isContiguous(self) -> bool:
        """Return whether the records follow each other in memory, as `columns` needs it."""
        return self._rows.contiguous

    def size(self) -> int:
        return len(self)

    def empty(self) -> bool:
        return not len(self)

    def __len__(self) -> int:
        return len(self._rows)

    def _record(self, block: Block, row: int) -> Any:
        table = self._table if block is self._table.block else block.table
        return self.Record(table or self._table, block, row)

    def __iter__(self) -> Iterator[Any]:
        return (self._record(block, row) for block, row in self._rows)

    # -- columns
    @property
    def columns(self) -> Any:
        """The columns.

        Raises
        ------
        RuntimeError
            If the records do not follow each other in memory.
        """
        if not self.isContiguous():
            raise exceptions.RuntimeError("Record data is not contiguous in memory.")
        view = self.__dict__.get("_columns")
        if view is None:
            view = self._columns = self.Columns(self)
        return view

    def getColumnView(self) -> Any:
        return self.columns

    def column(self, key: Any) -> NDArray[Any]:
        """Return a column.

        Parameters
        ----------
        key : `str` or `Key`
            Which one.

        Returns
        -------
        column : array
            Angles in radians. It shares memory with the records if they follow each other, but for
            flags; else it cannot be written to.
        """
        item = self.schema.find(key.checked() if isinstance(key, Key) else key)
        key = item.key if isinstance(key, str) else key
        column = self._rows.column(item.field.getName())
        if column is None:
            column = empty(item.field, 0)
        if item.field.kind in ARRAYS and not item.field.getSize():
            raise LogicError(f"arrays of {key.name!r} differ in length, so they have no column")
        chosen: NDArray[Any] = key.of(column)
        if item.field.kind == "Flag":
            chosen = chosen.copy()
        if not self.isContiguous():
            chosen.flags.writeable = False
        return chosen

    def get(self, key: Any) -> NDArray[Any]:
        return self.column(key)

    def set(self, index: int, record: BaseRecord) -> None:
        """Replace a record."""
        position = self._place(index)
        self._rows = Rows(
            [
                *self._rows.take(slice(0, position)).runs,
                *self._one(record),
                *self._tail(position + 1),
            ]
        )

    def _tail(self, position: int) -> list[Run]:
        return self._rows.take(slice(position, None)).runs if len(self) else []

    def _one(self, record: BaseRecord) -> list[Run]:
        return [Run(record.block, range(record.row, record.row + 1))]

    # -- items
    def __getitem__(self, item: Any) -> Any:
        """Return a record, some records, or a column.

        Parameters
        ----------
        item : `int`, `slice`, array or list of `bool` or `int`, `str`, `Key`
            Of an integer, a record; of a slice or an array, a catalog with the same records; of a
            name or a key, a column: see `column`.
        """
        if isinstance(item, str | Key):
            return self.column(item)
        if isinstance(item, slice):
            return self.subset(item)
        if np.ndim(item):
            return self.subset(np.asarray(item))
        return self._record(*self._rows.locate(self._place(item)))

    def _place(self, index: Any) -> int:
        number = int(index)
        if number != index or not -len(self) <= number < len(self):
            raise OutOfRangeError(f"Catalog index {index} out of range: there are {len(self)}")
        return number % len(self)

    def __setitem__(self, item: Any, value: Any) -> None:
        """Set a column, or replace a record.

        Raises
        ------
        RuntimeError
            If a column is set, and the records are not contiguous in memory.
        """
        if not isinstance(item, str | Key):
            self.set(item, value)
            return
        key = self.schema.find(item).key if isinstance(item, str) else item.checked()
        if not self.isContiguous():
            raise exceptions.RuntimeError("Record data is not contiguous in memory.")
        column = self._rows.column(self.schema.find(key).field.getName())
        if column is not None:
            target = column if key.part is None else column[:, key.part]
            target[...] = value

    def __delitem__(self, item: Any) -> None:
        chosen = item if isinstance(item, slice) else self._place(item)
        if isinstance(item, slice) and item.step not in (None, 1):
            raise OutOfRangeError(
                f"records can be deleted by an index or a slice with step 1, not by {item}"
            )
        places = np.delete(np.arange(len(self)), chosen)
        self._rows = self._rows.take(places)

    def subset(self, *args: Any) -> Self:
        """Return a catalog with some of the records, which are shared.

        Parameters
        ----------
        *args : array of `bool`, or first, end and step as of a slice
            Which ones.
        """
        chosen = args[0] if len(args) == 1 else slice(*args)
        if isinstance(chosen, np.ndarray):
            if chosen.dtype == bool and chosen.shape != (len(self),):
                raise InvalidParameterError(
                    f"Mask array has {chosen.shape}, and the catalog {len(self)} records"
                )
            chosen = chosen if chosen.dtype == bool or len(chosen) else chosen.astype(int)
        return self._with(self._rows.take(chosen) if len(self) else Rows())

    def _with(self, rows: Rows) -> Self:
        copied = type(self)(self._table)
        copied._rows = rows
        return copied

    # -- changing
    def addNew(self) -> Any:
        """Add a new record, and return it."""
        record = self._table.makeRecord()
        self._rows.append(record.block, record.row)
        return self._record(record.block, record.row)

    def append(self, record: BaseRecord) -> None:
        """Add a record, which is shared.

        Raises
        ------
        InvalidParameterError
            If it has other fields.
        """
        self._check(record.schema)
        self._rows.append(record.block, record.row)

    def insert(self, index: int, record: BaseRecord) -> None:
        """Insert a record before an index."""
        self._check(record.schema)
        position = min(max(index + len(self) if index < 0 else index, 0), len(self))
        head = self._rows.take(slice(0, position)).runs if len(self) else []
        self._rows = Rows([*head, *self._one(record), *self._tail(position)])

    def pop(self, index: int = -1) -> Any:
        """Remove a record, and return it."""
        record = self[index]
        del self[index]
        return record

    def clear(self) -> None:
        self._rows = Rows()

    def resize(self, n: int) -> None:
        """Drop the last records, or add new ones."""
        if n < len(self):
            self._rows = self._rows.take(slice(0, n))
        while len(self) < n:
            self.addNew()

    def reserve(self, n: int) -> None:
        """Reserve memory for ``n`` records in total."""
        self._table.preallocate(max(n - len(self), 0))

    def capacity(self) -> int:
        return len(self) + self._table.getBufferSize()

    def _check(self, schema: Schema) -> None:
        if schema.layout() != self.schema.layout():
            different = sorted(self.schema.getNames() ^ schema.getNames())
            different = different or self.schema.getOrderedNames()
            raise InvalidParameterError(
                f"Schemas are not equal, so records cannot be shared; they differ in "
                f"{', '.join(different[:5])}: give a SchemaMapper"
            )

    def extend(self, iterable: Any, deep: Any = False, mapper: Any = None) -> None:
        """Add records.

        Parameters
        ----------
        iterable : `BaseCatalog` or iterable of records
            The records.
        deep : `bool`, optional
            Whether to copy them.
        mapper : `SchemaMapper`, optional
            Which of their fields are copied, and what they become.

        Raises
        ------
        InvalidParameterError
            If they have other fields, and there is no mapper.
        """
        if isinstance(deep, SchemaMapper):
            deep, mapper = True, deep
        rows = iterable._rows if isinstance(iterable, BaseCatalog) else _rows_of(iterable)
        if mapper is None:
            for schema in {id(run.block.schema): run.block.schema for run in rows.runs}.values():
                self._check(schema)
        if deep or mapper is not None:
            rows = self._copied(rows, mapper)
        self._rows.extend(rows)

    def _copied(self, rows: Rows, mapper: Any) -> Rows:
        """Copy rows into the memory of the table."""
        names = self.schema.getOrderedNames()
        pairs = [(name, name) for name in names] if mapper is None else mapper.pairs()
        block = self._table.block
        added = block.add(len(rows))
        for source, target in pairs:
            values = rows.column(source)
            if values is not None:
                cells = values if values.dtype.kind != "O" else copy.deepcopy(values)
                block.whole(target)[added.start : added.stop] = cells
        if any(run.block.object_names() for run in rows.runs):
            for target, (other, row) in zip(added, rows, strict=True):
                block.copy_objects(target, other, row)
        return Rows([Run(block, added)])

    def cast(self, type_: Any, deep: bool = False) -> Any:
        """Return a catalog of another class; its records are shared unless ``deep``."""
        table = self._table
        if deep:
            table = type_.Table(self.schema)
            table._metadata, table._ids = self._table._metadata, self._table._ids
        catalog = type_.__new__(type_)
        catalog._table, catalog._rows = table, Rows()
        if deep:
            catalog._rows = catalog._copied(self._rows, None)
        else:
            catalog._rows = Rows(self._rows.runs)
        return catalog

    def copy(self, deep: bool = False) -> Self:
        """Return another catalog; its records are shared unless ``deep``."""
        copied: Self = self.cast(type(self), deep)
        return copied

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy(deep=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return _face, (type(self), self.astropy)

    # -- files
    def writeFits(self, path: str, mode: str = "w", flags: int = 0) -> None:
        """Write a file as afw does.

        Parameters
        ----------
        path : `str`
            The file.
        mode : `str`, optional
            Only ``w``: a new file.
        flags : `int`, optional
            ``SOURCE_IO_NO_FOOTPRINTS``, ``SOURCE_IO_NO_HEAVY_FOOTPRINTS``.
        """
        from persistence.gen2types.table import files  # lazy: formatters are heavy

        files.write(self, path, mode, flags)

    @classmethod
    def readFits(cls, path: str, hdu: int | None = None, flags: int = 0) -> Self:
        """Read a file, and return a catalog of this class."""
        from persistence.gen2types.table import files  # lazy: formatters are heavy

        face = cls.of(files.read(path, hdu, flags))
        files.lighten(face.table.block, flags)
        return face

    # -- as astropy's and Python's objects
    def asAstropy(self, cls: Any = None, copy: bool = False, unviewable: str = "copy") -> Any:
        """Return a table of astropy's.

        Parameters
        ----------
        cls : `type`, optional
            Its class: `astropy.table.Table` if absent, or `astropy.table.QTable`.
        copy : `bool`, optional
            Whether to copy its columns.
        unviewable : `str`, optional
            What to do with flags and texts, of which there are no views: ``copy``, ``raise`` or
            ``skip``.
        """
        return ours.as_astropy(self, cls, copy, unviewable)

    def __getattr__(self, name: str) -> Any:
        """Look other names up in the table, and among the columns."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(self._table, name)
        except AttributeError:
            pass
        try:
            return getattr(self.Columns(self), name)
        except AttributeError:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._table), *dir(self.Columns)})

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        if self.isContiguous():
            return str(self.asAstropy())
        names = " ".join(self.schema.getOrderedNames())
        return f"Non-contiguous afw.Catalog of {len(self)} rows.\ncolumns: {names}"

    def __repr__(self) -> str:
        return f"{type(self)}\n{self}"


def _rows_of(records: Iterable[BaseRecord]) -> Rows:
    rows = Rows()
    for record in records:
        rows.append(record.block, record.row)
    return rows


def _face(kind: Any, catalog: Any) -> Any:
    return kind.of(catalog)
