"""Where objects in memory came from, as long as they live: the object itself is not touched."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.dataids.location import Location

# The location of a component, or of each of a list, or of each component of a nested composite;
# None if nobody knows.
Whence = Any
# They have no place for a weak reference; asking costs more than knowing.
_UNTRACEABLE = frozenset({dict, list, tuple, str, bytes, int, float, complex, bool, type(None)})
_NOWHERE: Mapping[str, Whence] = MappingProxyType({})


class _Record(NamedTuple):
    reference: weakref.ref[Any]
    location: Location | None
    components: Mapping[str, Whence]


# By identity: what is equal need not be the same, and what is mutable has no hash.
_records: dict[int, _Record] = {}


def note(obj: Any, location: Location | None, components: Mapping[str, Whence] = _NOWHERE) -> None:
    """Remember where an object came from: a file, or the components that it was assembled from.

    Plain Python data (dictionaries, lists, numbers, text) cannot be remembered.
    """
    if type(obj) in _UNTRACEABLE:
        return
    key = id(obj)
    try:
        _records[key] = _Record(
            weakref.ref(obj, lambda _: _records.pop(key, None)), location, components
        )
    except TypeError:  # a class without a place for weak references
        return


def location(obj: Any) -> Location | None:
    """Give the file that an object was read from, if it is the very object that was read."""
    record = _record(obj)
    return None if record is None else record.location


def origins(obj: Any) -> Mapping[str, Whence]:
    """Say where the components of an assembled object came from.

    Parameters
    ----------
    obj : object
        What `Butler.get` gave.

    Returns
    -------
    origins : mapping
        For each component its `Location`; a list of them for a subset; a mapping for a composite;
        None where nobody knows. Empty if the object was not assembled, or cannot be remembered, as
        plain dictionaries cannot.
    """
    record = _record(obj)
    return _NOWHERE if record is None else record.components


def _record(obj: Any) -> _Record | None:
    record = _records.get(id(obj))
    return record if record is not None and record.reference() is obj else None
