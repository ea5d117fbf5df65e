"""Read afw's tables as `~persistence.types.table.catalog.Catalog` (doc/gen2/afw-files.md 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from astropy import units
from astropy.io import fits
from astropy.table import Column, MaskedColumn

from persistence.errors import DataIdError, did_you_mean
from persistence.files import bintable
from persistence.files.bintable_columns import Form
from persistence.formatters.fits_cards import readable
from persistence.types.pixels.units import parse
from persistence.types.table import aliases, schema
from persistence.types.table.catalog import Catalog, archive_entry
from persistence.types.table.schema import Card, Field, Schema


def read(
    hdus: Any, index: int, columns: Sequence[str] | None = None, *, empty: bool = False
) -> Catalog:
    """Read an afw table.

    Parameters
    ----------
    hdus : `astropy.io.fits.HDUList`
        An open file.
    index : `int`
        The table's HDU.
    columns : sequence of `str`, optional
        The fields that are wanted, or aliases of them; all if absent.
    empty : `bool`, optional
        Whether to read the header alone, and give a table without rows.

    Raises
    ------
    DataIdError
        If there is no such field.
    FormatterError
        If the table is damaged, or of a version that is not known.
    """
    cards = tuple(_cards(readable(hdus[index].header)))
    # each look-up in astropy's header is slow
    header = {card.keyword: card.value for card in reversed(cards)}
    parsed = schema.parse(cards)
    fields = parsed.fields if columns is None else chosen(parsed, columns)
    layout, info = bintable.Table.parse(header), hdus[index].fileinfo()
    raw = layout.read(
        bintable.Stream(info["file"], info["datLoc"]),
        [field.column for field in fields],
        empty=empty,
    )
    made = [
        _column(field, raw[field.column], layout.columns[field.column].form) for field in fields
    ]
    catalog = Catalog(made, names=[field.name for field in fields], copy=False)
    catalog.meta = _meta(parsed, hdus, index)
    return catalog


def emptied(hdu: Any) -> fits.HDUList:
    """Return a file with a table that has the header of another, and no rows."""
    header = hdu.header.copy()
    header["NAXIS2"] = header["PCOUNT"] = 0
    header.remove("THEAP", ignore_missing=True)
    return fits.HDUList(
        [fits.PrimaryHDU(), type(hdu).fromstring(header.tostring().encode("ascii"))]
    )


def _cards(header: Any) -> Iterator[Card]:
    """Yield the cards of a header, with None for undefined values."""
    for card in header.cards:
        value = card.value  # astropy parses it at each access
        yield Card(
            card.keyword, None if isinstance(value, fits.card.Undefined) else value, card.comment
        )


def chosen(parsed: Schema, names: Sequence[str]) -> list[Field]:
    """Return fields by their names or aliases; each occurs once, in the order of the names."""
    known = {field.name: field for field in parsed.fields}
    fields = {}
    for name in names:
        real = name if name in known else aliases.resolve(name, parsed.aliases)
        if real not in known:
            raise DataIdError(
                f"the catalog has no column {name!r}{did_you_mean(name, [*known, *parsed.aliases])}"
            )
        fields[real] = known[real]
    return list(fields.values())


def _column(field: Field, cells: Any, form: Form) -> Any:
    """Return a column of cells that were read: a flag bit, an element of each, or all."""
    if field.part is not None:
        cells = (
            cells[field.part]
            if field.kind == "Flag"
            else np.ascontiguousarray(cells[:, field.part])
        )
    if field.kind == "Array" and cells.ndim == 1 and cells.dtype.kind != "O":
        cells = cells.reshape(-1, 1)
    if field.squared:
        cells = np.sqrt(cells)
    unit = parse(field.unit)
    if field.kind == "Angle" and not np.ma.isMaskedArray(cells):
        column = units.Quantity(cells, unit or units.rad, copy=False)
    else:
        kind = MaskedColumn if np.ma.isMaskedArray(cells) else Column
        column = kind(cells, unit=unit, copy=False)
    column.info.description = field.doc or None
    if form.pointer:
        # an empty column does not show the type of its cells
        column.info.meta = {"variable": form.letter}
    elif form.letter == "A":
        column.info.meta = {"letters": form.repeat}  # the texts may need fewer
    return column


def _meta(parsed: Schema, hdus: Any, index: int) -> dict[str, Any]:
    meta = dict(parsed.metadata)
    if parsed.aliases:
        meta["aliases"] = dict(parsed.aliases)
    if parsed.footprints:
        meta["footprints"] = dict(parsed.footprints)
    archive = parsed.archive
    if archive is None and parsed.type == "EXPOSURE":
        archive = index + 1  # no card tells its HDU: it follows the catalog (afw-files 2.1)
    path = hdus.filename()
    if path and archive is not None and _is_archive(hdus, archive):
        meta["archives"] = archive_entry(path, archive)
    return meta


def _is_archive(hdus: Any, index: int) -> bool:
    """Return whether an HDU is the index of an archive that is not empty."""
    try:
        header = hdus[index].header
    except IndexError:
        return False
    return bool(header.get("EXTTYPE") == "ARCHIVE_INDEX" and header["NAXIS2"])
