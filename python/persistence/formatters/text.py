"""``TextStorage``: text as it is, in UTF-8."""

from __future__ import annotations

from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError


def read(location: Location) -> str:
    """Read the whole file; line ends are kept as they are."""
    try:
        with open(location.full_path, encoding="utf-8", newline="") as stream:
            return stream.read()
    except UnicodeDecodeError as error:
        raise FormatterError(f"{location.full_path} is not UTF-8 text: {error}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write a string."""
    if not isinstance(obj, str):
        raise FormatterError(f"{location.datasetType}: TextStorage holds a string, not {type(obj)}")
    with open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write(obj)
