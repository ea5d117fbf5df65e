"""Gen2's `FsScanner`: data IDs from file names."""

from __future__ import annotations

from typing import Any

from persistence.dataids.template import PathTemplate
from persistence.files import listings
from persistence.registry.filesystem import scan


class FsScanner:
    """Find the files of a path template, and parse the values in their names.

    Parameters
    ----------
    pathTemplate : `str`
        The template; an HDU in brackets at its end is ignored.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.FsScanner``. A field that occurs twice in the
    template must have the same value twice.

    Examples
    --------
    >>> from persistence import FsScanner
    >>> scanner = FsScanner("%(visit)07d/%(filter)s.fits")
    >>> scanner.getFields(), scanner.isInt("visit")
    (['visit', 'filter'], True)
    """

    def __init__(self, pathTemplate: str) -> None:
        self.template = PathTemplate(PathTemplate(pathTemplate).file_text)

    def getFields(self) -> list[str]:
        """Return the names of the fields, in order."""
        return list(self.template.keys)

    def isNumeric(self, name: str) -> bool:
        """Check whether a field is a number.

        Parameters
        ----------
        name : `str`
            The field.

        Returns
        -------
        numeric : `bool`
            Whether it is.
        """
        return self.isInt(name) or self.isFloat(name)

    def isInt(self, name: str) -> bool:
        """Check whether a field is an integer.

        Parameters
        ----------
        name : `str`
            The field.

        Returns
        -------
        integer : `bool`
            Whether it is.
        """
        return self.template.keys.get(name) is int

    def isFloat(self, name: str) -> bool:
        """Check whether a field is a floating-point number.

        Parameters
        ----------
        name : `str`
            The field.

        Returns
        -------
        floating : `bool`
            Whether it is.
        """
        return self.template.keys.get(name) is float

    def processPath(self, location: str) -> dict[str, dict[str, Any]]:
        """Return the path of each file below a directory that matches, with the values in it.

        Parameters
        ----------
        location : `str`
            The directory.

        Returns
        -------
        files : `dict` [`str`, `dict`]
            Path relative to the directory -> field -> value.
        """
        files: dict[str, dict[str, Any]] = {}
        for data_id in scan(location, self.template, {}):
            path = listings.find(location, self.template.format(data_id))
            if path is not None:
                files[path] = data_id
        return files
