"""The tables of archives: afw's layout, converted for the creation of objects.

Source of the layout: doc/gen2/afw-files.md 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.errors import FormatterError
from persistence.files import bintable
from persistence.files.bintable_columns import DTYPES, Column
from persistence.files.fits_headers import Part
from persistence.types.archives.archive import Table

# The offset of unsigned numbers: the only one in afw's tables.
_UNSIGNED = ("I", 1 << 15)


# Our cards beside a photometric calibration, which afw ignores: the flux that it applies to, and
# the unit of the counts.
FLUX_NAME, FLUX_UNIT = "FLUXNAME", "FLUXUNIT"


def columns(part: Part) -> Table:
    """Read a table of an archive.

    Parameters
    ----------
    part : `Part`
        The table's HDU.

    Returns
    -------
    columns : `dict`
        Column name to array, with one more dimension if a cell has several numbers; a list of
        `str`; or a list of arrays if cells differ in length. A column of flags becomes a boolean
        array per flag, by the flag's name. The cards `FLUX_NAME` and `FLUX_UNIT` become lists that
        repeat the value for each row.

    Raises
    ------
    FormatterError
        If the table is damaged, is not a binary table, or has scaled or null numbers, which afw's
        tables do not have.
    """
    cards = part.cards
    if cards.get("XTENSION") != "BINTABLE":
        raise FormatterError(f"an HDU of kind {cards.get('XTENSION')} is not a binary table")
    layout = bintable.Table.parse(cards)
    table: dict[str, Any] = {}
    for number, values in layout.read(part.data).items():
        column = layout.columns[number]
        if column.scale != 1 or (column.zero and (column.form.letter, column.zero) != _UNSIGNED):
            raise FormatterError(f"column {column.name} is scaled, which afw's tables are not")
        if column.null is not None and _has_nulls(values):
            raise FormatterError(f"column {column.name} has nulls, which afw's tables do not have")
        table.update(_adapted(column, values, cards))
    described = {key: cards[key] for key in (FLUX_NAME, FLUX_UNIT) if key in cards}
    return table | {key: [value] * layout.length for key, value in described.items()}


def _has_nulls(values: Any) -> bool:
    """Return whether numbers, or those of one cell, are masked."""
    cells = values if values.dtype == object else [values]
    return any(np.ma.isMaskedArray(cell) for cell in cells)


def _adapted(column: Column, values: Any, cards: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns, by name, into which a column of the file is converted."""
    name, form = column.name, column.form
    if not form.repeat:
        rows = values.shape[1] if form.letter == "X" and not form.pointer else len(values)
        return {name: np.zeros((rows, 0), DTYPES[form.letter])}
    if form.letter == "A":
        return {name: values.tolist()}
    if form.letter == "I":
        # afw treats every 16-bit column as unsigned. Source: afw-files 3.1.
        as_afw = [cell.view("u2") for cell in values] if form.pointer else values.view("u2")
        return {name: as_afw}
    if form.pointer:
        return {name: list(values)}
    if form.letter == "X":
        return _flags(values, cards) if cards.get("FLAGCOL") == column.number else {name: values.T}
    if form.repeat == 2 and cards.get(f"TCCLS{column.number}") == "Point":
        # Old files have points in one cell; newer ones, a column for each number. Source: afw-files
        # 3.2.
        return {f"{name}_x": values[:, 0], f"{name}_y": values[:, 1]}
    return {name: values}


def _flags(bits: Any, cards: Mapping[str, Any]) -> dict[str, Any]:
    """Return afw's column of flags as columns by the flags' names."""
    try:
        return {cards[f"TFLAG{place}"]: flag for place, flag in enumerate(bits, 1)}
    except KeyError as error:
        raise FormatterError(f"a flag has no name: there is no {error}") from None
