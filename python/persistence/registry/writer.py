"""Writing a SQLite registry: its tables, and the rows of raws."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.errors import RegistryError
from persistence.files.sqlite import quoted
from persistence.registry.database import RegistryFile

Row = Mapping[str, Any]


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
    index : `tuple` [`str`]
        The columns of an index that goes with a table that we make; none for no index.
    """

    name: str
    columns: Mapping[str, str]
    unique: tuple[str, ...]
    visit: tuple[str, ...]
    index: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (self.name, *self.columns):
            if not name.isidentifier():
                raise RegistryError(f"{name!r} cannot be the name of a table or column")

    @property
    def visit_name(self) -> str:
        """The name of the visit table."""
        return f"{self.name}_visit"

    def statements(self) -> Iterator[str]:
        """Return the statements that create the tables as Gen2's ingest did, and the index."""
        columns = ",".join(f"{name} {kind}" for name, kind in self.columns.items())
        unique = f", unique({','.join(self.unique)})" if self.unique else ""
        yield f"create table {self.name} (id integer primary key autoincrement, {columns}{unique})"
        shared = [name for name in self.visit if name in self.unique]
        columns = ",".join(f"{name} {self.columns[name]}" for name in self.visit)
        unique = f", unique({','.join(shared)})" if shared else ""
        yield f"create table {self.visit_name} ({columns}{unique})"
        if self.index:
            yield f"create index {self.name}_look_up on {self.name} ({','.join(self.index)})"

    def make(self, database: Any) -> None:
        """Make the tables."""
        for statement in self.statements():
            database.execute(statement)

    def drop(self, database: Any) -> None:
        """Drop the tables if they are there; others in the file stay."""
        for table in (self.name, self.visit_name):
            database[table].drop(ignore=True)

    def is_there(self, connection: sqlite3.Connection) -> bool:
        """Say whether there is such a table."""
        return bool(connection.execute(f"PRAGMA table_info({quoted(self.name)})").fetchall())

    def count(self, connection: sqlite3.Connection) -> int:
        """Return the number of rows; 0 if there is no such table."""
        if not self.is_there(connection):
            return 0
        (number,) = connection.execute(f"SELECT count(*) FROM {quoted(self.name)}").fetchone()  # noqa: S608  # quoted
        return int(number)

    def check(self, connection: sqlite3.Connection, path: str) -> None:
        """Refuse tables of another layout before anything is delivered."""
        for table, columns in ((self.name, tuple(self.columns)), (self.visit_name, self.visit)):
            there = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]
            missing = [name for name in columns if name not in there]
            if missing:
                raise RegistryError(
                    f"{path}: table {table!r} has another layout: it lacks {', '.join(missing)}, "
                    f"and has {', '.join(there)}. Was it made for another camera? --create makes "
                    "it anew"
                )

    def query(self) -> str:
        """Write the query of the row that has some values of the unique columns."""
        wanted = ", ".join(map(quoted, self.columns))
        where = " AND ".join(f"{quoted(name)} = ?" for name in self.unique)
        return f"SELECT {wanted} FROM {quoted(self.name)} WHERE {where}"  # noqa: S608  # all quoted

    def insert(
        self, connection: sqlite3.Connection, rows: Sequence[Row], replace: bool, ignore: bool
    ) -> None:
        """Insert rows into both tables; see `RegistryWriter.add`."""
        how = "or replace " if replace else "or ignore " if ignore else ""
        names, visits = tuple(self.columns), self.visit
        columns = ", ".join(map(quoted, names))
        into = f"insert {how}into {quoted(self.name)} ({columns}) values ({_marks(names)})"  # noqa: S608  # all quoted
        into_visit = (
            f"insert or {'replace' if replace else 'ignore'} into {quoted(self.visit_name)} "  # noqa: S608
            f"values ({_marks(visits)})"
        )
        connection.executemany(into, ([row[name] for name in names] for row in rows))
        distinct = dict.fromkeys(tuple(row[name] for name in visits) for row in rows)
        # The first detector of a visit says what its row is: it comes last where the last one
        # stays.
        connection.executemany(into_visit, reversed(distinct) if replace else distinct)


class RegistryWriter:
    """Adds rows to a registry, many files a transaction, and a file's rows never split.

    Parameters
    ----------
    path : `str`
        The registry; it is made when the first rows come.
    spec : `TableSpec`
        The tables.
    permissions, wait, dry_run
        See `RegistryFile`; in a dry run, only `find` will be asked.
    """

    def __init__(
        self,
        path: str,
        spec: TableSpec,
        permissions: int = 0o664,
        wait: float = 60.0,
        dry_run: bool = False,
    ) -> None:
        self.spec = spec
        self._file = RegistryFile(path, permissions, wait, dry_run)
        self._has_tables = False
        self._by_key = ""

    def find(self, key: Sequence[Any]) -> dict[str, Any] | None:
        """Give the row that has these values of the unique columns; None if there is none."""
        with self._file.errors():
            connection = self._file.reader()
            if connection is None or not self._prepare(connection):
                return None
            found = connection.execute(self._by_key, list(key)).fetchone()
        return None if found is None else dict(zip(self.spec.columns, found, strict=True))

    def count(self) -> int:
        """Return the number of rows."""
        with self._file.errors():
            connection = self._file.reader()
            return 0 if connection is None else self.spec.count(connection)

    def create(self, rows: Sequence[Row], replace: bool = False, ignore: bool = False) -> None:
        """Drop the two tables if they exist, and create them with other rows, in one transaction.

        Other tables in the file stay. For the parameters, see `add`.
        """
        with self._file.transaction() as database:
            self.spec.drop(database)
            self.spec.make(database)
            self.spec.insert(database.conn, rows, replace, ignore)
        self._has_tables = True

    def add(self, rows: Sequence[Row], replace: bool = False, ignore: bool = False) -> None:
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
        if not self._has_tables:
            with self._file.transaction() as database:
                if not self.spec.is_there(database.conn):
                    self.spec.make(database)
                self.spec.check(database.conn, self._file.path)
            self._has_tables = True
        with self._file.transaction() as database:
            self.spec.insert(database.conn, rows, replace, ignore)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._has_tables = False

    def _prepare(self, connection: sqlite3.Connection) -> bool:
        """Check the tables, once; gives False if there are none."""
        if not self._by_key:
            if not self.spec.is_there(connection):
                return False
            self.spec.check(connection, self._file.path)
            self._by_key = self.spec.query()
        return True


def _marks(columns: Sequence[str]) -> str:
    return ", ".join("?" * len(columns))
