"""What directories hold, written into an index."""

from __future__ import annotations

import itertools
import operator
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from persistence.butler.index import listing
from persistence.butler.index.listing import Part, Stamp
from persistence.butler.index.store import Store
from persistence.butler.index.tables import Row, Table
from persistence.dataids.inversion import Directory, Hit, Inverter
from persistence.registry.direct import DirectFiles

# SQLite has integers of 64 bits.
_LARGEST = 1 << 63
_ALONE = (0,)  # the value of the only column of a template without keys


class Listing(NamedTuple):
    """A directory that is being read: the first part is, the rest is to come.

    Attributes
    ----------
    listed, before : `int`
        When reading began, and when it was read last, as the index said then.
    is_linked : `bool`
        Whether a link leads there, on the way from the root.
    """

    path: str
    stamp: Stamp | None
    listed: int
    sized: bool
    before: int | None
    is_linked: bool
    first: Part
    rest: Iterator[Part]
    problem: str | None

    def is_older(self, row: Row) -> bool:
        """Return whether another process has written what it read later."""
        listed, sized = row[4], row[5]
        is_other = listed is not None and listed != self.before
        return bool(is_other and listed > self.listed and (sized or not self.sized))


class OtherTemplates(Exception):
    """The index knows other templates than it did: names are to be read by those, too."""


class Writer:
    """Writes what directories hold, in place of what they held.

    Parameters
    ----------
    store : `Store`
        The index.
    tables : `list` [`Table`]
        All that the index has.
    inverter : callable
        Returns the `Inverter` of their templates, in the same order. It is not called where no
        directory changed: that takes longer than the rest.
    direct : `DirectFiles`
        Files of the tree that lie elsewhere.

    Attributes
    ----------
    files : `int`
        How many files were written.

    Raises
    ------
    OtherTemplates
        Whenever it is to write, if the index has other templates by now.
    """

    def __init__(
        self,
        store: Store,
        tables: list[Table],
        inverter: Callable[[], Inverter],
        direct: DirectFiles,
    ) -> None:
        self.files = 0
        self.tables = tables
        self._store = store
        self._inverter = inverter
        self._direct = direct

    def write(self, batch: Sequence[Listing]) -> None:
        """Write some directories, all at once."""
        with self._store.transaction():
            if self._store.tables() != self.tables:
                raise OtherTemplates
            known = self._store.directories([one.path for one in batch])
            for one in batch:
                row = known.get(one.path)
                if row is not None and one.is_older(row):
                    continue  # another process has listed it since
                if one.stamp is None:
                    self._forget(one.path)
                else:
                    self._replace(one)

    def _replace(self, listing_: Listing) -> None:
        """Write what a directory holds, in place of what it held."""
        store, path = self._store, listing_.path
        number = store.add_directory(path)
        directory = self._inverter().directory(path)
        self._clear(number, directory)
        children, problem = set[str](), listing_.problem
        try:
            for part in itertools.chain([listing_.first], listing_.rest):
                self._add(number, directory, part)
                self.files += len(part.files)
                children.update(self._entered(path, part, listing_.is_linked))
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

    def _entered(self, path: str, part: Part, is_linked: bool) -> Iterator[str]:
        """Yield the directories that belong to the tree: behind links, those that templates name.

        What else is there is no part of it: the link may lead to an archive, or to the whole disk.
        """
        for name in filter(_is_text, part.directories):
            if is_linked or name in part.links:
                child = self._inverter().directory(f"{path}/{name}" if path else name)
                if not (child.values or child.leads_on):
                    continue
            yield name

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
            refused = self._insert(self.tables[which], some)
            named -= {path[len(start) :] for path in refused}
        execute = self._store.connection.executemany
        foreign = [(number, _text(name), *files[name]) for name in files if name not in named]
        if foreign:
            execute("INSERT OR IGNORE INTO foreigners VALUES (?, ?, ?, ?)", foreign)
        if part.dangling:
            dangling = ((number, _text(name)) for name in part.dangling)
            execute("INSERT OR IGNORE INTO dangling VALUES (?, ?)", dangling)

    def _hits(self, directory: Directory, names: Iterable[str]) -> Iterable[Hit]:
        """Return what names are by those templates that have most text of their own."""
        hits = directory.rows(names)
        if len({self.tables[which].literals for which, _ in directory.values}) < 2:
            return hits
        return self._most_special(hits)

    def _most_special(self, hits: Iterable[Hit]) -> Iterator[Hit]:
        for _name, some in itertools.groupby(hits, operator.itemgetter(0)):
            first, *others = some
            if others:
                most = max(self.tables[hit[1]].literals for hit in (first, *others))
                for hit in (first, *others):
                    if self.tables[hit[1]].literals == most:
                        yield hit
            else:
                yield first

    def _insert(self, table: Table, rows: list[Row], replace: bool = True) -> set[str]:
        """Insert rows, and return the paths of those that no table can hold."""
        try:
            self._store.insert(table, rows, replace)
            return set()
        # an integer that is too large, a name that is no text, a float that is no number
        except (OverflowError, UnicodeEncodeError, sqlite3.IntegrityError):
            fits = [all(map(_fits, row[:-2])) for row in rows]
            self._store.insert(table, list(itertools.compress(rows, fits)), replace)
            return {
                _path(table, row) for row, it_fits in zip(rows, fits, strict=True) if not it_fits
            }

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
            self._insert(self.tables[which], some, replace=False)
        self._store.connection.executemany(
            "INSERT OR IGNORE INTO dangling VALUES (?, ?)",
            ((number, name) for name in registered if measures[name] == listing.UNKNOWN),
        )
        return bool(registered or folders)

    def _set_children(self, number: int, path: str, names: Iterable[str]) -> None:
        start = f"{path}/" if path else ""
        there = {start + name for name in names}
        known = set(self._store.children(path))
        for gone in known - there:
            self._forget(gone)
        self._store.connection.executemany(
            "INSERT INTO dirs (path, parent) VALUES (?, ?)",
            ((child, number) for child in sorted(there - known)),
        )

    def _clear(self, number: int, directory: Directory) -> None:
        """Delete what is known of the files of a directory."""
        execute = self._store.connection.execute
        counted = {row[0] for row in execute("SELECT template FROM tally WHERE dir = ?", (number,))}
        if counted:
            for which, values in directory.values:
                if self.tables[which].number in counted:
                    self._store.delete(self.tables[which], values)
            execute("DELETE FROM tally WHERE dir = ?", (number,))
        execute("DELETE FROM dangling WHERE dir = ?", (number,))
        execute("DELETE FROM foreigners WHERE dir = ?", (number,))

    def _count(self, number: int, directory: Directory) -> None:
        """Note how many rows each template has in a directory, once for all its readings."""
        counts: dict[int, list[tuple[int, int | None, int | None, int | None]]] = {}
        for which, values in directory.values:
            tally = self._store.count(self.tables[which], values)
            if tally[0]:
                counts.setdefault(self.tables[which].number, []).append(tally)
        self._store.connection.executemany(
            "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?)",
            ((template, number, *_sum(tallies)) for template, tallies in counts.items()),
        )

    def _forget(self, path: str) -> None:
        """Delete what is known of a directory that is gone, and of all below it."""
        for number, below in self._store.below(path):
            self._clear(number, self._inverter().directory(below))
            self._store.connection.execute("DELETE FROM dirs WHERE id = ?", (number,))


def _path(table: Table, row: Row) -> str:
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
