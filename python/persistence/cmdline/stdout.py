"""Standard output whose reader may be gone, as ``head`` is when it has seen enough."""

from __future__ import annotations

import os
import sys


def let_go() -> None:
    """Print what waits; let go of it if that fails, or the interpreter would try again when it ends, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
