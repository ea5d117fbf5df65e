"""Gen2's announcements of its own end.

Here nothing ends: scripts may turn them off, and find them off.
"""

from __future__ import annotations

from typing import TypeVar

_Class = TypeVar("_Class", bound=type)

# How often to warn: always, once for each class (False), or once in all (None). Nothing reads it.
always_warn: bool | None = False


def deprecate_class(cls: _Class) -> _Class:
    """Give the class as it is."""
    return cls
