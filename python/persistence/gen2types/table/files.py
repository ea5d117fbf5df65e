"""Tables of afw's in files: read by our formatters, and written as afw does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from persistence.dataids.location import Location
from persistence.files.atomic import atomic_write
from persistence.formatters import catalog, catalog_layout, catalog_write
from persistence.formatters.catalog import NO_FOOTPRINTS, NO_HEAVY_FOOTPRINTS
from persistence.formatters.fits_open import opened
from persistence.gen2types import unwrap
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.table import ours
from persistence.gen2types.table.block import Block
from persistence.gen2types.table.schema import Schema
from persistence.types.table.footprint import Footprint


def read(path: str, hdu: int | None, flags: int) -> Any:
    """Read a table; see `BaseCatalog.readFits`."""
    with opened(_path(path)) as hdus:
        table = catalog.read_hdu(hdus, hdu if hdu is not None and hdu > 0 else 1)
    return catalog.without_footprints(table) if flags & NO_FOOTPRINTS else table


class PlainFootprints(Sequence[Any]):
    """Footprints without the values of their pixels."""

    def __init__(self, footprints: Sequence[Any]) -> None:
        self._footprints = footprints

    def __len__(self) -> int:
        return len(self._footprints)

    def __getitem__(self, item: Any) -> Any:
        footprint = self._footprints[item]
        return None if footprint is None else Footprint(footprint.spans, footprint.peaks)


def lighten(block: Block, flags: int) -> None:
    """Remove the pixel values of footprints, if the flags request it."""
    if flags & NO_HEAVY_FOOTPRINTS and "footprint" in block.stored:
        block.stored["footprint"] = PlainFootprints(block.stored["footprint"])
        block.numbers.pop("footprint", None)
        block.source = None


def read_schema(path: str, hdu: int) -> Schema:
    """Read the fields of a table."""
    directory, name = os.path.split(os.path.abspath(_path(path)))
    location = Location(directory, name, hdu, "FitsCatalogStorage", None, "schema", {})
    return ours.block_of(catalog.read_schema(location), "Base")[0]


def write(face: Any, path: str, mode: str, flags: int) -> None:
    """Write a catalog; see `BaseCatalog.writeFits`."""
    if mode != "w":
        raise InvalidParameterError(f"a catalog is written to a new file (mode 'w'), not {mode!r}")
    kind = type(face).__name__
    table = unwrap(face).copy(copy_data=False)
    if kind == "SourceCatalog":
        _with_footprints(table, flags)
    layout = catalog_layout.lay_out(table, kind)
    if layout is None:
        raise InvalidParameterError(f"{path}: the catalog has columns that afw cannot hold")
    with atomic_write(_path(path)) as temporary:
        catalog_write.write(table, layout, temporary, path)


def _with_footprints(table: Any, flags: int) -> None:
    """Return a table of sources with the footprints that the flags request."""
    if flags & NO_FOOTPRINTS:
        catalog.without_footprints(table)
        return
    if "footprint" not in table.colnames:
        table["footprint"] = np.zeros(len(table), np.int32)
    elif flags & NO_HEAVY_FOOTPRINTS:
        cells = np.empty(len(table), object)
        for row, footprint in enumerate(table.footprints):
            plain = footprint is None
            cells[row] = None if plain else Footprint(footprint.spans, footprint.peaks)
        table["footprint"] = cells


def _path(path: Any) -> str:
    return str(getattr(path, "path", path))
