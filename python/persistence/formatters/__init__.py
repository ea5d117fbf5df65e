"""Storage name -> how to read and write it.

Each formatter is a module with ``read(location)`` and ``write(obj, path, location)``; it is imported when
it is first used, so that nobody pays for a library that is not needed.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

from persistence.errors import FormatterError
from persistence.location import Location


class Formatter(Protocol):
    """What reads and writes one storage format."""

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
        """Write an object to a path, which will then be put where the location says.

        Raises
        ------
        FormatterError
            If the object is not of a kind that this format can hold.
        """


# Storage name -> module. `Internal` and `ignored` hold nothing.
FORMATTERS: Mapping[str, str] = {
    "FitsStorage": "persistence.formatters.fits",
    "FitsCatalogStorage": "persistence.formatters.catalog",
    "PickleStorage": "persistence.formatters.pickle",
    "YamlStorage": "persistence.formatters.yaml",
    "TextStorage": "persistence.formatters.text",
    "ConfigStorage": "persistence.formatters.config",
    "ParquetStorage": "persistence.formatters.parquet",
    "MatplotlibStorage": "persistence.formatters.figure",
}


@functools.cache
def formatter(storage: str) -> Formatter:
    """Find the formatter of a storage.

    Raises
    ------
    FormatterError
        If the storage holds no data.
    """
    if storage not in FORMATTERS:
        raise FormatterError(f"storage {storage!r} holds no data (those that do: {', '.join(FORMATTERS)})")
    return cast(Formatter, importlib.import_module(FORMATTERS[storage]))
