"""Existence of files: of one, or of very many.

Directories are listed where that is cheaper than single checks.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from persistence.files import mirrors
from persistence.files.content import COMPRESSED

# Names of a directory that are read at most, per name that is looked for.
_PER_NAME = 16
_AT_LEAST = 256
# So few checks cost less than a listing.
_FEW = 4
# The most names that are cached.
_ENOUGH = 1 << 19


def find(root: str, path: str, endings: Sequence[str] = ("", *COMPRESSED)) -> str | None:
    """Return the path of a file in a repository, as it is or compressed.

    Parameters
    ----------
    root, path : `str`
        The repository, and the path in it. The path is literal: ``*`` and ``[`` are not wildcards.
    endings : sequence of `str`, optional
        Endings that may follow the name, in search order.

    Returns
    -------
    found : `str` or None
        The path with its ending, such as ``.gz`` or ``.fz``; None if there is no such file.
    """
    # Called for each repository of a chain: for missing files, `os.access` takes half the time of
    # `os.path.exists`.
    full = f"{root}/{path}"
    for ending in endings:
        is_new = not ending or not path.endswith(ending)
        if is_new and (os.access(full + ending, os.F_OK) or mirrors.lists(full + ending)):
            return path + ending
    return None


class _Names(NamedTuple):
    """The names in a directory: files, and links, which may be broken."""

    plain: Set[str]
    links: Set[str]


_NOTHING = _Names(frozenset(), frozenset())


class Listings:
    """The existence of paths in a tree, as `os.access` would report it.

    Directories are cached when they are first listed: use an instance for one query only.
    """

    def __init__(self) -> None:
        self._listed: dict[str, _Names] = {}
        self._remembered = 0
        # Directories too long to read, with the number of names after which reading stopped.
        self._long: dict[str, int] = {}

    def present(
        self, root: str, paths: Mapping[str, Sequence[str]], endings: Sequence[str] = ("",)
    ) -> dict[str, list[str]]:
        """Return those of some files that exist, as they are or with an ending.

        Parameters
        ----------
        root : `str`
            The tree.
        paths : mapping of `str` to sequence of `str`
            Directory in the tree -> paths of files in it, as `by_directory` returns them.
        endings : sequence of `str`, optional
            Endings that may follow each path, unless it has them already; see
            `find`.

        Returns
        -------
        there : `dict`
            Directory -> existing paths; without directories that have none.
        """
        there: dict[str, list[str]] = {}
        tops = self._tops(root, paths)
        for directory, wanted in paths.items():
            if tops is not None and directory.partition("/")[0] not in tops:
                continue
            full = f"{root}/{directory}/" if directory else f"{root}/"
            listed = self._names(full, len(wanted) * len(endings))
            if listed is _NOTHING:
                continue
            start = len(directory) + 1 if directory else 0
            plain = listed.plain if listed is not None and endings[0] == "" else ()
            found = [
                path
                for path in wanted
                if path[start:] in plain or _is_there(full, path[start:], endings, listed)
            ]
            if found:
                there[directory] = found
        return there

    def _tops(self, root: str, directories: Collection[str]) -> Set[str] | None:
        """Return the names in the root, if that makes checks of many directories unnecessary."""
        tops = {directory.partition("/")[0] for directory in directories}
        listed = self._names(f"{root}/", len(tops))
        return None if listed is None or "" in tops else listed.plain | listed.links

    def _names(self, directory: str, asked: int) -> _Names | None:
        """Return the names in a directory; None if single checks cost less."""
        names = self._listed.get(directory)
        if names is None and asked > _FEW and _PER_NAME * asked > self._long.get(directory, 0):
            limit = _PER_NAME * asked + _AT_LEAST
            names = _list(directory, limit)
            if names is None:
                self._long[directory] = limit
            else:
                self._remember(directory, names)
        return names

    def _remember(self, directory: str, names: _Names) -> None:
        self._remembered += len(names.plain) + 1
        if self._remembered > _ENOUGH:
            self._listed.clear()
            self._remembered = len(names.plain) + 1
        self._listed[directory] = names


def _list(directory: str, limit: int) -> _Names | None:
    """Return a directory's names; None if it cannot be listed, or is longer than a limit."""
    plain, links = {".", ".."}, set[str]()
    try:
        with mirrors.scandir(directory) as entries:
            for entry in itertools.islice(entries, limit):
                if entry.is_symlink():
                    links.add(entry.name)
                else:
                    plain.add(entry.name)
            if next(entries, None) is not None:
                return None
    except (FileNotFoundError, NotADirectoryError):
        return _NOTHING
    except (OSError, ValueError):
        return None
    # A directory that may be listed, but not entered, has no files for us.
    is_open = os.access(directory, os.X_OK) or mirrors.lists(directory)
    return _Names(plain, links) if is_open else _NOTHING


def _is_there(directory: str, name: str, endings: Sequence[str], listed: _Names | None) -> bool:
    """Return whether a file is in a directory; without a listing, check the file itself."""
    for ending in endings:
        if ending and name.endswith(ending):
            continue
        called = name + ending
        if listed is not None and called in listed.plain:
            return True
        is_possible = listed is None or called in listed.links
        if is_possible and (
            os.access(directory + called, os.F_OK) or mirrors.lists(directory + called)
        ):
            return True
    return False


def by_directory(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return paths of files by directory; an empty text is the root."""
    found: dict[str, list[str]] = {}
    last, its = None, list[str]()
    for path in paths:
        directory = path[: max(path.rfind("/"), 0)]
        if directory != last:  # neighbours are mostly in one directory
            last, its = directory, found.setdefault(directory, [])
        its.append(path)
    return found
