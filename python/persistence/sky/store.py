"""A file of regions: SQLite's R*Tree over boxes in three dimensions, and a table of polygons."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from persistence.files import sqlite
from persistence.files.sqlite import Connection

# Of the tables below; a file of another version is not read.
VERSION = 3
MEMORY = ":memory:"
_SCHEMA = f"""
CREATE TABLE regions (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, keys TEXT NOT NULL, exposure TEXT NOT NULL,
    tract INTEGER, rank INTEGER NOT NULL, root TEXT NOT NULL, path TEXT NOT NULL, size INTEGER,
    time INTEGER, polygon BLOB, problem TEXT NOT NULL DEFAULT '', UNIQUE (type, keys)
);
CREATE INDEX by_exposure ON regions (exposure, type);
CREATE INDEX by_path ON regions (type, root, path);
CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1, y0, y1, z0, z1);
CREATE TABLE stamps (type TEXT PRIMARY KEY, stamp TEXT NOT NULL, rest TEXT NOT NULL);
CREATE TABLE listings (
    type TEXT NOT NULL, root TEXT NOT NULL, path TEXT NOT NULL, listed INTEGER,
    PRIMARY KEY (type, root, path)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
_INSERT = (
    "INSERT INTO regions (type, keys, exposure, tract, rank, root, path, size, time, polygon, "
    "problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)
# SQLite rounds boxes outward to 32 bits; this is more than the rounding of our own numbers.
_PAD = 1e-13
_INSIDE = "x1 >= ? AND x0 <= ? AND y1 >= ? AND y0 <= ? AND z1 >= ? AND z0 <= ?"


class Entry(NamedTuple):
    """A dataset with its region.

    Attributes
    ----------
    type : `str`
        The dataset type that the region comes from.
    keys : `str`
        Its data ID and other columns, as JSON.
    exposure : `str`
        The values that identify its exposure, as JSON.
    tract : `int` or None
        The tract for which the region is valid; None for any.
    rank : `int`
        Of the regions of an exposure, that with the highest rank is the best one.
    root, path : `str`
        Its file.
    size, time : `int` or None
        Of the file when it was read: bytes, and ns since 1970.
    polygon : `bytes` or None
        The region; None if there is none.
    problem : `str`
        Why there is none.
    """

    type: str
    keys: str
    exposure: str
    tract: int | None
    rank: int
    root: str
    path: str
    size: int | None
    time: int | None
    polygon: bytes | None
    problem: str


class Store:
    """A file of regions.

    Parameters
    ----------
    path : `str`
        The file, which is created if it is missing; ``:memory:`` for none.

    Raises
    ------
    sqlite3.Error
        If the file is damaged, or cannot be created.
    WrongVersion
        If it is of another version.
    """

    def __init__(self, path: str = MEMORY) -> None:
        self.path = path
        self.connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=Connection, timeout=60
        )
        try:
            self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        execute = self.connection.execute
        ((version,),) = execute("PRAGMA user_version")
        if version == 0 and not execute("SELECT 1 FROM sqlite_master").fetchall():
            execute("PRAGMA journal_mode = WAL")
            execute("PRAGMA synchronous = NORMAL")
            self.connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        elif version != VERSION:
            raise WrongVersion(f"{self.path} has version {version} of regions, not {VERSION}")

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Write all that a block writes, or nothing."""
        return sqlite.transaction(self.connection)

    def stamp(self, name: str) -> str:
        """Return the state of the files of a type when they were last read; empty if never."""
        rows = self.connection.execute("SELECT stamp FROM stamps WHERE type = ?", (name,))
        return "".join(stamp for (stamp,) in rows)

    def stamps(self) -> list[str]:
        """Return the types that were filled."""
        return [name for (name,) in self.connection.execute("SELECT type FROM stamps")]

    def problems(self, exposure: str) -> list[str]:
        """Return why the region of an exposure is unknown."""
        rows = self.connection.execute(
            "SELECT DISTINCT type, problem FROM regions WHERE exposure = ? AND problem != ''",
            (exposure,),
        )
        return [f"{name}: {problem}" for name, problem in rows]

    def rest(self, name: str) -> str:
        """Return the state of all else that a type's entries depend on; empty if unknown."""
        rows = self.connection.execute("SELECT rest FROM stamps WHERE type = ?", (name,))
        return "".join(rest for (rest,) in rows)

    def listings(self, name: str) -> dict[tuple[str, str], int]:
        """Return when the directories of a type, by root and path, were listed."""
        query = "SELECT root, path, listed FROM listings WHERE type = ?"
        return {
            (root, path): listed for root, path, listed in self.connection.execute(query, (name,))
        }

    def set_state(
        self, name: str, stamp: str, rest: str, listings: Mapping[tuple[str, str], int]
    ) -> None:
        """Set the state of a type: `stamp`, `rest` and `listings`."""
        execute = self.connection.execute
        execute("INSERT OR REPLACE INTO stamps VALUES (?, ?, ?)", (name, stamp, rest))
        before = self.listings(name)
        gone = [(name, *place) for place in before.keys() - listings.keys()]
        new = [
            (name, *place, listed)
            for place, listed in listings.items()
            if before.get(place, -1) != listed
        ]
        many = self.connection.executemany
        many("DELETE FROM listings WHERE type = ? AND root = ? AND path = ?", gone)
        many("INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?)", new)

    def add(self, entries: Iterable[Entry], boxes: Iterable[Sequence[float] | None]) -> None:
        """Add entries, each with the ranges of x, y and z of its region, or None."""
        execute = self.connection.execute
        for entry, box in zip(entries, boxes, strict=True):
            ((number,),) = execute(_INSERT, entry).fetchall()
            if box is not None:
                execute("INSERT INTO boxes VALUES (?, ?, ?, ?, ?, ?, ?)", (number, *box))

    def remove(self, name: str, keys: Iterable[str]) -> None:
        """Remove the entries of a type with some data IDs."""
        for key in keys:
            rows = self.connection.execute(
                "DELETE FROM regions WHERE type = ? AND keys = ? RETURNING id", (name, key)
            )
            self.connection.executemany("DELETE FROM boxes WHERE id = ?", rows.fetchall())

    def keep_only(self, names: Container[str]) -> None:
        """Remove the entries of all types but some."""
        for name in self.stamps():
            if name not in names:
                with self.transaction():
                    self.remove(name, [one.keys for one in self.entries(name)])
                    self.set_state(name, "", "", {})
                    self.connection.execute("DELETE FROM stamps WHERE type = ?", (name,))

    def entries(
        self,
        name: str,
        keys: Iterable[str] = (),
        directories: Iterable[tuple[str, str]] | None = None,
    ) -> list[Entry]:
        """Return entries of a type.

        Parameters
        ----------
        name : `str`
            The type.
        keys : iterable of `str`
            Those with these data IDs,
        directories : iterable of `tuple` [`str`, `str`], optional
            and those with a file in one of these directories, by root and path. Default: all.
        """
        query = f"SELECT {', '.join(Entry._fields)} FROM regions WHERE type = ?"  # noqa: S608  # ours
        ask = self.connection.execute
        if directories is None:
            return list(map(Entry._make, ask(query, (name,))))
        found = {}
        for root, path in directories:
            # '0' is the character after the slash.
            ends = (f"{path}/", f"{path}0") if path else ("", "\U0010ffff")
            rows = ask(f"{query} AND root = ? AND path >= ? AND path < ?", (name, root, *ends))
            found.update(
                {one.keys: one for one in map(Entry._make, rows) if _directory(one.path) == path}
            )
        for its in keys:
            if its not in found:
                rows = ask(f"{query} AND keys = ?", (name, its))
                found.update({one.keys: one for one in map(Entry._make, rows)})
        return list(found.values())

    def near(
        self, box: Sequence[float], lowest: int, highest: int, tract: int | None = None
    ) -> list[tuple[str, bytes, str]]:
        """Return exposures whose best region may have a position in common with a box.

        Parameters
        ----------
        box : sequence of `float`
            Ranges of x, y and z.
        lowest, highest : `int`
            The ranks that count.
        tract : `int`, optional
            The tract whose regions count, if a region is valid for one tract only.

        Returns
        -------
        rows : `list` [`tuple` [`str`, `bytes`, `str`]]
            The exposure, its region, and the dataset type that this comes from.
        """
        padded = [side + (_PAD if place % 2 else -_PAD) for place, side in enumerate(box)]
        query = (
            "SELECT regions.exposure, polygon, type FROM boxes JOIN regions USING (id) WHERE "  # noqa: S608
            f"{_INSIDE} AND rank BETWEEN ? AND ? AND (tract IS NULL OR ? IS NULL OR tract = ?) "
            "AND NOT EXISTS (SELECT 1 FROM regions AS better WHERE "
            "better.exposure = regions.exposure AND better.rank > regions.rank "
            "AND better.rank <= ? AND better.polygon IS NOT NULL "
            "AND (better.tract IS NULL OR ? IS NULL OR better.tract = ?))"
        )
        values = (*padded, lowest, highest, tract, tract, highest, tract, tract)
        return self.connection.execute(query, values).fetchall()

    def of_exposures(
        self, exposures: Sequence[str], lowest: int, highest: int, tract: int | None = None
    ) -> dict[str, tuple[bytes, str]]:
        """Return the best region of exposures, and the type that it comes from; see `near`."""
        best: dict[str, tuple[bytes, str]] = {}
        for exposure in exposures:
            rows = self.connection.execute(
                "SELECT polygon, type FROM regions WHERE exposure = ? AND rank BETWEEN ? AND ? AND "
                "polygon IS NOT NULL AND (tract IS NULL OR ? IS NULL OR tract = ?) "
                "ORDER BY rank DESC, tract LIMIT 1",
                (exposure, lowest, highest, tract, tract),
            )
            best.update((exposure, row) for row in rows)
        return best

    def of_type(self, name: str, exposures: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the exposure and the data ID of the datasets of a type, for some exposures."""
        for exposure in exposures:
            for (keys,) in self.connection.execute(
                # SQLite would prefer the index that is sorted already, with all of the type
                "SELECT keys FROM regions INDEXED BY by_exposure "
                "WHERE exposure = ? AND type = ? ORDER BY keys",
                (exposure, name),
            ):
                yield exposure, keys


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


class WrongVersion(Exception):
    """A file of regions of another version of this package."""
