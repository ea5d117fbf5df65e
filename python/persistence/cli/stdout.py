"""Standard output whose reader may be gone, such as ``head`` after its last line."""

from __future__ import annotations

import os
import sys


def let_go() -> None:
    """Flush standard output, and detach it if that fails: the interpreter would try again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
