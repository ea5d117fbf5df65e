"""Write catalogs as version 3 of afw's tables, so that afw reads them (doc/gen2/afw-files.md 3)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from persistence.errors import FormatterError, warn_caller
from persistence.files import fits_headers
from persistence.files.bintable_columns import DTYPES, Form
from persistence.formatters import footprint_write
from persistence.formatters.archive_write import ArchiveWriter
from persistence.formatters.catalog_layout import OBJECTS, Column, Layout, lay_out
from persistence.formatters.fits_cards import STANDARD, UNPRINTABLE
from persistence.types.archives.read import Stored
from persistence.types.table import schema
from persistence.types.table.catalog import OWN, archive_of
from persistence.types.table.footprint import Footprint

_BLOCK = 2880
_SIGN = 1 << 15
_FIXED = 20
_ALL_NUMBERS = [name for names in OBJECTS.values() for name in names]
_NUMBER = Form("J", 1)
# The columns of an archive's index (doc/gen2/afw-files.md 2.1).
_INDEX = {name: Form("J", 1) for name in ("id", "cat.archive", "cat.persistable", "row0", "nrows")}
_INDEX |= {"name": Form("A", 64), "module": Form("A", 64)}
_INDEX_KINDS = {"J": "Scalar", "A": "String"}


def write(table: Table, layout: Layout, path: str, description: str) -> None:
    """Write a table as afw does.

    The archive objects that its rows refer to, such as footprints, are copied unchanged from the
    file that the table was read from; objects in a column are written. If they cannot be copied,
    such as for rows of several files, they are omitted with a warning, and their ids become 0.

    Parameters
    ----------
    table : `~astropy.table.Table`
        The table; its ``meta`` become cards.
    layout : `Layout`
        Its columns, as `persistence.formatters.catalog_layout.lay_out` gives them.
    path : `str`
        The file.
    description : `str`
        The dataset type, for messages.
    """
    columns, archive = _with_archive(table, layout, description)
    header, content = _laid(columns, len(table))
    header.extend(_cards_of_meta(table.meta, description), bottom=True)
    numbers = {column.name: number for number, column in enumerate(_in_rows(columns), 1)}
    for keyword, held in schema.FOOTPRINTS.items():
        if table.meta.get("footprints", {}).get(held) in numbers:
            header[keyword] = numbers[table.meta["footprints"][held]]
    if archive and layout.type != "EXPOSURE":
        header["AR_HDU"] = (3, "HDU of the archive's index, counted from 1")
    header["HIERARCH AFW_TABLE_VERSION"] = schema.CURRENT
    if layout.type is not None:
        header["AFW_TYPE"] = (layout.type, "afw's type of table")
    with open(path, "wb") as stream:
        stream.write(_bytes(fits.PrimaryHDU().header) + _bytes(header))
        stream.write(content)
        stream.write(bytes(-len(content) % _BLOCK))
        stream.write(archive)


def _with_archive(table: Table, layout: Layout, description: str) -> tuple[Sequence[Column], bytes]:
    """Return the columns, and the HDUs of the objects that they refer to."""
    archives = table.meta.get("archives", {})
    held = OBJECTS.get(layout.type, ())
    names = held or (_ALL_NUMBERS if archives else ())
    numbers = [
        column for column in layout.columns if column.name in names and column.form == _NUMBER
    ]
    objects = [column for column in numbers if column.values.dtype == object]
    if objects:
        return _archived(layout.columns, objects, archives)
    used = [column for column in numbers if np.any(column.values)]
    if not used:
        return layout.columns, _empty_archive() if held and numbers else b""
    try:
        if not held:
            raise FormatterError("a table of its type cannot have an archive")
        path, hdu = archive_of(archives)
        return layout.columns, fits_headers.content(path, hdu)
    except (FormatterError, OSError) as error:
        lost = ", ".join(column.name for column in used)
        warn_caller(
            f"{description} is written without the objects that {lost} refers to; their ids become "
            f"0: {error}",
            UserWarning,
        )
    columns = [
        replace(each, values=np.zeros_like(each.values)) if each in used else each
        for each in layout.columns
    ]
    return columns, _empty_archive() if held else b""


def _archived(
    columns: Sequence[Column], objects: Sequence[Column], archives: Mapping[str, Any]
) -> tuple[Sequence[Column], bytes]:
    """Archive objects; objects of other columns keep their ids."""
    if [column.name for column in objects] == ["footprint"]:
        numbers, content = footprint_write.archive(objects[0].values, _hdu)
        placed = {"footprint": numbers}
    else:
        kept = [column for column in columns if column.name in _ALL_NUMBERS]
        kept = [column for column in kept if column not in objects and np.any(column.values)]
        writer = ArchiveWriter(_archive_of(archives) if kept else None)
        placed = {
            column.name: np.array(list(_numbers(writer, column)), np.int32) for column in objects
        }
        content = writer.content()
    return [
        replace(each, values=placed[each.name]) if each in objects else each for each in columns
    ], content


def stand_alone(footprint: Footprint) -> bytes:
    """Return the bytes of a file with one footprint: an empty primary HDU, and the archive."""
    return _bytes(fits.PrimaryHDU().header) + footprint_write.archive([footprint], _hdu)[1]


def _numbers(writer: ArchiveWriter, column: Column) -> Iterator[int]:
    """Yield the archive ids of a column's objects."""
    for row, thing in enumerate(column.values):
        try:
            yield 0 if thing is None else writer.put(thing)
        except FormatterError as error:
            raise FormatterError(
                f"the {column.name} of row {row} cannot be written: {error}"
            ) from error


