"""Gen2's ``safeFileIo``: files that are there whole, or as they were before."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from types import TracebackType
from typing import IO, TextIO

from persistence.errors import WrittenDiffers
from persistence.files import atomic, durable

FileForWriteOnceCompareSameFailure = WrittenDiffers


class DoNotWrite(Exception):
    """Raised in the block of `SafeFile` by who does not want the file after all."""


def safeMakeDir(directory: str) -> None:
    """Make a directory, and those above it, unless it is there; ``""`` is the current one."""
    if directory:
        durable.make_directories(directory)


def setFileMode(filename: str) -> None:
    """Give a file the permissions that the process gives to new ones."""
    # Python cannot ask for the mask without setting it; what other threads make meanwhile is
    # private at worst.
    mask = os.umask(0o077)
    os.umask(mask)
    os.chmod(filename, 0o666 & ~mask)


@contextlib.contextmanager
def SafeFilename(name: str) -> Iterator[str]:
    """Return an empty file beside ``name``, which takes that name when the block ends well.

    If the block fails, what was there stays. The temporary name ends like the final one.
    """
    with atomic.atomic_write(name) as temporary:
        with open(temporary, "xb"):
            pass
        yield temporary
        setFileMode(temporary)  # writers that make a private file of their own may have replaced it


@contextlib.contextmanager
def SafeFile(name: str) -> Iterator[TextIO]:
    """Give a text file that takes its name when the block ends well.

    `DoNotWrite` ends it without.
    """
    with (
        contextlib.suppress(DoNotWrite),
        atomic.atomic_write(name) as temporary,
        open(temporary, "x", encoding="utf-8") as stream,
    ):
        yield stream


@contextlib.contextmanager
def FileForWriteOnceCompareSame(name: str) -> Iterator[TextIO]:
    """Give a text file that takes its name if nothing has it yet.

    Of several writers the first one wins.

    Raises
    ------
    FileForWriteOnceCompareSameFailure
        If another file has the name, and is not the same byte for byte.
    """
    with SafeFile(f"{name}.once-{os.getpid()}-{os.urandom(4).hex()}") as stream:
        yield stream
        temporary = stream.name
        stream.flush()
        try:
            os.link(temporary, name)
        except FileExistsError:
            if not atomic.same(temporary, name):
                raise WrittenDiffers(
                    f"Written file does not match existing file. {name} is kept"
                ) from None
        raise DoNotWrite


@contextlib.contextmanager
def SafeLockedFileForRead(name: str) -> Iterator[TextIO]:
    """Give a text file, open to read, that no `SafeLockedFileForWrite` writes meanwhile."""
    with open(name, encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield stream


class SafeLockedFileForWrite:
    """A text file, made if need be, that nobody else may lock while it is open.

    What is written takes the place of what was there when the block ends well; if nothing is
    written, or the block fails, that stays.

    Parameters
    ----------
    name : `str`
        The file.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._written: list[str] = []
        self._locked: IO[str] | None = None
        self._reader: IO[str] | None = None

    def __enter__(self) -> SafeLockedFileForWrite:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._written = []
        self.close()

    def open(self) -> None:
        """Wait for the lock."""
        safeMakeDir(os.path.dirname(self.name))
        self._locked = open(self.name, "a", encoding="utf-8")  # noqa: SIM115  # closed by `close`
        fcntl.flock(self._locked, fcntl.LOCK_EX)

    def read(self, size: int = -1) -> str:
        """Read on in what was there."""
        if self._reader is None:
            self._reader = open(self.name, encoding="utf-8")  # noqa: SIM115  # closed by `close`
        return self._reader.read(size)

    def write(self, text: str) -> None:
        """Add to what takes the place of what was there."""
        self._written.append(text)

    def close(self) -> None:
        """Write what there is to write, and let go of the lock."""
        if self._locked is None:
            return
        if self._written:
            self._locked.truncate(0)
            self._locked.write("".join(self._written))
            self._written = []
        for stream in (self._reader, self._locked):
            if stream is not None:
                stream.close()
        self._reader = self._locked = None
