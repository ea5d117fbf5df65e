"""SQLite files for reading: connections, explanations of errors, and quoting.

The module imports little, because the completion of a command line queries a registry before
anything else is imported.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from persistence.errors import RegistryError, RegistryLocked
from persistence.files import links


class Connection(sqlite3.Connection):
    """A connection that is closed when its owner is gone; Python 3.13 warns of others.

    Registries and indexes are values that users hand about, and nobody says when they are done.
    """

    def __del__(self) -> None:
        # Whoever collects garbage in another thread may not; the process's end does it then.
        with contextlib.suppress(sqlite3.ProgrammingError):
            self.close()


# What forked processes have from their parents, held for good.
_inherited: list[sqlite3.Connection] = []


def leave_to_parent(connection: sqlite3.Connection) -> None:
    """Keep a connection that was inherited by a fork, neither using nor closing it.

    SQLite closes unreferenced connections, and closing rolls back the parent's transaction
    (https://sqlite.org/howtocorrupt.html, 2.6).
    """
    _inherited.append(connection)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes of a ``with`` block at once, or none.

    Parameters
    ----------
    connection : `sqlite3.Connection`
        A connection that begins no transactions itself (``isolation_level=None``).
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # an interrupt must end the transaction, too
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(path: str, wait: float) -> sqlite3.Connection:
    """Connect for reading only: no file is created, and no journal left behind."""
    if not os.path.isfile(path):
        raise RegistryError(links.fault(path) or f"there is no registry at {path}")
    try:
        return sqlite3.connect(
            f"file:{escaped(os.path.abspath(path))}?{_how(path)}",
            uri=True,
            timeout=wait,
            check_same_thread=False,
            factory=Connection,
        )
    except (sqlite3.Error, OSError) as error:
        raise explained(error, path, 0.0) from error


def _how(path: str) -> str:
    """Return the mode for opening a file.

    SQLite cannot read a file in WAL mode without creating two others beside it. Where that is
    forbidden, and no transaction waits in the log, the file is read as it is, without locks.
    """
    if os.access(os.path.dirname(path) or ".", os.W_OK) or _left(path, "-wal"):
        return "mode=ro"
    with open(path, "rb") as stream:
        header = stream.read(20)
    # Bytes 18 and 19 are the kind of journal (https://sqlite.org/fileformat.html, 1.3.3).
    return "mode=ro&immutable=1" if header[18:20] == b"\2\2" else "mode=ro"


def _left(path: str, ending: str) -> bool:
    """Return whether a registry has a non-empty journal beside it."""
    try:
        return os.path.getsize(path + ending) > 0
    except OSError:
        return False


def escaped(path: str) -> str:
    """Return a path escaped for SQLite's URIs (https://sqlite.org/uri.html, 3.1)."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def quoted(name: str) -> str:
    """Return a quoted identifier. SQLite takes an unknown one in double quotes for a text."""
    if "]" in name or "\0" in name:
        raise RegistryError(f"{name!r} cannot be the name of a table or column")
    return f"[{name}]"


def explained(error: Exception, path: str, waited: float) -> RegistryError:
    """Return an SQLite error as a RegistryError that explains the cause."""
    text = str(error)
    journals = [path + ending for ending in ("-journal", "-wal") if _left(path, ending)]
    if journals and ("readonly" in text or "unable to open" in text):
        return RegistryError(
            f"{path} was left in the middle of a transaction: {' and '.join(journals)} must be "
            "rolled back first, which reading does not do. The next ingest into the repository "
            f"does it; so does: sqlite3 {path} .tables"
        )
    if "locked" in text or "busy" in text:
        return RegistryLocked(f"{path} is locked by {holders(path)}; waited {waited:.1f} s")
    if "not a database" in text or "malformed" in text:
        return RegistryError(f"{path} is not an SQLite registry, or is damaged ({text})")
    return RegistryError(links.fault(path) or f"{path}: {text}")


def holders(path: str) -> str:
    """Return the processes that lock a file, as far as Linux's ``/proc/locks`` shows them."""
    try:
        inode = os.stat(path).st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            fields = [line.replace("-> ", "").split() for line in locks]
    except OSError:
        return "another process"
    pids = {entry[4] for entry in fields if entry[5].rsplit(":", 1)[-1] == str(inode)} - {
        str(os.getpid())
    }
    return (
        " and ".join(f"process {pid} ({_command(pid)})" for pid in sorted(pids))
        or "another process"
    )


def _command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as stream:
            return " ".join(stream.read().replace("\0", " ").split())[:80]
    except OSError:
        return "has ended"


def damage(path: str) -> str:
    """Return what is wrong inside a file of SQLite; an empty text if it is well.

    Parameters
    ----------
    path : `str`
        The file.

    Raises
    ------
    RegistryError
        If it cannot be read at all.
    """
    try:
        with contextlib.closing(connect(path, 1.0)) as connection:
            ((result,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise explained(error, path, 0.0) from error
    return "" if result == "ok" else str(result)


def leave_log(path: str, wait: float) -> None:
    """Change a file from SQLite's write-ahead log to a rollback journal.

    Parameters
    ----------
    path : `str`
        The file.
    wait : `float`
        Seconds to wait for others that use it.

    Raises
    ------
    RegistryError
        If others go on using it.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=wait)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.Error as error:
        raise explained(error, path, wait) from error


def rows(path: str) -> dict[str, Counter[tuple[object, ...]]]:
    """Return the rows of each table, whatever their order; ``id``, a number of its own, left out.

    Parameters
    ----------
    path : `str`
        The file.

    Raises
    ------
    RegistryError
        If it cannot be read.
    """
    try:
        with contextlib.closing(connect(path, 1.0)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = {}
            for (name,) in names.fetchall():
                columns = connection.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
                wanted = sorted(quoted(column[1]) for column in columns if column[1] != "id")
                query = f"SELECT {', '.join(wanted) or '1'} FROM {quoted(name)}"  # noqa: S608  # quoted
                tables[name] = Counter(connection.execute(query))
    except sqlite3.Error as error:
        raise explained(error, path, 0.0) from error
    tables.pop("sqlite_sequence", None)
    return tables


def add_part(
    source: str,
    target: str,
    chosen: Sequence[Mapping[str, object]],
    names: Collection[str] | None = None,
) -> int:
    """Add the rows of tables that fit some values to another file, with the tables' definitions.

    Rows that are there already are not added again.

    Parameters
    ----------
    source, target : `str`
        The files; the target, and its tables, are created if necessary.
    chosen : sequence of mapping
        Columns and values: a row fits if one of these has the values of all columns that both
        have, of which there has to be one.
    names : collection of `str`, optional
        The tables; by default all.

    Returns
    -------
    count : `int`
        How many rows were added.

    Raises
    ------
    RegistryError
        If one of the files cannot be read or written.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        with (
            contextlib.closing(connect(source, 10.0)) as before,
            contextlib.closing(sqlite3.connect(target, timeout=10.0)) as after,
            after,
        ):
            after.execute("BEGIN IMMEDIATE")
            query = "SELECT name, tbl_name, type, sql FROM sqlite_master WHERE sql IS NOT NULL"
            known = {name for name, *_ in after.execute(query)}
            every = [
                row
                for row in before.execute(f"{query} ORDER BY type = 'index'")
                if not row[0].startswith("sqlite_") and (names is None or row[1] in names)
            ]
            for name, _table, _kind, statement in every:
                if name not in known:
                    after.execute(statement)
            tables = [name for name, _table, kind, _statement in every if kind == "table"]
            return sum(_add_rows(before, after, name, chosen) for name in tables)
    except sqlite3.Error as error:
        raise explained(error, target, 0.0) from error


def _add_rows(
    before: sqlite3.Connection,
    after: sqlite3.Connection,
    name: str,
    chosen: Sequence[Mapping[str, object]],
) -> int:
    """Add the rows of a table that fit; see `add_part`."""
    columns = [row[1] for row in before.execute(f"PRAGMA table_info({quoted(name)})")]
    columns = [column for column in columns if column != "id"]
    listed = ", ".join(map(quoted, columns))
    query = f"SELECT {listed} FROM {quoted(name)}"  # noqa: S608  # quoted
    wanted: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for values in chosen:
        shared = tuple(column for column in columns if column in values)
        if shared:
            wanted.setdefault(shared, set()).add(tuple(str(values[key]) for key in shared))
    places = {shared: [columns.index(key) for key in shared] for shared in wanted}
    present = set(after.execute(query))
    rows = [
        row
        for row in before.execute(query)
        if row not in present
        and any(
            tuple(str(row[place]) for place in places[shared]) in values
            for shared, values in wanted.items()
        )
    ]
    marks = ", ".join("?" * len(columns))
    after.executemany(f"INSERT INTO {quoted(name)} ({listed}) VALUES ({marks})", rows)  # noqa: S608  # quoted
    return len(rows)
