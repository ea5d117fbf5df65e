"""What this process reads, for those who record it: whoever reads a dataset's file says so."""

from __future__ import annotations

import weakref
from typing import Protocol

from persistence.dataids.location import Location


class Listener(Protocol):
    """What wants to know of each dataset that this process reads."""

    def note(self, location: Location) -> None: ...


# By identity. Weakly: a listener that is forgotten need not end.
_listeners: weakref.WeakValueDictionary[int, Listener] = weakref.WeakValueDictionary()


def listen(listener: Listener) -> None:
    """Let a listener know of each dataset that is read from now on."""
    _listeners[id(listener)] = listener


def ignore(listener: Listener) -> None:
    """Let a listener know no more; nothing happens if it did not listen."""
    _listeners.pop(id(listener), None)


def note(location: Location) -> None:
    """Tell all listeners that the dataset at a location was read, in all or in part."""
    if _listeners:
        for listener in list(_listeners.values()):  # other threads may begin to listen
            listener.note(location)
