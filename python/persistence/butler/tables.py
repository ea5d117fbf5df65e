"""Rows as tables of astropy and pandas."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import MaskedColumn, Table
from astropy.time import Time

from persistence.files import extras

if TYPE_CHECKING:
    from pandas import DataFrame

_DTYPES: Mapping[type, Any] = {int: np.int64, float: np.float64, str: object, bool: np.bool_}
_NOTHING: Mapping[type, Any] = {int: 0, float: np.nan, str: "", bool: False}
_INSTANTS = "datetime64[us]"


def to_table(kinds: Mapping[str, type], rows: Sequence[Sequence[Any]]) -> Table:
    """Return an astropy table; missing values are masked, times are in UTC."""
    table = Table()
    for position, (name, kind) in enumerate(kinds.items()):
        values = [row[position] for row in rows]
        table[name] = _times(values) if kind is datetime.datetime else _column(values, kind)
    return table


def _column(values: Sequence[Any], kind: type) -> Any:
    mask = [value is None for value in values]
    full = [_NOTHING[kind] if value is None else value for value in values]
    array = np.array(full, dtype=str if kind is str else _DTYPES[kind])
    return MaskedColumn(array, mask=mask) if any(mask) else array


def _times(values: Sequence[datetime.datetime | None]) -> Any:
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    mask = [value is None for value in values]
    times = (
        Time([value or epoch for value in values], scale="utc")
        if values
        else Time([], format="isot")
    )
    times.format = "isot"
    if any(mask):
        times[np.array(mask)] = np.ma.masked
    return times


def to_pandas(kinds: Mapping[str, type], rows: Sequence[Sequence[Any]]) -> DataFrame:
    """Return a pandas DataFrame; integers and booleans with missing values use pandas' own types.

    Raises
    ------
    MissingExtra
        If pandas is not installed.
    """
    with extras.needed("pandas", "to_pandas"):
        import pandas as pd
    series = {}
    for position, (name, kind) in enumerate(kinds.items()):
        values = [row[position] for row in rows]
        if kind is datetime.datetime:
            series[name] = pd.Series(pd.to_datetime(values, utc=True))
            continue
        words = {int: ("int64", "Int64"), bool: ("bool", "boolean")}.get(kind)
        dtype = (
            {float: "float64", str: "object"}.get(kind) if words is None else words[None in values]
        )
        series[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(series)
