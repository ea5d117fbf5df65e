"""Files registered at a location outside of the repository (ingest's mode ``direct``).

Gen2's registry has no column for a path, so a side file maps paths in the repository to files.
Without the side file, and for Gen2, these files are missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import RegistryError
from persistence.files import links
from persistence.files.content import has_content
from persistence.registry.sqlite import SqliteRegistry

FILE = ".persistence/direct.sqlite3"
QUERY = "SELECT file FROM direct WHERE path = ?"
_BETWEEN = "SELECT path, file FROM direct WHERE path >= ? AND path < ? ORDER BY path LIMIT 1000"
# Above so many names of a directory, all of its entries are read at once.
_FEW = 3
# Sorts after every path: no name begins with the last code point.
_END = "\U0010ffff"


class DirectFiles:
    """The files that a repository has registered outside of its tree.

    Parameters
    ----------
    root : `str`
        The repository. If it has no side file, later queries do not access the disk.

    Attributes
    ----------
    is_there : `bool`
        Whether the side file existed at the last check.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._registry = SqliteRegistry(f"{root}/{FILE}")
        self.is_there = has_content(self._registry.path)

    def has_appeared(self) -> bool:
        """Return whether the side file was created since it was found missing."""
        if self.is_there:
            return False
        self.is_there = has_content(self._registry.path)
        return self.is_there

    def locate(self, location: Location) -> Location | None:
        """Return the registered location of a dataset's file, whether it exists or not.

        Parameters
        ----------
        location : `Location`
            The location that the dataset would have in the repository.

        Returns
        -------
        location : `Location` or None
            A location whose root is the file's directory; None if no file is registered.
        """
        file = self.find(location.path) if location.root == self._root else None
        if file is None:
            return None
        directory, name = os.path.split(file)
        return location._replace(root=directory, path=name)

    def exists(self, path: str) -> bool:
        """Return whether a path in the repository is registered for a file that exists."""
        file = self.find(path)
        return file is not None and os.access(file, os.F_OK)

    def present(self, paths: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Return those of some paths, by directory, that are registered for files that exist."""
        there: dict[str, list[str]] = {}
        for folder, wanted in paths.items() if self.is_there else ():
            if len(wanted) > _FEW:
                start, registered = len(folder) + 1 if folder else 0, self.names(folder)
                files = ((path, registered.get(path[start:])) for path in wanted)
                there[folder] = [path for path, file in files if file and os.access(file, os.F_OK)]
            else:
                there[folder] = [path for path in wanted if self.exists(path)]
        return there

    def names(self, folder: str) -> dict[str, str]:
        """Return the files registered in a directory of the repository.

        Parameters
        ----------
        folder : `str`
            The directory, relative to the repository; an empty text is the repository.

        Returns
        -------
        names : `dict` [`str`, `str`]
            Name in the directory -> the registered file, whether it exists or not.
        """
        return {
            name: os.path.join(self._root, file)
            for name, file in self._entries(folder)
            if file is not None
        }

    def folders(self, folder: str) -> list[str]:
        """Return the names of subdirectories below which files are registered."""
        return [name for name, file in self._entries(folder) if file is None]

    def holds(self, folder: str) -> bool:
        """Return whether files are registered in a directory, or below it."""
        return next(self._entries(folder), None) is not None

    def _entries(self, folder: str) -> Iterator[tuple[str, str | None]]:
        """Yield the names in a directory with their files; subdirectories, once each, with None."""
        start = position = f"{folder}/" if folder else ""
        end = f"{folder}0" if folder else _END  # '0' is the character behind the slash
        while rows := self._between(position, end):
            for path, file in rows:
                name, slash, _ = path[len(start) :].partition("/")
                yield name, None if slash else file
                position = f"{start}{name}0" if slash else f"{path}\0"
                if slash:  # the rest of that directory is skipped
                    break

    def _between(self, start: str, end: str) -> Sequence[tuple[Any, ...]]:
        """Return the first registered paths between two, with their files."""
        if not self.is_there:
            return ()
        try:
            rows = self._registry.fetch(_BETWEEN, [start, end])
        except RegistryError:
            if has_content(self._registry.path):
                raise
            self.is_there = False
            return ()
        for path, file in rows:
            if not isinstance(path, str):
                raise RegistryError(f"{self._registry.path} is damaged: {path!r} is not a path")
            file_of([(file,)], self._root, self._registry.path)
        return rows

    def find(self, path: str) -> str | None:
        """Return the file registered for a path in the repository, whether it exists or not.

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
            self.is_there = False  # it was removed, which is allowed at any time
            return None
        return file_of(rows, self._root, self._registry.path)


def file_of(rows: Sequence[tuple[Any, ...]], root: str, path: str) -> str | None:
    """Return the file in a row of a side file.

    Parameters
    ----------
    rows : sequence of `tuple` [object, ...]
        The result of `QUERY`.
    root, path : `str`
        The repository, and its side file.

    Returns
    -------
    file : `str` or None
        None if there is no row.

    Raises
    ------
    RegistryError
        If the row does not contain a path.
    """
    if not rows:
        return None
    ((file,),) = rows
    if not isinstance(file, str) or not file or "\0" in file:
        raise RegistryError(
            f"{path} is damaged: {file!r} is not a path. Remove it, and ingest again what was "
            "ingested with --mode direct"
        )
    return os.path.join(root, file)


def fault(path: str, file: str) -> str:
    """Return a message if a registered file is missing; an empty text if it exists.

    Parameters
    ----------
    path, file : `str`
        The path in the repository, and the registered file.
    """
    problem = links.problem(file)
    return problem and f"{path} is registered for {file}, which {problem}"
