"""The layout of a table's columns as one of afw's tables (doc/gen2/afw-files.md 3.1 and 3.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import astropy.table
import numpy as np
from astropy import units
from astropy.table import Table
from numpy.typing import NDArray

from persistence.files.bintable_columns import Form
from persistence.types.pixels.units import text_of
from persistence.types.table.catalog import Catalog

# The last word of the policy's `python` -> AFW_TYPE, and the fields that afw requires, with the
# letters of their formats; R is an angle. Source: doc/gen2/afw-files.md 3.4.
_SKY = {"id": "K", "coord_ra": "R", "coord_dec": "R"}
_BOX = {f"bbox_{end}_{axis}": "J" for end in ("min", "max") for axis in "xy"}
_PEAK = {"f_x": "E", "f_y": "E", "i_x": "J", "i_y": "J", "peakValue": "E"}
TYPES: Mapping[str, tuple[str | None, Mapping[str, str]]] = {
    "BaseCatalog": (None, {}),
    "SimpleCatalog": ("SIMPLE", _SKY),
    "SourceCatalog": ("SOURCE", {**_SKY, "parent": "K"}),
    "ExposureCatalog": ("EXPOSURE", {"id": "K", **_BOX}),
    "PeakCatalog": ("PEAK", {"id": "K", **_PEAK}),
    "AmpInfoCatalog": ("AMPINFO", {"name": "A", "gain": "D", "readoutcorner": "J"}),
}
_EXPOSURE = "wcs psf photoCalib calib apCorrMap validPolygon visitInfo transmissionCurve detector"
# AFW_TYPE -> columns of archive ids, or of objects (doc/gen2/afw-files.md 3.5).
OBJECTS: Mapping[str | None, tuple[str, ...]] = {
    "SOURCE": ("footprint",),
    "EXPOSURE": tuple(_EXPOSURE.split()),
}
# numpy's types -> the letters of afw's formats for numbers, and for arrays of them.
_SCALARS: Mapping[str, str] = {
    "b1": "X",
    "u1": "B",
    "u2": "I",
    "i4": "J",
    "i8": "K",
    "f4": "E",
    "f8": "D",
}
_ARRAYS: Mapping[str, str] = {"u1": "B", "u2": "I", "i4": "J", "f4": "E", "f8": "D"}
# astropy's names of units -> afw's, if they differ.
_UNITS: Mapping[str, str] = {"count": "count", "pix": "pixel", "DN": "dn", "yr": "year"}
_UNIT = re.compile(rf"\b({'|'.join(_UNITS)})(\d*)\b")
_PRINTABLE = re.compile(r"[ -~]*")


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """A column as it is laid out in a file.

    Attributes
    ----------
    name, kind, unit, doc : `str`
        Of its cards; ``kind`` is afw's class, ``Flag`` for one bit of the column of flags.
    form : `Form`
        Its format.
    values : array
        Its values: one, or a row of them, for each row; objects where cells differ in length, or
        where they are those of an archive, whose numbers the column will hold.
    """

    name: str
    kind: str
    unit: str
    doc: str
    form: Form
    values: Any


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """The layout of a table in a file.

    Its ``AFW_TYPE``, None for a table of no type, and its columns.
    """

    type: str | None
    columns: tuple[Column, ...]


def lay_out(table: Table, python: str | None) -> Layout | None:
    """Return the layout of a table as one of afw's catalogs.

    Parameters
    ----------
    table : `~astropy.table.Table`
        The table.
    python : `str` or None
        The policy's python name.

    Returns
    -------
    layout : `Layout` or None
        None if the type is none of afw's catalogs; if the table has a column that afw's tables
        cannot hold, such as masked values, complex numbers, cells of two dimensions; or if it lacks
        a field that the type must have. But a `Catalog` that lacks one becomes a table of no type,
        so as not to lose its flags and aliases.
    """
    word = (python or "").rpartition(".")[2]
    if word not in TYPES:
        return None
    kind, needed = TYPES[word]
    columns: list[Column] = []
    for name in table.colnames:
        if name in OBJECTS.get(kind, ()) and table[name].dtype.kind == "O":
            columns.append(Column(name, "Scalar", "", "", Form("J", 1), np.asarray(table[name])))
            continue
        column = _column(table[name], name, is_angle=needed.get(name) == "R")
        if column is None:
            return None
        columns.append(column)
    letters = {
        column.name: "R" if column.kind == "Angle" else column.form.letter for column in columns
    }
    if all(letters.get(name) == letter for name, letter in needed.items()):
        return Layout(kind, tuple(columns))
    return Layout(None, tuple(columns)) if isinstance(table, Catalog) else None


def _column(given: Any, name: str, is_angle: bool) -> Column | None:
    """Return the layout of one column; None if afw's tables have nothing like it."""
    known = isinstance(given, astropy.table.Column | units.Quantity)
    if (
        not known
        or np.any(getattr(given, "mask", False))
        or not name
        or not _PRINTABLE.fullmatch(name)
    ):
        return None
    unit = given.unit
    # Angles of other units stay numbers, unless afw requires an angle.
    angle = isinstance(given, units.Quantity) and unit == units.rad
    if angle or (is_angle and unit is not None and unit.is_equivalent(units.rad)):
        given, unit, angle = units.Quantity(given).to(units.rad), units.rad, True
    values = _values(given)
    variable = (given.info.meta or {}).get("variable", "")
    if values.dtype.kind == "O" or (variable == "A" and values.dtype.kind == "U"):
        column = _variable(values, variable)
    else:
        column = _fixed(values)
    if column is None:
        return None
    letters = (given.info.meta or {}).get("letters", 0)
    if column.form.letter == "A" and not column.form.pointer and letters > column.form.repeat:
        column = replace(column, form=Form("A", letters))
    kind = (
        "Angle" if angle and column.kind == "Scalar" and column.form.letter == "D" else column.kind
    )
    doc = re.sub(r"[^ -~]", "?", given.info.description or "")
    return replace(column, name=name, kind=kind, unit=unit_text(unit), doc=doc)


