"""Writing a SQLite registry. The only user of sqlite_utils, which is imported when something is written."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from persistence.errors import RegistryError, RowExists
from persistence.registry.sqlite import connect, explained, quoted


@dataclass(frozen=True)
class TableSpec:
    """A registry table and the visit table that goes with it.

    Attributes
    ----------
    name : `str`
        The table's name; the other is ``<name>_visit``.
    columns : mapping
        Column -> declared type, in order.
    unique, visit : `tuple` [`str`]
        The columns that are unique together; those of the visit table.
    """

    name: str
    columns: Mapping[str, str]
    unique: tuple[str, ...]
    visit: tuple[str, ...]

    @property
    def visit_name(self) -> str:
        """The name of the visit table."""
        return f"{self.name}_visit"

    def statements(self) -> Iterator[str]:
        """Give the statements that make the tables, to the letter as Gen2's ingest wrote them."""
        columns = ",".join(f"{name} {kind}" for name, kind in self.columns.items())
        unique = f", unique({','.join(self.unique)})" if self.unique else ""
        yield f"create table {self.name} (id integer primary key autoincrement, {columns}{unique})"
        shared = [name for name in self.visit if name in self.unique]
        columns = ",".join(f"{name} {self.columns[name]}" for name in self.visit)
        unique = f", unique({','.join(shared)})" if shared else ""
        yield f"create table {self.visit_name} ({columns}{unique})"


class RegistryWriter:
    """Adds rows to a registry, many files a transaction, and a file's rows never split.

    Parameters
    ----------
    path : `str`
        The registry; it is made when the first rows come.
    spec : `TableSpec`
        The tables.
    permissions : `int`
        The mode of a file that is made.
    wait : `float`
        For how many seconds to wait for another writer.
    dry_run : `bool`
        Only `find` will be asked, and nothing may be changed: not even what a killed writer left is undone.
    """

    def __init__(
        self, path: str, spec: TableSpec, permissions: int = 0o664, wait: float = 60.0, dry_run: bool = False
    ) -> None:
        self.path = path
        self.spec = spec
        self.permissions = permissions
        self.wait = wait
        self.dry_run = dry_run
        self._database: Any = None
        self._has_tables = False
        self._reader: sqlite3.Connection | None = None
        self._by_key = ""
        for name in (spec.name, *spec.columns):
            if not name.isidentifier():
                raise RegistryError(f"{name!r} cannot be the name of a table or column")

    def find(self, key: Sequence[Any]) -> dict[str, Any] | None:
        """Give the row that has these values of the unique columns; None if there is none."""
        with self._errors():
            connection = self._connection_to_read()
            if connection is None:
                return None
            found = connection.execute(self._by_key, list(key)).fetchone()
        return None if found is None else dict(zip(self.spec.columns, found, strict=True))

    def create(self) -> None:
        """Drop the two tables if they are there, and make them anew; others in the file stay."""
        self._connect()
        with self._transaction() as database:
            for table in (self.spec.name, self.spec.visit_name):
                database[table].drop(ignore=True)
            self._make(database)
        self._has_tables = True

    def add(self, rows: Sequence[Mapping[str, Any]], replace: bool = False, ignore: bool = False) -> None:
        """Add rows in one transaction: all of them, or none.

        Parameters
        ----------
        rows : sequence of mapping
            A value for each column.
        replace : `bool`
            Rows with the same unique columns give way.
        ignore : `bool`
            Rows with the same unique columns stay.

        Raises
        ------
        RegistryError
            If a row is there already, or the registry cannot be written.
        """
        self._open()
        how = "or replace " if replace else "or ignore " if ignore else ""
        names, visits = tuple(self.spec.columns), self.spec.visit
        columns = ", ".join(map(quoted, names))
        insert = f"insert {how}into {quoted(self.spec.name)} ({columns}) values ({_marks(names)})"  # noqa: S608  # all quoted
        insert_visit = (
            f"insert or {'replace' if replace else 'ignore'} into {quoted(self.spec.visit_name)} "  # noqa: S608
            f"values ({_marks(visits)})"
        )
        with self._transaction() as database:
            database.conn.executemany(insert, ([row[name] for name in names] for row in rows))
            distinct = dict.fromkeys(tuple(row[name] for name in visits) for row in rows)
            # The first detector of a visit says what its row is: it comes last where the last one stays.
            database.conn.executemany(insert_visit, reversed(distinct) if replace else distinct)

    def close(self) -> None:
        """Let go of the file."""
        if self._database is not None:
            self._database.conn.close()
            self._database = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._has_tables = False

    # -- parts ---------------------------------------------------------------------------------------

    def _connection_to_read(self) -> sqlite3.Connection | None:
        """Connect without making anything: files are planned before the registry is made."""
        if self._database is None and self._reader is None:
            if not os.path.exists(self.path) or not os.path.getsize(self.path):
                return None
            if self.dry_run:
                self._reader = connect(self.path, self.wait)
            else:
                # To write, so that SQLite rolls back what a killed writer left.
                self._connect()
        return self._prepare(self._reader or self._database.conn)

    def _prepare(self, connection: sqlite3.Connection) -> sqlite3.Connection | None:
        if not self._by_key:
            if not connection.execute(f"PRAGMA table_info({quoted(self.spec.name)})").fetchall():
                return None
            self._check(connection)
            wanted = ", ".join(map(quoted, self.spec.columns))
            where = " AND ".join(f"{quoted(name)} = ?" for name in self.spec.unique)
            self._by_key = f"SELECT {wanted} FROM {quoted(self.spec.name)} WHERE {where}"  # noqa: S608  # all quoted
        return connection

    def _open(self) -> None:
        """Connect, and make the tables if they are not there."""
        if self._has_tables:
            return
        if self._database is None:
            self._connect()
        with self._transaction() as database:
            if self.spec.name not in database.table_names():
                self._make(database)
            self._check(database.conn)
        self._has_tables = True

    def _connect(self) -> None:
        from sqlite_utils import Database

        fresh = not os.path.exists(self.path)
        with self._errors():
            connection = sqlite3.connect(self.path, timeout=self.wait, isolation_level=None)
            self._database = Database(connection)
        if fresh:
            os.chmod(self.path, self.permissions)

    def _make(self, database: Any) -> None:
        for statement in self.spec.statements():
            database.execute(statement)

    def _check(self, connection: sqlite3.Connection) -> None:
        """Refuse tables of another layout before anything is delivered."""
        for table, columns in ((self.spec.name, tuple(self.spec.columns)), (self.spec.visit_name, self.spec.visit)):
            there = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]
            missing = [name for name in columns if name not in there]
            if missing:
                raise RegistryError(
                    f"{self.path}: table {table!r} has another layout: it lacks {', '.join(missing)}, and has "
                    f"{', '.join(there)}. Was it made for another camera? --create makes it anew"
                )

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._errors():
            self._database.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:  # an interrupt too must end the transaction
                self._database.conn.execute("ROLLBACK")
                raise
            self._database.conn.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise RowExists(f"{self.path}: a row is there already ({error})") from error
        except sqlite3.Error as error:
            raise explained(error, self.path, time.monotonic() - started) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise RegistryError(f"{self.path}: SQLite cannot hold a value: {error}") from error


def _marks(columns: Sequence[str]) -> str:
    return ", ".join("?" * len(columns))
