"""The location of a dataset: the result of a look-up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Location(NamedTuple):
    """A file, or a part of one, that holds a dataset.

    Parameters
    ----------
    root : `str`
        The repository's root directory.
    path : `str`
        The file, relative to ``root``.
    hdu : `int` or `None`
        The HDU in a FITS file, counted from 0 (the primary HDU); None if the policy names none.
    storage : `str`
        The policy's storage name, such as ``FitsStorage``.
    python : `str` or `None`
        The dotted name of the type that the policy declares.
    datasetType : `str`
        The dataset type.
    dataId : mapping
        The completed data ID.
    options : mapping, optional
        Arguments for the reader or writer: ``bbox``, a write recipe.

    Examples
    --------
    >>> from persistence import Location
    >>> location = Location("repo", "raw/7.fits", 28, "FitsStorage", None, "raw", {"visit": 7})
    >>> location.uri
    'repo/raw/7.fits[28]'
    """

    root: str
    path: str
    hdu: int | None
    storage: str
    python: str | None
    datasetType: str
    dataId: Mapping[str, Any]
    options: Mapping[str, Any] = _NOTHING

    @property
    def full_path(self) -> str:
        """The file's path, including the repository's root."""
        return f"{self.root}/{self.path}"

    @property
    def uri(self) -> str:
        """The path with the HDU in brackets, as Gen2 wrote it."""
        return self.full_path if self.hdu is None else f"{self.full_path}[{self.hdu}]"

    def told(self, options: Mapping[str, Any]) -> Location:
        """Return the location with more options for the reader or writer.

        Parameters
        ----------
        options : mapping
            The options to add; they replace options of the same name.

        Returns
        -------
        `Location`
            A new location, or this one if there are no options to add.
        """
        return self._replace(options={**self.options, **options}) if options else self

    def __str__(self) -> str:
        return f"{self.python} at {self.uri} ({self.storage})"
