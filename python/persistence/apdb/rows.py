"""Rows of tables, as databases and as Python's tables have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.apdb.schema import Column, Table
from persistence.errors import DatabaseError

if TYPE_CHECKING:
    from astropy.table import Table as AstropyTable

_LIMITS = {"long": 2**63, "int": 2**31, "short": 2**15}
_DTYPES = {"long": "i8", "int": "i4", "short": "i2", "double": "f8", "float": "f4"}


def columns_of(data: Any) -> dict[str, Any]:
    """Return the columns of a table of any kind by their names.

    Parameters
    ----------
    data : `~astropy.table.Table`, `pandas.DataFrame`, mapping of arrays, or None
        None is a table without columns.
    """
    if data is None:
        return {}
    names = getattr(data, "colnames", None) or list(data)
    return {str(name): data[name] for name in names}


def length(columns: Mapping[str, Any]) -> int:
    """Return the number of rows.

    Raises
    ------
    DatabaseError
        If columns differ in it.
    """
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise DatabaseError(f"columns have different numbers of rows: {sizes}")
    return next(iter(sizes.values()), 0)


def encode(table: Table, data: Any, **more: Any) -> list[dict[str, Any]]:
    """Return columns as rows for a database; missing values and NaN become None.

    Parameters
    ----------
    table : `~persistence.apdb.schema.Table`
        The table. Missing counts are 0, other columns NULL.
    data : see `columns_of`
        The columns.
    **more
        Further columns, or one value for all rows.

    Raises
    ------
    DatabaseError
        If a column is unknown, a required one is missing, or a value does not fit.
    """
    given = columns_of(data)
    number = length(given)
    for name in given:
        if name not in table.columns and name not in more:
            raise DatabaseError(table.unknown(name))
    lists = {
        name: _values(table, table.columns[name], values)
        for name, values in given.items()
        if name in table.columns and name not in more
    }
    lists |= {
        name: np.asarray(value).tolist() if np.ndim(value) else [value] * number
        for name, value in more.items()
    }
    absent = [
        name
        for name, column in table.columns.items()
        if not column.nullable and name not in lists and column.type != "int"
    ]
    if absent and number:
        raise DatabaseError(f"rows of {table.name} need {', '.join(absent)}")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _values(table: Table, column: Column, values: Any) -> list[Any]:
    missing = np.array(np.ma.getmaskarray(np.ma.asarray(values)), bool)
    array = np.asarray(np.ma.getdata(values)) if hasattr(values, "mask") else np.asarray(values)
    if array.dtype == object:
        missing |= np.array([value is None or value != value for value in array], bool)
    elif array.dtype.kind == "f":
        missing |= np.isnan(array)
    if missing.any() and not column.nullable:
        raise DatabaseError(f"{table.name}.{column.name} must not be missing in any row")
    known = array[~missing]
    _check(table, column, known)
    taken = known.astype(_python(column.type)).tolist()
    if not missing.any():
        return list(taken)
    full = np.full(array.shape, None, object)
    full[~missing] = taken
    return list(full)


def _python(kind: str) -> type:
    """Return the type of values: those of 4 bytes are rounded as servers store them."""
    if kind in _LIMITS:
        return int
    return {"double": float, "float": np.float32, "boolean": bool}.get(kind, str)


def _check(table: Table, column: Column, values: Any) -> None:
    """Check that values fit into a column."""
    name, limit = f"{table.name}.{column.name}", _LIMITS.get(column.type)
    if limit is not None:
        outside = [
            value for value in values.tolist() if value != int(value) or not -limit <= value < limit
        ]
        if outside:
            raise DatabaseError(f"{name} holds integers of {column.type}, not {outside[0]!r}")
    if column.length is not None:
        longer = [value for value in values.tolist() if len(str(value)) > column.length]
        if longer:
            raise DatabaseError(f"{name} holds {column.length} letters, not {longer[0]!r}")


def decode(
    columns: Mapping[str, Column], names: Sequence[str], rows: Iterable[Any]
) -> AstropyTable:
    """Return a database's rows as a table with units; NULL is NaN, or masked where impossible.

    Parameters
    ----------
    columns : mapping [`str`, `~persistence.apdb.schema.Column`]
        The columns by their names.
    names : sequence of `str`
        The columns of the rows.
    rows : iterable
        The rows.
    """
    from astropy.table import Column as TableColumn
    from astropy.table import MaskedColumn, Table

    rows = list(rows)
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    made: dict[str, Any] = {}
    for name, entries in zip(names, values, strict=True):
        column = columns[name]
        said = {"unit": column.unit or None, "description": column.description}
        if column.type in ("double", "float"):
            made[name] = TableColumn(np.array(entries, _DTYPES[column.type]), **said)
            continue
        missing = np.array([entry is None for entry in entries], bool)
        dtype = _DTYPES.get(column.type, "?" if column.type == "boolean" else f"U{column.length}")
        filler = "" if dtype.startswith("U") else 0
        data = np.array([filler if entry is None else entry for entry in entries], dtype)
        made[name] = (
            MaskedColumn(data, mask=missing, **said) if missing.any() else TableColumn(data, **said)
        )
    return Table(made, copy=False)
