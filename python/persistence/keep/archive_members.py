"""The members of an archive that somebody else may have written: each is checked before it is used.

Nothing is unpacked here. Python's ``zipfile`` and ``tarfile`` read the archive, not the code that
writes bundles.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from persistence.errors import RepositoryError
from persistence.files import fits_headers

# What `zipfile` and `tarfile` raise for archives that are damaged or cut off.
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, NotImplementedError)
_ZIP = (b"PK\3\4", b"PK\5\6")
_ENCRYPTED = 1
_CHUNK = 1 << 20


class Entry(NamedTuple):
    """A file in an archive.

    Attributes
    ----------
    name : `str`
        Its relative path.
    size : `int`
        The size that the archive declares.
    mode : `int`
        Its permissions.
    open : callable
        Opens it for reading.
    """

    name: str
    size: int
    mode: int
    open: Callable[[], IO[bytes]]


@contextlib.contextmanager
def opened(path: str) -> Iterator[dict[str, Entry]]:
    """Yield the files in an archive by name, while it is open.

    Parameters
    ----------
    path : `str`
        A zip or a tar, recognized by its first bytes.

    Yields
    ------
    entries : `dict` [`str`, `Entry`]
        The files. Directories are left out.

    Raises
    ------
    RepositoryError
        If it is no archive, is damaged or cut off, or a member is refused: one that would be
        written outside of the target, a link or device, a second one of a name, or an encrypted
        one.
    """
    with open(path, "rb") as stream:
        start = stream.read(4)
    if start.startswith(fits_headers.GZIP):
        raise RepositoryError(f"{path} is compressed as a whole: unpack it with gunzip first")
    reader = _zipped if start in _ZIP else _tarred
    with contextlib.ExitStack() as stack:
        try:
            entries = list(reader(path, stack))
        except DAMAGED as error:
            raise damaged(path, error) from error
        by_name = {entry.name: entry for entry in entries}
        if len(by_name) < len(entries):
            names = [entry.name for entry in entries]
            twice = next(name for name in names if names.count(name) > 1)
            raise refused(path, twice, "is there twice")
        for name in by_name:
            above = os.path.dirname(name)
            if above in by_name:
                raise refused(path, name, f"is inside {above!r}, which is a file")
        yield by_name


def damaged(path: str, error: BaseException) -> RepositoryError:
    """Return the error for an archive that cannot be read."""
    return RepositoryError(
        f"{path} is no archive, or is damaged or cut off: {error}. Copy it again"
    )


def refused(path: str, name: str, reason: str) -> RepositoryError:
    """Return the error for a member that is not unpacked."""
    return RepositoryError(f"{path}: the member {name!r} {reason}: nothing is unpacked")


def read(path: str, entry: Entry, sink: Callable[[bytes], object]) -> None:
    """Pass on the content of a member in chunks.

    Raises
    ------
    RepositoryError
        If it is damaged, or has another size than the archive declares.
    """
    left = entry.size
    try:
        with entry.open() as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise refused(path, entry.name, f"has more than its {entry.size} bytes")
                sink(chunk)
    except DAMAGED as error:
        raise damaged(path, error) from error
    if left:
        raise refused(path, entry.name, f"is cut off: {left} of {entry.size} bytes are missing")


def collisions(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield names that are the same where upper and lower case are, and forms of accents."""
    seen: dict[str, str] = {}
    for name in names:
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            yield seen[folded], name
        seen[folded] = name


def _zipped(path: str, stack: contextlib.ExitStack) -> Iterator[Entry]:
    archive = stack.enter_context(zipfile.ZipFile(path))
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir():
            _check_name(path, info.orig_filename.rstrip("/"))
            continue
        _check_name(path, info.orig_filename)
        if kind not in (0, stat.S_IFREG):
            raise refused(path, info.filename, "is a link or a device")
        if info.flag_bits & _ENCRYPTED:
            raise refused(path, info.filename, "is encrypted")
        mode = stat.S_IMODE(info.external_attr >> 16) or 0o644

        def reader(info: zipfile.ZipInfo = info) -> IO[bytes]:
            return archive.open(info)

        yield Entry(info.filename, info.file_size, mode, reader)


def _tarred(path: str, stack: contextlib.ExitStack) -> Iterator[Entry]:
    archive = stack.enter_context(tarfile.open(path, "r:"))  # noqa: SIM115  # the stack closes it
    for info in archive:
        _check_name(path, info.name)
        if info.isdir():
            continue
        if not info.isreg() or info.issparse():
            raise refused(path, info.name, "is a link, a device, or has holes")

        def reader(info: tarfile.TarInfo = info) -> IO[bytes]:
            stream = archive.extractfile(info)
            assert stream is not None  # a regular file
            return stream

        yield Entry(info.name, info.size, stat.S_IMODE(info.mode), reader)


def _check_name(path: str, name: str) -> None:
    """Raise an error for a name that leads out of the target, or is not one name."""
    if name.startswith("/"):
        raise refused(path, name, "has an absolute path")
    if any(part in ("", os.curdir, os.pardir) for part in name.split("/")):
        raise refused(path, name, "leads out of the archive, or has no plain path")
    if "\0" in name or "\\" in name:
        raise refused(path, name, "has a character that no name has")
