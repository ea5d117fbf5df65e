"""Write the contents of directories into an index."""

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
    """A directory that is being read: its first part; the others follow.

    Attributes
    ----------
    listed, before : `int`
        When reading began, and when it was last read, according to the index at that time.
    is_linked : `bool`
        Whether it was reached through a link.
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
        """Return whether another process has written a later listing."""
        listed, sized = row[4], row[5]
        is_other = listed is not None and listed != self.before
        return bool(is_other and listed > self.listed and (sized or not self.sized))


class OtherTemplates(Exception):
    """The templates in the index have changed: names must be matched with those, too."""


class Writer:
    """Write the contents of directories, replacing earlier contents.

    Parameters
    ----------
    store : `Store`
        The index.
    tables : `list` [`Table`]
        All its tables.
    inverter : callable
        Returns the `Inverter` of their templates, in the same order. It is not called if no
        directory changed, as that is slow.
    direct : `DirectFiles`
        Files registered outside the tree.

    Attributes
    ----------
    files : `int`
        The number of files written.

    Raises
    ------
    OtherTemplates
        On writing, if the templates in the index have changed.
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
            known = self._store.directories([listing_.path for listing_ in batch])
            for listing_ in batch:
                row = known.get(listing_.path)
                if row is not None and listing_.is_older(row):
                    continue  # another process has listed it since
                if listing_.stamp is None:
                    self._forget(listing_.path)
                else:
                    self._replace(listing_)

    def _replace(self, listing_: Listing) -> None:
        """Write the contents of a directory, replacing earlier contents."""
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
        except OSError as error:  # it is gone, or the disk is damaged
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
        """Yield the subdirectories that belong to the tree; below links, those that templates name.

        Other linked directories are not part of it: a link may lead to an archive, or to a whole
        disk.
        """
        for name in filter(_is_text, part.directories):
            if is_linked or name in part.links:
                child = self._inverter().directory(f"{path}/{name}" if path else name)
                if not (child.values or child.leads_on):
                    continue
            yield name

    def _add(self, number: int, directory: Directory, part: Part) -> None:
        """Write rows for the files and directories that match templates; other files as foreign."""
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
        """Return how names match the templates with the most literal characters."""
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
        # an integer that is too large, text that is not UTF-8, a NaN
        except (OverflowError, UnicodeEncodeError, sqlite3.IntegrityError):
            fits = [all(map(_fits, row[:-2])) for row in rows]
            self._store.insert(table, list(itertools.compress(rows, fits)), replace)
            return {
                _path(table, row) for row, it_fits in zip(rows, fits, strict=True) if not it_fits
            }

    def _add_direct(self, number: int, directory: Directory, children: set[str]) -> bool:
        """Add the files that are registered in a directory, if they exist."""
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
        children = {start + name for name in names}
        known = set(self._store.children(path))
        for gone in known - children:
            self._forget(gone)
        self._store.connection.executemany(
            "INSERT INTO dirs (path, parent) VALUES (?, ?)",
            ((child, number) for child in sorted(children - known)),
        )

    def _clear(self, number: int, directory: Directory) -> None:
        """Delete the rows of a directory."""
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
        """Store how many rows each template has in a directory, once for all readings."""
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
        """Delete the rows of a directory that is gone, and of all below it."""
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
    """Return whether a file name is valid text: names may consist of any bytes."""
    return not isinstance(value, str) or value.isascii() or _text(value) == value


def _text(name: str) -> str:
    """Return a name as text, with invalid bytes as escapes."""
    return name if name.isascii() else os.fsencode(name).decode(errors="backslashreplace")
