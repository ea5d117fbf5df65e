"""``--clobber-output``: remove an output, or refuse to (doc/gen2/gen2-cli.md, 3.5)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from persistence.butler import repository_cfg
from persistence.errors import UsageError
from persistence.files import links, ownership

# The files that mark a repository; removed last, so that a partially removed one is still
# recognised.
_MARKS = (repository_cfg.FILE, "_mapper")


def check(path: str | None, read: Iterable[str]) -> None:
    """Raise an error if an output must not be removed.

    Parameters
    ----------
    path : `str` or None
        The output.
    read : iterable of `str`
        The directories that are read, with their parents.

    Raises
    ------
    UsageError
        If it is not a repository, belongs to another user, or contains a directory that is read.
    """
    if path is None:
        raise UsageError("--clobber-output: there is no output to remove; pass --output or --rerun")
    real = os.path.realpath(path)
    for directory in read:
        if links.lies_in(directory, path):
            raise UsageError(
                f"--clobber-output would remove {directory}, which is read: it is {path}, or "
                "below it"
            )
    if not os.path.lexists(path):
        return
    if not os.path.isdir(real):
        raise UsageError(f"--clobber-output: {path} is not a directory")
    if os.stat(real).st_uid != os.geteuid():
        raise UsageError(
            f"--clobber-output: {path} belongs to {ownership.owner(real)}: you may not remove it"
        )
    entries = os.listdir(real)
    if entries and not any(mark in entries for mark in _MARKS):
        raise UsageError(
            f"--clobber-output: {path} is not a repository (it has no {' and no '.join(_MARKS)})"
        )


def empty(path: str) -> None:
    """Remove the contents of an output.

    The directory itself stays: it may be a link to another file system.

    Raises
    ------
    UsageError
        If a file cannot be removed.
    """
    real = os.path.realpath(path)
    try:
        entries = os.listdir(real) if os.path.isdir(real) else []
        for name in sorted(entries, key=_removed_last):
            _remove(os.path.join(real, name))
    except OSError as error:
        target = error.filename or "all"  # Python reports only the last component of a nested file
        raise UsageError(
            f"--clobber-output: {target} in {path} cannot be removed: {error.strerror}"
        ) from error


def _removed_last(name: str) -> bool:
    return name in _MARKS


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
