"""Header cards that a camera's file lists as indexed: read once, and kept in the user's cache.

Cards are valid as long as the size, modification time and inode of the file are unchanged. A file
that cannot be read as FITS has none.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler.chain import Chain
from persistence.butler.index import home
from persistence.errors import FormatterError, MissingPartWarning, told, warn_caller
from persistence.files import fits_headers, header_values
from persistence.files.sqlite import Connection

# Number of files looked up and stored at once.
_ENOUGH = 500
_VERSION = 1
_READ: Mapping[type, Callable[[Any], Any]] = {
    float: header_values.number,
    int: header_values.integer,
    str: header_values.text,
}
_SCHEMA = (
    "CREATE TABLE cards (path TEXT NOT NULL, stamp TEXT NOT NULL, card TEXT NOT NULL, "
    "value, PRIMARY KEY (path, card)) WITHOUT ROWID"
)
Row = tuple[Any, ...]


class Cards:
    """The header cards of the files of a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories; some have files registered outside them.
    every : collection of `str`
        All indexed cards: when a header is read, all of them are stored.
    """

    def __init__(self, chain: Chain, every: Collection[str]) -> None:
        self._every = every
        self._direct = {repository.root: repository.direct for repository in chain.read}
        self._kept: dict[str, sqlite3.Connection] = {}
        self._faults: list[str] = []

    def __enter__(self) -> Cards:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._kept.values():
            connection.close()
        if self._faults:
            more = f" (and {len(self._faults) - 1} more)" if len(self._faults) > 1 else ""
            warn_caller(f"no cards of {self._faults[0]}{more}", MissingPartWarning)

    def added(
        self, rows: Iterable[Row], root_at: int, path_at: int, kinds: Mapping[str, type]
    ) -> Iterator[Row]:
        """Yield rows with the values of some cards appended; None where a header lacks a card.

        Parameters
        ----------
        rows : iterable of `tuple`
            Rows of files.
        root_at, path_at : `int`
            The positions of the tree's root and of the path relative to it.
        kinds : mapping [`str`, `type`]
            The cards, with their types.
        """
        rows = iter(rows)
        nothing = (None,) * len(kinds)
        while some := list(itertools.islice(rows, _ENOUGH)):
            values: dict[tuple[str, str], Row] = {}
            for root in dict.fromkeys(row[root_at] for row in some):
                paths = [row[path_at] for row in some if row[root_at] == root]
                if root is not None:
                    values |= {
                        (root, path): its for path, its in self._values(root, paths, kinds).items()
                    }
            for row in some:
                yield *row, *values.get((row[root_at], row[path_at]), nothing)

    def _values(self, root: str, paths: Sequence[str], kinds: Mapping[str, type]) -> dict[str, Row]:
        connection = self._kept.get(root)
        if connection is None:
            connection = self._kept[root] = _opened(root)
        kept, new = _recall(connection, paths), list[Row]()
        values: dict[str, Row] = {}
        for path in dict.fromkeys(paths):
            file = self._file(root, path)
            stamp = _stamp(file)
            good = {
                card: value for card, (old, value) in kept.get(path, {}).items() if old == stamp
            }
            if not kinds.keys() <= good.keys():
                good = self._read(file)
                new += [(path, stamp, card, value) for card, value in good.items() if stamp]
            values[path] = tuple(_READ[kind](good[card]) for card, kind in kinds.items())
        _keep(connection, new)
        return values

    def _file(self, root: str, path: str) -> str:
        file = os.path.join(root, path)
        if root in self._direct and not os.path.exists(file):
            return self._direct[root].find(path) or file
        return file

    def _read(self, file: str) -> dict[str, Any]:
        """Return the cards of the primary header, or else of the first extension's."""
        try:
            headers = list(itertools.islice(fits_headers.scan(file), 2))
        except (FormatterError, OSError) as error:
            self._faults.append(f"{file}: {told(error)}")
            return dict.fromkeys(self._every)
        cards = {}
        for card in self._every:
            values = (header_values.known(header[card]) for header in headers if card in header)
            value = next((value for value in values if value is not None), None)
            cards[card] = value if isinstance(value, int | float | str) else None
        return cards


def _recall(
    connection: sqlite3.Connection, paths: Sequence[str]
) -> dict[str, dict[str, tuple[str, Any]]]:
    """Return the stored cards of some files: for each card, the file's stamp, and the value."""
    kept: dict[str, dict[str, tuple[str, Any]]] = {}
    marks = ", ".join("?" * len(paths))
    query = f"SELECT path, card, stamp, value FROM cards WHERE path IN ({marks})"  # noqa: S608
    for path, card, stamp, value in connection.execute(query, paths):
        kept.setdefault(path, {})[card] = stamp, value
    return kept


def _keep(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Store cards; failure (no space, a lock) only costs time later."""
    with contextlib.suppress(sqlite3.Error, OverflowError, UnicodeEncodeError), connection:
        connection.executemany("INSERT OR REPLACE INTO cards VALUES (?, ?, ?, ?)", rows)


def _stamp(file: str) -> str:
    try:
        status = os.stat(file)
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _opened(root: str) -> sqlite3.Connection:
    """Open the cache of a tree; if that fails, a temporary one."""
    path = ":memory:"
    try:
        path = f"{home.path_of(root)}.cards"
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if os.path.exists(path) and os.stat(path).st_uid != os.geteuid():
            path = ":memory:"
        return _prepared(path)
    except (OSError, sqlite3.Error):
        return _prepared(":memory:")


def _prepared(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False, factory=Connection)
    try:
        if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
            with connection:
                connection.execute("DROP TABLE IF EXISTS cards")
                connection.execute(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection
