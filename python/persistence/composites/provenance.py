"""The origin of objects in memory, as long as they live; the objects are not changed."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.dataids.location import Location

# The location of a component, a list of locations, or a mapping for a nested composite; None if it
# is unknown.
Whence = Any
# Types without weak references; a look-up is cheaper than a failed attempt.
_UNTRACEABLE = frozenset({dict, list, tuple, str, bytes, int, float, complex, bool, type(None)})
_NOWHERE: Mapping[str, Whence] = MappingProxyType({})


class _Record(NamedTuple):
    reference: weakref.ref[Any]
    location: Location | None
    components: Mapping[str, Whence]


# By identity: equal objects may have different origins, and mutable ones have no hash.
_records: dict[int, _Record] = {}


def note(obj: Any, location: Location | None, components: Mapping[str, Whence] = _NOWHERE) -> None:
    """Record the origin of an object: a file, or the components it was assembled from.

    Plain Python data (dictionaries, lists, numbers, texts) cannot be recorded.
    """
    if type(obj) in _UNTRACEABLE:
        return
    key = id(obj)
    try:
        _records[key] = _Record(
            weakref.ref(obj, lambda _: _records.pop(key, None)), location, components
        )
    except TypeError:  # a class without weak references
        return


def location(obj: Any) -> Location | None:
    """Return the file that an object was read from; None for other objects, also equal ones."""
    record = _record(obj)
    return None if record is None else record.location


def origins(obj: Any) -> Mapping[str, Whence]:
    """Return the origins of the components of an assembled object.

    Parameters
    ----------
    obj : object
        An object returned by `Butler.get`.

    Returns
    -------
    origins : mapping
        The `Location` of each component; a list of them for a subset; a mapping for a composite;
        None if it is unknown. Empty if the object was not assembled, or has no recorded origin, as
        plain dictionaries.
    """
    record = _record(obj)
    return _NOWHERE if record is None else record.components


def _record(obj: Any) -> _Record | None:
    record = _records.get(id(obj))
    return record if record is not None and record.reference() is obj else None
