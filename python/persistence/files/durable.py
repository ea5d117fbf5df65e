"""Flushing of data to disk, so that written files survive a power cut.

A file that was written and renamed may be empty or absent after a power cut: the operating system
keeps both the content and the name in memory for a while. Both have to be flushed: the file, and
the directory that contains its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Sequence

from persistence.files import groups

# Files flushed at the same time: the file system then writes its journal once for all of them.
_TOGETHER = 16
# Errors of file systems that cannot flush a directory; they keep names in another way.
_UNABLE = (errno.EINVAL, errno.ENOTSUP)
_flush_data = getattr(os, "fdatasync", os.fsync)  # macOS only has fsync


def make_directories(directory: str) -> list[str]:
    """Create a directory and its parents, writable for the group in a shared repository.

    Parameters
    ----------
    directory : `str`
        The path; empty for the current directory.

    Returns
    -------
    changed : `list` [`str`]
        The directories in which one was created, to be passed to `flush` with the new files.
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
    """Wait until the content of files, and the names in directories, are on disk.

    Parameters
    ----------
    files : sequence of `str`
        Files with new content. Symbolic links have no content: only their directories matter.
    directories : iterable of `str`, optional
        Directories in which names were added or removed.
    """
    if len(files) > 1:
        from concurrent.futures import ThreadPoolExecutor  # lazy: not needed for a single file

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
    """Return the directories between some paths and a root, including the root, each once."""
    directories: dict[str, None] = {}
    for path in paths:
        directory = os.path.dirname(path)
        while directory not in directories and len(directory) > len(root):
            directories[directory] = None
            directory = os.path.dirname(directory)
    return [*directories, root]


def flush_file(path: str) -> None:
    """Wait until the content of a file is on disk.

    Raises
    ------
    OSError
        If it cannot be written, with the file's name.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _flush_data(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(descriptor)


def _start(path: str) -> None:
    """Start the writing of a file to disk without waiting for it."""
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Linux starts to write pages that it is asked to drop (mm/fadvise.c). A batch of files is
        # then on disk in two thirds of the time.
        with contextlib.suppress(OSError):  # some file systems reject the advice
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def flush_directory(path: str) -> None:
    """Wait until the names in a directory are on disk."""
    descriptor = os.open(path or os.curdir, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
    finally:
        os.close(descriptor)
