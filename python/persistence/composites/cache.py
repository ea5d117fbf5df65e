"""A cache of components that several objects share.

Each is read once, as long as an object refers to it and its file is unchanged.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from persistence.dataids.location import Location
from persistence.files import mirrors


class CacheInfo(NamedTuple):
    """The numbers of cache hits, of reads, and of components now in the cache."""

    hits: int
    misses: int
    size: int


class ComponentCache:
    """A cache of weak references to components: WCS, PSFs, calibrations, configurations.

    Parameters
    ----------
    limit : `int`, optional
        The most components; the oldest are removed first. 0 disables the cache.

    Notes
    -----
    The key of a component is its file's path, modification time and size, its HDU, and the part
    that is read.
    """

    def __init__(self, limit: int = 4096) -> None:
        self.limit = limit
        self._kept: dict[Hashable, weakref.ref[Any]] = {}
        self._hits = self._misses = 0

    def __repr__(self) -> str:
        return f"ComponentCache(limit={self.limit}): {self.info()}"

    def info(self) -> CacheInfo:
        """Return the numbers of hits, of reads, and of components now in the cache."""
        return CacheInfo(
            self._hits,
            self._misses,
            sum(reference() is not None for reference in self._kept.values()),
        )

    def clear(self) -> None:
        """Remove all components from the cache; objects that refer to them are not changed."""
        self._kept.clear()
        self._hits = self._misses = 0

    def get(self, location: Location, what: str | None, read: Callable[[], Any]) -> Any:
        """Return a component from the cache, or read it.

        Parameters
        ----------
        location : `Location`
            The file that contains it.
        what : `str` or `None`
            The part that is read; None for all of it.
        read : callable
            A function that reads it.

        Returns
        -------
        object
            The component.
        """
        if not self.limit or "bbox" in location.options or "columns" in location.options:
            return read()
        status = mirrors.stat(location.full_path)
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
        except TypeError:  # plain data, or a class without weak references
            return
        self._misses += 1
        self._kept[key] = reference
        while len(self._kept) > self.limit:
            self._kept.pop(next(iter(self._kept)))


def can_be_shared(obj: Any) -> bool:
    """Return whether several readers may share an object, depending on its type.

    A class declares it with a class attribute, ``shareable = True`` or ``shareable = False``, which
    subclasses inherit. Without one, objects are shared unless their items can be assigned: arrays,
    tables and headers are often changed in place, so each reader gets a copy of these.
    """
    # Not of the object itself: a proxy would read its target.
    declared = getattr(type(obj), "shareable", None)
    if isinstance(declared, bool):
        return declared
    return not hasattr(type(obj), "__setitem__")
