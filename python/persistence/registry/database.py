"""The SQLite file of a registry that is written: connections, transactions and errors.

Only this module uses sqlite_utils, which is imported on the first write.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from persistence.errors import RegistryError, RowExists
from persistence.files import groups
from persistence.files.sqlite import (
    Connection,
    connect,
    explained,
    holders,
    leave_to_parent,
)

log = logging.getLogger("persistence.registry")

_NOTICED = 2.0  # seconds of waiting after which users want to know the reason


class RegistryFile:
    """An SQLite file that is created on the first write.

    Parameters
    ----------
    path : `str`
        The file.
    permissions : `int`, optional
        The mode of a new file, before the umask.
    wait : `float`, optional
        Seconds to wait for another writer.
    dry_run : `bool`, optional
        Whether the file is only read, and never changed: not even the transaction of a killed
        writer is rolled back.
    """

    def __init__(
        self, path: str, permissions: int = 0o664, wait: float = 60.0, dry_run: bool = False
    ) -> None:
        self.path = path
        self.permissions = permissions
        self.wait = wait
        self.dry_run = dry_run
        self._database: Any = None
        self._reader: sqlite3.Connection | None = None
        self._process = os.getpid()

    def reader(self) -> sqlite3.Connection | None:
        """Return a connection for reading; None if there is no file: nothing is created."""
        self._leave_inherited()
        if self._database is None and self._reader is None:
            if not os.path.exists(self.path) or not os.path.getsize(self.path):
                return None
            if self.dry_run:
                self._reader = connect(self.path, self.wait)
            else:
                # Writable, so that SQLite rolls back the transaction of a killed writer.
                self._connect()
        connection: sqlite3.Connection = self._reader or self._database.conn
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Yield a `sqlite_utils.Database` whose changes are one transaction.

        A process forked inside the block cannot end the transaction, which is the parent's.
        """
        self._leave_inherited()
        if self._database is None:
            self._connect()
        database, process = self._database, self._process
        with self.errors():
            self._begin(database.conn)
            try:
                yield database
            except BaseException:  # an interrupt, too, must end the transaction
                if process == os.getpid():
                    database.conn.execute("ROLLBACK")
                raise
            if process != os.getpid():
                raise RegistryError(f"{self.path} is being changed by process {process}, not here")
            database.conn.execute("COMMIT")

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction; a long wait is logged with its reason."""
        notice = min(self.wait, _NOTICED)
        _set_patience(connection, notice)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if notice == self.wait or "locked" not in str(error):
                raise
            left = self.wait - notice
            log.warning(
                "%s is locked by %s; waiting for up to %g s", self.path, holders(self.path), left
            )
            _set_patience(connection, left)
            connection.execute("BEGIN IMMEDIATE")
        finally:
            _set_patience(connection, self.wait)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise SQLite's errors as errors of the registry."""
        started = time.monotonic()
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise RowExists(f"{self.path}: a row exists already ({error})") from error
        except sqlite3.Error as error:
            raise explained(error, self.path, time.monotonic() - started) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise RegistryError(f"{self.path}: SQLite cannot hold a value: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._leave_inherited()
        if self._database is not None:
            self._database.conn.close()
            self._database = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _leave_inherited(self) -> None:
        """Forget the connections of the parent process after a fork."""
        if self._process == os.getpid():
            return
        held = [self._reader, self._database and self._database.conn]
        for connection in filter(None, held):
            leave_to_parent(connection)
        self._reader, self._database, self._process = None, None, os.getpid()

    def _connect(self) -> None:
        from sqlite_utils import Database

        # SQLite would create the file with 0644, before the umask. SQLite reports any failure.
        with contextlib.suppress(OSError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL, self.permissions))
            groups.give(self.path, groups.of(self.path))
        with self.errors():
            connection = sqlite3.connect(
                self.path, timeout=self.wait, isolation_level=None, factory=Connection
            )
            self._database = Database(connection)


def _set_patience(connection: sqlite3.Connection, seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(1000 * seconds)}")
