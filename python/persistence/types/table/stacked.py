"""Stacks of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from astropy.table import vstack

from persistence.errors import FormatterError


def stack(tables: Sequence[Any]) -> Any:
    """Return a stack of tables with the same columns.

    Parameters
    ----------
    tables : sequence of `astropy.table.Table`
        The tables. Entries of ``meta`` that are equal in all of them are kept.

    Raises
    ------
    FormatterError
        If their columns, or the units of these, differ; the message names them.
    """
    first = set(tables[0].colnames)
    for number, table in enumerate(tables):
        other = first.symmetric_difference(table.colnames)
        if other:
            raise FormatterError(
                f"table {number} of {len(tables)} differs in columns: {', '.join(sorted(other))}"
            )
    for name in tables[0].colnames:
        units = {table[name].unit for table in tables} - {None}
        if len(units) > 1:  # vstack would use the last one's for all
            raise FormatterError(
                f"column {name!r} is in several units: {', '.join(sorted(map(str, units)))}"
            )
    stacked = vstack(list(tables), join_type="exact", metadata_conflicts="silent")
    agreed = {
        key: value
        for key, value in tables[0].meta.items()
        if all(_says(one, key, value) for one in tables)
    }
    stacked.meta.clear()
    stacked.meta.update(agreed)
    return stacked


def _says(table: Any, key: str, value: Any) -> bool:
    said = table.meta.get(key)
    if hasattr(said, "shape") or hasattr(value, "shape"):
        return np.array_equal(said, value)
    return key in table.meta and bool(said == value)
