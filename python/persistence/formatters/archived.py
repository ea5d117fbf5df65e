"""Objects that have a file of their own: an archive in which they are number 1 (afw-files 2.1)."""

from __future__ import annotations

from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import archive_write
from persistence.types.archives.read import open_archive

# In a file of its own, the object that the file is for has this number.
_TOP = 1


def read(location: Location) -> Any:
    """Read the object of a file of its own, such as a `PhotoCalib`."""
    return open_archive(location.full_path).load(_TOP)


def write(obj: Any, path: str, location: Location) -> None:
    """Write an object to a file of its own."""
    try:
        content = archive_write.stand_alone(obj)
    except FormatterError as error:
        raise FormatterError(f"{location.datasetType}: {error}") from error
    with open(path, "wb") as stream:
        stream.write(content)
