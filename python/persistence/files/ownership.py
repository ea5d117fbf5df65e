"""The owner of a repository, and permission to write to it."""

from __future__ import annotations

import os

from persistence.files import mirrors, settings


def owner(path: str) -> str:
    """Return the owner of a file or directory, as `user` formats it."""
    return user(os.stat(path).st_uid)


def user(number: int) -> str:
    """Return a user's name and number, ``alice (uid 1001)``.

    Only the number if there is no name.
    """
    import pwd  # lazy: not on Windows, only needed for messages

    try:
        return f"{pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:
        return f"uid {number}"


def group(number: int) -> str:
    """Return a group's name and number, as `user` does."""
    import grp  # see above

    try:
        return f"{grp.getgrgid(number).gr_name} (gid {number})"
    except KeyError:
        return f"gid {number}"


def is_member(number: int) -> bool:
    """Return whether this process is in a group; root is in every group."""
    return os.geteuid() == 0 or number in (os.getegid(), *os.getgroups())


def refusal(root: str) -> str:
    """Return why this process must not write to another user's repository.

    Parameters
    ----------
    root : `str`
        The directory; its owner is the repository's owner.

    Returns
    -------
    refusal : `str`
        Empty if the directory is missing, or belongs to the user of this process, or the repository
        is shared with a group of this process.

    Raises
    ------
    RepositoryError
        If the repository's settings cannot be read.

    Notes
    -----
    Root is refused like other users: root's files could not be replaced by the owner.
    """
    if refused := mirrors.refusal(root):
        return refused
    try:
        status = os.stat(root)
    except OSError:
        return ""
    if status.st_uid == os.geteuid():
        return ""
    theirs, advice = user(status.st_uid), f"ask for it to be shared (persistence share {root})"
    if settings.read(root).shared == "group":
        if is_member(status.st_gid):
            return ""
        theirs = f"{theirs}, who shares it with the group {group(status.st_gid)}"
        advice = "have yourself added to the group"
    if os.access(root, os.W_OK | os.X_OK):
        advice += "; or write all the same with force=True (--force in a command)"
    return (
        f"{root} belongs to {theirs}, and you are {user(os.geteuid())}: nothing is written there. "
        f"Read it, and use a directory of your own as the output; or {advice}"
    )
