"""Repositories that are shared with a group: what is written there, the group may write, too.

What a file's owner may do with it, its group may do, whatever the umask; directories hand their
group on to what is created in them. Links are left alone, and so is what they lead to.
"""

from __future__ import annotations

import contextlib
import os
import stat

from persistence.files import marks, settings

# Of directories in repositories: the group that they are shared with, or None.
_known: dict[str, int | None] = {}


def of(target: str) -> int | None:
    """Return the group that a new file, or directory, is shared with.

    Parameters
    ----------
    target : `str`
        Where it is to stand.

    Returns
    -------
    group : `int` or None
        The group of the nearest repository above it; None if that is not shared, or there is none.

    Raises
    ------
    RepositoryError
        If the repository's settings cannot be read.
    """
    directory, name = os.path.split(os.path.abspath(target))
    if name in marks.NAMES:  # what makes a directory a repository belongs to it
        return _of_repository(directory)
    if directory not in _known:
        root = marks.nearest(directory)
        if root is None:
            return None
        _known[directory] = _of_repository(root)
    return _known[directory]


def give(path: str, group: int | None) -> None:
    """Give a file or directory that was just created to a group; nothing happens if that is None.

    What is another user's cannot be given.
    """
    if group is None:
        return
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode) or os.geteuid() not in (0, status.st_uid):
        return
    if status.st_gid != group:
        # Who is not in the group, and writes by force, cannot.
        with contextlib.suppress(PermissionError):
            os.chown(path, -1, group)
    owners = stat.S_IMODE(status.st_mode) & stat.S_IRWXU
    inherited = stat.S_ISGID if stat.S_ISDIR(status.st_mode) else 0
    os.chmod(path, stat.S_IMODE(status.st_mode) | owners >> 3 | inherited)


def forget() -> None:
    """Look again which repositories are shared: settings have changed."""
    _known.clear()


def _of_repository(root: str) -> int | None:
    return os.stat(root).st_gid if settings.read(root).shared == "group" else None
