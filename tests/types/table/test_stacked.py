"""Tables put below each other."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.table import Table

from persistence.errors import FormatterError
from persistence.types.table.stacked import stack


def table(*ids, meta=None, **more):
    return Table({"id": list(ids), "f": [float(one) for one in ids], **more}, meta=meta)


def test_rows_come_in_order():
    whole = stack([table(3, 1), table(2), table()])
    assert list(whole["id"]) == [3, 1, 2]
    assert whole.colnames == ["id", "f"]


def test_one_table_is_itself_again_and_a_copy():
    first = table(1, 2)
    whole = stack([first])
    whole["id"][0] = 9
    assert list(first["id"]) == [1, 2]


def test_the_order_of_columns_is_the_first_ones():
    other = table(2)["f", "id"]
    whole = stack([table(1), other])
    assert whole.colnames == ["id", "f"]
    assert list(whole["id"]) == [1, 2]


METAS = {
    "the same": ([{"A": 1}, {"A": 1}], {"A": 1}),
    "another": ([{"A": 1, "B": 2}, {"A": 1, "B": 3}], {"A": 1}),
    "missing first": ([{}, {"A": 1}], {}),
    "missing later": ([{"A": 1}, {}], {}),
    "none": ([{"A": None}, {"A": None}], {"A": None}),
    "a list": ([{"A": [1, 2]}, {"A": [1, 2]}], {"A": [1, 2]}),
    "another list": ([{"A": [1, 2]}, {"A": [1, 3]}], {}),
    "an array": ([{"A": np.arange(2)}, {"A": np.arange(2)}], {"A": [0, 1]}),
    "another array": ([{"A": np.arange(2)}, {"A": np.arange(3)}], {}),
    "not a number": ([{"A": np.nan}, {"A": np.nan}], {}),
}


@pytest.mark.parametrize("what", METAS)
def test_what_all_say_of_themselves_is_kept(what):
    metas, expected = METAS[what]
    whole = stack([table(number, meta=meta) for number, meta in enumerate(metas)])
    assert {
        key: list(value) if np.ndim(value) else value for key, value in whole.meta.items()
    } == expected
    assert all("A" in meta or meta == {} for meta in metas)


def test_other_columns_are_told():
    with pytest.raises(FormatterError, match="table 1 of 2 differs in columns: g, h"):
        stack([table(1, g=[1]), table(2, h=[1])])


def test_units_and_masks_come_along():
    first = table(1)
    first["f"].unit = "mag"
    second = Table(table(2), masked=True)
    second["f"].unit = "mag"
    second["f"].mask[0] = True
    whole = stack([first, second])
    assert str(whole["f"].unit) == "mag"
    assert list(whole["f"].mask) == [False, True]


def test_other_units_are_told():
    metres, kilometres = (Table({"a": [1.0]}, units={"a": unit}) for unit in ("m", "km"))
    with pytest.raises(FormatterError, match="column 'a' is in several units: km, m"):
        stack([metres, Table({"a": [1.0]}), kilometres])
