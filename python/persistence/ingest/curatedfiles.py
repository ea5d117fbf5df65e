"""Reading curated calibrations: ECSV and FITS tables, and YAML, as tables with their metadata."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from astropy.table import Table

from persistence import yamlfile
from persistence.errors import FormatterError, PersistenceError
from persistence.formatters import catalog
from persistence.formatters.fits import opened
from persistence.location import Location

_KEYWORD = 8


def read(path: str) -> Table:
    """Read a file; its metadata are the table's ``meta``, with keywords in capitals.

    Raises
    ------
    PersistenceError
        If it cannot be read.
    """
    try:
        table = _READERS[os.path.splitext(path)[1]](path)
    except PersistenceError:
        raise
    except Exception as error:  # what astropy's parsers raise is of many kinds
        raise FormatterError(f"it cannot be read: {type(error).__name__}: {error}") from error
    table.meta = {str(name).upper(): value for name, value in table.meta.items()}
    return _without_shapes(table) if "SHAPE" in table.colnames else table


def write(table: Table, path: str, kind: str) -> None:
    """Write a table as FITS; what has no value is left out of the header."""
    kept = table.copy(copy_data=False)
    # Keywords of more than eight characters are written by a convention that has to be named.
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
    """Take a mapping: ``metadata``, and values of which each list becomes a column of one row, all else metadata."""
    data = dict(yamlfile.load(path))
    metadata = data.pop("metadata", None)
    if not isinstance(metadata, Mapping):
        raise FormatterError("it has no mapping 'metadata'")
    flat = dict(_flattened(data, ""))
    columns = {name: [_regular(name, value)] for name, value in flat.items() if isinstance(value, list) and value}
    scalars = {name: value for name, value in flat.items() if not isinstance(value, list)}
    return Table(columns, meta={**scalars, **metadata})


def _regular(name: str, value: list[Any]) -> Any:
    try:
        array = np.array(value)
    except ValueError:  # rows of several lengths
        array = np.array(None)
    if array.dtype.kind not in "biufU":
        raise FormatterError(f"{name} is no regular array of numbers or texts")
    return array


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


def _without_shapes(table: Table) -> Table:
    """Turn FITS regions (centres, counted from 1) into boxes: corner, counted from 0, width and height."""
    try:
        boxes = [_box(row) for row in table]
    except (KeyError, ValueError, IndexError) as error:
        raise FormatterError(f"it is no table of regions: {error}") from error
    names = ("x0", "y0", "width", "height")
    return Table(np.array(boxes, dtype=np.int32).reshape(-1, 4), names=names, meta=table.meta)


def _box(row: Any) -> tuple[int, int, int, int]:
    shape = str(row["SHAPE"]).strip().upper()
    x, y = (float(np.ravel(row[axis])[0]) - 1 for axis in ("X", "Y"))
    if shape == "POINT":
        width = height = 1
    elif shape in ("BOX", "ROTBOX"):
        width, height = (int(size) for size in np.ravel(row["R"])[:2])
        turn = float(np.ravel(row["ROTANG"])[0]) if shape == "ROTBOX" else 0.0
        if turn % 90:
            raise ValueError(f"a box cannot be turned by {turn} degrees")
        if turn % 180:
            width, height = height, width
    else:
        raise ValueError(f"a region cannot be a {shape!r}: BOX, POINT or ROTBOX")
    # As afw centred a box on a pixel: half a pixel up, then down.
    return math.floor(x - width / 2 + 1), math.floor(y - height / 2 + 1), width, height