def _archive_of(archives: Mapping[str, Any]) -> Stored:
    path, hdu = archive_of(archives)
    return Stored(fits_headers.content(path, hdu), path)


def _hdu(table: Table, cards: Sequence[tuple[str, Any]]) -> bytes:
    """Return the bytes of a table of an archive."""
    layout = lay_out(table, "BaseCatalog")
    assert layout is not None  # afw's tables can hold anything that archives do
    header, content = _laid(layout.columns, len(table))
    header.extend([*cards, ("HIERARCH AFW_TABLE_VERSION", schema.CURRENT)])
    return _bytes(header) + content + bytes(-len(content) % _BLOCK)


def _empty_archive() -> bytes:
    columns = [
        Column(name, _INDEX_KINDS[form.letter], "", "", form, np.zeros(0))
        for name, form in _INDEX.items()
    ]
    header, _content = _laid(columns, 0)
    header["EXTTYPE"] = header["EXTNAME"] = "ARCHIVE_INDEX"
    header["AR_CATN"], header["AR_NCAT"] = 0, 1
    header["HIERARCH AFW_TABLE_VERSION"] = schema.CURRENT
    return _bytes(header)


def _in_rows(columns: Sequence[Column]) -> list[Column]:
    """Return the columns of the binary table: all flags share the first one."""
    flags = [column for column in columns if column.kind == "Flag"]
    others = [column for column in columns if column.kind != "Flag"]
    if not flags:
        return others
    bits = np.packbits(np.stack([column.values for column in flags], axis=1), axis=1)
    return [Column("flags", "", "", "", Form("X", len(flags)), bits), *others]


def _laid(columns: Sequence[Column], length: int) -> tuple[fits.Header, bytes]:
    """Return the header of a table, and its data without padding."""
    inside = _in_rows(columns)
    records = np.zeros(
        length, [(str(number), column.form.raw) for number, column in enumerate(inside)]
    )
    heap = bytearray()
    longest = {}
    for number, column in enumerate(inside):
        if column.form.pointer:
            places = [_put(heap, cell, column.form.letter) for cell in column.values]
            records[str(number)] = np.array(places, np.int64).reshape(-1, 2)
            longest[column.name] = max((size for size, _start in places), default=0)
        elif length:
            record = records[str(number)]
            record[...] = _stored(column.values, column.form.letter).reshape(record.shape)
    header = fits.Header(
        [*_cards_of_table(records, len(heap), len(inside)), *_cards_of_columns(columns, longest)]
    )
    return header, records.tobytes() + heap


