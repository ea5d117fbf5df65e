"""Where the files of a mirror come from: what each kind of origin has to answer."""

from __future__ import annotations

import abc
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

from persistence.errors import RepositoryError


class Entry(NamedTuple):
    """A file or a directory of an origin.

    Attributes
    ----------
    size : `int`
        The size in bytes.
    time : `int`
        The modification time, in ns since 1970.
    is_directory : `bool`
        Whether it is a directory.
    """

    size: int
    time: int
    is_directory: bool = False


class Origin(abc.ABC):
    """A tree of files that is not a directory: an archive, or a server.

    Paths are relative to its top, without a leading slash; the top is an empty text. It cannot be
    written to.

    Attributes
    ----------
    name : `str`
        The path or the address by which the user named it.
    identity : `str`
        A text that is different when the content is.
    """

    name: str
    identity: str

    @abc.abstractmethod
    def entry(self, path: str) -> Entry | None:
        """Return the properties of a file or directory; None if there is none."""

    @abc.abstractmethod
    def entries(self, path: str) -> Mapping[str, Entry]:
        """Return what is in a directory, by name; empty if there is no such directory."""

    @abc.abstractmethod
    def read(self, path: str, start: int, size: int) -> bytes:
        """Return bytes of a file, fewer at its end.

        Raises
        ------
        OSError
            If they cannot be read.
        """

    @abc.abstractmethod
    def has_parts(self, path: str) -> bool:
        """Return whether a part of a file can be read without what is before it.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        """

    @abc.abstractmethod
    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield the whole content of a file, and check it as far as its origin can.

        Raises
        ------
        OSError
            If it cannot be read, or is not what it was.
        """

    @abc.abstractmethod
    def digest(self, path: str) -> str | None:
        """Return the SHA-256 digest that a manifest states for a file; None if none does."""

    @abc.abstractmethod
    def structure(self, folder: str) -> Iterator[str]:
        """Yield the files that describe the repository in a directory.

        Repositories around and inside it count where they are known. They are fetched when the
        repository is opened: configuration, registries, definitions, journals.
        """

    def copy(self, path: str, target: IO[bytes]) -> None:
        """Write the whole content of a file to a stream, and compare it with its digest.

        Raises
        ------
        RepositoryError
            If it is not what the manifest states.
        OSError
            As `pieces` does.
        """
        expected, known = self.digest(path), hashlib.sha256()
        for piece in self.pieces(path):
            target.write(piece)
            if expected is not None:
                known.update(piece)
        if expected is not None and known.hexdigest() != expected:
            raise RepositoryError(
                f"{self.name}: {path} is damaged: its SHA-256 is {known.hexdigest()}, and the "
                f"manifest states {expected}"
            )


class Section(io.RawIOBase):
    """A file of an origin as a stream, of which only what is asked for is read.

    Parameters
    ----------
    origin : `Origin`
        The origin.
    path : `str`
        The file.
    size : `int`
        Its size in bytes.
    """

    def __init__(self, origin: Origin, path: str, size: int) -> None:
        self._origin, self._path, self._size = origin, path, size
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position, and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read bytes into a buffer, and return their number."""
        wanted = min(len(buffer), max(0, self._size - self._position))
        if not wanted:
            return 0
        data = self._origin.read(self._path, self._position, wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
