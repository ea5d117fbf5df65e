"""The journal of a tree: one line per file that was written or removed, with user and time.

A tree is a repository or a calibration root. Each user of each host has a file in it,
``.persistence/journal/<host>-<uid>.jsonl``, which is only appended to; see doc/provenance.rst for
its lines. Lost lines do no harm: the directories show the files of the tree.
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
# The beginning of each line; it cannot occur inside a line, where quotes are escaped.
_START = b'{"op":"'
# Links, and pipes without readers, are not written to.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_LONGEST = 1 << 26  # bytes of a line; a coadd of 10,000 inputs takes 2 MB


def _plain(value: Any) -> Any:
    """Return a value that JSON lacks in a type that it has: numpy's as Python's, others as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


_encode = json.JSONEncoder(separators=(",", ":"), default=_plain, check_circular=False).encode


class Entry(NamedTuple):
    """A line of a journal.

    Attributes
    ----------
    end : `int`
        The position of the next line, in bytes.
    operation : `str`
        ``put``, ``ingest``, ``remove``, or ``run`` for information about a whole run.
    path : `str`
        The file, relative to the tree; empty for a run.
    time : `float`
        The time of writing, in seconds since 1970 (UTC).
    fields : mapping
        All fields of the line, by their short keys.
    """

    end: int
    operation: str
    path: str
    time: float
    fields: Mapping[str, Any]


def append(root: str, operation: Operation, path: str, **fields: Any) -> None:
    """Append a line to the journal of a tree if possible; failures are ignored.

    Parameters
    ----------
    root : `str`
        The tree's root directory.
    operation : `Operation`
        The operation.
    path : `str`
        The file, relative to ``root``.
    **fields : object
        Further fields of the line; values that JSON lacks are written as text.
    """
    line = {"op": operation, "t": round(time.time(), 6), "f": path, **fields}
    _write(root, f"{_encode(line)}\n")


def append_lines(root: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Append whole lines, for example of another journal, in one step; see `append`."""
    texts = [*map(_encode, lines)]
    if texts:
        _write(root, "\n".join((*texts, "")))


def files(root: str) -> list[str]:
    """Return the paths of a tree's journals, sorted: one for each host and user."""
    folder = os.path.join(root, FOLDER)
    try:
        names = os.listdir(folder)
    except OSError:  # it is missing, or we may not read it
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(".jsonl")]


def writer(path: str) -> tuple[str, int | None]:
    """Return the host and the user ID of a journal's writer, from its file name."""
    host, _, number = os.path.basename(path).removesuffix(".jsonl").rpartition("-")
    return host, int(number) if number.isdecimal() else None


def read(path: str, start: int = 0) -> Iterator[Entry]:
    """Yield the lines of a journal.

    Parameters
    ----------
    path : `str`
        One of `files`.
    start : `int`, optional
        The position to begin at: the ``end`` of a line that was read before.

    Notes
    -----
    Invalid lines are skipped, and so is an incomplete last one. A line torn by a full disk does not
    spoil the next. Callers have to check that ``start`` belongs to the same file: by its inode, and
    that the file has not become shorter.
    """
    stream = opened(path)
    if stream is not None:
        with stream:
            yield from entries(stream, start)


def opened(path: str) -> BinaryIO | None:
    """Return a journal opened for reading; None if it is missing or not a regular file."""
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
    is_rest = False  # inside a line that is too long
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
    # RecursionError: deeply nested brackets
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
            # In one step, at the end; a full file system writes a part of it, from which the next
            # line is distinguished by its beginning.
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)
    # Read-only, another user's, full: the data were written all the same.
    except (OSError, PersistenceError):
        return


def _is_ours(root: str) -> bool:
    """Return whether a journal may be created.

    In another user's tree it may not: its owner could not append to it.
    """
    return os.path.isdir(root) and not ownership.refusal(root)
