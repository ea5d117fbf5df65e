"""The tables of the database: columns, keys and units, from ``policy/apdb.yaml``."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import persistence_policy

from persistence.errors import did_you_mean
from persistence.files import yaml_nodes

_FILE = os.path.join(os.path.dirname(os.path.abspath(persistence_policy.__file__)), "apdb.yaml")
# Types of a column in the file whose values have no length.
NUMBERS = ("long", "int", "short", "double", "float", "boolean")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : `str`
    type : `str`
        ``long``, ``int``, ``short``, ``double``, ``float``, ``boolean``, ``text``, ``char`` or
        ``string``.
    length : `int` or None
        Of a ``char`` or a ``string``.
    nullable : `bool`
        Whether a value may be missing.
    unit : `str`
        As astropy reads it; empty without one.
    description : `str`
    """

    name: str
    type: str
    length: int | None
    nullable: bool
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes
    ----------
    name, description : `str`
    columns : mapping [`str`, `Column`]
        By their names, in order.
    key : `tuple` [`str`]
        The columns of the primary key; perhaps none.
    indexes, unique : mapping [`str`, `tuple` [`str`]]
        The columns of indexes, and of constraints, by their names.
    """

    name: str
    description: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    unique: Mapping[str, tuple[str, ...]]

    def unknown(self, name: str) -> str:
        """Return the message about an unknown column."""
        return f"{self.name} has no column {name!r}{did_you_mean(name, self.columns)}"


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables.

    Attributes
    ----------
    version : `str`
        Of LSST's schema that the tables follow.
    bands : `tuple` [`str`]
        The filters that columns of statistics have.
    tables : mapping [`str`, `Table`]
        Those of LSST's schema, by their names.
    ours : mapping [`str`, `Table`]
        Those that are only here.
    """

    version: str
    bands: tuple[str, ...]
    tables: Mapping[str, Table]
    ours: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name] if name in self.tables else self.ours[name]


@functools.cache
def load() -> Schema:
    """Load the schema."""
    content = yaml_nodes.load(_FILE)
    bands = tuple(content["bands"])
    tables, ours = (
        {name: _table(name, said, bands) for name, said in content[part].items()}
        for part in ("tables", "ours")
    )
    return Schema(str(content["version"]), bands, tables, ours)


def _table(name: str, said: Mapping[str, Any], bands: tuple[str, ...]) -> Table:
    return Table(
        name,
        said.get("description", ""),
        {column.name: column for column in _columns(said["columns"], bands)},
        tuple(said.get("key", ())),
        {index: tuple(columns) for index, columns in said.get("indexes", {}).items()},
        {index: tuple(columns) for index, columns in said.get("unique", {}).items()},
    )


def _columns(said: list[Any], bands: tuple[str, ...]) -> Iterator[Column]:
    for entry in said:
        if isinstance(entry, list):
            yield _column(*entry)
        else:
            for band in bands:
                for name, kind, unit, description in entry["each_band"]:
                    full = f"{band}_{name.format(band=band)}"
                    yield _column(full, kind, unit, f"{band}: {description}")


def _column(name: str, kind: str, unit: str, description: str) -> Column:
    word, _, length = kind.removesuffix("!").removesuffix(")").partition("(")
    size = int(length) if length else None
    return Column(name, word, size, not kind.endswith("!"), unit, description)
