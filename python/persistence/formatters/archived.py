"""Objects in files of their own: an archive in which they have id 1 (doc/gen2/afw-files.md 2.1)."""

from __future__ import annotations

from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import archive_write
from persistence.types.archives.read import open_archive
from persistence.types.table.footprint import Footprint

# The id of the file's main object.
_TOP = 1


def read(location: Location) -> Any:
    """Read the object of a file of its own, such as a `PhotoCalib`."""
    return open_archive(location.full_path).load(_TOP)


def content_of(obj: Any) -> bytes:
    """Return the bytes of a file with one object."""
    if isinstance(obj, Footprint):
        from persistence.formatters import catalog_write  # lazy: astropy's tables

        return catalog_write.stand_alone(obj)
    return archive_write.stand_alone(obj)


def write(obj: Any, path: str, location: Location) -> None:
    """Write an object to a file of its own."""
    try:
        content = content_of(obj)
    except FormatterError as error:
        raise FormatterError(f"{location.datasetType}: {error}") from error
    with open(path, "wb") as stream:
        stream.write(content)
