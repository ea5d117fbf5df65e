"""``ConfigStorage``: configuration files, which are Python, parsed as assignments and never run."""

from __future__ import annotations

from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.types.metadata.config import Config
from persistence.types.metadata.configtext import parse

__all__ = ["parse", "read", "write"]


def read(location: Location) -> Config:
    """Read a configuration as a tree of values."""
    path = location.full_path
    with open(path, "rb") as stream:
        content = stream.read()
    try:
        return parse(content.decode(), path)
    except UnicodeDecodeError as error:
        raise FormatterError(f"{path} is not a configuration file: {error}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write a `Config`, a mapping of dotted names, or an object with a ``save(path)``."""
    if hasattr(obj, "save"):
        obj.save(path)
        return
    if isinstance(obj, dict):
        obj = Config(obj)
    if not isinstance(obj, Config):
        raise FormatterError(
            f"{location.datasetType}: ConfigStorage holds a configuration, not {type(obj)}"
        )
    text = obj.text()
    again = parse(text, location.datasetType)
    if again.diff(obj) or repr(again) != repr(obj):  # a NaN differs from itself
        raise FormatterError(
            f"{location.datasetType}: the configuration would be read back differently: "
            f"{text[:200]}"
        )
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
