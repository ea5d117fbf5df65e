"""Registration of files outside of a repository's tree; see `persistence.registry.direct`."""

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
    """A writer of the side file that maps targets, paths below the root, to files.

    Parameters
    ----------
    root : `str`
        The repository. Its side file is created when the first file is registered.
    permissions, wait, dry_run : `int`, optional
        See `RegistryFile`.
    """

    def __init__(
        self, root: str, permissions: int = 0o664, wait: float = 60.0, dry_run: bool = False
    ) -> None:
        self._root = root
        self._file = RegistryFile(os.path.join(root, FILE), permissions, wait, dry_run)
        self._connection: Any = None  # during a transaction

    def find(self, target: str) -> str | None:
        """Return the file registered for a target, whether it exists or not; None without one."""
        with self._file.errors():
            connection = self._connection or self._file.reader()
            if connection is None:
                return None
            rows = connection.execute(QUERY, [self._path(target)]).fetchall()
        return file_of(rows, self._root, self._file.path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Enter a context in which all changes are one transaction, flushed to disk at the end."""
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
        """Register files in a transaction, replacing others.

        Parameters
        ----------
        files : mapping of `str` to `str`
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
        """Remove the registrations of some targets in a transaction; the files are kept."""
        self._connection.executemany(
            "DELETE FROM direct WHERE path = ?", [(self._path(target),) for target in targets]
        )

    def close(self) -> None:
        """Close the side file."""
        self._file.close()

    def _path(self, target: str) -> str:
        return target.removeprefix(f"{self._root}/")


def _kept(folder: str, root: str) -> str:
    """Return the path of a file's directory to store.

    It is relative to the repository if the directory is inside, since both are moved together;
    otherwise it is absolute, since an archive is not moved.
    """
    real = os.path.realpath(folder)
    return os.path.relpath(real, root) if os.path.commonpath([root, real]) == root else folder
