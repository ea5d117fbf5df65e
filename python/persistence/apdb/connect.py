"""Connections and transactions, and the errors when they fail."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from persistence.apdb import address as addresses
from persistence.apdb.address import Address
from persistence.apdb.alchemy import sqlalchemy as sa
from persistence.errors import DatabaseError, DatabaseLocked
from persistence.files import sqlite

_WRITES = "persistence_writes"
# A driver's message for missing permissions -> what cannot be done.
_FORBIDDEN = {
    "readonly": "written",
    "read-only": "written",
    "unable to open": "opened",
    "permission denied": "used",
}


def engine(address: Address, timeout: float, echo: bool = False) -> sa.Engine:
    """Return an engine for a database; nothing is opened yet.

    Connections are not kept: a forked process must not use its parent's, and on a network file
    system locks end with the file's last descriptor.

    Parameters
    ----------
    address : `Address`
        The address.
    timeout : `float`
        How long to wait for locks, or for a server (s).
    echo : `bool`
        Whether statements are logged.
    """
    options: dict[str, Any] = {}
    url = address.url
    if address.kind == "sqlite":
        options["timeout"] = timeout
        if address.path is not None:
            # A missing file is only created by `create`.
            path = sqlite.escaped(os.path.abspath(address.path))
            url = url.set(database=f"file:{path}", query={"mode": "rw", "uri": "true"})
    elif address.kind == "postgresql":
        # A server that does not answer, and a lock that is not released.
        options["connect_timeout"] = max(1, round(timeout))
        options["options"] = f"-c lock_timeout={round(1000 * timeout)}"
    keywords: dict[str, Any] = {"poolclass": sa.pool.NullPool}
    if address.path is None and address.kind == "sqlite":  # in memory: it ends with its connection
        keywords = {"poolclass": sa.pool.StaticPool}
    if address.isolation and address.kind != "sqlite":
        keywords["isolation_level"] = address.isolation
    created = sa.create_engine(url, connect_args=options, echo=echo, **keywords)
    if address.kind == "sqlite":
        sa.event.listen(created, "connect", _Begins(address.isolation).connected)
        sa.event.listen(created, "begin", _begin)
    return created


def create_file(address: Address) -> None:
    """Create SQLite's file, empty, where there is none.

    Raises
    ------
    DatabaseError
        If it cannot be.
    """
    if address.path is None or os.path.exists(address.path):
        return
    try:
        os.close(os.open(address.path, os.O_CREAT | os.O_WRONLY, 0o666))
    except OSError as error:
        reason = addresses.explained_path(address) or os.strerror(error.errno or 0)
        raise DatabaseError(f"{address.text} could not be created: {reason}") from error


class _Begins:
    """A hook by which SQLAlchemy begins transactions; SQLite's driver would at the first change.

    A transaction that reads before it writes has to be known as one that writes: of two that have
    read, one could not go on, whatever the time it may wait.
    """

    def __init__(self, isolation: str | None) -> None:
        self.uncommitted = isolation == "READ UNCOMMITTED"

    def connected(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA read_uncommitted = {int(self.uncommitted)}")
        cursor.close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def transaction(
    made: sa.Engine, address: Address, *, writes: bool, lock: str
) -> Iterator[sa.Connection]:
    """Run a transaction, completely or not at all.

    Parameters
    ----------
    made : `sqlalchemy.Engine`
        The engine.
    address : `Address`
        The address, for messages.
    writes : `bool`
        Whether it writes. Writing transactions are serialised.
    lock : `str`
        The statement by which servers exclude other writers.

    Raises
    ------
    DatabaseError
        If the database cannot be opened, read or written.
    """
    start = time.monotonic()
    try:
        with made.connect() as bare:
            connection = bare.execution_options(**{_WRITES: writes})
            with connection.begin():
                if writes and address.kind != "sqlite":
                    connection.exec_driver_sql(lock)
                yield connection
    except sa.exc.DBAPIError as error:
        raise explained(error, address, time.monotonic() - start) from error


def explained(error: sa.exc.DBAPIError, address: Address, waited: float) -> DatabaseError:
    """Return an error of a database's driver as one of ours."""
    text = " ".join(str(error.orig).split())
    if "locked" in text or "busy" in text or "lock timeout" in text:
        holders = sqlite.holders(address.path) if address.path else "another process"
        return DatabaseLocked(
            f"{address.text} is locked by {holders}; waited {waited:.0f} s\n  to wait longer: -c "
            "diaPipe.apdb.connection_timeout=SECONDS"
        )
    if "not a database" in text or "malformed" in text:
        return DatabaseError(
            f"{address.text} is no SQLite database, or a damaged one ({text}); nothing was "
            "changed\n  another one: -c diaPipe.apdb.db_url=ADDRESS"
        )
    if "full" in text and address.kind == "sqlite":
        return DatabaseError(f"{address.text}: no space is left; nothing was stored ({text})")
    place = addresses.explained_path(address)
    if address.path and not os.path.exists(address.path):
        reason = place or "there is no such file: make_apdb.py creates it"
        return DatabaseError(f"{address.text} cannot be opened: {reason}")
    verb = next((verb for word, verb in _FORBIDDEN.items() if word in text), None)
    if verb is not None:
        return DatabaseError(
            f"{address.text} cannot be {verb}: {place or text}\n  a database of your own: -c "
            "diaPipe.apdb.db_url=ADDRESS"
        )
    if "no such table" in text or "does not exist" in text:
        return DatabaseError(f"{address.text} lacks a table ({text}): make_apdb.py adds it")
    return DatabaseError(f"{address.text} failed: {text}")
