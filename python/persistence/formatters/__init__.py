"""Storage name -> how to read and write it: `persistence.policy.storages` has the names.

Each formatter is a module or an object with ``read(location)`` and ``write(obj, path, location)``;
it is imported when it is first used, so that nobody pays for a library that is not needed.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Mapping
from typing import Any, Protocol

from persistence.dataids.dataid import cast
from persistence.dataids.location import Location
from persistence.dataids.request import PARTS
from persistence.errors import FormatterError, PersistenceError, told
from persistence.files import entry_points
from persistence.policy import storages


class Formatter(Protocol):
    """The interface of a formatter: it reads and writes one storage format."""

    def read(self, location: Location) -> Any:
        """Read the object at a location.

        Raises
        ------
        FormatterError
            If the file is not of this format, damaged, or not to be trusted; the message names it.
        OSError
            If it cannot be read.
        """

    def write(self, obj: Any, path: str, location: Location) -> None:
        """Write an object to a temporary path, which is then moved to the location's.

        Raises
        ------
        FormatterError
            If the object is not of a kind that this format can hold.
        """


# Classes with formatters of their own, by the last word of the policy's `python`.
_ARCHIVED = "persistence.formatters.archived"
_PARTS = "persistence.formatters.parts"
_CALIBS = dict.fromkeys(
    "Defects CrosstalkCalib Linearizer PhotonTransferCurveDataset BrighterFatterKernel "
    "Curve".split(),
    "persistence.formatters.calibs",
)
_IN_FITS: Mapping[str, str] = {
    **dict.fromkeys(PARTS, _PARTS),
    **dict.fromkeys(
        "BaseCatalog SimpleCatalog SourceCatalog ExposureCatalog PeakCatalog".split(),
        "persistence.formatters.catalog",
    ),
    "BoundedField": _ARCHIVED,
    **dict.fromkeys(
        ["SpanSet", "Footprint", *(f"HeavyFootprint{pixel}" for pixel in "FDIU")], _ARCHIVED
    ),
    "BackgroundList": "persistence.formatters.background",
    **dict.fromkeys(("BrightStarStamps", "ObjectMaskCatalog"), "persistence.formatters.unread"),
    **_CALIBS,
}
OBJECTS: Mapping[str, Mapping[str, str]] = {
    "FitsStorage": _IN_FITS,
    "FitsCatalogStorage": _IN_FITS,
    "PickleStorage": {
        "Packages": "persistence.formatters.packages",
        "BrighterFatterKernel": "persistence.formatters.calibs",
        **dict.fromkeys(
            "BaseSkyMap DiscreteSkyMap DodecaSkyMap EquatSkyMap HealpixSkyMap RingsSkyMap".split(),
            "persistence.formatters.skymap",
        ),
    },
    "YamlStorage": {
        **_CALIBS,
        "Packages": "persistence.formatters.packages",
        "PropertySet": "persistence.formatters.properties",
        "PropertyList": "persistence.formatters.properties",
    },
}

# Storage name -> the key of a data ID that chooses an HDU (doc/gen2/gen2-core.md, T44).
HDU_KEYS: Mapping[str, str] = {"FitsCatalogStorage": "hdu"}


def choose_hdu(location: Location, camera_keys: Container[str]) -> Location:
    """Return the location of the HDU that a data ID names, if it may choose one.

    It may not if the camera has a key of this name, because that key means something else. (Gen2
    used it all the same, and read a table by the number of a detector's HDU.)
    """
    key = HDU_KEYS.get(location.storage)
    if key is None or key not in location.dataId or key in camera_keys:
        return location
    return location._replace(hdu=cast(key, location.dataId[key], int))


class _Guarded:
    """A formatter that converts its library's errors, of whatever class, to `FormatterError`.

    Odd files and objects raise anything: IndexError, KeyError, RecursionError, an object's own
    errors.
    """

    def __init__(self, storage: str, inner: Formatter) -> None:
        self._storage = storage
        self._inner = inner

    def read(self, location: Location) -> Any:
        try:
            return self._inner.read(location)
        except (PersistenceError, OSError):
            raise
        except Exception as error:
            raise FormatterError(
                f"{location.full_path} cannot be read as {self._storage}: {told(error)}"
            ) from error

    def write(self, obj: Any, path: str, location: Location) -> None:
        try:
            self._inner.write(obj, path, location)
        except (PersistenceError, OSError):
            raise
        except Exception as error:
            refusal = f"{location.datasetType}: {type(obj)} cannot be written as {self._storage}"
            raise FormatterError(f"{refusal}: {told(error)}") from error


@functools.cache
def formatter(storage: str, python: str | None = None) -> Formatter:
    """Return the formatter of a storage, or the special one of a class of objects.

    Parameters
    ----------
    storage : `str`
        The policy's storage name.
    python : `str`, optional
        The dotted name of the object's type.

    Raises
    ------
    FormatterError
        If nothing reads and writes the storage, or what a package announces does not.
    """
    name_or_formatter = storages.find(storage, python)
    if name_or_formatter is None:
        raise FormatterError(storages.problem(storage))
    if isinstance(name_or_formatter, str):
        name = (python or "").rpartition(".")[2]
        name_or_formatter = _load(storage, OBJECTS.get(storage, {}).get(name, name_or_formatter))
    return _Guarded(storage, name_or_formatter)


def register(kind: str | type, its: Formatter) -> None:
    """Register a formatter for a storage or a class of objects, in this process only."""
    storages.registered[kind] = its
    formatter.cache_clear()


def _load(storage: str, target: str) -> Formatter:
    group = None if storage in storages.OWN else storages.GROUP
    words = f"storage {storage!r}", f"a storage {storage!r}"
    loaded: Formatter = entry_points.load_reader_and_writer(
        target, group, storage, words, FormatterError
    )
    return loaded
