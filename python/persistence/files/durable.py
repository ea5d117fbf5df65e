"""Data forced to the disk: what is written is still there after a power cut.

A file that was written and renamed may be empty, or absent, after one: the operating system keeps
both in memory for a while. It has to be asked for the file's content, and for the directory in
which its name is.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Sequence

from persistence.files import groups

# So many files are waited for at once: the file system then writes its journal once for them.
_TOGETHER = 16
# What file systems answer that cannot flush a directory; those keep names in another way.
_UNABLE = (errno.EINVAL, errno.ENOTSUP)
_flush_data = getattr(os, "fdatasync", os.fsync)  # macOS has the latter alone


def make_directories(directory: str) -> list[str]:
    """Create a directory and its parents, for the group, too, where a repository is shared.

    Parameters
    ----------
    directory : `str`
        The path; empty for the current directory.

    Returns
    -------
    changed : `list` [`str`]
        The directories in which one was created, to be given to `flush` with the new files.
    """
    directory = directory or os.curdir
    new, changed = [], []
    path = directory
    while not os.path.isdir(path):
        new.append(path)
        path = os.path.dirname(path) or os.curdir
        changed.append(path)
    if new:
        os.makedirs(directory, exist_ok=True)
        group = groups.of(new[-1])
        for path in new:
            groups.give(path, group)
    return changed


def flush(files: Sequence[str], directories: Iterable[str] = ()) -> None:
    """Wait until the content of files, and the names in directories, are on the disk.

    Parameters
    ----------
    files : sequence of `str`
        Files whose content is new. Symbolic links have none: only their directories matter.
    directories : iterable of `str`
        Directories in which a name is new, or gone.
    """
    if len(files) > 1:
        from concurrent.futures import ThreadPoolExecutor  # lazy: a single file needs it not

        for path in files:
            _start(path)
        with ThreadPoolExecutor(min(_TOGETHER, len(files))) as pool:
            list(pool.map(flush_file, files))
    else:
        for path in files:
            flush_file(path)
    for directory in dict.fromkeys(directories):
        flush_directory(directory)


def ancestors(paths: Iterable[str], root: str) -> list[str]:
    """Return the directories on the way from some paths to a root, the root included, each once."""
    directories: dict[str, None] = {}
    for path in paths:
        directory = os.path.dirname(path)
        while directory not in directories and len(directory) > len(root):
            directories[directory] = None
            directory = os.path.dirname(directory)
    return [*directories, root]


def flush_file(path: str) -> None:
    """Wait until the content of a file is on the disk.

    Raises
    ------
    OSError
        If it cannot be written there, with the file's name.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _flush_data(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(descriptor)


def _start(path: str) -> None:
    """Have the operating system begin to write a file to the disk, without waiting for it."""
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Linux begins to write what it is to forget, and cannot forget it before it has: see
        # mm/fadvise.c. The files of a batch are on the disk a third sooner.
        with contextlib.suppress(OSError):  # advice that is not understood
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def flush_directory(path: str) -> None:
    """Wait until the names in a directory are on the disk."""
    descriptor = os.open(path or os.curdir, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
    finally:
        os.close(descriptor)
