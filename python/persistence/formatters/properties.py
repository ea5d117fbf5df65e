"""Metadata under ``YamlStorage``, as `PropertySet` and `PropertyList`.

They are Gen2's YAML, or its older Boost text (doc/gen2/afw-files.md 5.1 and 5.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError, UnsafeContent, warn_caller
from persistence.formatters import boost
from persistence.formatters import yaml as yaml_files
from persistence.types.metadata import foreign
from persistence.types.metadata.entry import KINDS, DateTime
from persistence.types.metadata.property import PropertyList, PropertySet

_BASE = "lsst.daf.base."
_SEQUENCE = "tag:yaml.org,2002:seq"
_SHORTEST, _LONGEST = 3, 4  # name, type, value, and perhaps a comment


def _set(loader: Any, node: Any) -> PropertySet:
    return _filled(PropertySet(), loader, node)


def _list(loader: Any, node: Any) -> PropertySet:
    return _filled(PropertyList(), loader, node)


def _filled(properties: PropertySet, loader: Any, node: Any) -> PropertySet:
    """Add the items of a node, ``[name, type, value, comment]``, to a set.

    Repeated items have all their values.
    """
    if node.id == "mapping":
        for name, value in loader.construct_mapping(node, deep=True).items():
            properties.set(str(name), value)
        return properties
    for item in node.value:
        parts = item.value if item.id == "sequence" else []
        if not _SHORTEST <= len(parts) <= _LONGEST:
            raise FormatterError(
                f"line {item.start_mark.line + 1}: an item is [name, type, value, comment]"
            )
        name, kind = parts[0].value, parts[1].value
        comment = parts[2 + 1].value if len(parts) == _LONGEST else ""
        if kind not in KINDS:
            raise FormatterError(
                f"line {item.start_mark.line + 1}: {name} has an unknown type, {kind!r}"
            )
        properties.add(name, _value(loader, parts[2], kind), comment, kind)
    return properties


def _value(loader: Any, node: Any, kind: str) -> Any:
    if node.tag == _SEQUENCE:
        return [_value(loader, item, kind) for item in node.value]
    if node.id == "scalar" and kind == "String" and not node.tag.endswith(":null"):
        return node.value  # even if it looks like a number
    if node.id == "scalar" and kind == "DateTime":
        return _moment(loader, node)
    value = loader.construct_object(node, deep=True)
    # PyYAML reads 1e5 as text.
    return float(value) if kind in ("Float", "Double") and isinstance(value, str) else value


def _moment(loader: Any, node: Any) -> DateTime:
    return DateTime(node.value)


_TAGS = {"PropertySet": _set, "PropertyList": _list, "DateTime": _moment}
_READER = yaml_files.reader(
    {f"{mark}{_BASE}{name}": made for name, made in _TAGS.items() for mark in ("", "!")}
)


def _represent_set(dumper: Any, value: PropertySet) -> Any:
    items = [[name, value.type_of(name), value[name]] for name in value]
    return dumper.represent_sequence(f"{_BASE}PropertySet", items)


def _represent_list(dumper: Any, value: PropertyList) -> Any:
    items = [[name, value.type_of(name), value[name], value.comment(name)] for name in value]
    return dumper.represent_sequence(f"{_BASE}PropertyList", items)


def _represent_moment(dumper: Any, value: DateTime) -> Any:
    return dumper.represent_scalar(f"{_BASE}DateTime", value.tai, style="'")


_WRITER = yaml_files.writer(
    {PropertySet: _represent_set, PropertyList: _represent_list, DateTime: _represent_moment}
)


def read(location: Location) -> PropertySet:
    """Read metadata; plain YAML mappings and Boost text become a `PropertySet`.

    Items that were lost from a damaged Boost file are named in the object's ``lost`` and in a
    warning.

    Raises
    ------
    FormatterError
        If the file is neither, or holds something else.
    """
    path = location.full_path
    with open(path, "rb") as stream:
        if stream.read(len(boost.SIGNATURE)) == boost.SIGNATURE:
            return _read_boost(boost.SIGNATURE + stream.read(), path)
    try:
        metadata = yaml_files.load(location, _READER)
    except UnsafeContent:
        raise
    except (FormatterError, TypeError) as error:
        raise FormatterError(str(error) if path in str(error) else f"{path}: {error}") from error
    if metadata is None:
        return PropertySet()
    if isinstance(metadata, PropertySet):
        return metadata
    if isinstance(metadata, Mapping):
        return PropertySet({str(name): value for name, value in metadata.items()})
    raise FormatterError(f"{path} holds a {type(metadata).__name__}, not metadata")


def _read_boost(data: bytes, path: str) -> PropertySet:
    metadata = boost.parse(data, path)
    if metadata.lost:
        warn_caller(
            f"{path} could only be read in part; these are lost: {', '.join(metadata.lost)}",
            UserWarning,
        )
    return metadata


def write(obj: Any, path: str, location: Location) -> None:
    """Write metadata, also those of the stack's classes, or a mapping, in Gen2's YAML.

    Raises
    ------
    FormatterError
        If a value is of no type that a property can have.
    """
    if not isinstance(obj, Mapping) and not foreign.is_properties(obj):
        raise FormatterError(
            f"{location.datasetType}: metadata are a PropertySet or a mapping, not {type(obj)}"
        )
    try:
        is_properties = foreign.is_properties(obj)  # or the stack's
        properties = foreign.properties_of(obj) if is_properties else PropertySet(obj)
    except TypeError as error:
        raise FormatterError(
            f"{location.datasetType}: YamlStorage holds plain data: {error}"
        ) from error
    yaml_files.dump(properties, path, location, _WRITER, flow=None)
