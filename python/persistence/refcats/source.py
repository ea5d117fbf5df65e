"""Tables of reference sources in the formats of surveys: FITS, ECSV, CSV, Parquet, VOTable."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError, PersistenceError, told
from persistence.files import content
from persistence.formatters import formatter
from persistence.types.table import refcat
from persistence.types.table.catalog import Catalog

if TYPE_CHECKING:
    from astropy.table import Table


def read(path: str) -> Table:
    """Read a table; tables written by LSST's stack have their fluxes in nJy.

    Raises
    ------
    FormatterError
        If the file has none of these formats, or cannot be read.
    """
    ending = _ending(path)
    if ending not in _READERS:
        raise FormatterError(f"{path}: {ending or 'it'} is none of {', '.join(_READERS)}")
    try:
        with warnings.catch_warnings():
            # about units, which are checked where they are needed
            warnings.simplefilter("ignore")
            return _READERS[ending](path)
    except PersistenceError as error:
        text = str(error)
        raise type(error)(text if path in text else f"{path}: {text}") from error
    except OSError as error:
        raise FormatterError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # any error of a library about a damaged file
        raise FormatterError(f"{path} cannot be read: {told(error)}") from error


def _ending(path: str) -> str:
    stem, last = os.path.splitext(path.lower())
    return os.path.splitext(stem)[1] if last in content.COMPRESSED else last


def _fits(path: str) -> Table:
    folder, name = os.path.split(os.path.abspath(path))
    location = Location(folder, name, None, "FitsCatalogStorage", None, "ref_cat", {})
    table = formatter("FitsCatalogStorage").read(location)
    if not isinstance(table, Catalog):
        return table
    return refcat.normalised(table, _version(folder))


def _version(folder: str) -> int:
    """Return the format version of a shard from the configuration of its catalog."""
    try:
        location = Location(folder, "config.py", None, "ConfigStorage", None, "ref_cat_config", {})
        config: Any = formatter("ConfigStorage").read(location)
    except (OSError, PersistenceError):  # it is not in a catalog
        return 0
    return int(config.get("format_version", 0))


def _ascii(form: str) -> Callable[[str], Table]:
    def read_ascii(path: str) -> Table:
        from astropy.table import Table

        return Table.read(path, format=form)

    return read_ascii


def _parquet(path: str) -> Table:
    from persistence.types.table.parquet import ParquetTable  # lazy: an extra

    return ParquetTable(path).to_table()


_READERS: Mapping[str, Callable[[str], Table]] = {
    ".ecsv": _ascii("ascii.ecsv"),
    ".csv": _ascii("ascii.csv"),
    ".fits": _fits,
    ".fit": _fits,
    ".parquet": _parquet,
    ".parq": _parquet,
    ".vot": _ascii("votable"),
    ".xml": _ascii("votable"),
}
