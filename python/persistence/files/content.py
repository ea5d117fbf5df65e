"""The content of small files, and the endings of compressed ones."""

from __future__ import annotations

import os

# Endings of files that were compressed as a whole, in search order.
COMPRESSED = (".gz", ".fz")
_FLAGS = os.O_RDONLY | os.O_CLOEXEC


def read(path: str) -> bytes:
    """Return the content of a file; for small files twice as fast as a stream."""
    descriptor = os.open(path, _FLAGS)
    try:
        size = os.fstat(descriptor).st_size
        data = os.read(descriptor, size + 1)
        while len(data) < size and (more := os.read(descriptor, size - len(data))):
            data += more  # one call returns at most 2 GiB
        return data
    finally:
        os.close(descriptor)


def has_content(path: str) -> bool:
    """Return whether a file exists and is not empty: a killed writer may leave an empty one."""
    # Often called for missing files: a failing `os.stat` takes three times as long.
    if not os.access(path, os.F_OK):
        return False
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False
