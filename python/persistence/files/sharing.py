"""Sharing a repository with a group: its setting, and what is in it already."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from persistence.errors import RepositoryError
from persistence.files import atomic, groups, marks, settings


class Shared(NamedTuple):
    """What `share` found.

    Attributes
    ----------
    given : `int`
        How many files and directories the group may write now.
    foreign : `int`
        How many belong to other users, and stay as they are.
    linked : `int`
        How many are links, or files that have other names, and stay as they are.
    """

    given: int
    foreign: int
    linked: int


def share(root: str, group: int, dry_run: bool = False) -> Shared:
    """Share a repository with a group: what is in it, and what is written from now on.

    Repositories that lie in it, such as reruns, stay as they are.

    Parameters
    ----------
    root : `str`
        The repository's directory.
    group : `int`
        The group, which this process has to be in.
    dry_run : `bool`
        Change nothing; count only what would be given.

    Raises
    ------
    RepositoryError
        If the repository is not this user's, or its settings cannot be read or written.
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
    if dry_run:  # what would come with the setting
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
