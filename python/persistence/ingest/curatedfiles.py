"""Read curated calibrations (ECSV and FITS tables, and YAML) as tables with their metadata."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from astropy.table import Table

from persistence.dataids.location import Location
from persistence.errors import FormatterError, PersistenceError, told
from persistence.files import yaml_nodes
from persistence.formatters import catalog
from persistence.formatters.calibs_yaml import regular
from persistence.formatters.fits_open import opened
from persistence.types.metadata.defects import Defects

_KEYWORD = 8


def read(path: str) -> Table:
    """Read a file as a table; its ``meta`` has keywords in upper case.

    Raises
    ------
    PersistenceError
        If it cannot be read.
    """
    try:
        table = _READERS[os.path.splitext(path)[1]](path)
    except PersistenceError:
        raise
    except Exception as error:  # astropy's parsers raise many kinds of errors
        raise FormatterError(f"it cannot be read: {told(error)}") from error
    table.meta = {str(name).upper(): value for name, value in table.meta.items()}
    return Defects.from_table(table) if "SHAPE" in table.colnames else table


def write(table: Table, path: str, kind: str) -> None:
    """Write a table as FITS, without keywords that have no value."""
    kept = table.copy(copy_data=False)
    # Keywords of more than eight characters need the HIERARCH convention.
    kept.meta = {
        f"HIERARCH {name}" if len(name) > _KEYWORD else name: value
        for name, value in table.meta.items()
        if value is not None
    }
    folder, name = os.path.split(path)
    catalog.write(kept, path, Location(folder, name, 1, "FitsCatalogStorage", None, kind, {}))


def _read_ecsv(path: str) -> Table:
    return Table.read(path, format="ascii.ecsv")


def _read_fits(path: str) -> Table:
    with opened(path) as hdus:
        return catalog.read_hdu(hdus, 1)


def _read_yaml(path: str) -> Table:
    """Read a mapping: ``metadata``, and lists, each of which becomes a column of one row."""
    data = dict(yaml_nodes.load(path))
    metadata = data.pop("metadata", None)
    if not isinstance(metadata, Mapping):
        raise FormatterError("it does not have a mapping 'metadata'")
    flat = dict(_flattened(data, ""))
    columns = {
        name: [regular(name, value)]
        for name, value in flat.items()
        if isinstance(value, list) and value
    }
    scalars = {name: value for name, value in flat.items() if not isinstance(value, list)}
    return Table(columns, meta={**scalars, **metadata})


_READERS: Mapping[str, Callable[[str], Table]] = {
    ".ecsv": _read_ecsv,
    ".fits": _read_fits,
    ".yaml": _read_yaml,
}
SUFFIXES = tuple(_READERS)


def _flattened(data: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
