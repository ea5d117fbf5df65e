"""Writing a registry of calibrations.

A pair of tables for each type, and the windows of their validity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from persistence.files.sqlite import quoted
from persistence.registry.database import RegistryFile
from persistence.registry.writer import Row, TableSpec


class CalibWriter:
    """Adds calibrations to their registry.

    What is done in one `transaction` is seen whole or not at all.

    Parameters
    ----------
    path : `str`
        The registry.
    specs : mapping [`str`, `TableSpec`]
        The tables of each type.
    validity : `tuple` [`str`, `str`]
        The columns that hold the first and the last day of a window.
    permissions, wait, dry_run
        See `RegistryFile`.
    """

    def __init__(
        self,
        path: str,
        specs: Mapping[str, TableSpec],
        validity: tuple[str, str],
        permissions: int = 0o664,
        wait: float = 60.0,
        dry_run: bool = False,
    ) -> None:
        self.specs = specs
        self._validity = validity
        self._file = RegistryFile(path, permissions, wait, dry_run)
        self._queries: dict[str, str] = {}

    def find(self, table: str, key: Sequence[Any]) -> dict[str, Any] | None:
        """Give the row of a table that has these values of the unique columns.

        None if there is none.
        """
        with self._file.errors():
            query = self._query(table)
            connection = self._file.reader()
            if not query or connection is None:
                return None
            found = connection.execute(query, list(key)).fetchone()
        return None if found is None else dict(zip(self.specs[table].columns, found, strict=True))

    def rows(self, table: str) -> list[tuple[int, dict[str, Any]]]:
        """Give each row of a table, with its number."""
        with self._file.errors():
            connection = self._file.reader()
            if not self._query(table) or connection is None:
                return []
            names = tuple(self.specs[table].columns)
            columns = ", ".join(map(quoted, names))
            found = connection.execute(f"SELECT rowid, {columns} FROM {quoted(table)}").fetchall()  # noqa: S608  # quoted
        return [(number, dict(zip(names, values, strict=True))) for number, *values in found]

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        with self._file.errors():
            connection = self._file.reader()
            return 0 if connection is None else self.specs[table].count(connection)

    @contextmanager
    def transaction(self, anew: Collection[str] = ()) -> Iterator[None]:
        """Do all that follows at once.

        Tables that are missing are created first, and those in ``anew`` dropped before.
        """
        with self._file.transaction() as database:
            for name, spec in self.specs.items():
                if name in anew:
                    spec.drop(database)
                if not spec.is_there(database.conn):
                    spec.make(database)
                spec.check(database.conn, self._file.path)
            yield

    def add(
        self, table: str, rows: Sequence[Row], replace: bool = False, ignore: bool = False
    ) -> None:
        """Add rows to a table; within a `transaction`."""
        connection = self._file.reader()
        if connection is not None and rows:
            self.specs[table].insert(connection, rows, replace, ignore)

    def set_windows(self, table: str, windows: Iterable[tuple[str, str, int]]) -> None:
        """Give rows other windows: first day, last day, the row's number.

        Within a `transaction`.
        """
        connection = self._file.reader()
        if connection is not None:
            start, end = map(quoted, self._validity)
            update = f"UPDATE {quoted(table)} SET {start} = ?, {end} = ? WHERE rowid = ?"  # noqa: S608  # quoted
            connection.executemany(update, windows)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._queries.clear()

    def _query(self, table: str) -> str:
        """Give the query of a table's rows by their unique columns.

        Empty if there is no such table.
        """
        if table not in self._queries:
            connection, spec = self._file.reader(), self.specs[table]
            if connection is None or not spec.is_there(connection):
                return ""
            spec.check(connection, self._file.path)
            self._queries[table] = spec.query()
        return self._queries[table]
