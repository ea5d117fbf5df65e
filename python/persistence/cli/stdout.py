"""Standard output whose reader may be gone, as ``head`` is when it has seen enough."""

from __future__ import annotations

import os
import sys


def let_go() -> None:
    """Flush standard output, and let go of it if that fails: the interpreter would try again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
