"""``FitsCatalogStorage``: tables with units and masked values, as `astropy.table.Table`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import Column, MaskedColumn, QTable, Table

from persistence.dataids.location import Location
from persistence.errors import DataIdError, FormatterError, did_you_mean, warn_caller
from persistence.files.header_values import known
from persistence.formatters import tiles
from persistence.formatters.fits_cards import UNPRINTABLE, readable
from persistence.formatters.fits_open import opened
from persistence.types.pixels.units import parse, text_of
from persistence.types.table import schema
from persistence.types.table.catalog import OWN, Catalog

# Bits of ``flags``, by afw's names: skip the footprints of sources, or their pixel values
# (doc/gen2/afw-files.md 3.5).
NO_FOOTPRINTS, NO_HEAVY_FOOTPRINTS = 1, 2
# astropy's null of missing integers, cut to their length; for unsigned integers it is not a stored
# number.
_ASTROPYS_NULL = 999999


def read(location: Location) -> Table:
    """Read a table from the location's HDU, or from the first one that holds a table.

    The option ``columns`` names the columns to read. For catalogs of sources, the bit
    `NO_FOOTPRINTS` of the option ``flags`` skips the footprints.

    Returns
    -------
    table : `~astropy.table.Table`
        A `~persistence.types.table.catalog.Catalog` if afw wrote it.

    Raises
    ------
    DataIdError
        If there is no such column.
    FormatterError
        If the file is damaged, or of a version that is not known.
    """
    with opened(location.full_path) as hdus:
        table = read_hdu(hdus, _index(location), location.options.get("columns"))
    return without_footprints(table) if location.options.get("flags", 0) & NO_FOOTPRINTS else table


def without_footprints(table: Table) -> Table:
    """Remove the columns of footprints from a table, and return it."""
    names = {"footprint", *table.meta.pop("footprints", {}).values()} & set(table.colnames)
    if names:
        table.remove_columns(sorted(names))
    return table


def read_hdu(hdus: Any, index: int, columns: Sequence[str] | None = None) -> Table:
    """Read the table of an HDU of an open file."""
    from persistence.formatters import catalog_read

    if _is_afw(_table_hdu(hdus, index)):
        return catalog_read.read(hdus, index, columns)
    table = _read_other(hdus, index)
    if columns is None:
        return table
    for name in columns:
        if name not in table.colnames:
            raise DataIdError(
                f"the table has no column {name!r}{did_you_mean(name, table.colnames)}"
            )
    return table[list(dict.fromkeys(columns))]


def _read_other(hdus: Any, index: int) -> Table:
    readable(hdus[index].header)
    if any("P" in str(one.format) or "Q" in str(one.format) for one in hdus[index].columns):
        tiles.check_cells(hdus[index])
    missing = _missing(hdus[index])
    # Units that the FITS standard does not know are kept as they are, and a NaN is a NaN.
    table = Table.read(
        hdus, hdu=index, character_as_bytes=False, unit_parse_strict="silent", mask_invalid=False
    )
    for name in missing.keys() & set(table.colnames):
        table[name] = MaskedColumn(table[name], mask=missing[name])
    for stored in hdus[index].columns:
        column = table[stored.name] if stored.unit and stored.name in table.colnames else None
        if isinstance(column, Column):
            column.unit = parse(str(stored.unit))
    for key, value in table.meta.items():
        if not isinstance(value, str):
            table.meta[key] = known(value)
    return table


def _missing(hdu: Any) -> dict[str, Any]:
    """Return masks of missing scaled or unsigned numbers, by column, and remove their ``TNULL``.

    ``TNULL`` is a stored number (FITS 4.0, 7.3.2), but astropy compares it with the scaled ones.
    """
    missing = {}
    for column in hdu.columns:
        null, scale, zero = column.null, column.bscale or 1, column.bzero or 0
        if null is None or (scale == 1 and not zero):
            continue
        stored = np.asarray(hdu.data)[column.name]
        if scale == 1 and null == np.array(_ASTROPYS_NULL).astype(f"u{stored.itemsize}"):
            null -= zero
        missing[column.name] = stored == null
        column.null = None
    return missing


def read_length(location: Location) -> int:
    """Read the number of rows from the header."""
    with opened(location.full_path) as hdus:
        return int(_table_hdu(hdus, _index(location)).header["NAXIS2"])


def _table_hdu(hdus: Any, index: int) -> Any:
    try:
        hdu = hdus[index]
    except IndexError:
        raise FormatterError(f"the file has no HDU {index}; its last is {len(hdus) - 1}") from None
    kind = hdu.header.get("XTENSION", "IMAGE").strip()
    if kind not in ("BINTABLE", "TABLE"):
        content = "an image" if kind == "IMAGE" else f"of kind {kind}"
        raise FormatterError(f"HDU {index} is {content}, not a table")
    return hdu


def _is_afw(hdu: Any) -> bool:
    return hdu.header.get("XTENSION", "").strip() == "BINTABLE" and schema.is_afw(hdu.header)


def _index(location: Location) -> int:
    return location.hdu or 1


def read_schema(location: Location) -> Table:
    """Read the columns without rows, from the header alone."""
    from persistence.formatters import catalog_read

    with opened(location.full_path) as hdus:
        hdu = _table_hdu(hdus, _index(location))
        if _is_afw(hdu):
            return catalog_read.read(hdus, _index(location), empty=True)
        return _read_other(catalog_read.emptied(hdu), 1)


def write(obj: Any, path: str, location: Location) -> None:
    """Write a table of astropy, numpy or pandas, or an object with a method ``writeFits(path)``.

    If the policy's type is one of afw's catalogs, and the table has the fields that the type needs,
    it is written as afw writes it, otherwise as astropy does.
    """
    from persistence.formatters import catalog_layout, catalog_write

    if hasattr(obj, "writeFits"):
        obj.writeFits(path)
        return
    try:
        table = as_table(obj, location.datasetType)
        layout = catalog_layout.lay_out(table, location.python)
        if layout is not None:
            catalog_write.write(table, layout, path, location.datasetType)
            return
        _forget(table, location.datasetType)
        table.meta = dict(_writable(table.meta))
        for name in table.colnames:
            _prepare(table, name)
        odd = take_odd_units(table)
        # The format is fixed by the policy, not by the ending of the file's name.
        with open(path, "wb") as stream:
            table.write(stream, format="fits")
        if odd:
            from persistence.formatters import fits_write

            fits_write.set_units(path, odd)
    except (TypeError, ValueError, AttributeError) as error:
        raise FormatterError(
            f"{location.datasetType}: the table cannot be written as FITS: {error}"
        ) from error


def _writable(meta: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the metadata of a table that astropy can write; it warns of the others by name."""
    for key, value in meta.items():
        if key in ("comments", "HISTORY") and isinstance(value, list):
            yield key, [UNPRINTABLE.sub(" ", str(line)) for line in value]
        elif str(key).upper() == "EXTNAME" and not isinstance(value, str):
            yield key, str(value)  # astropy accepts nothing else
        elif "." in str(key):
            yield f"HIERARCH {key}", value  # otherwise astropy reads it as a record of numbers
        else:
            yield key, value


