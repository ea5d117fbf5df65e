"""Repositories that are not directories: an archive, opened in place.

`directory` turns what the user names into a directory in the user's cache, the mirror. The other
functions are those of `os`, and also know the files of a mirror that were not fetched yet. A
path outside of mirrors costs one search in its text.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from persistence.files import user_config

if TYPE_CHECKING:
    from persistence.files.mirrors.mirror import Mirror

# All mirrors are below such a directory.
MARK = "/persistence/mirrors/"


def directory(given: str) -> str:
    """Return the directory of what a user names as a repository.

    Parameters
    ----------
    given : `str`
        A path, a name of the user's configuration, or the path of an archive, with or without a
        directory in it: ``night.zip``, ``night.tar/rerun/processed``.

    Returns
    -------
    directory : `str`
        For an archive, the directory of its mirror; else the path that is meant.

    Raises
    ------
    RepositoryError
        If the archive is damaged.
    """
    path = user_config.repository(given)
    if os.path.isdir(path):  # most are
        return path
    from persistence.files.mirrors import mounted  # lazy: few repositories are archives

    return mounted.directory(path)


def of(path: str) -> Mirror | None:
    """Return the mirror that a path lies in; None for other paths."""
    if MARK not in path:
        return None
    from persistence.files.mirrors import mounted

    return mounted.of(path)


def shown(path: str) -> str:
    """Return a path as the user named it: inside of an archive, where it lies in a mirror."""
    mirror = of(path)
    return path if mirror is None else f"{mirror.origin.name}{path[len(mirror.root) :]}"


def refusal(root: str) -> str:
    """Return why nothing is written to a repository: it is an archive. Empty for a directory."""
    if of(root) is None:
        return ""
    return f"{shown(root)} is an archive, and is only read: use a directory as the output"


def lists(path: str) -> bool:
    """Return whether a path lies in a mirror whose origin has such a file, fetched or not."""
    mirror = of(path)
    return mirror is not None and mirror.entry(path) is not None


def stat(path: str) -> Any:
    """Return the properties of a file, as `os.stat` does.

    Raises
    ------
    OSError
        If there is none.
    """
    mirror = of(path)
    return os.stat(path) if mirror is None else mirror.stat(path)


@contextlib.contextmanager
def scandir(path: str) -> Iterator[Iterator[Any]]:
    """Return what is in a directory, as `os.scandir` does.

    Raises
    ------
    OSError
        If it cannot be listed.
    """
    mirror = of(path)
    if mirror is not None:
        yield iter(mirror.names(path))
        return
    with os.scandir(path) as entries:
        yield entries


def fetch(path: str, in_parts: bool = False) -> None:
    """Copy a file that is read next; other files are there already.

    Parameters
    ----------
    path : `str`
        The file.
    in_parts : `bool`
        Whether only parts of it are read, by `opened`.

    Raises
    ------
    RepositoryError
        If that fails.
    """
    mirror = of(path)
    if mirror is not None:
        mirror.fetch(path, in_parts)


def opened(path: str) -> contextlib.AbstractContextManager[BinaryIO]:
    """Open a file to read parts of it: those of a mirror are not fetched as a whole.

    Raises
    ------
    OSError
        If it cannot be opened.
    """
    mirror = of(path)
    if mirror is None or os.access(path, os.F_OK):
        return open(path, "rb", buffering=0)
    return mirror.opened(path)
