"""The LSST stack's own classes, where they are installed and preferred to ours."""

from __future__ import annotations

from typing import Any

from persistence.composites.assemble import do_import
from persistence.dataids.location import Location
from persistence.errors import FormatterError, PolicyError, told

_STORAGES = ("FitsStorage", "FitsCatalogStorage")
# Options that afw's classes take in other ways: ours read what is asked for in part.
_IN_PART = frozenset({"bbox", "columns"})


def reader(location: Location) -> Any:
    """Give the class that a policy names, if it is the stack's, installed, and reads FITS files.

    Else None.
    """
    name = location.python or ""
    if (
        location.storage not in _STORAGES
        or not name.startswith("lsst.")
        or not _IN_PART.isdisjoint(location.options)
    ):
        return None
    try:
        found = do_import(name, location.datasetType)
    except (PolicyError, ImportError):
        return None
    is_ours = getattr(found, "__module__", "").startswith("persistence.")  # by afw's name
    return found if hasattr(found, "readFits") and not is_ours else None


def read(cls: Any, location: Location) -> Any:
    """Let a class of the stack read a file; afw counts HDUs from 0, as we do.

    Raises
    ------
    FormatterError
        If it cannot.
    """
    hdu = () if location.hdu is None else (location.hdu,)
    try:
        return cls.readFits(location.full_path, *hdu)
    except Exception as error:  # afw's exceptions are classes of its own
        raise FormatterError(
            f"{location.full_path} cannot be read as {location.python}: {told(error)}"
        ) from error
