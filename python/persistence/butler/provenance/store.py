"""The journals of one tree as a table, so that they need not be read again for each query.

The positions of their lines are kept in the user's cache. Deleting it only costs time; nothing is
written into the tree.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from persistence.butler.provenance import lines
from persistence.butler.provenance.lines import Made, Run
from persistence.files import journal, sqlite, user_cache
from persistence.files.sqlite import Connection

_VERSION = 1
_MOST = 20_000  # lines per transaction: little is lost if it is killed, and memory stays small
_WAIT = 10.0  # seconds to wait for other processes that write the same cache
_SCHEMA = """CREATE TABLE journals (id INTEGER PRIMARY KEY, name TEXT UNIQUE, inode INT, end INT);
CREATE TABLE made (path TEXT, time REAL, journal INT, begin INT, kind INT, PRIMARY KEY
  (path, time, journal, begin)) WITHOUT ROWID;
CREATE INDEX by_time ON made (time);
CREATE TABLE runs (run TEXT, journal INT, begin INT, PRIMARY KEY (run, journal, begin))
  WITHOUT ROWID;
CREATE TABLE places (id INTEGER PRIMARY KEY, place TEXT UNIQUE);
CREATE TABLE uses (place INT, journal INT, begin INT, PRIMARY KEY (place, journal, begin))
  WITHOUT ROWID;