def _forget(table: Table, description: str) -> None:
    """Remove the metadata that only afw's catalogs have beside their columns, with a warning."""
    forgotten = (
        [key for key in OWN if table.meta.pop(key, None)] if isinstance(table, Catalog) else []
    )
    if forgotten:
        why = "it has columns that afw's tables cannot hold"
        warn_caller(
            f"{description} is written as a plain table, without its {', '.join(forgotten)}: {why}",
            UserWarning,
        )


def as_table(obj: Any, description: str) -> Table:
    """Return a table of an object that is like one; the columns are shared, not copied."""
    if isinstance(obj, Table):
        return obj.copy(copy_data=False)
    if isinstance(obj, np.ndarray) and obj.dtype.names:
        return Table(obj, copy=False)
    if type(obj).__module__.startswith("pandas") and hasattr(obj, "columns"):
        return Table.from_pandas(obj)
    if isinstance(obj, dict):
        return QTable(obj)
    raise FormatterError(f"{description} holds a table (astropy, numpy, pandas), not {type(obj)}")


def _prepare(table: Table, name: str) -> None:
    """Change a column such that its masked values and its unit can be read back."""
    column = table[name]
    if isinstance(column, Column) and column.dtype == np.int8:
        # astropy would convert them to Booleans, all true
        table[name] = column = column.astype(np.int16)
    if isinstance(column, MaskedColumn):
        if not np.any(column.mask):
            table[name] = column = Column(
                column.data.data, name=name, unit=column.unit, meta=column.meta
            )
        elif (
            column.dtype.kind != "i" or (column.data.data[~column.mask] == column.fill_value).any()
        ):
            # No value is free to mark masked ones, or astropy would write another one (see
            # `_missing`): the mask gets its own column.
            column.info.serialize_method["fits"] = "data_mask"


def take_odd_units(table: Table) -> dict[str, str]:
    """Remove the units that the FITS standard does not know, and return their texts by column.

    Astropy would drop them.
    """
    odd = {}
    for name in table.colnames:
        unit = getattr(table[name], "unit", None)
        if isinstance(table[name], Column) and unit is not None and not _is_standard(unit):
            odd[name] = text_of(unit)
            table[name].unit = None
    return odd


def _is_standard(unit: Any) -> bool:
    try:
        return bool(unit.to_string("fits") == text_of(unit))  # a percentage would become 10**-2
    except ValueError:
        return False
