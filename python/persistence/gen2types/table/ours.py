"""What the faces of tables share with this package's catalogs, and how each becomes the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy import units
from astropy.table import Column, Table
from numpy.typing import NDArray

from persistence.errors import warn_caller
from persistence.formatters.catalog_layout import unit_text
from persistence.gen2types import unwrap
from persistence.gen2types.table.block import Block, empty
from persistence.gen2types.table.keys import ARRAYS, TYPES, Field
from persistence.gen2types.table.rows import Rows
from persistence.gen2types.table.schema import Schema
from persistence.types.metadata.property import PropertyList
from persistence.types.pixels.units import parse
from persistence.types.table.catalog import OWN, Catalog

# Columns that hold the numbers of an archive's objects, which afw's schemas do not show, by kind of
# catalog. Source: doc/gen2/afw-files.md, 3.5.
OBJECTS: Mapping[str, Sequence[str]] = {
    "Source": ("footprint",),
    "Exposure": (
        *("wcs", "psf", "photoCalib", "calib", "apCorrMap", "validPolygon", "visitInfo"),
        *("transmissionCurve", "detector"),
    ),
}
# Positions, which are angles also where a column is not a quantity.
_ANGLES = ("coord_ra", "coord_dec")
_CODES = {np.dtype(code): name for name, code in TYPES.items() if name not in ("Angle", *ARRAYS)}
_ARRAY_CODES = {np.dtype(code): name for name, code in ARRAYS.items()}
# Letters of FITS -> arrays whose length differs from row to row.
_ARRAYS = {"B": "ArrayB", "I": "ArrayU", "J": "ArrayI", "E": "ArrayF", "D": "ArrayD"}
# numpy's other types -> those of afw that hold their values.
_WIDER = {"i1": "i4", "i2": "i4", "u4": "i8", "u8": "i8", "f2": "f4"}


def block_of(catalog: Any, kind: str) -> tuple[Schema, Block]:
    """Return the schema and the columns of a table.

    Parameters
    ----------
    catalog : `~astropy.table.Table`
        The table; its columns are shared, but for masked ones and those of types that afw does not
        have.
    kind : `str`
        ``Base``, ``Simple``, ``Source``, ``Exposure`` or ``Peak``.
    """
    schema, columns, left_out = Schema(), {}, []
    hidden = _hidden(catalog, kind)
    for name in catalog.colnames:
        column = catalog.columns[name]
        if name in hidden:
            continue
        values = _values(column)
        field = _field(name, column, values)
        if field is None:
            left_out.append(name)
            continue
        schema.addField(field)
        # A text may be set that is as long as the field.
        width = np.dtype(f"U{field.getSize()}") if field.kind == "String" else None
        columns[name] = values if width is None or values.dtype == "O" else values.astype(width)
    if left_out:
        warn_caller(
            f"columns that afw's tables cannot hold are left out: {', '.join(left_out)}",
            UserWarning,
        )
    schema.getAliasMap().update(catalog.meta.get("aliases", {}))
    block = Block(schema, columns, _stored(catalog, hidden))
    block.length = len(catalog)  # also where no column is left
    block.source = catalog
    block.numbers = {
        name: np.asarray(catalog[name])
        for name in block.stored
        if name in catalog.colnames and catalog[name].dtype.kind == "i"
    }
    block.archives = catalog.meta.get("archives", {})
    return schema, block


def _hidden(catalog: Any, kind: str) -> set[str]:
    numbers = {
        name
        for name in OBJECTS.get(kind, ())
        if name in catalog.colnames and catalog[name].dtype.kind in "iO"
    }
    return numbers | set(catalog.meta.get("footprints", {}).values())


def _stored(catalog: Any, hidden: set[str]) -> dict[str, Sequence[Any]]:
    if not isinstance(catalog, Catalog):
        return {}
    names = hidden & set(catalog.colnames)
    stored: dict[str, Sequence[Any]] = {name: catalog.objects(name) for name in names}
    if catalog.meta.get("footprints"):
        stored = {"footprint": catalog.footprints}
    return stored


def _values(column: Any) -> NDArray[Any]:
    """Return the numbers of a column, in types that afw's tables have."""
    values = column.value if isinstance(column, units.Quantity) else column
    if np.ma.isMaskedArray(values):
        values = values.filled(np.nan) if values.dtype.kind == "f" else np.ma.getdata(values)
    values = np.asarray(values)
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8")
    wider = _WIDER.get(values.dtype.str[1:])
    return values if wider is None else values.astype(wider)


def _field(name: str, column: Any, values: NDArray[Any]) -> Field | None:
    """Return the field of a column; None if afw has none for it."""
    unit = getattr(column, "unit", None)
    info = column.info.meta or {}
    kind, size = _kind(values, info.get("variable", ""))
    if kind is None:
        return None
    size = max(size, info.get("letters", 0)) if kind == "String" and size else size
    angle = isinstance(column, units.Quantity) or name in _ANGLES
    if kind == "D" and angle and unit == units.rad:
        kind = "Angle"
    text = "rad" if kind == "Angle" else unit_text(unit)
    field: Field = Field[kind](name, column.info.description or "", text, size, "silent")
    return field


def _kind(values: NDArray[Any], letter: str) -> tuple[str | None, int | None]:
    """Return afw's type of a column, and its size."""
    if values.ndim not in (1, 2):  # such as astropy's Time, of which there is no array
        return None, None
    if values.dtype.kind == "U" and values.ndim == 1:
        return "String", values.dtype.itemsize // 4 if letter != "A" else 0
    if values.dtype.kind == "O":
        texts = letter == "A" or any(isinstance(cell, str) for cell in values)
        if texts:
            return "String", 0
        kinds = {np.asarray(cell).dtype for cell in values}
        return (_ARRAY_CODES.get(kinds.pop()) if len(kinds) == 1 else _ARRAYS.get(letter)), 0
    if values.ndim == 2:
        return _ARRAY_CODES.get(values.dtype), values.shape[1]
    return (_CODES.get(values.dtype) if values.ndim == 1 else None), None