"""
_STATEMENTS = [text.strip() for text in _SCHEMA.split(";") if text.strip()]
# The kinds of lines in `made`: inputs not recorded; inputs recorded; the file was removed.
_BARE, _RECORDED, _REMOVED = range(3)


class Store:
    """The content of the journals of a tree.

    Parameters
    ----------
    root : `str`
        The tree: a repository, or a calibration root.

    Attributes
    ----------
    root : `str`
        Its real directory.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._paths: dict[int, str] = {}
        self._streams: dict[int, BinaryIO | None] = {}
        self._connection = self._connected()

    def close(self) -> None:
        """Close the cache, and the journals."""
        self._connection.close()
        for stream in self._streams.values():
            if stream is not None:
                stream.close()
        self._streams.clear()

    # -- queries
    # -----------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether the tree has no journal with a valid line."""
        return self._connection.execute("SELECT 1 FROM made LIMIT 1").fetchone() is None

    def last(self, path: str, size: int | None = None, time: int | None = None) -> Made | None:
        """Return the last line about a file, optionally with a certain size and time.

        Parameters
        ----------
        path : `str`
            The file, relative to the tree.
        size, time : `int`, optional
            The state of the file: bytes, and nanoseconds since 1970.

        Returns
        -------
        made : `Made` or None
            The line.
        """
        every = "SELECT journal, begin FROM made WHERE path = ? ORDER BY time DESC"
        first: Made | None = None
        for where in self._connection.execute(every, [_key(path)]).fetchall():
            line = self._made(*where)
            if line is not None and (time is None or line.stamp[:2] == (size, time)):
                return line
            first = first or line
        return first

    def all_last(self, recorded: bool = True) -> Iterator[Made]:
        """Yield the last line of each file, sorted by path.

        Parameters
        ----------
        recorded : `bool`
            Whether only lines with inputs are yielded.
        """
        rows = self._connection.execute(
            "SELECT path, journal, begin, kind FROM made ORDER BY path, time"
        )
        for _path, group in itertools.groupby(rows, key=lambda row: row[0]):
            *_, (_, number, begin, kind) = group
            if kind == _RECORDED or not recorded:
                line = self._made(number, begin)
                if line is not None:
                    yield line

    def using(self, places: Iterable[str]) -> Iterator[Made]:
        """Yield the lines with one of some files as an input.

        Parameters
        ----------
        places : iterable of `str`
            The files, as in `lines.Input.place`: relative to the tree, or absolute.
        """
        for path in places:
            rows = self._connection.execute(
                "SELECT journal, begin FROM uses WHERE place = (SELECT id FROM places WHERE place "
                "= ?)",
                [_key(path)],
            )
            for where in rows.fetchall():
                line = self._made(*where)
                if line is not None:
                    yield line

    def newest(self, since: float | None = None) -> Iterator[Made]:
        """Yield all lines, the newest first; optionally those since a time (seconds since 1970)."""
        rows = self._connection.execute(
            "SELECT journal, begin FROM made WHERE time >= ? ORDER BY time DESC, begin DESC",
            [float("-inf") if since is None else since],
        )
        for where in rows:
            line = self._made(*where)
            if line is not None:
                yield line

    def run(self, name: str) -> Run | None:
        """Return a run's line; None if there is none."""
        rows = self._connection.execute("SELECT journal, begin FROM runs WHERE run = ?", [name])
        for number, begin in rows.fetchall():
            entry = self._entry(number, begin)
            if entry is not None and entry.operation == "run":
                return lines.run(entry.fields, self._writer(number)[0])
        return None

    def fields(self, path: str) -> dict[str, Any] | None:
        """Return the last line of a file, with its author, for copying to another tree."""
        every = "SELECT journal, begin FROM made WHERE path = ? ORDER BY time DESC"
        return self._whole(every, path)

    def run_fields(self, name: str) -> dict[str, Any] | None:
        """Return a run's line, as `fields` does."""
        return self._whole("SELECT journal, begin FROM runs WHERE run = ?", name)

    def _whole(self, query: str, name: str) -> dict[str, Any] | None:
        for number, begin in self._connection.execute(query, [_key(name)]).fetchall():
            entry = self._entry(number, begin)
            if entry is not None:
                host, uid = self._writer(number)
                # The beginning of the line must be kept: it is how torn lines are repaired.
                return {**entry.fields, "h": entry.fields.get("h", host), "w": uid}
        return None

    # -- lines
    # ---------------------------------------------------------------------------------------

    def _made(self, number: int, begin: int) -> Made | None:
        entry = self._entry(number, begin)
        if entry is None:
            return None
        return lines.made(entry.fields, entry.path, *self._writer(number))

    def _entry(self, number: int, begin: int) -> journal.Entry | None:
        """Return one line read from its journal; None if it is gone."""
        if number not in self._streams:
            self._streams[number] = journal.opened(self._path(number))
        stream = self._streams[number]
        return None if stream is None else next(journal.entries(stream, begin), None)

    def _writer(self, number: int) -> tuple[str, int | None]:
        return journal.writer(self._path(number))

    def _path(self, number: int) -> str:
        if number not in self._paths:
            query = "SELECT name FROM journals WHERE id = ?"
            (name,) = self._connection.execute(query, [number]).fetchone()
            self._paths[number] = os.path.join(self.root, journal.FOLDER, name)
        return self._paths[number]

    # -- cache
    # --------------------------------------------------------------------------------

    def _connected(self) -> sqlite3.Connection:
        """Open the cache and read new lines; use memory if nothing can be cached."""
        with contextlib.suppress(OSError, sqlite3.Error):
            path = _kept(self.root)
            for _ in range(2):
                connection = sqlite3.connect(
                    path, timeout=_WAIT, isolation_level=None, factory=Connection
                )
                try:
                    _prepare(connection)
                    self._update(connection)
                    return connection
                except sqlite3.DatabaseError as error:
                    connection.close()
                    if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
                        raise
                    _remove(path)  # it is created anew
        connection = sqlite3.connect(":memory:", isolation_level=None, factory=Connection)
        _prepare(connection)
        self._update(connection)
        return connection

    def _update(self, connection: sqlite3.Connection) -> None:
        """Read new lines of the journals."""
        known = {
            name: (number, inode, end)
            for number, name, inode, end in connection.execute("SELECT * FROM journals")
        }
        present = {}
        for path in journal.files(self.root):
            with contextlib.suppress(OSError):
                present[os.path.basename(path)] = os.stat(path, follow_symlinks=False)
        for name in known.keys() - present.keys():
            _forget(connection, known[name][0])
        for name, status in present.items():
            number, inode, end = known.get(name, (None, status.st_ino, 0))
            if inode != status.st_ino or end > status.st_size:  # it was replaced
                _forget(connection, number)
                number, end = None, 0
            if number is None or end < status.st_size:
                self._add(connection, name, status.st_ino, end)

    def _add(self, connection: sqlite3.Connection, name: str, inode: int, end: int) -> None:
        path = os.path.join(self.root, journal.FOLDER, name)
        connection.execute(
            "INSERT OR IGNORE INTO journals (name, inode, end) VALUES (?, ?, ?)", [name, inode, end]
        )
        query = "SELECT id, end FROM journals WHERE name = ?"
        while True:
            with sqlite.transaction(connection):
                # Another process may have read further meanwhile.
                number, end = connection.execute(query, [name]).fetchone()
                some = itertools.islice(journal.read(path, end), _MOST)
                taken, end = _insert(connection, number, end, some)
                connection.execute(
                    "UPDATE journals SET end = ?, inode = ? WHERE id = ?", [end, inode, number]
                )
            if taken < _MOST:
                return