def _values(given: Any) -> NDArray[Any]:
    """Return a column's numbers in native byte order."""
    given = getattr(given, "unmasked", given)
    values = np.asarray(given.value if isinstance(given, units.Quantity) else given.data)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _fixed(values: NDArray[Any]) -> Column | None:
    """Return the layout of a column whose cells have the same length."""
    if values.dtype.kind in "US" and values.ndim == 1:
        texts = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
        return _laid("String", Form("A", max(1, texts.dtype.itemsize)), texts)
    code = values.dtype.str[1:]
    if values.ndim == 1 and code in _SCALARS:
        return _laid("Flag" if code == "b1" else "Scalar", Form(_SCALARS[code], 1), values)
    if values.ndim == 2 and code in _ARRAYS and values.shape[1]:
        return _laid("Array", Form(_ARRAYS[code], values.shape[1]), values)
    return None


def _variable(values: NDArray[Any], letter: str) -> Column | None:
    """Return the layout of a column whose cells differ in length: texts, or arrays of one type.

    ``letter`` is the format's letter in the file that it was read from.
    """
    cells = np.empty(len(values), dtype=object)
    for row, cell in enumerate(values):
        cells[row] = cell.encode() if isinstance(cell, str) else np.asarray(cell)
        code = "A" if isinstance(cell, str) else _ARRAYS.get(cells[row].dtype.str[1:], "")
        if not code or (letter and code != letter) or (code != "A" and cells[row].ndim != 1):
            return None
        letter = code
    return (
        _laid("String" if letter == "A" else "Array", Form(letter, 1, "Q"), cells)
        if letter
        else None
    )


def _laid(kind: str, form: Form, values: NDArray[Any]) -> Column:
    return Column("", kind, "", "", form, values)


def unit_text(unit: Any) -> str:
    """Return a unit as afw writes it: ``count``, ``pixel^2``."""
    return _UNIT.sub(
        lambda match: _UNITS[match[1]] + (f"^{match[2]}" if match[2] else ""), text_of(unit)
    )
