"""The journal of a tree: a line for each file that was written or removed, by whom and when.

A tree is a repository, or a calibration root. Each user of each host has a file of their own in it,
``.persistence/journal/<host>-<uid>.jsonl``, which only grows; see doc/provenance.rst for its lines.
A line that is lost does no harm: what is in the tree, its directories say.
"""

from __future__ import annotations

import json
import math
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Literal, NamedTuple

from persistence.errors import PersistenceError
from persistence.files import durable, groups, ownership, temporaries

FOLDER = ".persistence/journal"
Operation = Literal["put", "ingest", "remove", "run"]
# How each line begins. Within a line this text cannot stand: quotes in strings are escaped.
_START = b'{"op":"'
# A link, or a pipe that nobody reads, is not written to.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LONGEST = 1 << 26  # bytes of a line; a coadd of 10,000 inputs takes 2 MB


def _plain(value: Any) -> Any:
    """Return a value that JSON does not know as one that it knows: numpy's, or text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


_encode = json.JSONEncoder(separators=(",", ":"), default=_plain, check_circular=False).encode


class Entry(NamedTuple):
    """A line of a journal.

    Attributes
    ----------
    end : `int`
        Where the next line begins, in bytes.
    operation : `str`
        ``put``, ``ingest``, ``remove``; ``run`` for what holds for a whole run.
    path : `str`
        The file, relative to the tree; empty for a run.
    time : `float`
        When it was written, in seconds since 1970 (UTC).
    fields : mapping
        All that the line says, by its short keys.
    """

    end: int
    operation: str
    path: str
    time: float
    fields: Mapping[str, Any]


def append(root: str, operation: Operation, path: str, **fields: Any) -> None:
    """Write a line into the journal of a tree, if that can be done; nothing is raised if not.

    Parameters
    ----------
    root : `str`
        The tree's root directory.
    operation : `str`
        What was done.
    path : `str`
        The file, relative to ``root``.
    **fields
        What else the line says; values that JSON does not know are written as text.
    """
    line = {"op": operation, "t": round(time.time(), 6), "f": path, **fields}
    _write(root, f"{_encode(line)}\n")


def append_lines(root: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write whole lines, such as another journal has them, in one step; see `append`."""
    texts = [*map(_encode, lines)]
    if texts:
        _write(root, "\n".join((*texts, "")))


def files(root: str) -> list[str]:
    """Return the paths of a tree's journals, sorted: one for each host and user."""
    folder = os.path.join(root, FOLDER)
    try:
        names = os.listdir(folder)
    except OSError:  # there is none, or it is not for us to read
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(".jsonl")]


def writer(path: str) -> tuple[str, int | None]:
    """Return the host and the number of the user whose journal a file is, by its name."""
    host, _, number = os.path.basename(path).removesuffix(".jsonl").rpartition("-")
    return host, int(number) if number.isdecimal() else None


def read(path: str, start: int = 0) -> Iterator[Entry]:
    """Yield the lines of a journal.

    Parameters
    ----------
    path : `str`
        One of `files`.
    start : `int`
        Where to begin: the ``end`` of a line that was read before.

    Notes
    -----
    Lines that make no sense are passed over, as is a last one that is not yet ended. What was torn
    by a full disk does not spoil the line behind it. That the file is still the one of which
    ``start`` tells is for the caller to see: by its inode, and that it is no shorter.
    """
    stream = opened(path)
    if stream is not None:
        with stream:
            yield from entries(stream, start)


def opened(path: str) -> BinaryIO | None:
    """Open a journal to read; None if it is gone, or no plain file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return open(descriptor, "rb")


def entries(stream: BinaryIO, start: int = 0) -> Iterator[Entry]:
    """Yield the lines of an open journal; see `read`."""
    stream.seek(start)
    is_rest = False  # of a line that is too long
    while line := stream.readline(_LONGEST):
        start += len(line)
        if not line.endswith(b"\n"):
            if len(line) < _LONGEST:
                return
            is_rest = True
            continue
        entry = None if is_rest else _entry(line, start)
        is_rest = False
        if entry is not None:
            yield entry


def _entry(line: bytes, end: int) -> Entry | None:
    try:
        fields = json.loads(line)
    # RecursionError: of brackets in brackets
    except (ValueError, RecursionError):
        begin = line.rfind(_START)
        return _entry(line[begin:], end) if begin > 0 else None
    try:
        operation, path, moment = fields["op"], fields.get("f", ""), float(fields["t"])
        is_well = isinstance(operation, str) and "\0" not in path and not path.startswith("/")
        is_well &= ".." not in path.split("/") and math.isfinite(moment)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return Entry(end, operation, path, moment, fields) if is_well else None


def _write(root: str, text: str) -> None:
    path = f"{root}/{FOLDER}/{temporaries.HOST}-{os.geteuid()}.jsonl"
    try:
        try:
            descriptor = os.open(path, _FLAGS)
        except FileNotFoundError:
            if not _is_ours(root):
                return
            durable.make_directories(os.path.dirname(path))
            descriptor = os.open(path, _FLAGS | os.O_CREAT, 0o666)
            groups.give(path, groups.of(path))
        try:
            # In one step, behind all else; a file system that is full takes a part of it, and the
            # next line is told from that by its beginning.
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)
    # Read-only, another user's, full: what was written is there all the same.
    except (OSError, PersistenceError):
        return


def _is_ours(root: str) -> bool:
    """Check whether a journal may be begun: what others begin, the tree's owner could not go on."""
    return os.path.isdir(root) and not ownership.refusal(root)