def _kept(root: str) -> str:
    """Return the file in the user's cache, by the tree's path, device and inode."""
    status = os.stat(root)
    words = f"{root}\0{status.st_dev}\0{status.st_ino}"
    name = hashlib.sha256(os.fsencode(words))
    folder = user_cache.folder("provenance")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.path.join(folder, f"{name.hexdigest()[:32]}.sqlite3")


def _is_well(connection: sqlite3.Connection) -> bool:
    """Check whether the tables are those of this version."""
    schema = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return version == _VERSION and {sql for (sql,) in schema} == set(_STATEMENTS)


def _is_damage(error: sqlite3.Error) -> bool:
    return any(word in str(error) for word in ("malformed", "no such", "has no column"))


def _remove(path: str) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ending)


def _prepare(connection: sqlite3.Connection) -> None:
    """Create the tables; recreate them if they are of another version."""
    connection.execute("PRAGMA synchronous = OFF")
    if _is_well(connection):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if not _is_well(connection):
        for kind, name in connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')"
        ).fetchall():
            connection.execute(f'DROP {kind} "{name}"')
        for statement in _STATEMENTS:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _forget(connection: sqlite3.Connection, number: int | None) -> None:
    connection.execute("DELETE FROM made WHERE journal = ?", [number])
    connection.execute("DELETE FROM runs WHERE journal = ?", [number])
    connection.execute("DELETE FROM uses WHERE journal = ?", [number])
    connection.execute("DELETE FROM journals WHERE id = ?", [number])


def _insert(
    connection: sqlite3.Connection, number: int, begin: int, entries: Iterable[journal.Entry]
) -> tuple[int, int]:
    """Store the positions of some lines; return their number, and where the last one ends."""
    rows: list[Any] = []
    runs: list[Any] = []
    uses: list[Any] = []
    taken = 0
    for entry in entries:
        taken += 1
        if entry.operation == "run":
            run = entry.fields.get("r")
            if isinstance(run, str):
                runs.append((run, number, begin))
        elif entry.path:
            recorded = "n" in entry.fields
            kind = _REMOVED if entry.operation == "remove" else _RECORDED if recorded else _BARE
            rows.append((_key(entry.path), entry.time, number, begin, kind))
            if recorded:
                uses += (
                    (_key(source.place), number, begin) for source in lines.inputs(entry.fields)
                )
        begin = entry.end
    connection.executemany("INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", runs)
    places = {(dataset,) for dataset, _number, _begin in uses}
    connection.executemany("INSERT OR IGNORE INTO places (place) VALUES (?)", places)
    connection.executemany(
        "INSERT OR REPLACE INTO uses SELECT id, ?2, ?3 FROM places WHERE place = ?1", uses
    )
    return taken, begin


def _key(path: str) -> str:
    """Return a path in a form that SQLite can store, although its name may not be UTF-8."""
    return path.encode(errors="backslashreplace").decode()
