"""``ParquetStorage``: big tables by column. Needs pyarrow (the extra ``tables``)."""

from __future__ import annotations

from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.types.table import parquet


def read(location: Location) -> parquet.ParquetTable:
    """Open a table; its columns are read on access."""
    path = location.full_path
    try:
        return parquet.ParquetTable(filename=path)
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise FormatterError(f"{path} cannot be read as Parquet: {error}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write a `ParquetTable`, or an Arrow, pandas or astropy table."""
    table = parquet.from_any(obj)
    if table is None:
        raise FormatterError(
            f"{location.datasetType}: ParquetStorage holds a table, not {type(obj)}"
        )
    table.write(path)
