"""Rows of registries that are moved into the trash, and come back: in one transaction each."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence

from persistence.errors import RegistryError
from persistence.files import sqlite

_WAIT = 10.0  # seconds, for others that use the registry
_VISITS = "_visit"  # the ending of a table with one row for each visit
# Table -> rowids.
Rows = Mapping[str, Sequence[int]]


def select(
    path: str, tables: Collection[str], data_ids: Sequence[Mapping[str, object]]
) -> dict[str, list[int]]:
    """Return the rows of some data IDs, and those of visits of which no row would remain.

    Parameters
    ----------
    path : `str`
        The registry.
    tables : collection of `str`
        The tables of the dataset type; those of visits (``raw_visit``) are looked for, too.
    data_ids : sequence of mapping
        A row fits if one of them has the values of all columns that both have.

    Returns
    -------
    rows : `dict` [`str`, `list` [`int`]]
        The numbers of the rows in each table (SQLite's ``rowid``).

    Raises
    ------
    RegistryError
        If the registry cannot be read.
    """
    try:
        with contextlib.closing(sqlite.connect(path, _WAIT)) as connection:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            rows: dict[str, list[int]] = {}
            for table in tables:
                rows[table] = list(_fitting(connection, table, data_ids))
                visits = f"{table}{_VISITS}"
                if visits in known and visits not in tables:
                    chosen = list(_fitting(connection, visits, data_ids))
                    rows[visits] = list(_left_alone(connection, table, rows[table], chosen))
    except sqlite3.Error as error:
        raise sqlite.explained(error, path, 0.0) from error
    return {table: numbers for table, numbers in rows.items() if numbers}


def _columns(connection: sqlite3.Connection, table: str, schema: str = "main") -> list[str]:
    info = connection.execute(f"PRAGMA {schema}.table_info({sqlite.quoted(table)})")
    return [row[1] for row in info]


def _fitting(
    connection: sqlite3.Connection, table: str, data_ids: Sequence[Mapping[str, object]]
) -> Iterator[int]:
    columns = _columns(connection, table)
    wanted: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for data_id in data_ids:
        shared = tuple(column for column in columns if column in data_id)
        if shared:
            wanted.setdefault(shared, set()).add(tuple(str(data_id[key]) for key in shared))
    query = f"SELECT rowid, {_listed(columns)} FROM {sqlite.quoted(table)}"  # noqa: S608  # quoted
    for number, *values in connection.execute(query):
        texts = dict(zip(columns, map(str, values), strict=True))
        if any(tuple(texts[key] for key in keys) in every for keys, every in wanted.items()):
            yield number


def _left_alone(
    connection: sqlite3.Connection, table: str, gone: Sequence[int], visits: Sequence[int]
) -> Iterator[int]:
    """Yield the rows of visits that no remaining row of a table shares its columns with."""
    name = f"{table}{_VISITS}"
    both = [column for column in _columns(connection, name) if column != "id"]
    both = [column for column in both if column in _columns(connection, table)]
    query = f"SELECT rowid, {_listed(both)} FROM "  # noqa: S608  # quoted
    lost = set(gone)
    rows = connection.execute(query + sqlite.quoted(table))
    remaining = {tuple(values) for number, *values in rows if number not in lost}
    chosen = set(visits)
    for number, *values in connection.execute(query + sqlite.quoted(name)):
        if number in chosen and tuple(values) not in remaining:
            yield number


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(sqlite.quoted, columns))


def move(path: str, kept: str, rows: Rows) -> int:
    """Move rows into another file, all or none, and return their number.

    Parameters
    ----------
    path, kept : `str`
        The registry; the file that keeps them, which may have others already.
    rows : mapping
        The rows; see `select`.

    Raises
    ------
    RegistryError
        If the registry cannot be written.
    """
    with _both(path, kept) as connection:
        for table, numbers in rows.items():
            name = sqlite.quoted(table)
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS kept.{name} AS SELECT * FROM main.{name} WHERE 0"  # noqa: S608  # quoted
            )
            for number in numbers:
                connection.execute(
                    f"INSERT INTO kept.{name} SELECT * FROM main.{name} WHERE rowid = ?",  # noqa: S608  # quoted
                    (number,),
                )
                connection.execute(f"DELETE FROM main.{name} WHERE rowid = ?", (number,))  # noqa: S608  # quoted
    return sum(map(len, rows.values()))


def bring_back(kept: str, path: str) -> int:
    """Add the rows that a file keeps to a registry again, and return their number.

    Rows that are there are not added again. A row gets its old ``id`` if that is free.

    Parameters
    ----------
    kept, path : `str`
        The file that keeps them; the registry.

    Raises
    ------
    RegistryError
        If the registry is gone, or has another row of the same data ID.
    """
    if not os.path.isfile(path):
        raise RegistryError(f"there is no registry at {path} to which its rows could go back")
    with _both(path, kept) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM kept.sqlite_master")]
        return sum(_bring_back(connection, table) for table in tables)


def _bring_back(connection: sqlite3.Connection, table: str) -> int:
    name, count = sqlite.quoted(table), 0
    columns = _columns(connection, table, "kept")
    others = [column for column in columns if column != "id"]
    there = set(connection.execute(f"SELECT {_listed(others)} FROM main.{name}"))  # noqa: S608  # quoted
    free = "id" in columns
    for row in connection.execute(f"SELECT {_listed(columns)} FROM kept.{name}").fetchall():  # noqa: S608  # quoted
        values = dict(zip(columns, row, strict=True))
        if tuple(values[column] for column in others) in there:
            continue
        query = f"SELECT 1 FROM main.{name} WHERE id = ?"  # noqa: S608  # quoted
        is_taken = free and connection.execute(query, (values["id"],)).fetchone()
        used = others if is_taken else columns
        marks = ", ".join("?" * len(used))
        connection.execute(
            f"INSERT INTO main.{name} ({_listed(used)}) VALUES ({marks})",  # noqa: S608  # quoted
            [values[column] for column in used],
        )
        count += 1
    return count


@contextlib.contextmanager
def _both(path: str, kept: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection to two files, whose changes are one transaction."""
    try:
        with contextlib.closing(
            sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        ) as connection:
            connection.execute("ATTACH ? AS kept", (kept,))
            with sqlite.transaction(connection):
                yield connection
    except sqlite3.Error as error:
        raise sqlite.explained(error, path, _WAIT) from error
