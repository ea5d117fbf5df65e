"""Memory that a process keeps for its next arrays."""

from __future__ import annotations

import contextlib

# Source: malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_MOST = 1 << 30  # bytes that are kept at the end of the heap


def keep_freed() -> None:
    """Keep the memory of arrays that are no longer needed for those that come.

    The plane of a 2k x 4k chip is 32 MB: from that size on, the GNU C library hands memory back to
    the system at once, and asks for new memory for each array. The system clears it page by page,
    which took 1.5 of the 7.5 CPU s of processCcd. The most memory that is held stays the same.
    Other C libraries are left as they are.
    """
    import ctypes  # lazy: only programs that process images need it

    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _MOST)
