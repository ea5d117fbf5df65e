"""Metadata of the stack's own classes, or of others with their methods, converted to ours."""

from __future__ import annotations

from typing import Any

from persistence.types.metadata.entry import KINDS, DateTime
from persistence.types.metadata.property import PropertyList, PropertySet


def is_properties(obj: Any) -> bool:
    """Return whether an object has the methods of ``lsst.daf.base.PropertySet``."""
    return all(callable(getattr(obj, name, None)) for name in ("names", "typeOf", "getArray"))


def properties_of(obj: Any) -> PropertySet:
    """Return a copy of such metadata, with types, and comments if there are any.

    Raises
    ------
    TypeError
        If a value has no type of a property.
    """
    if isinstance(obj, PropertySet):
        return obj
    is_list = callable(getattr(obj, "getComment", None))
    properties = PropertyList() if is_list else PropertySet()
    for name in obj.getOrderedNames() if is_list else obj.names():
        kind = _kind(obj, name)
        value = obj.getArray(name)
        values = list(value) if isinstance(value, list | tuple) else [value]
        comment = obj.getComment(name) if is_list else ""
        properties.set(name, [_plain(each) for each in values], comment, kind)
    return properties


def _kind(obj: Any, name: str) -> str:
    """Return the type of a name's values, which the stack's classes compare with attributes."""
    stated = obj.typeOf(name)
    kinds = [kind for kind in KINDS if stated == getattr(obj, f"TYPE_{kind}", kind)]
    if not kinds:
        raise TypeError(f"{name!r} has a type that our metadata cannot have: {stated!r}")
    return kinds[0]


def _plain(value: Any) -> Any:
    if is_properties(value):
        return properties_of(value)
    if callable(getattr(value, "nsecs", None)):
        return DateTime(value.toString(type(value).TAI))
    return value