def _put(heap: bytearray, cell: Any, letter: str) -> tuple[int, int]:
    """Append a cell to the heap, and return its number of elements and its first byte."""
    start = len(heap)
    heap += cell if letter == "A" else _stored(cell, letter).tobytes()
    return (len(heap) - start) // np.dtype(DTYPES[letter]).itemsize, start


def _stored(values: NDArray[Any], letter: str) -> NDArray[Any]:
    """Return numbers as stored in a file: 16-bit ones are signed (FITS Standard 4.0, table 19)."""
    if letter == "I":
        return (values ^ np.uint16(_SIGN)).view(np.int16).astype(">i2")
    return values if letter in "AX" else values.astype(DTYPES[letter])


def _cards_of_table(records: NDArray[Any], heap: int, fields: int) -> Iterator[tuple[str, Any]]:
    yield from {"XTENSION": "BINTABLE", "BITPIX": 8, "NAXIS": 2}.items()
    yield from {
        "NAXIS1": records.itemsize,
        "NAXIS2": len(records),
        "PCOUNT": heap,
        "GCOUNT": 1,
    }.items()
    yield "TFIELDS", fields


def _cards_of_columns(
    columns: Sequence[Column], longest: Mapping[str, int]
) -> Iterator[tuple[str, Any]]:
    """Yield the cards of columns and flags, in the order of the schema."""
    flags = sum(column.kind == "Flag" for column in columns)
    if flags:
        yield from {"TTYPE1": "flags", "TFORM1": f"{flags}X", "FLAGCOL": 1}.items()
    flag, number = 0, int(flags > 0)
    for column in columns:
        if column.kind == "Flag":
            flag += 1
            cards = {"TFLAG": column.name, "TFDOC": column.doc}
        else:
            number += 1
            cards = {"TTYPE": column.name, "TFORM": _form(column.form, longest.get(column.name, 0))}
            cards |= {"TDOC": column.doc, "TUNIT": column.unit, "TCCLS": column.kind}
        position = flag if column.kind == "Flag" else number
        yield from ((f"{keyword}{position}", value) for keyword, value in cards.items() if value)
        if column.form.letter == "I":
            yield from {f"TZERO{position}": _SIGN, f"TSCAL{position}": 1}.items()


def _form(form: Form, longest: int) -> str:
    return (
        f"1{form.pointer}{form.letter}({longest})"
        if form.pointer
        else f"{form.repeat}{form.letter}"
    )


def _cards_of_meta(meta: Mapping[str, Any], description: str) -> Iterator[fits.Card]:
    """Yield the cards of a table's metadata, and warn of those that FITS cannot hold."""
    lost = []
    for key, value in meta.items():
        if key in OWN or schema.STRUCTURE.fullmatch(str(key)):
            continue
        keyword = {"comments": "COMMENT"}.get(key, key)
        for each in value if isinstance(value, list) else [value]:
            is_text = keyword in ("COMMENT", "HISTORY", "EXTNAME")
            card = _card(keyword, UNPRINTABLE.sub(" ", str(each)) if is_text else each)
            if card is not None:
                yield card
            elif key not in lost:
                lost.append(key)
    for alias, target in meta.get("aliases", {}).items():
        yield fits.Card("ALIAS", f"{alias}:{target}")
    if lost:
        names = ", ".join(map(str, lost))
        warn_caller(
            f"{description} is written without metadata that a FITS header cannot hold: {names}",
            UserWarning,
        )


def _card(key: Any, value: Any) -> fits.Card | None:
    """Return a card; None if FITS cannot hold the value."""
    keyword = key if STANDARD.fullmatch(str(key)) else f"HIERARCH {key}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            card = fits.Card(keyword, value)
            if (
                isinstance(value, float)
                and len(text := repr(float(value)).upper()) > _FIXED
                and math.isfinite(value)
            ):
                # astropy cuts digits off to fit 20 columns; values may be longer (FITS Standard
                # 4.0, 4.2.4).
                card = fits.Card.fromstring(f"{keyword:8}= {text}")
            str(card)
        except (TypeError, ValueError, fits.VerifyError, Warning):
            return None
    return card


def _bytes(header: fits.Header) -> bytes:
    return bytes(header.tostring().encode("ascii"))
