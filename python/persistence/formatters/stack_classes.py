"""Use the LSST stack's own classes, if they are installed and preferred."""

from __future__ import annotations

from typing import Any

from persistence.composites.assemble import do_import
from persistence.dataids.location import Location
from persistence.errors import FormatterError, PolicyError, told

_STORAGES = ("FitsStorage", "FitsCatalogStorage")
# Options for partial reads, which afw's classes take in other ways: ours are used.
_IN_PART = frozenset({"bbox", "columns"})


def reader(location: Location) -> Any:
    """Return the stack's class that a policy names; None if it is missing or does not read FITS."""
    name = location.python or ""
    if (
        location.storage not in _STORAGES
        or not name.startswith("lsst.")
        or not _IN_PART.isdisjoint(location.options)
    ):
        return None
    try:
        loaded = do_import(name, location.datasetType)
    except (PolicyError, ImportError):
        return None
    is_ours = getattr(loaded, "__module__", "").startswith("persistence.")  # by afw's name
    return loaded if hasattr(loaded, "readFits") and not is_ours else None


def read(cls: Any, location: Location) -> Any:
    """Read a file with a class of the stack; afw counts HDUs from 0, as we do.

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
