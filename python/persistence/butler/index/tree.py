"""The index of one tree: which files exist, by the keys of their templates."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler.index import build, changes, home, ways
from persistence.butler.index.keeper import Keeper
from persistence.butler.index.pages import Query
from persistence.butler.index.refresh import Refresher
from persistence.butler.index.store import Store, is_damage
from persistence.butler.index.tables import ENDING, SIZE, TALLY, TIME, Row, Table
from persistence.butler.index.write import OtherTemplates, Writer
from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError, RepositoryError, did_you_mean
from persistence.files.content import COMPRESSED
from persistence.files.sqlite import quoted
from persistence.registry.direct import DirectFiles

_OWN = (ENDING, SIZE, TIME)
_PAGE = 10_000  # rows read at once


class Totals(NamedTuple):
    """Totals of the files of a template.

    Attributes
    ----------
    n : `int`
        The number of files.
    bytes : `int` or None
        Their total size; None unless known for all files.
    newest, oldest : `int` or None
        Modification times, in ns since 1970; None as above.
    """

    n: int = 0
    bytes: int | None = 0
    newest: int | None = None
    oldest: int | None = None


class Foreign(NamedTuple):
    """A file that matches no template; size and time are None unless they were read."""

    path: str
    size: int | None
    time: int | None


class Tree:
    """The index of a tree: of a repository, or of a calibration root.

    Parameters
    ----------
    root : `str`
        The tree's root directory. A tree that does not exist has no files.
    templates : mapping
        The text of each template, without an HDU, and the endings that may follow the names of
        its files.

    Notes
    -----
    Queries use the index as it is; `refresh` or `build` compare it with the disk first. Nothing is
    written into the tree except by `write`.

    A file that matches several templates belongs to the one with the most literal characters:
    ``1,2_nImage.fits`` to ``%(patch)s_nImage.fits``, and not to ``%(patch)s.fits``. If two have
    equally many, it belongs to both.
    """

    def __init__(self, root: str, templates: Mapping[str, tuple[str, ...]]) -> None:
        self.root = os.path.abspath(root)
        self._keeper = Keeper(self.root, templates)
        self._direct = DirectFiles(self.root)

    def __repr__(self) -> str:
        return f"Tree({self.root!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Tree, (self.root, self._keeper.templates)

    def add_templates(self, templates: Mapping[str, tuple[str, ...]]) -> None:
        """Add templates to the index."""
        self._keeper.add_templates(templates)

    @property
    def file(self) -> str:
        """The file of the index; empty if it is in memory, or there is no tree."""
        store = self._keeper.guarded(lambda store: store, None, again=False)
        return "" if store is None or store.is_in_memory else store.path

    # -- updating ----------------------------------------------------------------------------------

    def refresh(
        self,
        template: PathTemplate,
        known: Mapping[str, Any] = {},
        possible: Callable[[Mapping[str, Any]], bool] | None = None,
        fresh: bool = True,
        sizes: bool = False,
    ) -> None:
        """Update the directories with files of a template.

        Parameters
        ----------
        template : `PathTemplate`
            The template.
        known : mapping
            Required values of keys: only directories with these are listed.
        possible : callable, optional
            Returns whether some values of keys may be selected; directories with other values are
            skipped.
        fresh : `bool`
            If False, nothing is done.
        sizes : `bool`
            Whether sizes and times are read; where they were never read, rows have None.
        """
        if fresh and self._table(template) is not None:
            self._refreshed(
                lambda refresher: ways.refresh(refresher, template, known, possible), sizes
            )

    def build(
        self, progress: Callable[[int, int, int], None] | None = None, sizes: bool = False
    ) -> None:
        """Update the whole tree.

        Parameters
        ----------
        progress : callable, optional
            Called repeatedly with the number of finished directories, of known directories, and of
            files listed.
        sizes : `bool`
            Whether the sizes and times of all files are read, and the targets of links checked.
        """
        self._refreshed(lambda refresher: build.walk(refresher, progress), sizes)

    def _refreshed(self, act: Callable[[Refresher], None], sizes: bool) -> None:
        while not self._keeper.guarded(lambda store: self._tried(store, act, sizes), True):
            pass

    def _tried(self, store: Store, act: Callable[[Refresher], None], sizes: bool) -> bool:
        """Update the index; return False if other processes added templates meanwhile.

        Each process adds its templates at most once.
        """
        keeper = self._keeper
        changes.take(store, self.root, self._direct)
        writer = Writer(store, keeper.tables, keeper.inverter, self._direct)
        try:
            act(Refresher(self.root, store, writer, self._direct, sizes))
        except OtherTemplates:
            keeper.use(store)
            return False
        return True

    # -- queries -----------------------------------------------------------------------------------

    def rows(
        self,
        template: PathTemplate,
        columns: Sequence[str],
        sql: tuple[str, Sequence[Any]] | None = None,
        known: Mapping[str, Any] = {},
        limit: int | None = None,
    ) -> Iterator[Row]:
        """Yield rows of a template, sorted by its keys.

        Parameters
        ----------
        template : `PathTemplate`
            The template, of which an HDU is ignored.
        columns : sequence of `str`
            Keys of the template, ``_ending``, ``_size`` (bytes), ``_time`` (modification time, in
            ns since 1970).
        sql : `tuple`, optional
            A condition in SQL, and its parameters. The template's table is called ``dataset`` in
            it.
        known : mapping
            Required values of keys; keys that the template lacks are ignored.
        limit : `int`, optional
            The largest number of rows.

        Raises
        ------
        RegistryError
            If a column is unknown, or the index is damaged.
        """
        table, store = self._table(template), self._keeper.store
        if table is None or store is None:
            return
        for column in columns:
            if column not in table.keys and column not in _OWN:
                raise RegistryError(
                    f"{template.file_text} has no key {column!r}"
                    f"{did_you_mean(column, [*table.keys, *_OWN])}"
                )
        query = Query(table, columns, sql, known)
        last, left = None, limit
        while left is None or left > 0:
            most = _PAGE * query.factor
            size = most if left is None else min(left, most)
            try:
                with self._keeper.lock:
                    page = query.page(store, last, size)
            except sqlite3.Error as error:
                if is_damage(error) is None:
                    raise
                # Rows that were yielded are not repeated: the rows are sorted by their keys.
                self._keeper.replace(error)
                self.refresh(template, known, sizes=not {SIZE, TIME}.isdisjoint(columns))
                table, store = self._table(template), self._keeper.store
                if table is None or store is None:
                    return
                query = Query(table, columns, sql, known)
                continue
            width = len(columns)
            for row in page:
                yield row[:width]
            if len(page) < size or not table.keys:
                return
            last = page[-1][width:]
            left = None if left is None else left - len(page)

    def count(self, template: PathTemplate) -> int:
        """Return the number of files of a template."""
        table = self._table(template)
        if table is None:
            return 0
        query = f"SELECT coalesce(sum(n), 0) FROM tally WHERE template = {table.number}"  # noqa: S608
        ((count,),) = self._all(query) or [(0,)]
        return int(count)

    def state(self, template: PathTemplate) -> str:
        """Return a text that changes whenever a directory with files of a template is listed.

        Call `refresh` before.
        """
        table = self._table(template)
        if table is None:
            return ""
        query = (
            "SELECT count(*), sum(n), max(listed), sum(listed % 1000003) FROM tally "  # noqa: S608
            f"JOIN dirs ON dir = id WHERE template = {table.number}"
        )
        return repr(self._all(query))

    def listings(self, template: PathTemplate) -> dict[str, int]:
        """Return when each directory with files of a template was listed, by path.

        In ns since 1970. Call `refresh` before.
        """
        table = self._table(template)
        if table is None:
            return {}
        query = (
            "SELECT path, listed FROM tally JOIN dirs ON dir = id "  # noqa: S608  # a number
            f"WHERE template = {table.number}"
        )
        return dict(self._all(query))

    def summary(self) -> dict[str, Totals]:
        """Return the totals of each template with files, by its text, sorted."""
        query = (
            "SELECT text, sum(n), CASE WHEN count(*) = count(bytes) THEN sum(bytes) END, "
            "CASE WHEN count(*) = count(newest) THEN max(newest) END, "
            "CASE WHEN count(*) = count(oldest) THEN min(oldest) END "
            "FROM tally JOIN templates ON template = number GROUP BY template"
        )
        return {
            text: Totals(*totals)
            for text, *totals in self._all(query)
            if text in self._keeper.templates
        }

    def grouped(self, template: PathTemplate, keys: Sequence[str]) -> list[tuple[Row, Totals]]:
        """Return the totals of a template, grouped by the values of some of its keys, sorted.

        Parameters
        ----------
        template : `PathTemplate`
            The template, of which an HDU is ignored.
        keys : sequence of `str`
            Keys of the template; without any, there is one group.

        Returns
        -------
        groups : `list` of `tuple`
            The values of the keys, and the `Totals`.
        """
        table = self._table(template)
        if table is None:
            return []
        names = [quoted(key) for key in keys]
        query = f"SELECT {', '.join([*names, TALLY])} FROM main.{table.name}"  # noqa: S608  # quoted
        if names:
            query += f" GROUP BY {', '.join(names)} ORDER BY {', '.join(names)}"
        rows = self._all(query, table=table)
        return [(row[: len(keys)], Totals(*row[len(keys) :])) for row in rows]

    def dangling(self) -> list[str]:
        """Return the paths of dangling links, sorted."""
        query = "SELECT path, name FROM dangling JOIN dirs ON dir = id ORDER BY path, name"
        return [_joined(path, name) for path, name in self._all(query)]

    def foreign(self) -> Iterator[Foreign]:
        """Yield the files that match no template, sorted by their directories and names."""
        directories = (
            "SELECT id, path FROM dirs WHERE id IN (SELECT dir FROM foreigners) ORDER BY path"
        )
        names = (
            "SELECT name, size, time FROM foreigners WHERE dir = ? AND name > ? "
            "ORDER BY name LIMIT ?"
        )
        for number, path in self._all(directories):
            last = ""
            while page := self._all(names, (number, last, _PAGE)):
                for name, size, changed in page:
                    yield Foreign(_joined(path, name), size, changed)
                last = page[-1][0]

    def problems(self) -> dict[str, str]:
        """Return the directories that could not be listed, with the reason."""
        return dict(self._all("SELECT path, problem FROM dirs WHERE problem IS NOT NULL"))

    def path(self, template: PathTemplate, values: Sequence[Any], ending: str = "") -> str:
        """Return the path of a row, relative to the root.

        Parameters
        ----------
        template : `PathTemplate`
            The template.
        values : sequence
            The values of all keys of its file's part, in their order.
        ending : `str`
            The ending that follows the name.

        Returns
        -------
        path : `str`
            The path.
        """
        plain = PathTemplate(template.file_text)
        return plain.format(dict(zip(plain.keys, values, strict=True))) + ending

    def write(self) -> str:
        """Write the index into the tree, as a starting point for other users, and return its path.

        Raises
        ------
        RepositoryError
            If that fails.
        """
        with self._keeper.lock:
            store = self._keeper.opened(again=False)
            if store is None:
                raise RepositoryError(f"there is no directory {self.root}")
            try:
                return home.write_into(self.root, store)
            except (OSError, sqlite3.Error) as error:
                reason = getattr(error, "strerror", None) or error
                raise RepositoryError(
                    f"cannot write {os.path.join(self.root, home.FILE)}: {reason}"
                ) from error

    # -- internals --------------------------------------------------------------------------------

    def _all(self, query: str, values: Sequence[Any] = (), table: Table | None = None) -> list[Row]:
        with self._keeper.lock:
            try:
                return self._keeper.fetched(query, values, table)
            except sqlite3.Error as error:
                self._keeper.replace(error)
                self.build()  # the new one is empty
                return self._keeper.fetched(query, values, table)

    def _table(self, template: PathTemplate) -> Table | None:
        """Return the table of a template; None if the tree does not exist."""
        text = template.file_text
        if text not in self._keeper.templates:
            self.add_templates({text: ("", *COMPRESSED)})
        return self._keeper.table(text)


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
