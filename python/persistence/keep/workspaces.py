"""The hidden directory beside a result in which it grows: for one process at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from persistence.errors import RepositoryError
from persistence.files import atomic, ownership, temporaries


def path_of(target: str, mark: str) -> str:
    """Return the directory in which a target grows; after a kill, the next run finds it.

    Parameters
    ----------
    target : `str`
        The file or directory that will be there at last.
    mark : `str`
        The command.
    """
    directory, name = os.path.split(target)
    return os.path.join(directory, temporaries.ending(f".{mark}-", name))


@contextlib.contextmanager
def opened(path: str) -> Iterator[None]:
    """Create a workspace, or take over that of a killed process, for a ``with`` block.

    It is removed when the block succeeds, and stays for the next run when it fails.

    Parameters
    ----------
    path : `str`
        The directory; see `path_of`.

    Raises
    ------
    RepositoryError
        If somebody else has made it.
    """
    while True:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        if os.path.islink(path) or os.lstat(path).st_uid != os.geteuid():
            owner = ownership.user(os.lstat(path).st_uid)
            raise RepositoryError(f"{path} is in the way, and belongs to {owner}: remove it first")
        with atomic.locked(path):
            if not os.path.isdir(path):  # another process has just finished, and removed it
                continue
            yield
            shutil.rmtree(path)
            return
