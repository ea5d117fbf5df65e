"""The space that mirrors take: what was not used for the longest time is removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator

from persistence.errors import RepositoryError

VARIABLE = "PERSISTENCE_MIRRORS"
_DEFAULT = 20.0  # GB
_GB = 10**9
_FULL = 0.9  # how much is left after files were removed
_LONG = 90 * 86400.0  # seconds


def limit() -> float:
    """Return the largest size of all mirrors together, in bytes.

    Raises
    ------
    RepositoryError
        If ``PERSISTENCE_MIRRORS`` is no number of GB.
    """
    given = os.environ.get(VARIABLE) or str(_DEFAULT)
    try:
        size = float(given)
    except ValueError:
        size = -1.0
    if not size >= 0:
        raise RepositoryError(
            f"{VARIABLE}={given}: expected the largest size of copied files in GB, such as 20"
        )
    return size * _GB


def sweep(folder: str) -> None:
    """Remove mirrors that were not opened for a long time, and files beyond the limit.

    Files that describe repositories stay, as open ones need them; so does what somebody reads:
    a file that is open is only removed by name.

    Parameters
    ----------
    folder : `str`
        The directory of all mirrors.
    """
    largest = limit()
    with contextlib.suppress(OSError):
        for home in os.listdir(folder):
            with contextlib.suppress(OSError):
                opened = os.stat(os.path.join(folder, home, "origin")).st_mtime
                if time.time() - opened > _LONG:
                    shutil.rmtree(os.path.join(folder, home), ignore_errors=True)
    files = sorted(_files(folder))
    total = sum(size for _, size, _ in files)
    for _, size, path in files if total > largest else ():
        if total <= _FULL * largest:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
            total -= size


def _files(folder: str) -> Iterator[tuple[int, int, str]]:
    """Yield when each file was used last, in ns, its size in bytes, and its path."""
    from persistence.files.mirrors.archive import describes

    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not describes(path):
                with contextlib.suppress(OSError):
                    status = os.stat(path)
                    yield status.st_atime_ns, status.st_blocks * 512, path
