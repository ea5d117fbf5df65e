"""Registering files outside a repository's tree; see `persistence.registry.direct`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from persistence.files import durable
from persistence.registry.database import RegistryFile
from persistence.registry.direct import FILE, QUERY, file_of

_TABLE = "CREATE TABLE IF NOT EXISTS direct (path TEXT PRIMARY KEY, file TEXT) WITHOUT ROWID"


class DirectWriter:
    """Registers files by their targets: the paths, below the root, that stand for them.

    Parameters
    ----------
    root : `str`
        The repository. Its side file is made when the first file is registered.
    permissions, wait, dry_run
        See `RegistryFile`.
    """

    def __init__(
        self, root: str, permissions: int = 0o664, wait: float = 60.0, dry_run: bool = False
    ) -> None:
        self._root = root
        self._file = RegistryFile(os.path.join(root, FILE), permissions, wait, dry_run)
        self._connection: Any = None  # while a transaction lasts

    def find(self, target: str) -> str | None:
        """Return the file that is registered for a target, there or not; None if none is."""
        with self._file.errors():
            connection = self._connection or self._file.reader()
            if connection is None:
                return None
            rows = connection.execute(QUERY, [self._path(target)]).fetchall()
        return file_of(rows, self._root, self._file.path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change what is registered: all at once or not at all, and to the disk at the end."""
        folder = os.path.dirname(self._file.path)
        changed = durable.make_directories(folder)
        with self._file.transaction() as database:
            database.conn.execute(_TABLE)
            self._connection = database.conn
            try:
                yield
            finally:
                self._connection = None
        durable.flush((), [folder, *changed])

    def register(self, files: Mapping[str, str]) -> None:
        """Register files, in place of others, in a transaction.

        Parameters
        ----------
        files : mapping
            Target -> file.
        """
        root = os.path.realpath(self._root)
        folders = {os.path.dirname(os.path.abspath(file)) for file in files.values()}
        kept = {folder: _kept(folder, root) for folder in folders}
        rows = []
        for target, file in files.items():
            folder, name = os.path.split(os.path.abspath(file))
            rows.append((self._path(target), os.path.normpath(os.path.join(kept[folder], name))))
        self._connection.executemany("INSERT OR REPLACE INTO direct VALUES (?, ?)", rows)

    def remove(self, targets: Iterable[str]) -> None:
        """Forget, in a transaction, what is registered for some targets; the files stay."""
        self._connection.executemany(
            "DELETE FROM direct WHERE path = ?", [(self._path(target),) for target in targets]
        )

    def close(self) -> None:
        """Let go of the side file."""
        self._file.close()

    def _path(self, target: str) -> str:
        return target.removeprefix(f"{self._root}/")


def _kept(folder: str, root: str) -> str:
    """Return what is kept of the path of a folder of files.

    It is relative to the repository if the folder lies in it, for then both are moved together;
    otherwise absolute, for an archive stays where it is.
    """
    real = os.path.realpath(folder)
    return os.path.relpath(real, root) if os.path.commonpath([root, real]) == root else folder
