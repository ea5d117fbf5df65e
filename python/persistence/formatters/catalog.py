"""``FitsCatalogStorage``: tables with units and masked values, as `astropy.table.Table`."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.table import MaskedColumn, QTable, Table

from persistence.errors import FormatterError
from persistence.location import Location


def read(location: Location) -> Table:
    """Read a table; the data ID's ``hdu`` chooses another HDU than the first that holds one."""
    from persistence.formatters.fits import opened

    path = location.full_path
    with opened(path) as hdus:
        index = int(location.dataId.get("hdu", location.hdu or 1))
        return read_hdu(hdus, index)


def read_hdu(hdus: Any, index: int) -> Table:
    """Turn an HDU of an open file into a table."""
    # Units that the FITS standard does not know are kept as they are.
    return Table.read(hdus, hdu=index, character_as_bytes=False, unit_parse_strict="silent")


def read_length(location: Location) -> int:
    """Read the number of rows, from the header."""
    from persistence.formatters.fits import opened

    with opened(location.full_path) as hdus:
        return int(hdus[int(location.dataId.get("hdu", 1))].header["NAXIS2"])


def read_schema(location: Location) -> Table:
    """Read the columns without their rows."""
    return read(location)[:0]


def write(obj: Any, path: str, location: Location) -> None:
    """Write a table: astropy's, a structured array, a DataFrame, or what has ``writeFits(path)``."""
    if hasattr(obj, "writeFits"):
        obj.writeFits(path)
        return
    table = as_table(obj, location.datasetType)
    # A null value stands for a masked one in the column itself, unless an unmasked one looks like it.
    methods = {name: "data_mask" for name in table.colnames if not _null_is_free(table[name])}
    for name, method in methods.items():
        table[name].info.serialize_method["fits"] = method
    try:
        # The format is fixed by the policy, not by the ending of the file's name.
        with open(path, "wb") as stream:
            table.write(stream, format="fits")
    except (TypeError, ValueError, AttributeError) as error:
        raise FormatterError(f"{location.datasetType}: the table cannot be written as FITS: {error}") from error


def as_table(obj: Any, what: str) -> Table:
    """Make a table of whatever is like one; the columns are shared, not copied."""
    if isinstance(obj, Table):
        return obj.copy(copy_data=False)
    if isinstance(obj, np.ndarray) and obj.dtype.names:
        return Table(obj, copy=False)
    if type(obj).__module__.startswith("pandas"):
        return Table.from_pandas(obj)
    if isinstance(obj, dict):
        return QTable(obj)
    raise FormatterError(f"{what} holds a table (astropy, numpy, pandas), not {type(obj)}")


def _null_is_free(column: Any) -> bool:
    """Say whether a masked value can be told from the others by a null value in the column."""
    if not isinstance(column, MaskedColumn) or not np.any(column.mask):
        return True
    kept = column.data.data[~column.mask]
    if column.dtype.kind == "f":
        return not np.isnan(kept).any()
    if column.dtype.kind in "US":
        return not (kept == np.array("", dtype=kept.dtype)).any()
    return False
