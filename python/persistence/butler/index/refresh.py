"""Directories compared with the disk, and listed again where they changed."""

from __future__ import annotations

import itertools
import operator
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from persistence.butler.index import listing
from persistence.butler.index.listing import Part, Stamp
from persistence.butler.index.store import Row, Store, Table
from persistence.dataids.inversion import Directory, Hit, Inverter
from persistence.registry.direct import DirectFiles

# A directory whose last change is older than this when it is listed shows it if it changes again:
# clocks of file systems stand still for up to two seconds (FAT; NFS of old).
_SETTLED = 2_000_000_000
# So many names are written in one transaction, so that others get their turn.
_BATCH = 20_000
# SQLite has integers of 64 bits.
_LARGEST = 1 << 63
_NO_PARTS: tuple[Part, ...] = ()
_ALONE = (0,)  # the value of the only column of a template without keys
# A directory that is not there, in which files are registered that lie elsewhere.
_NOWHERE = Stamp(0, 0, 0)


def now() -> int:
    """Return the time in ns since 1970."""
    return time.time_ns()


class Refresher:
    """Brings what an index says of directories up to date.

    Parameters
    ----------
    root : `str`
        The tree's root directory.
    store : `Store`
        The index.
    tables : sequence of `Table`
        All that the index has.
    inverter : callable
        Returns the `Inverter` of their templates, in the same order. It is not called where no
        directory changed: that takes longer than the rest.
    direct : `DirectFiles`
        Files of the tree that lie elsewhere.
    sizes : `bool`
        Whether files are asked for sizes and times. Once they were, they are whenever their
        directory is listed again.

    Attributes
    ----------
    files : `int`
        How many files were listed.
    """

    def __init__(
        self,
        root: str,
        store: Store,
        tables: Sequence[Table],
        inverter: Callable[[], Inverter],
        direct: DirectFiles,
        sizes: bool = False,
    ) -> None:
        self.store = store
        self.files = 0
        self._root = root
        self._tables = tables
        self._inverter = inverter
        self._direct = direct
        self._sizes = sizes
        self._since = now()
        self._foreign = {"": False}
        self._identities: dict[str, tuple[int, int]] = {}

    def refresh(self, paths: Sequence[str]) -> None:
        """List those of some directories again that changed, or were never listed."""
        known = self.store.directories(paths)
        batch: list[_Listing] = []
        size = 0
        for path in paths:
            row = known.get(path)
            listed, stamp = now(), self._stamp(path)
            if row is not None and self._is_fresh(row, stamp):
                continue
            if row is None and stamp is None:
                continue
            sized = self._sizes or (row is not None and bool(row[5]))
            before = None if row is None else row[4]
            batch.append(self._list(path, stamp, listed, sized, before))
            size += len(batch[-1].first.files) + 1
            if size > _BATCH:
                self._write(batch)
                batch, size = [], 0
        if batch:
            self._write(batch)

    def _stamp(self, path: str) -> Stamp | None:
        try:
            stamp = listing.stamp(self._full(path))
        except OSError:  # a directory on the way may not be searched, or the disk is ill
            return None
        if stamp is None and self._direct.is_there and self._direct.holds(path):
            return _NOWHERE
        return stamp

    def _is_fresh(self, row: Row, stamp: Stamp | None) -> bool:
        """Return whether a directory is as it was when it was listed."""
        _id, mtime, ctime, inode, listed, sized, _direct = row
        if stamp is None or listed is None or Stamp(mtime, ctime, inode) != stamp:
            return False
        if self._sizes and not sized:
            return False
        # What is listed in the future was, before a clock went back.
        is_new = self._since <= listed <= now()
        return bool(listed - (stamp.ctime or stamp.mtime) > _SETTLED or is_new)

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _list(
        self, path: str, stamp: Stamp | None, listed: int, sized: bool, before: int | None
    ) -> _Listing:
        """Begin to read a directory; what is behind the first part is read when it is written."""
        first, rest, problem = Part({}, (), ()), iter(_NO_PARTS), None
        if stamp is not None and stamp != _NOWHERE and not self._is_foreign(path):
            try:
                rest = listing.parts(self._full(path), sized)
                first = next(rest, first)
            except (FileNotFoundError, NotADirectoryError):
                stamp = None
            except OSError as error:
                problem = error.strerror or str(error)
        return _Listing(path, stamp, listed, sized, before, first, rest, problem)

    def _is_foreign(self, path: str) -> bool:
        """Return whether a directory is, or lies in, a tree of its own that no template enters."""
        known = self._foreign.get(path)
        if known is None:
            known = (
                self._is_foreign(path.rpartition("/")[0])
                or (listing.is_tree(self._full(path)) and not self._is_named(path))
                or self._is_circle(path)
            )
            self._foreign[path] = known
        return known

    def _is_circle(self, path: str) -> bool:
        """Return whether a directory is one that it lies in: a link led back."""
        own = self._identity(path)
        while path:
            path = path.rpartition("/")[0]
            if self._identity(path) == own:
                return True
        return False

    def _identity(self, path: str) -> tuple[int, int]:
        known = self._identities.get(path)
        if known is None:
            try:
                status = os.stat(self._full(path))
            except OSError:
                return (0, 0)
            known = self._identities[path] = status.st_dev, status.st_ino
        return known

    def _is_named(self, path: str) -> bool:
        """Return whether a template leads to a directory, and not because any name will do."""
        depth = path.count("/") + 1
        for table in self._tables:
            parts = table.template.file_text.split("/")
            ways = Inverter([type(table.template)("/".join((*parts[:depth], "x")))], [("",)])
            is_way = len(parts) > depth and ways.directory(path).values
            if is_way and any(not _is_bare(part) for part in table.template.components[:depth]):
                return True
        return False

    # -- writing -----------------------------------------------------------------------------------

    def _write(self, batch: Sequence[_Listing]) -> None:
        with self.store.transaction():
            known = self.store.directories([one.path for one in batch])
            for one in batch:
                row = known.get(one.path)
                if row is not None and one.is_older(row):
                    continue  # another process has listed it since
                if one.stamp is None:
                    self._forget(one.path)
                else:
                    self._replace(one)

    def _replace(self, listing_: _Listing) -> None:
        """Write what a directory holds, in place of what it held."""
        store, path = self.store, listing_.path
        number = store.add_directory(path)
        directory = self._inverter().directory(path)
        self._clear(number, directory)
        children, problem = set[str](), listing_.problem
        try:
            for part in itertools.chain([listing_.first], listing_.rest):
                self._add(number, directory, part)
                self.files += len(part.files)
                children.update(filter(_is_text, part.directories))
        except OSError as error:  # it is gone by now, or the disk is ill
            problem = error.strerror or str(error)
        has_direct = self._direct.is_there and self._add_direct(number, directory, children)
        self._set_children(number, path, children)
        self._count(number, directory)
        stamp = listing_.stamp
        assert stamp is not None
        listed = None if problem else listing_.listed
        store.connection.execute(
            "UPDATE dirs SET mtime = ?, ctime = ?, inode = ?, listed = ?, sized = ?, direct = ?, "
            "problem = ? WHERE id = ?",
            (*stamp, listed, listing_.sized, has_direct, problem, number),
        )

    def _add(self, number: int, directory: Directory, part: Part) -> None:
        """Write rows for the files and directories that templates name; other files as foreign."""
        files, rows, named = part.files, dict[int, list[Row]](), set[str]()
        names = [name for name in files if not name.startswith(listing.TEMPORARY)]
        for name, which, values, ending in self._hits(directory, [*names, *part.directories, ""]):
            named.add(name)
            row = (*(values or _ALONE), ending, *files.get(name, listing.UNKNOWN))
            rows.setdefault(which, []).append(row)
        start = directory.path and f"{directory.path}/"
        for which, some in rows.items():
            refused = self._insert(self._tables[which], some)
            named -= {path[len(start) :] for path in refused}
        execute = self.store.connection.executemany
        foreign = [(number, _text(name), *files[name]) for name in files if name not in named]
        if foreign:
            execute("INSERT OR IGNORE INTO foreigners VALUES (?, ?, ?, ?)", foreign)
        if part.dangling:
            dangling = ((number, _text(name)) for name in part.dangling)
            execute("INSERT OR IGNORE INTO dangling VALUES (?, ?)", dangling)

    def _hits(self, directory: Directory, names: Iterable[str]) -> Iterable[Hit]:
        """Return what names are by those templates that have most text of their own."""
        hits = directory.rows(names)
        if len({self._tables[which].literals for which, _ in directory.values}) < 2:
            return hits
        return self._most_special(hits)

    def _most_special(self, hits: Iterable[Hit]) -> Iterator[Hit]:
        for _name, some in itertools.groupby(hits, operator.itemgetter(0)):
            first, *others = some
            if others:
                most = max(self._tables[hit[1]].literals for hit in (first, *others))
                for hit in (first, *others):
                    if self._tables[hit[1]].literals == most:
                        yield hit
            else:
                yield first

    def _insert(self, table: Table, rows: list[Row], replace: bool = True) -> set[str]:
        """Insert rows, and return the paths of those that no table can hold."""
        try:
            self.store.insert(table, rows, replace)
            return set()
        # an integer that is too large, a name that is no text, a float that is no number
        except (OverflowError, UnicodeEncodeError, sqlite3.IntegrityError):
            fitting = [row for row in rows if all(map(_fits, row[:-2]))]
            self.store.insert(table, fitting, replace)
            return {path_of(table, row) for row in rows if row not in fitting}

    def _add_direct(self, number: int, directory: Directory, children: set[str]) -> bool:
        """Add the files that are registered as lying in a directory, if they are there."""
        folders = self._direct.folders(directory.path)
        children.update(folders)
        registered = self._direct.names(directory.path)
        measures = {name: listing.measure(file) for name, file in registered.items()}
        rows: dict[int, list[Row]] = {}
        for name, which, values, ending in self._hits(directory, registered):
            if not ending and measures[name] != listing.UNKNOWN:
                row = (*(values or _ALONE), ending, *measures[name])
                rows.setdefault(which, []).append(row)
        for which, some in rows.items():
            self._insert(self._tables[which], some, replace=False)
        self.store.connection.executemany(
            "INSERT OR IGNORE INTO dangling VALUES (?, ?)",
            ((number, name) for name in registered if measures[name] == listing.UNKNOWN),
        )
        return bool(registered or folders)

    def _set_children(self, number: int, path: str, names: Iterable[str]) -> None:
        start = f"{path}/" if path else ""
        there = {start + name for name in names}
        known = set(self.store.children(path))
        for gone in known - there:
            self._forget(gone)
        self.store.connection.executemany(
            "INSERT INTO dirs (path, parent) VALUES (?, ?)",
            ((child, number) for child in sorted(there - known)),
        )

    def _clear(self, number: int, directory: Directory) -> None:
        """Delete what is known of the files of a directory."""
        execute = self.store.connection.execute
        counted = {row[0] for row in execute("SELECT template FROM tally WHERE dir = ?", (number,))}
        if counted:
            for which, values in directory.values:
                if self._tables[which].number in counted:
                    self.store.delete(self._tables[which], values)
            execute("DELETE FROM tally WHERE dir = ?", (number,))
        execute("DELETE FROM dangling WHERE dir = ?", (number,))
        execute("DELETE FROM foreigners WHERE dir = ?", (number,))

    def _count(self, number: int, directory: Directory) -> None:
        """Note how many rows each template has in a directory, once for all its readings."""
        counts: dict[int, list[tuple[int, int | None, int | None, int | None]]] = {}
        for which, values in directory.values:
            tally = self.store.count(self._tables[which], values)
            if tally[0]:
                counts.setdefault(self._tables[which].number, []).append(tally)
        self.store.connection.executemany(
            "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?)",
            ((template, number, *_sum(tallies)) for template, tallies in counts.items()),
        )

    def _forget(self, path: str) -> None:
        """Delete what is known of a directory that is gone, and of all below it."""
        for number, below in self.store.below(path):
            self._clear(number, self._inverter().directory(below))
            self.store.connection.execute("DELETE FROM dirs WHERE id = ?", (number,))


