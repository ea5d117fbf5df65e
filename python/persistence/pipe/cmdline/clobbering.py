"""``--clobber-output``: what it removes, and what it refuses to remove (gen2-cli 3.5)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from persistence.butler import repository_cfg
from persistence.errors import UsageError
from persistence.files import links, ownership

# What tells a repository; removed last, so that one which is half removed is still known for what
# it is.
_MARKS = (repository_cfg.FILE, "_mapper")


def check(path: str | None, read: Iterable[str]) -> None:
    """Refuse to remove an output that is not one's own, or holds what is read.

    Parameters
    ----------
    path : `str` or None
        The output.
    read : iterable of `str`
        The directories that are read, with those that they build on.

    Raises
    ------
    UsageError
        If it must not be removed; the message says why.
    """
    if path is None:
        raise UsageError("--clobber-output: there is no output to remove; give --output or --rerun")
    real = os.path.realpath(path)
    for place in read:
        if links.lies_in(place, path):
            raise UsageError(
                f"--clobber-output would remove {place}, which is read: it is {path}, or lies in it"
            )
    if not os.path.lexists(path):
        return
    if not os.path.isdir(real):
        raise UsageError(f"--clobber-output: {path} is no directory")
    if os.stat(real).st_uid != os.geteuid():
        raise UsageError(
            f"--clobber-output: {path} belongs to {ownership.owner(real)}: it is not yours to "
            "remove"
        )
    entries = os.listdir(real)
    if entries and not any(mark in entries for mark in _MARKS):
        raise UsageError(
            f"--clobber-output: {path} is no repository (it has no {' and no '.join(_MARKS)})"
        )


def empty(path: str) -> None:
    """Remove all that is in an output.

    The directory stays: it may be a link to where there is room.

    Raises
    ------
    UsageError
        If something cannot be removed.
    """
    real = os.path.realpath(path)
    try:
        entries = os.listdir(real) if os.path.isdir(real) else []
        for name in sorted(entries, key=_removed_last):
            _remove(os.path.join(real, name))
    except OSError as error:
        what = error.filename or "all"  # of a file deep inside, Python gives only the last name
        raise UsageError(
            f"--clobber-output: {what} in {path} cannot be removed: {error.strerror}"
        ) from error


def _removed_last(name: str) -> bool:
    return name in _MARKS


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
