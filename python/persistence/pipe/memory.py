"""Memory of programs that process images: what is kept for later, and when it is collected."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

# Source: malloc.h of the GNU C library.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_MOST = 1 << 30  # bytes that are kept at the end of the heap
# New objects after which the youngest of them are looked through for circles, and how often the
# older ones are with them. Python's own number, 700, is reached hundreds of times by imports alone.
_COLLECTED = 20_000, 20, 50


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


@contextlib.contextmanager
def few_collections() -> Iterator[None]:
    """Look for circles of objects less often, as long as a program begins: imports make none.

    Later, images may hang on them, and memory would grow.
    """
    before = gc.get_threshold()
    if 0 < before[0] < _COLLECTED[0]:  # 0 is never
        gc.set_threshold(*_COLLECTED)
    try:
        yield
    finally:
        gc.set_threshold(*before)