def metadata_of(catalog: Any) -> PropertyList | None:
    """Return the metadata of a table; None if it has none."""
    meta = {key: value for key, value in catalog.meta.items() if key not in OWN}
    if not meta:
        return None
    metadata = PropertyList()
    for key, value in meta.items():
        try:
            metadata.set("COMMENT" if key == "comments" else str(key), value)
        except TypeError:
            warn_caller(f"{key} is left out of the metadata: it is {type(value)}", UserWarning)
    return metadata


# -- the other way
# -----------------------------------------------------------------------------------


def catalog_of(face: Any) -> Any:
    """Return the records of a face as a `Catalog`: its original one, if it is unchanged."""
    runs = face._rows.runs
    meta = _meta(face)
    if len(runs) == 1:
        block, rows = runs[0]
        unchanged = face.schema is block.schema and not block.objects
        if block.source is not None and unchanged and rows == range(block.length):
            return _with_meta(block.source, meta)
    fields = [item.field for item in face.schema]
    columns = [_column(face, field) for field in fields]
    catalog = Catalog(columns, names=[field.getName() for field in fields], copy=False)
    catalog.meta = meta
    _add_objects(catalog, face)
    return catalog


def _with_meta(catalog: Any, meta: dict[str, Any]) -> Any:
    """Return a catalog with the metadata of its face."""
    kept = {key: catalog.meta[key] for key in ("archives", "footprints") if key in catalog.meta}
    if dict(catalog.meta) == meta | kept:
        return catalog
    changed = catalog.copy(copy_data=False)
    changed.meta = meta | kept
    return changed


def _column(face: Any, field: Field) -> Any:
    values = face._rows.column(field.getName())
    if values is None:
        values = empty(field, 0)
    if field.kind == "Angle":
        column = units.Quantity(values, parse(field.getUnits()) or units.rad, copy=False)
    else:
        column = Column(values, unit=parse(field.getUnits()), copy=False)
    column.info.description = field.getDoc() or None
    if field.getSize() == 0:
        letters = {name: letter for letter, name in _ARRAYS.items()}
        column.info.meta = {"variable": letters.get(field.kind, "A")}
    elif field.kind == "String":
        column.info.meta = {"letters": field.getSize()}
    return column


def _meta(face: Any) -> dict[str, Any]:
    metadata = face.table.getMetadata()
    meta = {} if metadata is None else dict(unwrap(metadata).toDict())
    if "COMMENT" in meta:
        comments = meta.pop("COMMENT")
        meta["comments"] = comments if isinstance(comments, list) else [comments]
    aliases = dict(face.schema.getAliasMap())
    return meta | ({"aliases": aliases} if aliases else {})


def _add_objects(catalog: Any, face: Any) -> None:
    """Add the columns of the rows' objects.

    They contain their numbers if all are in one file, from which they were read; otherwise the
    objects.
    """
    for name in sorted({name for run in face._rows.runs for name in run.block.object_names()}):
        numbered = _numbers(face._rows, name)
        if numbered is not None:
            archives, catalog[name] = numbered
            if archives:
                catalog.meta["archives"] = archives
            continue
        cells = np.empty(len(catalog), object)
        for index, (block, row) in enumerate(face._rows):
            cells[index] = unwrap(block.object(name, row))
        catalog[name] = Column(cells)


def _numbers(rows: Rows, name: str) -> tuple[Any, NDArray[np.int32]] | None:
    """Return the file, and the numbers in its archive, of the objects of some rows.

    None if they are not all in one file.
    """
    if len(rows.runs) == 1:
        block = rows.runs[0].block
        stored = block.stored_numbers(name, rows.numbers())
        if stored is not None:
            return block.archives, stored
    object_ids = [block.number(name, row) for block, row in rows]
    files = [entry[0] for entry in object_ids if entry is not None and entry[1]]
    if None in object_ids or any(entry != files[0] for entry in files):
        return None
    numbers = np.array([entry[1] for entry in object_ids if entry is not None], np.int32)
    return (files[0] if files else {}), numbers


def as_astropy(face: Any, cls: Any, copy: bool, unviewable: str) -> Any:
    """Return a table of astropy's; see `BaseCatalog.asAstropy`."""
    if unviewable not in ("copy", "raise", "skip"):
        raise ValueError(f"'unviewable' must be 'copy', 'raise' or 'skip', not {unviewable!r}")
    columns = []
    for item in face.schema:
        field = item.field
        hidden = field.kind in ("Flag", "String") and not copy
        if hidden and unviewable == "raise":
            raise ValueError(
                f"the field {field.getName()!r} of type {field.kind} has no view; use "
                "unviewable='copy' or 'skip'"
            )
        if (hidden and unviewable == "skip") or (field.kind in ARRAYS and not field.getSize()):
            continue
        values = face.column(item.key)
        unit = "rad" if field.kind == "Angle" else parse(field.getUnits())
        columns.append(
            Column(
                np.array(values) if copy else values,
                name=field.getName(),
                unit=unit,
                description=field.getDoc(),
                copy=False,
            )
        )
    metadata = face.table.getMetadata()
    meta = None if metadata is None else dict(unwrap(metadata).toDict())
    return (cls or Table)(columns, meta=meta, copy=False)
