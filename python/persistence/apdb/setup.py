"""The creation of a database: its tables and views, its version, and its fixed settings."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from persistence.apdb import schema, tables, views
from persistence.apdb.address import Address
from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.apdb.tables import Layout
from persistence.errors import DatabaseError

# Rows of the table of metadata, as in LSST's dax_apdb, which can open the database.
VERSION, CODE, CHOSEN = "version:schema", "version:ApdbSql", "config:apdb-sql.json"
_CODE_VERSION = "1.2.1"
# The names that the choices have there.
_CHOICES = {"index": "dia_object_index", "pixel_column": "htm_index_column"}


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """The settings with which the tables were created; they cannot be changed.

    Attributes
    ----------
    layout : `~persistence.apdb.tables.Layout`
    level : `int`
        The depth of the mesh of pixels.
    """

    layout: Layout
    level: int

    def text(self) -> str:
        """Return it as the database keeps it."""
        fields = {said: getattr(self.layout, name) for name, said in _CHOICES.items()}
        more = {"enable_replica": False, "ra_dec_columns": ["ra", "dec"], "htm_level": self.level}
        return json.dumps(fields | more)

    def read(self, text: str | None) -> Chosen:
        """Return the settings with those stored in a database."""
        kept = json.loads(text) if text else {}
        fields = {name: kept[said] for name, said in _CHOICES.items() if said in kept}
        layout = dataclasses.replace(self.layout, **fields)
        return Chosen(layout, int(kept.get("htm_level", self.level)))


def create(connection: sa.Connection, chosen: Chosen) -> list[str]:
    """Create the tables and views that are not there.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        Within a transaction.
    chosen : `Chosen`

    Returns
    -------
    created : `list` [`str`]
        The names of tables and views that were not there.
    """
    layout, kind = chosen.layout, connection.dialect.name
    definitions = tables.create(layout)
    if layout.namespace and kind == "postgresql":
        connection.execute(sa.schema.CreateSchema(layout.namespace, if_not_exists=True))
    before = _names(connection, layout)
    missing = [table for table in definitions.values() if table.name not in before]
    for table in missing:
        table.create(connection, checkfirst=False)
    created = [table.name for table in missing]
    for name, statement in _views(connection, definitions, layout).items():
        if name not in before:
            connection.exec_driver_sql(statement)
            created.append(name)
    metadata = definitions["metadata"]
    if metadata.name in created:
        said = {VERSION: schema.load().version, CODE: _CODE_VERSION, CHOSEN: chosen.text()}
        rows = [{"name": name, "value": value} for name, value in said.items()]
        connection.execute(metadata.insert(), rows)
    return created


def _views(
    connection: sa.Connection, definitions: Mapping[str, sa.Table], layout: Layout
) -> Mapping[str, str]:
    """Return the statements of views by their names in the database."""
    quoting = connection.dialect.identifier_preparer

    def named(name: str) -> str:
        own = quoting.quote_identifier(layout.prefix + name)
        return f"{quoting.quote_schema(layout.namespace)}.{own}" if layout.namespace else own

    quoted = {name: quoting.format_table(table) for name, table in definitions.items()}
    pixels = quoting.quote_identifier(layout.pixel_column)
    made = views.statements(connection.dialect.name, quoted, pixels, named)
    return {layout.prefix + name: statement for name, statement in made.items()}


def drop(connection: sa.Connection, chosen: Chosen) -> None:
    """Remove the views and the tables, and all that is in them."""
    layout = chosen.layout
    definitions = tables.create(layout)
    there = _names(connection, layout)
    quoting = connection.dialect.identifier_preparer
    place = f"{quoting.quote_schema(layout.namespace)}." if layout.namespace else ""
    for name in _views(connection, definitions, layout):
        if name in there:
            connection.exec_driver_sql(f"DROP VIEW {place}{quoting.quote_identifier(name)}")
    for table in definitions.values():
        if table.name in there:
            table.drop(connection)


def _names(connection: sa.Connection, layout: Layout) -> set[str]:
    inspector = sa.inspect(connection)
    return {
        *inspector.get_table_names(layout.namespace),
        *inspector.get_view_names(layout.namespace),
    }


def opened(connection: sa.Connection, chosen: Chosen, address: Address) -> Chosen | None:
    """Return the settings of a database; None if it has no tables.

    Raises
    ------
    DatabaseError
        If its tables are others, or of another version.
    """
    layout = chosen.layout
    names = _names(connection, layout)
    if not names:
        return None
    metadata = tables.create(layout)["metadata"]
    ours = schema.load().version
    if metadata.name not in names:
        some = ", ".join(sorted(names)[:4])
        raise DatabaseError(
            f"{address.text} has tables ({some}), but none that tells their version "
            f"({metadata.name}): it is older than schema {ours}, or is of something else\n  give "
            "a new database, or another prefix"
        )
    said: dict[str, Any] = {
        row.name: row.value
        for row in connection.execute(sa.select(metadata.c.name, metadata.c.value))
    }
    version = said.get(VERSION, "none")
    if not _fits(version, ours):
        raise DatabaseError(
            f"{address.text} is of schema {version}, and this program writes {ours}\n  give a new "
            "database, or use the program that made it"
        )
    return chosen.read(said.get(CHOSEN))


def _fits(version: str, ours: str) -> bool:
    """Return whether a database of a version has all that a program of ours uses, and no other."""
    theirs, own = version.split("."), ours.split(".")
    return theirs[0] == own[0] and theirs[1:2] <= own[1:2] and len(theirs) == len(own)
