"""Where a dataset lies: the answer of a look-up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Location(NamedTuple):
    """A file, or a part of one, that holds a dataset.

    Attributes
    ----------
    root : `str`
        The repository's root directory.
    path : `str`
        The file, relative to ``root``.
    hdu : `int` or None
        The HDU in a FITS file, counted from 0 (the primary); None if the policy names none.
    storage : `str`
        The policy's storage name, such as ``FitsStorage``.
    python : `str` or None
        The dotted name of the type that the policy declares.
    datasetType : `str`
        The dataset type.
    dataId : mapping
        The completed data ID.
    options : mapping
        What else the reader or writer is told: ``bbox``, a write recipe.
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
        """The file's path, from the root on."""
        return f"{self.root}/{self.path}"

    @property
    def uri(self) -> str:
        """The path with the HDU in brackets, as Gen2 gives it."""
        return self.full_path if self.hdu is None else f"{self.full_path}[{self.hdu}]"

    def told(self, options: Mapping[str, Any]) -> Location:
        """Return the location with more for its reader to know."""
        return self._replace(options={**self.options, **options}) if options else self

    def __str__(self) -> str:
        return f"{self.python} at {self.uri} ({self.storage})"
