"""The digest of a file, and the sum of each HDU: in one reading."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from persistence.errors import FormatterError, RepositoryError
from persistence.files import fits_headers

_CHUNK = 1 << 20
_FITS = b"SIMPLE  ="
Sink = Callable[[memoryview, int], None]


class ChangedError(RepositoryError):
    """A file that was written while it was read."""


class Digest(NamedTuple):
    """The size, time and checksums of a file.

    Attributes
    ----------
    size : `int`
        The number of bytes.
    mtime : `int`
        The modification time, in ns since 1970.
    sha256 : `str`
        The digest of all bytes.
    datasums : `tuple` [`int`]
        DATASUM of each HDU of a FITS file (FITS Standard 4.0, 4.4.2.7); empty for others, and for
        files that are compressed as a whole.
    """

    size: int
    mtime: int
    sha256: str
    datasums: tuple[int, ...]


def digest(path: str) -> Digest:
    """Read a file once, and return its digest.

    Parameters
    ----------
    path : `str`
        The file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    while True:
        with contextlib.suppress(ChangedError):  # somebody has just written it
            return digest_into(path, _nowhere)


def digest_into(path: str, sink: Sink) -> Digest:
    """Read a file once, pass its content on, and return its digest.

    Parameters
    ----------
    path : `str`
        The file.
    sink : callable
        Called with each chunk of the file, and its position. The chunk is valid during the call.

    Raises
    ------
    OSError
        If it cannot be read.
    ChangedError
        If it is written meanwhile.
    """
    with open(path, "rb", buffering=0) as stream:
        status = os.fstat(stream.fileno())
        is_fits = stream.read(len(_FITS)) == _FITS
        stream.seek(0)
        sums = _Sums(_data(path) if is_fits else ())
        sha, buffer = hashlib.sha256(), bytearray(min(_CHUNK, max(status.st_size, 1)))
        view, position = memoryview(buffer), 0
        while count := stream.readinto(buffer):
            sha.update(view[:count])
            sums.add(view[:count], position)
            sink(view[:count], position)
            position += count
        after = os.fstat(stream.fileno())
    if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
        raise ChangedError(f"{path} was written while it was read")
    return Digest(position, status.st_mtime_ns, sha.hexdigest(), sums.values())


def count_hdus(path: str) -> int:
    """Return the number of sums in the digest of a file, without reading its data."""
    with open(path, "rb", buffering=0) as stream:
        is_fits = stream.read(len(_FITS)) == _FITS
    return len(_data(path)) if is_fits else 0


def _nowhere(chunk: memoryview, position: int) -> None:
    """Skip a chunk: the digest has no sums of it."""


def _data(path: str) -> Sequence[tuple[int, int]]:
    """Return where the data of each HDU begin and end, padding included; none of a damaged file."""
    try:
        return [(span.data, span.stop) for _cards, span in fits_headers.walk(path)]
    except (FormatterError, OSError):
        return ()


class _Sums:
    """The sums of some ranges of a file that is read in chunks: of 32-bit integers."""

    def __init__(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._ranges = ranges
        self._sums = [0] * len(ranges)
        self._rests = [b""] * len(ranges)

    def add(self, chunk: memoryview, position: int) -> None:
        end = position + len(chunk)
        for number, (start, stop) in enumerate(self._ranges):
            if start < end and stop > position:
                part = chunk[max(start - position, 0) : min(stop, end) - position]
                if self._rests[number] or len(part) % 4:
                    part = memoryview(self._rests[number] + bytes(part))
                whole = len(part) // 4 * 4
                self._rests[number] = bytes(part[whole:])
                words = np.frombuffer(part[:whole], ">u4")
                self._sums[number] += int(words.sum(dtype=np.uint64))

    def values(self) -> tuple[int, ...]:
        return tuple(map(_folded, self._sums))


def _folded(total: int) -> int:
    """Return a sum in ones' complement: what does not fit in 32 bits is added again."""
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total
