"""A file of the index, and the SQL that reads and changes it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from persistence.butler.index.tables import (
    BETTER,
    SCHEMA,
    TALLY,
    VERSION,
    Row,
    Table,
    difference,
    table_of,
)
from persistence.dataids.inversion import Inverter
from persistence.errors import RegistryError, TemplateError
from persistence.files import sqlite
from persistence.files.sqlite import Connection, leave_to_parent

MEMORY = ":memory:"
_PATIENCE = 10.0  # seconds to wait for another process that writes
_PAGES = 32  # MiB of the file in memory


class Store:
    """A file of the index, or an index in memory.

    Parameters
    ----------
    path : `str`
        The file, created if missing; `MEMORY` for none.

    Raises
    ------
    RegistryError
        If it is of another version, or not an index.
    sqlite3.Error
        If it cannot be opened, or is damaged.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.process = os.getpid()
        self.connection = sqlite3.connect(
            path,
            timeout=_PATIENCE,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
            factory=Connection,
        )
        self._tables: dict[str, Table] = {}
        self._created: set[int] = set()
        try:
            self._prepare()
            self._file = self._identity()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        execute = self.connection.execute
        # In this mode readers and a writer do not wait for each other; where it is impossible, they
        # do.
        execute("PRAGMA journal_mode = WAL").fetchall()
        execute("PRAGMA synchronous = NORMAL")
        execute(f"PRAGMA cache_size = -{_PAGES * 1024}")
        if execute("PRAGMA user_version").fetchone() == (0,):
            with self.transaction():
                if not execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall():
                    for statement in SCHEMA:
                        execute(statement)
                    execute(f"PRAGMA user_version = {VERSION}")
        problem = difference(self.connection, "main")
        if problem:
            raise RegistryError(f"{self.path} {problem}")

    def is_current(self) -> bool:
        """Return whether the file is still the one that was opened, and by this process."""
        if self.process != os.getpid():  # a forked process has a copy of the memory
            return self.is_in_memory
        return self._identity() == self._file

    @property
    def is_in_memory(self) -> bool:
        """Whether it belongs to this process alone."""
        return self.path == MEMORY

    def _identity(self) -> tuple[int, int] | None:
        if self.is_in_memory:
            return None
        try:
            status = os.stat(self.path)
        except OSError:
            return (0, 0)
        return status.st_dev, status.st_ino

    def __del__(self) -> None:
        # Closed when no longer used: threads may still read it while another one opens a new index.
        connection = getattr(self, "connection", None)
        if connection is None:
            return
        if self.process == os.getpid() or self.is_in_memory:
            connection.close()
        else:
            leave_to_parent(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of a ``with`` block at once, or none."""
        is_kept = False
        try:
            with sqlite.transaction(self.connection):
                yield
            is_kept = True
        finally:
            if not is_kept:  # tables that were created are gone
                self._created.clear()

    # -- templates ---------------------------------------------------------------------------------

    def tables(self) -> list[Table]:
        """Return the tables of all templates in the file, by their numbers."""
        rows = self.connection.execute("SELECT number, text, endings FROM templates ORDER BY 1")
        try:
            return [table_of(*row) for row in rows]
        except (TemplateError, TypeError, AttributeError) as error:
            raise sqlite3.DatabaseError(f"a template is damaged: {error}") from error

    def add_templates(self, templates: Mapping[str, tuple[str, ...]]) -> list[Table]:
        """Add templates, and mark the directories that may contain their files to be listed again.

        Parameters
        ----------
        templates : mapping
            The text of each template, and the endings that may follow the names of its files.

        Returns
        -------
        new : `list` [`Table`]
            Those that were unknown, or had fewer endings.
        """
        if not self._lacking(templates):
            return []
        with self.transaction():
            lacking = self._lacking(templates)
            self.connection.executemany(
                "INSERT INTO templates (text, endings) VALUES (?, ?) "
                "ON CONFLICT (text) DO UPDATE SET endings = excluded.endings",
                ((text, "|".join(endings)) for text, endings in lacking.items()),
            )
            new = [table for table in self.tables() if table.template.text in lacking]
            # Their files were not recognised when these directories were listed.
            inverter = Inverter([table.template for table in new], [("",)] * len(new))
            matched = ((path, inverter.directory(path)) for _, path in self.below(""))
            self.spoil(path for path, entry in matched if entry.values or entry.leads_on)
        return new

    def _lacking(self, templates: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """Return the templates that are unknown, or lack endings; with all endings."""
        known = {table.template.text: table.endings for table in self.tables()}
        return {
            text: tuple(dict.fromkeys((*known.get(text, ()), *endings)))
            for text, endings in templates.items()
            if not set(endings) <= set(known.get(text, ()))
        }

    def has(self, table: Table) -> bool:
        """Return whether the table of a template exists: it is created with its first row."""
        if table.number in self._created:
            return True
        rows = self.connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table.name,)
        ).fetchall()
        if rows:
            self._created.add(table.number)
        return bool(rows)

    def insert(self, table: Table, rows: Sequence[Row], replace: bool = True) -> None:
        """Insert rows: keys, ending, size and time.

        Of two endings, the first in the search order is kept; without ``replace``, the existing
        row.
        """
        if not self.has(table):
            self.connection.execute(table.ddl)  # `has` finds it, unless this is rolled back
        marks = ", ".join("?" * (max(1, len(table.keys)) + 3))
        conflict = BETTER if replace else "NOTHING"
        self.connection.executemany(
            f"INSERT INTO {table.name} VALUES ({marks}) ON CONFLICT DO {conflict}",  # noqa: S608
            rows,
        )

    def delete(self, table: Table, values: Row) -> None:
        """Delete the rows of a directory, by the values of the keys in its path."""
        if self.has(table):
            self.connection.execute(
                f"DELETE FROM {table.name} WHERE {table.where(values)}",  # noqa: S608  # quoted
                values,
            )

    def count(self, table: Table, values: Row) -> tuple[int, int | None, int | None, int | None]:
        """Return the number of rows of a directory, their bytes, the newest and the oldest time."""
        if not self.has(table):
            return 0, None, None, None
        row: tuple[int, int | None, int | None, int | None] = self.connection.execute(
            f"SELECT {TALLY} FROM {table.name} WHERE {table.where(values)}",  # noqa: S608  # quoted
            values,
        ).fetchone()
        return row

    # -- directories -------------------------------------------------------------------------------

    def directories(self, paths: Sequence[str]) -> dict[str, Row]:
        """Return rows of ``dirs`` by path: id, three stamps, when listed, sized, direct, path."""
        rows: dict[str, Row] = {}
        for start in range(0, len(paths), 500):
            some = paths[start : start + 500]
            marks = ", ".join("?" * len(some))
            columns = "id, mtime, ctime, inode, listed, sized, direct, path"
            query = f"SELECT {columns} FROM dirs WHERE path IN ({marks})"  # noqa: S608  # ours
            rows.update((row[7], row) for row in self.connection.execute(query, some))
        return rows

    def add_directory(self, path: str) -> int:
        """Add a directory and its parents, and return its number."""
        rows = self.connection.execute("SELECT id FROM dirs WHERE path = ?", (path,)).fetchall()
        if rows:
            return int(rows[0][0])
        parent = self.add_directory(path.rpartition("/")[0]) if path else None
        added = self.connection.execute(
            "INSERT INTO dirs (path, parent) VALUES (?, ?)", (path, parent)
        )
        return int(added.lastrowid or 0)

    def children(self, path: str) -> list[str]:
        """Return the paths of the known subdirectories of a directory, sorted."""
        query = (
            "SELECT path FROM dirs WHERE parent = (SELECT id FROM dirs WHERE path = ?) ORDER BY 1"
        )
        return [row[0] for row in self.connection.execute(query, (path,))]

    def below(self, path: str) -> list[tuple[int, str]]:
        """Return the numbers and paths of a directory and of all known ones below it."""
        query, values = "SELECT id, path FROM dirs", tuple[str, ...]()
        if path:
            # '0' is the character after the slash.
            query += " WHERE path = ? OR (path > ? AND path < ?)"
            values = path, f"{path}/", f"{path}0"
        return self.connection.execute(query, values).fetchall()

    def spoil(self, paths: Iterable[str]) -> None:
        """Mark directories to be listed again at the next query."""
        self.connection.executemany(
            "UPDATE dirs SET listed = NULL WHERE path = ?", ((path,) for path in paths)
        )


def is_damage(error: sqlite3.Error) -> bool | None:
    """Return whether an error means that a file is damaged, and of no further use.

    None if it does not concern the file: the statement is wrong.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return True
    return False if code in _UNUSABLE else None


# Errors that are temporary: locks, the disk, permissions.
_UNUSABLE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)
