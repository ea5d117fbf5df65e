"""Joins that no index and no registry can make: in a database of their own, that nobody else sees.

SQLite keeps it in memory as long as it is small, and then in a temporary file.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.files.sqlite import quoted

Row = tuple[Any, ...]
_WORDS = {int: "INTEGER", float: "REAL", str: "TEXT", datetime.datetime: "INTEGER", bool: "INTEGER"}


class Scratch:
    """A database for one question."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = OFF")

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def load(
        self,
        name: str,
        columns: Mapping[str, type],
        rows: Iterable[Row],
        index: Sequence[str] = (),
    ) -> None:
        """Create a table.

        Parameters
        ----------
        name : `str`
            Its name.
        columns : mapping [`str`, `type`]
            Its columns.
        rows : iterable of `tuple`
            Its rows.
        index : sequence of `str`
            Columns by which rows are looked up.
        """
        execute = self._connection.execute
        words = ", ".join(f"{quoted(key)} {_WORDS[kind]}" for key, kind in columns.items())
        execute(f"CREATE TABLE {name} ({words})")
        marks = ", ".join("?" * len(columns))
        execute("BEGIN")
        self._connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608
        execute("COMMIT")
        if index:
            execute(f"CREATE INDEX {name}_by ON {name} ({', '.join(map(quoted, index))})")

    def ask(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of a query; names in it have to be quoted, and values parameters."""
        return self._connection.execute(query, values)