class _Listing(NamedTuple):
    """A directory that is being read: the first part is, the rest is to come.

    Attributes
    ----------
    listed, before : `int`
        When reading began, and when it was read last, as the index said then.
    """

    path: str
    stamp: Stamp | None
    listed: int
    sized: bool
    before: int | None
    first: Part
    rest: Iterator[Part]
    problem: str | None

    def is_older(self, row: Row) -> bool:
        """Return whether another process has written what it read later."""
        listed, sized = row[4], row[5]
        is_other = listed is not None and listed != self.before
        return bool(is_other and listed > self.listed and (sized or not self.sized))


def path_of(table: Table, row: Row) -> str:
    """Return the path of a row: keys and ending."""
    values = dict(zip(table.keys, row, strict=False))
    path: str = table.template.file_text % values + row[max(1, len(table.keys))]
    return path


def _sum(tallies: Sequence[tuple[int, int | None, int | None, int | None]]) -> Row:
    counts, sizes, newest, oldest = zip(*tallies, strict=True)
    return (
        sum(counts),
        None if None in sizes else sum(sizes),
        None if None in newest else max(newest),
        None if None in oldest else min(oldest),
    )


def _is_bare(part: Sequence[object]) -> bool:
    """Return whether a component of a template is one text, whatever it is."""
    return len(part) == 1 and getattr(part[0], "kind", None) is str


def _fits(value: object) -> bool:
    if isinstance(value, int):
        return -_LARGEST <= value < _LARGEST
    return value == value and _is_text(value)  # a NaN is not


def _is_text(value: object) -> bool:
    """Return whether a text is of characters: the name of a file may be of any bytes."""
    return not isinstance(value, str) or value.isascii() or _text(value) == value


def _text(name: str) -> str:
    """Return a name as text, in which bytes that are no characters are shown by their numbers."""
    return name if name.isascii() else os.fsencode(name).decode(errors="backslashreplace")
