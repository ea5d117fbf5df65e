"""Gen2's `FsScanner`: data IDs read off the names of files."""

from __future__ import annotations

from typing import Any

from persistence.dataids.template import PathTemplate
from persistence.files import atomic
from persistence.registry.filesystem import scan


class FsScanner:
    """Finds the files of a path template, and reads the values in their names.

    Parameters
    ----------
    pathTemplate : `str`
        The template; an HDU in brackets at its end is no part of a file's name.

    Notes
    -----
    A field that stands in the template twice has to show the same value twice.
    """

    def __init__(self, pathTemplate: str) -> None:
        self.template = PathTemplate(PathTemplate(pathTemplate).file_text)

    def getFields(self) -> list[str]:
        """Give the names of the fields, in order."""
        return list(self.template.keys)

    def isNumeric(self, name: str) -> bool:
        """Say whether a field is a number."""
        return self.isInt(name) or self.isFloat(name)

    def isInt(self, name: str) -> bool:
        """Say whether a field is an integer."""
        return self.template.keys.get(name) is int

    def isFloat(self, name: str) -> bool:
        """Say whether a field is a floating-point number."""
        return self.template.keys.get(name) is float

    def processPath(self, location: str) -> dict[str, dict[str, Any]]:
        """Give, for each file below a directory that fits, its path and the values in it."""
        found: dict[str, dict[str, Any]] = {}
        for data_id in scan(location, self.template, {}):
            path = atomic.find(location, self.template.format(data_id))
            if path is not None:
                found[path] = data_id
        return found
