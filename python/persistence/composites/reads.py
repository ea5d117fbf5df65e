"""Notifications of reads: whoever reads a dataset's file in this process calls `note`."""

from __future__ import annotations

import weakref
from typing import Protocol

from persistence.dataids.location import Location


class Listener(Protocol):
    """An object that is notified of each dataset that this process reads."""

    def note(self, location: Location) -> None: ...


# By identity, with weak references: listeners need not be removed.
_listeners: weakref.WeakValueDictionary[int, Listener] = weakref.WeakValueDictionary()


def listen(listener: Listener) -> None:
    """Register a listener for all datasets that are read from now on."""
    _listeners[id(listener)] = listener


def ignore(listener: Listener) -> None:
    """Remove a listener; unknown ones are ignored."""
    _listeners.pop(id(listener), None)


def note(location: Location) -> None:
    """Call all listeners after a dataset was read, completely or in part."""
    if _listeners:
        for listener in list(_listeners.values()):  # other threads may add listeners
            listener.note(location)
