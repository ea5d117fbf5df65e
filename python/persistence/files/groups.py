"""Repositories shared with a group: files written there are writable for the group.

The group gets the owner's permissions, whatever the umask; directories pass their group on to new
files. Links and their targets are not changed.
"""

from __future__ import annotations

import contextlib
import os
import stat

from persistence.files import marks, settings

# Directory in a repository -> the group that the repository is shared with, or None.
_known: dict[str, int | None] = {}


def of(target: str) -> int | None:
    """Return the group that a new file or directory is shared with.

    Parameters
    ----------
    target : `str`
        The path of the new file.

    Returns
    -------
    group : `int` or None
        The group of the nearest repository above; None if it is not shared, or there is none.

    Raises
    ------
    RepositoryError
        If the repository's settings cannot be read.
    """
    directory, name = os.path.split(os.path.abspath(target))
    if name in marks.NAMES:  # the files that make a directory a repository belong to it
        return _of_repository(directory)
    if directory not in _known:
        root = marks.nearest(directory)
        if root is None:
            return None
        _known[directory] = _of_repository(root)
    return _known[directory]


def give(path: str, group: int | None) -> None:
    """Set the group of a new file or directory, with the owner's permissions; None changes nothing.

    Files of other users cannot be changed and are skipped.
    """
    if group is None:
        return
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode) or os.geteuid() not in (0, status.st_uid):
        return
    if status.st_gid != group:
        # Users outside of the group, who write with force, cannot change it.
        with contextlib.suppress(PermissionError):
            os.chown(path, -1, group)
    owners = stat.S_IMODE(status.st_mode) & stat.S_IRWXU
    inherited = stat.S_ISGID if stat.S_ISDIR(status.st_mode) else 0
    os.chmod(path, stat.S_IMODE(status.st_mode) | owners >> 3 | inherited)


def forget() -> None:
    """Clear the cache of shared repositories, because settings have changed."""
    _known.clear()


def _of_repository(root: str) -> int | None:
    return os.stat(root).st_gid if settings.read(root).shared == "group" else None
