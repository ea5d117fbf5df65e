"""`BaseRecord`: one row of a table, which it shares with all catalogs that have it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from persistence.gen2types.angle import Angle
from persistence.gen2types.exceptions import InvalidParameterError, LengthError, NotFoundError
from persistence.gen2types.table.block import Block
from persistence.gen2types.table.functorkeys import compound
from persistence.gen2types.table.keys import ARRAYS, Key
from persistence.gen2types.table.schema import Schema

_INTEGERS = ("B", "U", "I", "L")


class BaseRecord:
    """A row.

    Records are created by tables and catalogs. Two are equal if they are the same row.

    Attributes
    ----------
    table : `BaseTable`
        The table that it belongs to.
    block, row
        The position of its values.
    """

    __slots__ = ("block", "row", "table")
    _names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, table: Any, block: Block, row: int) -> None:
        self.table = table
        self.block = block
        self.row = row

    @property
    def schema(self) -> Schema:
        """The fields."""
        schema: Schema = self.table.schema
        return schema

    def getSchema(self) -> Schema:
        return self.schema

    def getTable(self) -> Any:
        return self.table

    # -- values
    def get(self, key: Any) -> Any:
        """Return a value.

        Parameters
        ----------
        key : `str`, `Key` or functor key
            Which one.

        Raises
        ------
        NotFoundError
            If there is no such field.
        LogicError
            If the key is invalid.
        """
        if isinstance(key, str):
            key = _key(self.table.schema, key)
        if not isinstance(key, Key):
            return key.get(self)
        value = self.block.whole(key.checked().name)[self.row]
        kind = key.kind
        if kind in _INTEGERS and key.part is None:
            return int(value)
        if kind == "Flag":
            return bool(value)
        if kind == "Angle":
            return Angle(float(value))
        if kind == "String":
            return str(value)
        if kind in ARRAYS:
            return value if key.part is None else value[key.part]
        return (value if key.part is None else value[key.part]).item()

    __getitem__ = get

    def set(self, key: Any, value: Any) -> None:
        """Set a value.

        Parameters
        ----------
        key : `str`, `Key` or functor key
            Which one.
        value
            The value; an angle may be a number of radians.

        Raises
        ------
        NotFoundError
            If there is no such field.
        LengthError
            If an array or a text has another length than the field.
        """
        if isinstance(key, str):
            key = _key(self.table.schema, key)
        if not isinstance(key, Key):
            key.set(self, value)
            return
        column = self.block.whole(key.checked().name)
        if key.kind == "Angle":
            column[self.row] = float(value)
        elif key.kind == "String":
            column[self.row] = _text(key, value)
        elif key.kind in ARRAYS:
            _set_array(column, self.row, key, value)
        elif key.part is not None:
            column[self.row, key.part] = value
        elif key.kind in _INTEGERS:
            column[self.row] = _whole(key, value, column.dtype)
        else:
            column[self.row] = value

    __setitem__ = set  # noqa: A003
    setB = setU = setI = setL = setF = setD = setAngle = setString = setFlag = set  # noqa: A003
    setArrayB = setArrayU = setArrayI = setArrayF = setArrayD = set  # noqa: A003

    def extract(self, *patterns: str, **kwargs: Any) -> dict[str, Any]:
        """Return values by name; the arguments are those of `Schema.extract`, or ``items``."""
        items = kwargs.pop("items", None)
        chosen = self.schema.extract(*patterns, **kwargs) if items is None else dict(items)
        return {name: self.get(getattr(item, "key", item)) for name, item in chosen.items()}

    def assign(self, other: BaseRecord, mapper: Any = None) -> None:
        """Copy the values of another record: all, or those that a mapper maps.

        Raises
        ------
        LogicError
            If the schemas differ.
        """
        if mapper is None:
            if self.schema.layout() != other.schema.layout():
                raise InvalidParameterError(
                    "the records have different fields: give a SchemaMapper from one to the other"
                )
            pairs = [(name, name) for name in self.schema.getOrderedNames()]
        else:
            pairs = mapper.pairs()
        for source, target in pairs:
            value = other.block.whole(source)[other.row]
            varies = isinstance(value, np.ndarray)
            self.block.whole(target)[self.row] = value.copy() if varies else value
        if other != self:
            self.block.copy_objects(self.row, other.block, other.row)

    def cast(self, kind: Any) -> Any:
        """Return the same row as a record of another class."""
        return kind(self.table, self.block, self.row)

    # -- as Python's objects
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseRecord):
            return NotImplemented
        return self.block is other.block and self.row == other.row

    def __hash__(self) -> int:
        return hash((id(self.block), self.row))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.schema.getOrderedNames()]

    def __str__(self) -> str:
        return "\n".join(f"{item.field.getName()}: {self.get(item.key)}" for item in self.schema)

    def __repr__(self) -> str:
        return f"{type(self)}\n{self}"


def _key(schema: Schema, name: str) -> Any:
    """Return the key of a field, or of fields that were one in old tables.

    Raises
    ------
    NotFoundError
        If there is no such field.
    """
    try:
        return schema.find(name).key
    except NotFoundError:
        key = compound(schema, name)
        if key is None:
            raise
        return key


def _text(key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"the field {key.name!r} holds text, not {type(value).__name__}")
    if key.getSize() and len(value.encode()) > key.getSize():
        raise LengthError(
            f"{value!r} is longer than the {key.getSize()} characters of the field {key.name!r}"
        )
    return value


def _whole(key: Key, value: Any, dtype: Any) -> int:
    number = int(value)
    limits = np.iinfo(dtype)
    if number != value or not limits.min <= number <= limits.max:
        raise TypeError(
            f"{value!r} is not of type {np.dtype(dtype).name}, which the field {key.name!r} "
            "requires"
        )
    return number


def _set_array(column: Any, row: int, key: Key, value: Any) -> None:
    values = np.asarray(value)
    if column.dtype.kind == "O":
        column[row] = np.asarray(values, dtype=ARRAYS[key.kind]).reshape(-1)
        return
    if values.shape != (key.getSize(),):
        raise LengthError(
            f"the field {key.name!r} has {key.getSize()} elements, not {values.shape}"
        )
    column[row, slice(None) if key.part is None else key.part] = values
