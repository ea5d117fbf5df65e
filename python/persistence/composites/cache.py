"""Components that several objects share.

Each is read once, while somebody holds it and its file is the same.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from persistence.dataids.location import Location


class CacheInfo(NamedTuple):
    """How often a component was there, how often it had to be read, and how many are there now."""

    hits: int
    misses: int
    size: int


class ComponentCache:
    """Keeps weak references to components that were read.

    A WCS, a PSF, a calibration of fluxes, a configuration.

    Parameters
    ----------
    limit : `int`
        How many it keeps at most; the oldest go first. 0 keeps none.

    Notes
    -----
    A component is known by its file's path, modification time and size, its HDU, and what is read
    of it.
    """

    def __init__(self, limit: int = 4096) -> None:
        self.limit = limit
        self._kept: dict[Hashable, weakref.ref[Any]] = {}
        self._hits = self._misses = 0

    def __repr__(self) -> str:
        return f"ComponentCache(limit={self.limit}): {self.info()}"

    def info(self) -> CacheInfo:
        """Return how often a component was there, how often not, and how many there are now."""
        return CacheInfo(
            self._hits,
            self._misses,
            sum(reference() is not None for reference in self._kept.values()),
        )

    def clear(self) -> None:
        """Forget every component; who holds one keeps it."""
        self._kept.clear()
        self._hits = self._misses = 0

    def get(self, location: Location, what: str | None, read: Callable[[], Any]) -> Any:
        """Give a component that was read before; else read it.

        Parameters
        ----------
        location : `Location`
            The file that holds it.
        what : `str` or None
            What is read of it; None for the whole.
        read : callable
            Reads it.
        """
        if not self.limit or "bbox" in location.options or "columns" in location.options:
            return read()
        status = os.stat(location.full_path)
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        key = location.root, location.path, stamp, location.hdu, what or location.python
        reference = self._kept.get(key)
        found = None if reference is None else reference()
        if found is not None:
            self._hits += 1
            return found
        made = read()
        if can_be_shared(made):
            self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: Any) -> None:
        try:
            reference = weakref.ref(made, lambda _: self._kept.pop(key, None))
        except TypeError:  # plain data, or a class without a place for weak references
            return
        self._misses += 1
        self._kept[key] = reference
        while len(self._kept) > self.limit:
            self._kept.pop(next(iter(self._kept)))


def can_be_shared(obj: Any) -> bool:
    """Return whether several readers may have the same object, which its type decides.

    A class declares it by a class attribute, ``shareable = True`` or ``shareable = False``, which
    its subclasses inherit. Without one, an object is shared unless its items can be assigned:
    arrays, tables and headers are often changed in place, so each reader gets a copy of these.
    """
    # Not of the object itself: a proxy would ask, and so read, what it stands for.
    declared = getattr(type(obj), "shareable", None)
    if isinstance(declared, bool):
        return declared
    return not hasattr(type(obj), "__setitem__")
