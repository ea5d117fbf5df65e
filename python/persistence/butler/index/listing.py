"""The contents of one directory, read from the disk in parts, for there may be a million files."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from persistence.files import marks, mirrors

# Number of entries read at once.
ENOUGH = 20_000
# Directories without datasets of the tree around them.
_HIDDEN = (".persistence", "_parent")
# The files that mark a directory as a calibration root, which is a tree of its own.
_CALIBRATIONS = "calibRegistry.sqlite3"
# The prefix of files that are being written.
TEMPORARY = (".part-", ".put-")

# The size in bytes, and the modification time, in ns since 1970.
Measure = tuple[int | None, int | None]
UNKNOWN: Measure = (None, None)


class Stamp(NamedTuple):
    """The properties that show whether a directory has changed.

    The modification time of a directory can be set, as rsync does; the time of its last change of
    any kind (``ctime``) cannot.
    """

    mtime: int
    ctime: int
    inode: int


class Part(NamedTuple):
    """A part of the contents of a directory.

    Attributes
    ----------
    files : mapping [`str`, `tuple`]
        Names, with sizes and times where known.
    directories, links, dangling : sequence of `str`
        Names of directories; of those of them that are links; of dangling links.
    """

    files: Mapping[str, Measure]
    directories: Sequence[str] = ()
    links: Sequence[str] = ()
    dangling: Sequence[str] = ()


def stamp(path: str) -> Stamp | None:
    """Return the stamp of a directory; None if it does not exist.

    Raises
    ------
    OSError
        If it cannot be accessed.
    """
    try:
        status = mirrors.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    return Stamp(status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def parts(path: str, sizes: bool) -> Iterator[Part]:
    """Yield the contents of a directory, in parts.

    Parameters
    ----------
    path : `str`
        The directory.
    sizes : `bool`
        Whether the size and time of each file are read.

    Raises
    ------
    OSError
        If it does not exist, or may not be listed.
    """
    with mirrors.scandir(path) as entries:
        while len(some := list(itertools.islice(entries, ENOUGH))) == ENOUGH:
            yield _part(some, sizes)
    # The directory is already closed: many may be read before one is written.
    yield _part(some, sizes)


def _part(entries: Sequence[os.DirEntry[str]], sizes: bool) -> Part:
    files: dict[str, Measure] = {}
    directories: list[str] = []
    links: list[str] = []
    dangling: list[str] = []
    for entry in entries:
        name = entry.name
        if entry.is_symlink():
            try:
                status = entry.stat()
            except OSError:  # gone, in a cycle of links, or not accessible
                dangling.append(name)
                continue
            if stat.S_ISDIR(status.st_mode):
                directories.append(name)
                links.append(name)
            else:
                files[name] = (status.st_size, status.st_mtime_ns) if sizes else UNKNOWN
        elif entry.is_dir(follow_symlinks=False):
            directories.append(name)
        elif sizes:
            files[name] = measure(entry)
        else:
            files[name] = UNKNOWN
    directories = [name for name in directories if name not in _HIDDEN]
    return Part(files, directories, links, dangling)


def measure(file: str | os.DirEntry[str]) -> Measure:
    """Return the size and the time of a file; None if it cannot be accessed."""
    try:
        status = mirrors.stat(file) if isinstance(file, str) else file.stat()
    except OSError:
        return UNKNOWN
    return status.st_size, status.st_mtime_ns


def is_tree(path: str) -> bool:
    """Check whether a directory is a tree of its own: a repository, or a calibration root."""
    return marks.is_repository(path) or os.access(
        f"{path}/{_CALIBRATIONS}", os.F_OK, follow_symlinks=False
    )
