"""A reader of SQLite registries, which are opened read-only on the first query."""

from __future__ import annotations

import functools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from persistence.errors import RegistryError, did_you_mean
from persistence.files.sqlite import connect, explained, leave_to_parent, quoted
from persistence.registry.contract import Between, Registry, RegistryWriter, Rows

if TYPE_CHECKING:
    from persistence.dataids.template import PathTemplate
    from persistence.registry.tables import TableSpec

# SQLite's integers; a larger one matches no row, and its driver would not accept it.
_INTEGERS = range(-(2**63), 2**63)
# 20150302, which as a text sorts after every 2015-03-02.
_COMPACT = "'" + 5 * "[0-9]" + "*'"


def read(path: str) -> Registry:
    """Return the registry in a file; see `persistence.registry.kinds.Kind`."""
    return SqliteRegistry(path)


def write(
    path: str, specs: Mapping[str, TableSpec], permissions: int, wait: float, dry_run: bool
) -> RegistryWriter:
    """Return a writer of the registry in a file; see `persistence.registry.kinds.Kind`."""
    from persistence.registry.sqlite_writer import SqliteWriter  # lazy: only ingest writes

    return SqliteWriter(path, specs, permissions, wait, dry_run)


class SqliteRegistry(Registry):
    """A registry in an SQLite file, as Gen2's ingest tools write it.

    Parameters
    ----------
    path : `str`
        The file.
    wait : `float`, optional
        Seconds to wait for a writer that locks it.
    """

    lists_files = False

    def __init__(self, path: str, wait: float = 60.0) -> None:
        self.path = path
        self.wait = wait
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._odd: dict[Any, tuple[Any, bool]] = {}
        self._process = 0
        self._columns: dict[str, dict[str, str]] = {}

    def __repr__(self) -> str:
        return f"SqliteRegistry({self.path!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return SqliteRegistry, (self.path, self.wait)

    def lookup(
        self,
        columns: Sequence[str],
        where: Mapping[str, Any],
        tables: Sequence[str] = (),
        between: Between | None = None,
        template: PathTemplate | None = None,
        limit: int | None = None,
    ) -> Rows:
        """Return the distinct values of some columns; see `Registry.lookup`."""
        values = list(where.values())
        for value in values:
            if type(value) is int and value not in _INTEGERS:
                return []
        if between is not None:
            values += between[0] if isinstance(between[0], tuple) else (between[0], between[0])
        bounds = between[1:] if between is not None else None
        is_odd = bounds is not None and self._has_odd_windows(tuple(tables), bounds)
        query = _query(tuple(columns), tuple(where), tuple(tables), bounds, is_odd, limit)
        return self.fetch(query, values)

    def stream(
        self, columns: Sequence[str], where: Mapping[str, Any], tables: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a look-up as they are read; see `Registry.stream`."""
        values, started = list(where.values()), time.monotonic()
        if any(type(value) is int and value not in _INTEGERS for value in values):
            return
        query = _query(tuple(columns), tuple(where), tuple(tables), None, False, None)
        with self._explaining(values, started):
            yield from self._connect().execute(query, values)

    def prepared(
        self, columns: Sequence[str], keys: Sequence[str], tables: Sequence[str]
    ) -> Callable[[Sequence[Any]], Rows]:
        """Return a look-up function for repeated use; see `Registry.prepared`."""
        query = _query(tuple(columns), tuple(keys), tuple(tables), None, False, None)
        file = self._file()
        stat, getpid, monotonic = os.stat, os.getpid, time.monotonic

        def ask(values: Sequence[Any]) -> Rows:
            # The work of `fetch`, inlined: its calls take half as long as SQLite does.
            started = monotonic()
            try:
                status, connection = stat(self.path), self._connection
                if status[1:3] != file:
                    raise RegistryError(
                        f"{self.path} was created anew: its columns may have changed"
                    )
                if file == self._opened and connection and self._process == getpid():
                    return connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise explained(error, self.path, monotonic() - started) from error
            except (OSError, OverflowError, UnicodeEncodeError):
                pass  # the file is gone, or no row can have such a value: `lookup` raises the error
            return self.lookup(columns, dict(zip(keys, values, strict=True)), tables)

        return ask

    def _has_odd_windows(self, tables: tuple[str, ...], bounds: tuple[str, str]) -> bool:
        """Return whether a row has bounds that cannot be compared as texts.

        All rows are read, once per state of the file.
        """
        ((version,),) = self.fetch("PRAGMA data_version", [])
        key = (tables, bounds)
        if self._odd.get(key, (None, False))[0] != version:
            odd = [_odd(quoted(column)) for column in bounds]
            query = f"SELECT 1 FROM {joined(tables)} WHERE {' OR '.join(odd)} LIMIT 1"  # noqa: S608  # all quoted
            self._odd[key] = version, bool(self.fetch(query, []))
        return self._odd[key][1]

    def columns(
        self, tables: Sequence[str], template: PathTemplate | None = None
    ) -> Mapping[str, str]:
        """Return the columns of some tables with their declared types."""
        if self._columns and self._file() != self._opened:
            self.close()  # a new file may have other columns
        if len(tables) == 1 and tables[0] in self._columns:
            return self._columns[tables[0]]
        found: dict[str, str] = {}
        for table in tables:
            if table not in self._columns:
                rows = self.fetch(f"PRAGMA table_info({quoted(table)})", [])
                if not rows:
                    known = self.tables()
                    hint = did_you_mean(table, known)
                    raise RegistryError(
                        f"{self.path} has no table {table!r}{hint} (it has {list(known)})"
                    )
                self._columns[table] = {row[1]: row[2] for row in rows}
            found |= self._columns[table]
        return found

    def tables(self) -> Sequence[str]:
        """Return the names of the tables."""
        names = self.fetch("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid", [])
        return [name for (name,) in names if not name.startswith("sqlite_")]

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        ((number,),) = self.fetch((f"SELECT COUNT(*) FROM {quoted(table)}"), [])  # noqa: S608  # quoted
        return int(number)

    def grouped(
        self,
        table: str,
        by: Sequence[str],
        least: Sequence[str] = (),
        counted: str | None = None,
        patterns: Mapping[str, str] = {},
        ranges: Mapping[str, Sequence[range]] = {},
    ) -> Rows:
        """Return a row for each combination of values; see `Registry.grouped`."""
        if not set(patterns) <= set(self.columns([table])):
            return []
        conditions, values = [f"{quoted(name)} GLOB ?" for name in patterns], [*patterns.values()]
        for name, parts in ranges.items():
            any_of, numbers = _any_of(quoted(name), parts)
            conditions.append(any_of)
            values += numbers
        number = "COUNT(*)" if counted is None else f"COUNT(DISTINCT {quoted(counted)})"
        wanted = [*map(quoted, by), *(f"min({quoted(name)})" for name in least), number]
        query = f"SELECT {', '.join(wanted)} FROM {quoted(table)}"  # noqa: S608  # all quoted
        query += f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query += f" GROUP BY {', '.join(map(quoted, by))}" if by else ""
        return self.fetch(query, values)

    def close(self) -> None:
        """Close the file; the next query opens it again."""
        self._leave_inherited()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._odd.clear()
        self._columns.clear()

    def fetch(self, query: str, values: Sequence[Any]) -> Rows:
        """Execute a query; names in it have to be quoted, and values passed as parameters.

        Parameters
        ----------
        query : `str`
            The query in SQL.
        values : sequence
            The values of its ``?`` placeholders.

        Returns
        -------
        `list` [`tuple`]
            The rows.

        Raises
        ------
        RegistryError
            If the registry cannot be read, or the query fails.
        """
        with self._explaining(values, time.monotonic()):
            return self._connect().execute(query, values).fetchall()

    @contextmanager
    def _explaining(self, values: Sequence[Any], started: float) -> Iterator[None]:
        """Raise SQLite's errors about a query as `RegistryError`."""
        try:
            yield
        except sqlite3.Error as error:
            self._columns.clear()  # they may have changed
            raise explained(error, self.path, time.monotonic() - started) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise RegistryError(
                f"{self.path} cannot be asked for {list(values)!r}: {error}"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        self._leave_inherited()
        file = self._file()
        if file != self._opened:  # replaced or created anew: a connection stays with the old file
            self.close()
        if self._connection is None:
            self._connection, self._process = connect(self.path, self.wait), os.getpid()
            self._opened = file
        return self._connection

    def _file(self) -> tuple[int, int] | None:
        """Return inode and device, which identify the file; None if it is gone."""
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status[1], status[2]

    def _leave_inherited(self) -> None:
        if self._connection is not None and self._process != os.getpid():
            leave_to_parent(self._connection)
            self._connection = None
            self._odd.clear()


@functools.lru_cache(maxsize=256)
def _query(
    columns: tuple[str, ...],
    keys: tuple[str, ...],
    tables: tuple[str, ...],
    bounds: tuple[str, ...] | None,
    is_odd: bool,
    limit: int | None,
) -> str:
    """Return the SQL of a look-up; cached, because there are few of them."""
    conditions = [f"{quoted(key)} = ?" for key in keys]
    if bounds is not None:
        first, last = map(quoted, bounds)
        odd_first, odd_last = _odd(first), _odd(last)
        # An index is only useful without the odd windows.
        conditions.append(f"({first} <= ? OR {odd_first})" if is_odd else f"{first} <= ?")
        conditions.append(f"({last} >= ? OR {odd_last})" if is_odd else f"{last} >= ?")
    query = f"SELECT DISTINCT {', '.join(map(quoted, columns))} FROM {joined(tables)}"  # noqa: S608  # all quoted
    if conditions:
        query += f" WHERE {' AND '.join(conditions)}"
    return query if limit is None else f"{query} LIMIT {limit:d}"


def _odd(column: str) -> str:
    """Return the SQL condition of a bound that callers have to check.

    It is NULL, a text that does not begin with a digit, or a compact date.
    """
    return f"{column} IS NULL OR {column} < '0' OR {column} >= ':' OR {column} GLOB {_COMPACT}"


def _any_of(column: str, parts: Sequence[range]) -> tuple[str, list[Any]]:
    """Return the SQL condition that a column is in one of some ranges, with its parameters."""
    # Single numbers in one list: SQLite accepts at most a thousand conditions joined by OR.
    single = [part[0] for part in parts if len(part) == 1]
    longer = [part for part in parts if len(part) > 1]
    conditions = [f"{column} IN ({', '.join('?' * len(single))})"]
    conditions += [f"{column} BETWEEN ? AND ? AND {column} % ? = ?"] * len(longer)
    numbers = [(part[0], part[-1], part.step, part.start % part.step) for part in longer]
    return f"({' OR '.join(conditions)})", [*single, *(one for some in numbers for one in some)]


def joined(tables: Sequence[str]) -> str:
    """Return the SQL that joins tables by their common columns."""
    return " NATURAL JOIN ".join(map(quoted, tables))
