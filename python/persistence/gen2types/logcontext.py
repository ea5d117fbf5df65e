"""What the messages of a thread are about, by the names of ``lsst.log``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class MDCDict(dict[str, str]):
    """The context of messages, by key; missing values are empty."""

    def __getitem__(self, name: str) -> str:
        return self.get(name, "")

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}={value}" for key, value in sorted(self.items())) + "}"


_context = threading.local()


def current() -> dict[str, str]:
    """Return the context of messages of this thread."""
    if not hasattr(_context, "values"):
        _context.values = {}
        for initialize in _initializers:
            initialize()
    values: dict[str, str] = _context.values
    return values


_initializers: list[Callable[[], Any]] = []


def MDC(key: str, value: Any) -> str:
    """Set a value of the context of this thread's messages; return the previous one."""
    before = current().get(key, "")
    current()[key] = str(value)
    return before


def MDCRemove(key: str) -> None:
    """Remove a key from the context of this thread's messages."""
    current().pop(key, None)


def MDCRegisterInit(func: Callable[[], Any]) -> None:
    """Call a function in this thread, and at the first message of each other thread."""
    _initializers.append(func)
    func()
