"""The content of files: what small ones hold, and how the names of compressed ones end."""

from __future__ import annotations

import os

# What may follow the name of a file that was compressed as a whole, in the order of the search.
COMPRESSED = (".gz", ".fz")
_FLAGS = os.O_RDONLY | os.O_CLOEXEC


def read(path: str) -> bytes:
    """Return what a file holds; a stream would take twice as long for a small one."""
    descriptor = os.open(path, _FLAGS)
    try:
        size = os.fstat(descriptor).st_size
        data = os.read(descriptor, size + 1)
        while len(data) < size and (more := os.read(descriptor, size - len(data))):
            data += more  # one call gives no more than 2 GiB
        return data
    finally:
        os.close(descriptor)


def has_content(path: str) -> bool:
    """Check whether there is a file with anything in it: a killed writer may leave an empty one."""
    # Asked again and again where there is none: a failing `os.stat` takes three times as long.
    if not os.access(path, os.F_OK):
        return False
    try:
        return os.path.getsize(path) > 0
    except OSError:
        return False
