"""Values are what a database takes, and come back as what they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import pytest

from persistence.apdb import rows, schema

FORCED = schema.load()["DiaForcedSource"]
NEEDED = {
    "diaForcedSourceId": [1, 2],
    "diaObjectId": [3, 4],
    "ra": [1.0, 2.0],
    "dec": [1.0, 2.0],
    "visit": [5, 5],
    "detector": [6, 6],
    "midpointMjdTai": [61000.0, 61000.0],
    "timeProcessedMjdTai": [61000.0, 61000.0],
}


@pytest.mark.parametrize(
    "missing",
    [
        np.array([1.0, np.nan]),
        np.ma.masked_array([1.0, 2.0], [False, True]),
        [1.0, None],
        pandas.Series([1.0, None]),
    ],
)
def test_what_is_missing_is_none(missing: Any) -> None:
    """SQLite makes NULL of NaN by itself, PostgreSQL does not."""
    encoded = rows.encode(FORCED, NEEDED | {"psfFlux": missing})
    assert [row["psfFlux"] for row in encoded] == [1.0, None]
    assert type(encoded[0]["psfFlux"]) is float
    assert type(encoded[0]["visit"]) is int


def test_numbers_of_four_bytes_are_rounded_as_servers_do() -> None:
    encoded = rows.encode(FORCED, NEEDED | {"psfFlux": [0.1, 1 / 3]})
    assert encoded[0]["psfFlux"] == float(np.float32(0.1))
    assert encoded[0]["ra"] == 1.0


def test_rows_are_decoded_with_units_and_null_is_masked() -> None:
    table = rows.decode(
        FORCED.columns, ["visit", "psfFlux", "band"], [(1, 2.0, "g"), (2, None, None)]
    )
    assert table["psfFlux"].unit == "nJy"
    assert np.isnan(table["psfFlux"][1])
    assert table["band"].tolist() == ["g", None]
    assert table["visit"].dtype == np.int64
    assert len(rows.decode(FORCED.columns, ["visit"], [])) == 0


def test_one_value_is_for_all_rows() -> None:
    given = {name: values for name, values in NEEDED.items() if name != "visit"}
    assert [row["visit"] for row in rows.encode(FORCED, given, visit=9)] == [9, 9]
    assert rows.encode(FORCED, None) == []
