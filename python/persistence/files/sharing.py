"""Sharing of a repository with a group: its setting, and its existing files."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from persistence.errors import RepositoryError
from persistence.files import atomic, groups, marks, settings


class Shared(NamedTuple):
    """The counts of a call of `share`.

    Attributes
    ----------
    given : `int`
        Files and directories that are now writable for the group.
    foreign : `int`
        Those of other users, which were not changed.
    linked : `int`
        Links, and files with other names, which were not changed.
    """

    given: int
    foreign: int
    linked: int


def share(root: str, group: int, dry_run: bool = False) -> Shared:
    """Share a repository with a group: its existing files, and future ones.

    Repositories inside it, such as reruns, are not changed.

    Parameters
    ----------
    root : `str`
        The repository's directory.
    group : `int`
        The group's number; this process has to be a member.
    dry_run : `bool`, optional
        Whether to change nothing and only count.

    Raises
    ------
    RepositoryError
        If the repository is another user's, or its settings cannot be read or written.
    """
    path = os.path.join(root, settings.FILE)
    try:
        text = settings.changed(root, shared="group")
        if not dry_run:
            os.chown(root, -1, group)
            atomic.write_text(path, text, replace=True)
    except OSError as error:
        raise RepositoryError(f"{error.filename or path}: {error.strerror or error}") from error
    groups.forget()
    given = foreign = linked = 0
    if dry_run:  # the file that the setting would create
        given = sum(not os.path.lexists(new) for new in (os.path.dirname(path), path))
    for directory, names, files in os.walk(root):
        if directory != root and marks.is_repository(directory):
            names.clear()
            continue
        for path in (directory, *(os.path.join(directory, name) for name in files)):
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode) or (path != directory and status.st_nlink > 1):
                linked += 1
            elif os.geteuid() not in (0, status.st_uid):
                foreign += 1
            else:
                if not dry_run:
                    groups.give(path, group)
                given += 1
    return Shared(given, foreign, linked)
