"""A tree of files from somewhere else, of which only what was used is on the disk."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import time
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from persistence.errors import RepositoryError
from persistence.files import atomic
from persistence.files.mirrors.origin import Entry, Origin, Section

_BUFFER = 1 << 16  # bytes that are read at once from a part


class Status(NamedTuple):
    """Properties of a file, with the names of `os.stat_result`."""

    st_mode: int
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int
    st_ino: int
    st_dev: int


class Name(NamedTuple):
    """A name in a directory, with the methods of `os.DirEntry`."""

    name: str
    path: str
    entry: Entry

    def is_symlink(self) -> bool:
        """Return False: links were followed."""
        return False

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a directory."""
        return self.entry.is_directory

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Return whether it is a file."""
        return not self.entry.is_directory

    def stat(self, *, follow_symlinks: bool = True) -> Status:
        """Return its properties."""
        return _status(self.entry, self.path)


class Mirror:
    """A directory in the user's cache that has those files of an origin which were used.

    A name in it is either a whole file, equal to the origin's, or missing: a program that knows
    nothing of mirrors may fail to find a file, and never reads a wrong one.

    Parameters
    ----------
    root : `str`
        The directory.
    origin : `Origin`
        Where its files come from.
    """

    def __init__(self, root: str, origin: Origin) -> None:
        self.root, self.origin = root, origin

    def prepare(self, folder: str) -> None:
        """Copy the files that describe the repository in a directory, before it is opened."""
        for path in self.origin.structure(folder):
            full = f"{self.root}/{path}"
            if not os.access(full, os.F_OK):
                self.fetch(full)

    def entry(self, full: str) -> Entry | None:
        """Return the properties of the origin's file at a path in the mirror; None without one."""
        return self.origin.entry(self._path(full))

    def stat(self, full: str) -> Status:
        """Return the properties of a file, as `os.stat` does.

        Raises
        ------
        FileNotFoundError
            If the origin has no such file.
        """
        entry = self.entry(full)
        if entry is None:
            raise FileNotFoundError(2, f"{self.origin.name} has no such file", self._path(full))
        return _status(entry, full)

    def names(self, full: str) -> list[Name]:
        """Return what is in a directory, as `os.scandir` does.

        Raises
        ------
        FileNotFoundError
            If the origin has no such directory.
        """
        path = self._path(full)
        entries = self.origin.entries(path)
        if not entries and path and self.origin.entry(path) is None:
            raise FileNotFoundError(2, f"{self.origin.name} has no such directory", path)
        return [Name(name, os.path.join(full, name), entry) for name, entry in entries.items()]

    def fetch(self, full: str, in_parts: bool = False) -> None:
        """Copy a file from the origin, unless it is there: completely, checked, or not at all.

        Parameters
        ----------
        full : `str`
            The path of the file in the mirror.
        in_parts : `bool`
            Whether it is read through `opened` where that reads less.

        Raises
        ------
        FileNotFoundError
            If the origin has no such file.
        RepositoryError
            If its content is not what the origin states, or there is no space for it.
        """
        path = self._path(full)
        entry = self.origin.entry(path)
        if entry is None or entry.is_directory:
            raise FileNotFoundError(2, f"{self.origin.name} has no such file", path)
        if in_parts and self.origin.has_parts(path):
            return
        used = (time.time_ns(), entry.time)  # what was used last is removed last
        with contextlib.suppress(OSError):
            os.utime(full, ns=used)
            return
        try:
            with (
                atomic.atomic_write(full, durable=False) as temporary,
                open(temporary, "wb") as stream,
            ):
                self.origin.copy(path, stream)
                written = stream.tell()
                if written != entry.size:
                    raise RepositoryError(
                        f"{self.origin.name}: {path} has {written} bytes, not {entry.size} as "
                        "listed"
                    )
                stream.flush()
                os.utime(temporary, ns=used)
        except OSError as error:
            raise RepositoryError(
                f"{path} cannot be fetched from {self.origin.name}: {error}"
            ) from error

    @contextlib.contextmanager
    def opened(self, full: str) -> Iterator[BinaryIO]:
        """Open a file of the origin, of which only the parts that are read are fetched."""
        entry = self.stat(full)
        section = Section(self.origin, self._path(full), entry.st_size)
        with io.BufferedReader(section, _BUFFER) as stream:
            yield stream

    def _path(self, full: str) -> str:
        return os.path.normpath(full)[len(self.root) + 1 :]


def _status(entry: Entry, path: str) -> Status:
    """Return properties; files with other paths have other numbers, as on a disk."""
    kind = stat.S_IFDIR | 0o555 if entry.is_directory else stat.S_IFREG | 0o444
    return Status(kind, entry.size, entry.time, entry.time, zlib.crc32(os.fsencode(path)), 0)
