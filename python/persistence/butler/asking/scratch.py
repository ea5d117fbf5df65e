"""A temporary, private database for joins of indexes, registries and users' data IDs.

SQLite keeps it in memory while it is small, and otherwise in a temporary file.
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.errors import PersistenceError, RegistryError
from persistence.files.sqlite import Connection, quoted

Row = tuple[Any, ...]
_WORDS = {int: "INTEGER", float: "REAL", str: "TEXT", datetime.datetime: "INTEGER", bool: "INTEGER"}


class Scratch:
    """A database for one query."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(
            "", isolation_level=None, check_same_thread=False, factory=Connection
        )
        self._connection.execute("PRAGMA journal_mode = OFF")

    def close(self) -> None:
        """Close and delete it."""
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

        Raises
        ------
        RegistryError
            If there is no space for it.
        """
        execute = self._connection.execute
        words = ", ".join(f"{quoted(key)} {_WORDS[kind]}" for key, kind in columns.items())
        marks = ", ".join("?" * len(columns))
        with _explaining():
            execute(f"CREATE TABLE {name} ({words})")
            execute("BEGIN")
            self._connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608
            execute("COMMIT")
            if index:
                execute(f"CREATE INDEX {name}_by ON {name} ({', '.join(map(quoted, index))})")

    def ask(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """Yield the rows of an SQL query, with quoted names and with values as parameters."""
        with _explaining():
            yield from self._connection.execute(query, values)


@contextlib.contextmanager
def _explaining() -> Iterator[None]:
    """Re-raise errors of SQLite, such as a full disk, as `RegistryError`."""
    try:
        yield
    except PersistenceError:  # some of which are errors of SQLite, too
        raise
    except sqlite3.Error as error:
        raise RegistryError(
            f"the rows cannot be joined in a temporary file of SQLite's (TMPDIR): {error}"
        ) from error
