"""What the messages of a thread are about, by the names of ``lsst.log``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class MDCDict(dict[str, str]):
    """What messages are about, by key; what is not there is empty."""

    def __getitem__(self, name: str) -> str:
        return self.get(name, "")

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}={value}" for key, value in sorted(self.items())) + "}"


_context = threading.local()


def current() -> dict[str, str]:
    """Return what the messages of this thread are about."""
    if not hasattr(_context, "values"):
        _context.values = {}
        for initialize in _initializers:
            initialize()
    values: dict[str, str] = _context.values
    return values


_initializers: list[Callable[[], Any]] = []


def MDC(key: str, value: Any) -> str:
    """Set what the messages of this thread are about; return what that was before."""
    before = current().get(key, "")
    current()[key] = str(value)
    return before


def MDCRemove(key: str) -> None:
    """Remove a key from what the messages of this thread are about."""
    current().pop(key, None)


def MDCRegisterInit(func: Callable[[], Any]) -> None:
    """Have a function called in this thread, and at the first message of each other."""
    _initializers.append(func)
    func()
