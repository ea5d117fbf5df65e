"""Summaries as catalogs of exposures, the form of ``ccdSummary`` and ``visitSummary``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from persistence.quality.columns import COLUMNS, arrays
from persistence.types.table.catalog import Catalog

# The column of calibrations, as afw calls it.
PHOTO_CALIB = "photoCalib"


def catalog(rows: Sequence[Mapping[str, Any]], calibs: Sequence[Any] = ()) -> Catalog:
    """Return a catalog of summaries, which is written as afw's ExposureCatalog.

    Parameters
    ----------
    rows : sequence of mapping
        Values by the names in `persistence.quality.columns.COLUMNS`; missing values, and None, are
        unknown.
    calibs : sequence of `~persistence.types.exposure.photocalib.PhotoCalib` or None, optional
        The calibration of each; by default there are none.
    """
    from astropy.table import Column

    table = Catalog()
    for name, values in arrays(rows).items():
        column = COLUMNS[name]
        table[name] = Column(values, unit=column.unit or None, description=column.doc)
        if column.code == "U":  # so that all files are laid out alike
            table[name].info.meta = {"letters": column.size}
    held = np.empty(len(rows), object)
    held[:] = list(calibs) or None
    table[PHOTO_CALIB] = Column(held)
    return table


def rows_of(table: Catalog) -> list[dict[str, Any]]:
    """Return the rows of a catalog of summaries, without the columns that are not of `COLUMNS`."""
    names = [name for name in COLUMNS if name in table.colnames]
    values = [np.asarray(getattr(table[name], "value", table[name])).tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def calibs_of(table: Catalog) -> list[Any]:
    """Return the calibrations of the rows; None where there is none."""
    if PHOTO_CALIB not in table.colnames:
        return [None] * len(table)
    return list(table.objects(PHOTO_CALIB))
