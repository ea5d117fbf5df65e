"""The tables as SQLAlchemy has them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persistence.apdb import schema
from persistence.apdb.alchemy import sqlalchemy as sa

# Of these, positions are looked up by pixels.
WITH_PIXELS = ("DiaObject", "DiaObjectLast", "DiaSource")

_TYPES: Mapping[str, Any] = {
    "long": sa.BigInteger,
    "int": sa.Integer,
    "short": sa.SmallInteger,
    "double": sa.Double,
    # 4 bytes: PostgreSQL's REAL. SQLite has one kind of number for both.
    "float": sa.REAL,
    "boolean": sa.Boolean,
    "text": sa.Text,
    "char": sa.CHAR,
    "string": sa.String,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The settings with which the tables are created.

    Attributes
    ----------
    index : `str`
        ``baseline``, ``pix_id_iov`` or ``last_object_table``.
    pixel_column : `str`
        The column of pixels.
    prefix : `str`
        What the names of tables begin with.
    namespace : `str` or None
        The schema, of PostgreSQL, that they are in.
    """

    index: str = "baseline"
    pixel_column: str = "pixelId"
    prefix: str = ""
    namespace: str | None = None


@functools.cache
def create(layout: Layout) -> Mapping[str, sa.Table]:
    """Create the tables' definitions; nothing is sent to a database.

    Returns
    -------
    tables : mapping [`str`, `sqlalchemy.Table`]
        By the names that they have without the prefix.
    """
    metadata = sa.MetaData(schema=layout.namespace)
    every = schema.load()
    return {
        table.name: _table(table, layout, metadata)
        for table in [*every.tables.values(), *every.ours.values()]
    }


def _table(table: schema.Table, layout: Layout, metadata: sa.MetaData) -> sa.Table:
    key = _key(table, layout)
    columns = [
        sa.Column(
            column.name,
            _TYPES[column.type](*([column.length] if column.length else [])),
            nullable=column.nullable,
            # Statistics and numbers of pixels are counts: none is 0.
            default=0 if column.type == "int" and not column.nullable else None,
            comment=column.description,
            # SQLite, and others, would number a lone integer key themselves.
            autoincrement=False,
        )
        for column in table.columns.values()
    ]
    indexes = dict(table.indexes)
    if table.name in WITH_PIXELS:
        pixels = layout.pixel_column
        columns.append(sa.Column(pixels, sa.BigInteger(), nullable=False, autoincrement=False))
        if pixels not in key:
            indexes[f"IDX_{table.name}_{pixels}"] = (pixels,)
    constraints: list[Any] = [
        sa.UniqueConstraint(*names, name=f"{layout.prefix}{name}")
        for name, names in table.unique.items()
    ]
    if key:
        constraints.append(sa.PrimaryKeyConstraint(*key))
    made = sa.Table(f"{layout.prefix}{table.name}", metadata, *columns, *constraints)
    for name, names in indexes.items():
        sa.Index(f"{layout.prefix}{name}", *(made.c[column] for column in names))
    return made


def _key(table: schema.Table, layout: Layout) -> tuple[str, ...]:
    first = table.name == "DiaObjectLast" or (
        table.name == "DiaObject" and layout.index == "pix_id_iov"
    )
    return (layout.pixel_column, *table.key) if first else table.key
