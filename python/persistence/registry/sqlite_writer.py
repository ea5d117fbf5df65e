"""A writer of registries in SQLite files: tables in Gen2's layout, and their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from persistence.errors import RegistryError
from persistence.files.sqlite import quoted
from persistence.registry.contract import RegistryWriter
from persistence.registry.database import RegistryFile
from persistence.registry.tables import Row, TableSpec


class SqliteWriter(RegistryWriter):
    """A writer of an SQLite registry; see `RegistryWriter`.

    Parameters
    ----------
    path : `str`
        The file; it is created when the first rows are added.
    specs : mapping of `str` to `TableSpec`
        The tables.
    permissions, wait, dry_run : `int`, optional
        See `RegistryFile`; in a dry run, only `find`, `rows` and `count` may be called.
    """

    def __init__(
        self,
        path: str,
        specs: Mapping[str, TableSpec],
        permissions: int = 0o664,
        wait: float = 60.0,
        dry_run: bool = False,
    ) -> None:
        self.path = path
        self.specs = specs
        self._file = RegistryFile(path, permissions, wait, dry_run)
        self._queries: dict[str, str] = {}

    def find(self, table: str, key: Sequence[Any]) -> dict[str, Any] | None:
        """Return the row with some values of the unique columns; None if there is none."""
        with self._file.errors():
            query = self._query(table)
            connection = self._file.reader()
            if not query or connection is None:
                return None
            values = connection.execute(query, list(key)).fetchone()
        return None if values is None else dict(zip(self.specs[table].columns, values, strict=True))

    def rows(self, table: str) -> list[tuple[int, dict[str, Any]]]:
        """Return all rows of a table, each with its number."""
        with self._file.errors():
            connection = self._file.reader()
            if not self._query(table) or connection is None:
                return []
            names = tuple(self.specs[table].columns)
            columns = ", ".join(map(quoted, names))
            rows = connection.execute(f"SELECT rowid, {columns} FROM {quoted(table)}").fetchall()  # noqa: S608  # quoted
        return [(number, dict(zip(names, values, strict=True))) for number, *values in rows]

    def count(self, table: str) -> int:
        """Return the number of rows of a table; 0 if the table does not exist."""
        with self._file.errors():
            connection = self._file.reader()
            if connection is None or not _is_there(table, connection):
                return 0
            (number,) = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()  # noqa: S608  # quoted
        return int(number)

    @contextmanager
    def transaction(self, anew: Collection[str] = ()) -> Iterator[None]:
        """Enter a context in which all changes are one transaction.

        See `RegistryWriter.transaction`.
        """
        with self._file.transaction() as database:
            for name, spec in self.specs.items():
                if name in anew:
                    for table in (name, spec.visit_name):
                        database[table].drop(ignore=True)
                if not _is_there(name, database.conn):
                    for statement in statements(spec):
                        database.execute(statement)
                _check(spec, database.conn, self.path)
            yield

    def add(
        self, table: str, rows: Sequence[Row], replace: bool = False, ignore: bool = False
    ) -> None:
        """Add rows to a table; see `RegistryWriter.add`."""
        spec, connection = self.specs[table], self._changing()
        how = "or replace " if replace else "or ignore " if ignore else ""
        names, visits = tuple(spec.columns), spec.visit
        columns = ", ".join(map(quoted, names))
        into = f"insert {how}into {quoted(table)} ({columns}) values ({_marks(names)})"  # noqa: S608  # all quoted
        into_visit = (
            f"insert or {'replace' if replace else 'ignore'} into {quoted(spec.visit_name)} "  # noqa: S608
            f"values ({_marks(visits)})"
        )
        distinct = dict.fromkeys(tuple(row[name] for name in visits) for row in rows)
        with self._file.errors():
            connection.executemany(into, ([row[name] for name in names] for row in rows))
            # The first detector of a visit defines its row: it is inserted last where the last one
            # is kept.
            connection.executemany(into_visit, reversed(distinct) if replace else distinct)

    def update(self, table: str, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Change values of rows of a table; see `RegistryWriter.update`."""
        connection = self._changing()
        with self._file.errors():
            for number, values in changes:
                assigned = ", ".join(f"{quoted(name)} = ?" for name in values)
                update = f"UPDATE {quoted(table)} SET {assigned} WHERE rowid = ?"  # noqa: S608  # quoted
                connection.execute(update, [*values.values(), number])

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._queries.clear()

    def _changing(self) -> sqlite3.Connection:
        """Return the connection of the transaction in progress."""
        connection = self._file.reader()
        if connection is None or not connection.in_transaction:
            raise RegistryError(
                f"{self.path}: rows can only be changed in a transaction, and none has begun"
            )
        return connection

    def _query(self, table: str) -> str:
        """Return the query of a table's rows by their unique columns.

        Empty if there is no table.
        """
        if table not in self._queries:
            connection, spec = self._file.reader(), self.specs[table]
            if connection is None or not _is_there(table, connection):
                return ""
            _check(spec, connection, self.path)
            wanted = ", ".join(map(quoted, spec.columns))
            where = " AND ".join(f"{quoted(name)} = ?" for name in spec.unique)
            self._queries[table] = f"SELECT {wanted} FROM {quoted(table)} WHERE {where}"  # noqa: S608  # all quoted
        return self._queries[table]


def statements(spec: TableSpec) -> Iterator[str]:
    """Yield the statements that create tables as Gen2's ingest did, and the index."""
    columns = ",".join(f"{name} {kind}" for name, kind in spec.columns.items())
    unique = f", unique({','.join(spec.unique)})" if spec.unique else ""
    yield f"create table {spec.name} (id integer primary key autoincrement, {columns}{unique})"
    shared = [name for name in spec.visit if name in spec.unique]
    columns = ",".join(f"{name} {spec.columns[name]}" for name in spec.visit)
    unique = f", unique({','.join(shared)})" if shared else ""
    yield f"create table {spec.visit_name} ({columns}{unique})"
    if spec.index:
        yield f"create index {spec.name}_look_up on {spec.name} ({','.join(spec.index)})"


def _is_there(table: str, connection: sqlite3.Connection) -> bool:
    return bool(connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall())


def _check(spec: TableSpec, connection: sqlite3.Connection, path: str) -> None:
    """Raise an error for tables of another layout, before any file is delivered."""
    for table, columns in ((spec.name, tuple(spec.columns)), (spec.visit_name, spec.visit)):
        there = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]
        missing = [name for name in columns if name not in there]
        if missing:
            raise RegistryError(
                f"{path}: table {table!r} has another layout: it lacks {', '.join(missing)}, "
                f"and has {', '.join(there)}. Was it created for another camera? --create creates "
                "it anew"
            )


def _marks(columns: Sequence[str]) -> str:
    return ", ".join("?" * len(columns))
