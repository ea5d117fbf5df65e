"""The open file of a tree's index, and its replacement if it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from persistence.butler.index import home
from persistence.butler.index.store import Store, is_damage
from persistence.butler.index.tables import Row, Table
from persistence.dataids.inversion import Inverter

_T = TypeVar("_T")
_TRIALS = 2  # a damaged index is replaced by a new one; if that fails, by one in memory


class Keeper:
    """Open the index of a tree, and replace it.

    Parameters
    ----------
    root : `str`
        The tree's root directory, which need not exist.
    templates : mapping
        The text of each template, and the endings (of compressed files) that may follow it.

    Attributes
    ----------
    lock : `threading.RLock`
        Protects `store`, which threads share.
    store : `Store` or None
        The index that was opened last.
    tables : `list` [`Table`]
        The tables of all templates in the index, including those of other processes.
    """

    def __init__(self, root: str, templates: Mapping[str, tuple[str, ...]]) -> None:
        self.root = root
        self.templates = dict(templates)
        self.lock = threading.RLock()
        self.store: Store | None = None
        self.tables: list[Table] = []
        self._identity: tuple[int, int] | None = None
        self._inverter: Inverter | None = None

    def add_templates(self, templates: Mapping[str, tuple[str, ...]]) -> None:
        """Add templates to the index."""
        with self.lock:
            before = {text: self.templates.get(text) for text in templates}
            for text, endings in templates.items():
                known = self.templates.get(text, ())
                self.templates[text] = tuple(dict.fromkeys((*known, *endings)))
            if any(self.templates[text] != known for text, known in before.items()):
                self.guarded(self.use, None)

    def table(self, text: str) -> Table | None:
        """Return the table of a template; None if the tree does not exist."""
        store = self.guarded(lambda store: store, None, again=False)
        if store is None:
            return None
        return next(table for table in self.tables if table.template.text == text)

    def inverter(self) -> Inverter:
        """Return the parser of file names by the templates of all tables."""
        if self._inverter is None:
            templates = [table.template for table in self.tables]
            self._inverter = Inverter(templates, [table.endings for table in self.tables])
        return self._inverter

    def guarded(self, act: Callable[[Store], _T], otherwise: _T, again: bool = True) -> _T:
        """Apply a function to the index; if that is unusable, to a new one.

        Parameters
        ----------
        act : callable
            The function.
        otherwise : object
            The result if there is no tree.
        again : `bool`
            Whether the index is reopened if the tree or the file was replaced; see `opened`.

        Returns
        -------
        result : object
            The function's result.
        """
        with self.lock:
            for _ in range(_TRIALS):
                try:
                    store = self.opened(again)
                    return otherwise if store is None else act(store)
                except sqlite3.Error as error:
                    self.replace(error)
            store = self.opened(again)
            return otherwise if store is None else act(store)

    def fetched(self, query: str, values: Sequence[Any], table: Table | None) -> list[Row]:
        """Return rows of the index; an empty list if their table does not exist."""
        store = self.opened(again=False)
        if store is None or (table is not None and not store.has(table)):
            return []
        return store.connection.execute(query, values).fetchall()

    def opened(self, again: bool = True) -> Store | None:
        """Return the index; None if there is no tree.

        With ``again``, it is reopened if the tree or the file was replaced. After a refresh it is
        not: a new one would be empty.
        """
        store = self.store
        if store is not None and not again and store.process == os.getpid():
            return store
        try:
            status = os.stat(self.root)
        except OSError:
            self.store = None
            return None
        identity = status.st_dev, status.st_ino
        if store is None or identity != self._identity or not store.is_current():
            self._identity = identity
            self.use(home.open_store(self.root))
        return self.store

    def use(self, store: Store) -> None:
        """Use an index, and add the templates to it."""
        self.store, self._inverter = store, None
        store.add_templates(self.templates)
        self.tables = store.tables()

    def replace(self, error: sqlite3.Error) -> None:
        """Replace an index that cannot be used: permanently if damaged, else for this process.

        One without its tables is damaged, too.
        """
        with self.lock:
            store, self.store = self.store, None
            if is_damage(error) is not False and store is not None and not store.is_in_memory:
                home.discard(store.path)
            elif os.path.isdir(self.root):
                self.use(home.in_memory(self.root))
