"""Files that are registered where they lie, outside the repository's tree (ingest's mode direct).

The registry of Gen2 has no column for a path, so that it is kept in a side file: which path in the
repository stands for which file. Without the side file, and for Gen2, these files are missing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import RegistryError
from persistence.files import links
from persistence.files.content import has_content
from persistence.registry.sqlite import SqliteRegistry

FILE = ".persistence/direct.sqlite3"
QUERY = "SELECT file FROM direct WHERE path = ?"


class DirectFiles:
    """The files that a repository has registered outside its tree.

    Parameters
    ----------
    root : `str`
        The repository. If it has no side file, nothing is asked of the disk afterwards.

    Attributes
    ----------
    is_there : `bool`
        Whether the side file was there when that was last checked.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._registry = SqliteRegistry(f"{root}/{FILE}")
        self.is_there = has_content(self._registry.path)

    def has_appeared(self) -> bool:
        """Check whether the side file was made since it was found missing."""
        if self.is_there:
            return False
        self.is_there = has_content(self._registry.path)
        return self.is_there

    def locate(self, location: Location) -> Location | None:
        """Return where a dataset's file is registered as lying, there or not.

        Parameters
        ----------
        location : `Location`
            Where the dataset would lie in the repository.

        Returns
        -------
        location : `Location` or None
            Its root is the directory that the file is in; None if no file is registered.
        """
        file = self.find(location.path) if location.root == self._root else None
        if file is None:
            return None
        directory, name = os.path.split(file)
        return location._replace(root=directory, path=name)

    def exists(self, path: str) -> bool:
        """Check whether a path in the repository stands for a file, and that file is there."""
        file = self.find(path)
        return file is not None and os.access(file, os.F_OK)

    def find(self, path: str) -> str | None:
        """Return the file that a path in the repository stands for, there or not.

        Raises
        ------
        RegistryError
            If the side file cannot be read.
        """
        if not self.is_there:
            return None
        try:
            rows = self._registry.fetch(QUERY, [path])
        except RegistryError:
            if has_content(self._registry.path):
                raise
            self.is_there = False  # it was removed, as it may be at any time
            return None
        return file_of(rows, self._root, self._registry.path)


def file_of(rows: Sequence[tuple[Any, ...]], root: str, path: str) -> str | None:
    """Return the file that a row of a side file names.

    Parameters
    ----------
    rows : sequence of `tuple`
        The answer to `QUERY`.
    root, path : `str`
        The repository, and its side file.

    Returns
    -------
    file : `str` or None
        None if there is no row.

    Raises
    ------
    RegistryError
        If the row holds no path.
    """
    if not rows:
        return None
    ((file,),) = rows
    if not isinstance(file, str) or not file or "\0" in file:
        raise RegistryError(
            f"{path} is damaged: {file!r} is no path. Remove it, and ingest again what was "
            "ingested with --mode direct"
        )
    return os.path.join(root, file)


def fault(path: str, file: str) -> str:
    """Return that a registered file is not there; an empty text if it is.

    Parameters
    ----------
    path, file : `str`
        The path in the repository, and the file that it stands for.
    """
    problem = links.problem(file)
    return problem and f"{path} is registered as lying at {file}, which {problem}"
