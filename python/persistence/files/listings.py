"""Which of very many paths are there: directories are listed, where that costs less than to ask."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

# A directory is not read further than so many names for each that is asked for.
_PER_NAME = 16
_AT_LEAST = 256
# As many questions cost less than a listing.
_FEW = 4
# No more names than these are remembered.
_ENOUGH = 1 << 19


class _Names(NamedTuple):
    """What a directory holds: names, and names of links, which may lead to nothing."""

    plain: Set[str]
    links: Set[str]


_NOTHING = _Names(frozenset(), frozenset())


class Listings:
    """Tells which paths of a tree are there, as `os.access` would say.

    What a directory held when it was first listed is remembered: an instance is for one answer, or
    for one that is given in parts.
    """

    def __init__(self) -> None:
        self._listed: dict[str, _Names] = {}
        self._remembered = 0
        # Directories that were too long to be read, and the number of names after which.
        self._long: dict[str, int] = {}

    def present(
        self, root: str, paths: Mapping[str, Sequence[str]], endings: Sequence[str] = ("",)
    ) -> dict[str, list[str]]:
        """Return those of some files that are there, as they are called or with an ending.

        Parameters
        ----------
        root : `str`
            The tree.
        paths : mapping
            Directory in it -> paths of files in that, as `by_directory` gives them.
        endings : sequence of `str`
            What may follow each path, unless it ends so; see `persistence.files.atomic.find`.

        Returns
        -------
        there : `dict`
            Directory -> paths; without directories that have none of theirs.
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
        """Return the names in the root, where that spares asking for many directories."""
        tops = {directory.partition("/")[0] for directory in directories}
        listed = self._names(f"{root}/", len(tops))
        return None if listed is None or "" in tops else listed.plain | listed.links

    def _names(self, directory: str, asked: int) -> _Names | None:
        """Return what a directory holds; None if asking for each name costs less."""
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
    """List a directory; None if it cannot be listed, or is longer than a limit."""
    plain, links = {".", ".."}, set[str]()
    try:
        with os.scandir(directory) as entries:
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
    # Where names may be read, but nothing may be entered, no file is there for us.
    return _Names(plain, links) if os.access(directory, os.X_OK) else _NOTHING


def _is_there(directory: str, name: str, endings: Sequence[str], listed: _Names | None) -> bool:
    """Check whether a file is in a directory; one that is not listed is asked for it."""
    for ending in endings:
        if ending and name.endswith(ending):
            continue
        called = name + ending
        if listed is not None and called in listed.plain:
            return True
        is_possible = listed is None or called in listed.links
        if is_possible and os.access(directory + called, os.F_OK):
            return True
    return False


def by_directory(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return paths of files by their directories; an empty text is the root."""
    found: dict[str, list[str]] = {}
    last, its = None, list[str]()
    for path in paths:
        directory = path[: max(path.rfind("/"), 0)]
        if directory != last:  # neighbours mostly lie together
            last, its = directory, found.setdefault(directory, [])
        its.append(path)
    return found
