"""Properties and moments in YAML, for programs that call PyYAML themselves.

Gen2 registered them with PyYAML's loaders when ``lsst.daf.base`` was imported; so do we. Our own
readers do not need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from persistence.gen2types.datetimes import DateTime, Scale
from persistence.gen2types.properties import PropertyList, PropertySet

_LOADERS = ("Loader", "FullLoader", "SafeLoader", "UnsafeLoader", "CLoader", "CSafeLoader")
_TAG = "lsst.daf.base."


def register() -> None:
    """Register the tags with all loaders and dumpers."""
    for loader in (getattr(yaml, name) for name in _LOADERS if hasattr(yaml, name)):
        for kind in (PropertySet, PropertyList):
            yaml.add_constructor(_TAG + kind.__name__, _constructor(kind), loader)
        yaml.add_constructor(f"{_TAG}DateTime", _moment, loader)
    for kind in (PropertySet, PropertyList):
        yaml.add_representer(kind, _represented)
    yaml.add_representer(DateTime, _represented_moment)


def _constructor(kind: type[PropertySet]) -> Any:
    def construct(loader: Any, node: Any) -> Iterator[PropertySet]:
        properties = kind()
        yield properties
        for name, word, value, *comment in loader.construct_sequence(node, deep=True):
            values = [
                _value(word, each) for each in (value if isinstance(value, list) else [value])
            ]
            getattr(properties, f"set{word}")(name, values, *comment)

    return construct


def _value(word: str, value: Any) -> Any:
    if word in ("Float", "Double"):
        return float(value)  # PyYAML takes 1e5 for text
    return DateTime(value, Scale.TAI) if word == "DateTime" and isinstance(value, str) else value


def _moment(loader: Any, node: Any) -> DateTime:
    return DateTime(str(loader.construct_scalar(node)), Scale.TAI)


def _represented(dumper: Any, properties: PropertySet) -> Any:
    rows = []
    for name in properties:
        values = properties.getArray(name)
        many = isinstance(values, list) and len(values) > 1
        row = [name, properties.typeOf(name), values if many else properties.getScalar(name)]
        is_list = isinstance(properties, PropertyList)
        rows.append([*row, properties.getComment(name)] if is_list else row)
    return dumper.represent_sequence(f"{_TAG}{type(properties).__name__}", rows)


def _represented_moment(dumper: Any, moment: DateTime) -> Any:
    return dumper.represent_scalar(f"{_TAG}DateTime", moment.toString(Scale.TAI))
