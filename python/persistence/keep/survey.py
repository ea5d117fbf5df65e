"""One look at all of a tree, without a Butler: it works however broken the tree is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from persistence.errors import RepositoryError
from persistence.files import marks, mirrors

_PRIVATE = ".persistence"
CALIBRATIONS = "calibRegistry.sqlite3"


class File(NamedTuple):
    """A regular file: its path relative to the tree, and its state."""

    path: str
    size: int
    mode: int
    uid: int
    gid: int


@dataclass
class Survey:
    """The contents of a tree, and of the repositories inside it.

    Attributes
    ----------
    root : `str`
        The tree, with all links resolved.
    trees : `list` [`str`]
        The repositories and calibration roots in it, the tree itself first.
    links : `dict` [`str`, `str`]
        Relative path -> the text of the link.
    files, directories : `list` [`File`]
        The regular files, and the directories.
    """

    root: str
    trees: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    directories: list[File] = field(default_factory=list)

    def repositories(self) -> list[str]:
        """Return the repositories, of which each has a configuration of its own."""
        names = (marks.CONFIGURATION, "_mapper", "_parent")
        return [
            tree
            for tree in self.trees
            if any(os.path.lexists(os.path.join(tree, name)) for name in names)
        ]

    def path(self, relative: str) -> str:
        """Return the absolute path of what lies in the tree."""
        return os.path.join(self.root, relative)


def survey(root: str, progress: Callable[[int, int, int], None] | None = None) -> Survey:
    """Look at all of a tree; links are not followed.

    Parameters
    ----------
    root : `str`
        The tree.
    progress : callable, optional
        Called with the numbers of finished and of known directories, and of files.

    Returns
    -------
    survey : `Survey`
        What is there.

    Raises
    ------
    RepositoryError
        If it is an archive.
    """
    refuse_archive(root)
    seen = Survey(os.path.realpath(root))
    left, done = [""], 0
    while left:
        folder = left.pop()
        below = list(_look(seen, folder))
        left += reversed(below)
        done += 1
        if progress is not None:
            progress(done, done + len(left), len(seen.files))
    return seen


def refuse_archive(root: str) -> None:
    """Raise an error for an archive, of which only what is read is on the disk.

    Raises
    ------
    RepositoryError
        With the command that checks all of it.
    """
    if os.path.isfile(root) or mirrors.of(os.path.abspath(root)) is not None:
        raise RepositoryError(
            f"{mirrors.shown(root)} is not a directory: `persistence unbundle` checks each file of "
            "an archive while it unpacks it"
        )


def _look(seen: Survey, folder: str) -> Iterator[str]:
    """Add the contents of a directory, and yield the directories in it."""
    full = seen.path(folder) if folder else seen.root
    status = os.stat(full)
    seen.directories.append(_file(folder, status))
    try:
        with os.scandir(full) as entries:
            every = sorted(entries, key=lambda entry: entry.name)
    except OSError:  # `checks.permissions` tells
        return
    names = {entry.name for entry in every}
    is_tree = not names.isdisjoint((*marks.NAMES, CALIBRATIONS))
    if is_tree or not folder or marks.is_repository(full):
        seen.trees.append(full)
    start = f"{folder}/" if folder else ""
    for entry in every:
        path = start + entry.name
        if entry.is_symlink():
            seen.links[path] = os.readlink(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            if entry.name != _PRIVATE:
                yield path
        else:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                seen.files.append(_file(path, status))


def _file(path: str, status: os.stat_result) -> File:
    mode = stat.S_IMODE(status.st_mode)
    return File(path, status.st_size, mode, status.st_uid, status.st_gid)
