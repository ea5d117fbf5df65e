"""The whole content of small files."""

from __future__ import annotations

import os

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
