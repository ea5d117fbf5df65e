"""Gen2's ``safeFileIo``: files that are written completely, or not at all."""

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
    """Raised by the caller in the block of `SafeFile` to leave the file unwritten."""


def safeMakeDir(directory: str) -> None:
    """Create a directory, and its parents, unless it exists; ``""`` is the current one."""
    if directory:
        durable.make_directories(directory)


def setFileMode(filename: str) -> None:
    """Set the permissions of a file to the default for new files."""
    # Python cannot read the umask without setting it; files that other threads create meanwhile are
    # private.
    mask = os.umask(0o077)
    os.umask(mask)
    os.chmod(filename, 0o666 & ~mask)


@contextlib.contextmanager
def SafeFilename(name: str) -> Iterator[str]:
    """Yield an empty file beside ``name``, which is renamed to it when the block succeeds.

    If the block fails, the existing file stays. The temporary name has the same ending.
    """
    with atomic.atomic_write(name) as temporary:
        with open(temporary, "xb"):
            pass
        yield temporary
        # writers that create a private file of their own may have replaced it
        setFileMode(temporary)


@contextlib.contextmanager
def SafeFile(name: str) -> Iterator[TextIO]:
    """Yield a text file that gets its name when the block succeeds.

    The file is not written if the block raises `DoNotWrite`.
    """
    with (
        contextlib.suppress(DoNotWrite),
        atomic.atomic_write(name) as temporary,
        open(temporary, "x", encoding="utf-8") as stream,
    ):
        yield stream


@contextlib.contextmanager
def FileForWriteOnceCompareSame(name: str) -> Iterator[TextIO]:
    """Yield a text file that gets its name if no file has it yet.

    Of several writers the first one succeeds.

    Raises
    ------
    FileForWriteOnceCompareSameFailure
        If a file of that name exists with another content.
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
    """Yield a text file opened for reading, locked against `SafeLockedFileForWrite`."""
    with open(name, encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        yield stream


class SafeLockedFileForWrite:
    """A text file, created if missing, that is locked while it is open.

    Text that is written replaces the content when the block succeeds; if nothing is written, or the
    block fails, the content stays.

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
        """Read from the present content."""
        if self._reader is None:
            self._reader = open(self.name, encoding="utf-8")  # noqa: SIM115  # closed by `close`
        return self._reader.read(size)

    def write(self, text: str) -> None:
        """Add to the new content."""
        self._written.append(text)

    def close(self) -> None:
        """Write the new content, if any, and release the lock."""
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
