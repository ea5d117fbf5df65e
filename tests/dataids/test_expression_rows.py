"""Combinations of values of several keys: the same rows by SQLite, by Python, and by an ``or``."""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.dataids import expression
from persistence.errors import ExpressionError, UnknownKey

KINDS: dict[str, type] = {"visit": int, "ccdnum": int, "filter": str}
EVERY = list(itertools.product([1, 2, 3, None], [1, 2, None], ["g", "r", None]))
VALUES = {"visit": st.integers(1, 4), "ccdnum": st.integers(1, 3), "filter": st.sampled_from("gri")}


def by_sqlite(condition: expression.Expression) -> list[Any]:
    text, values = condition.sql(KINDS)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (visit INTEGER, ccdnum INTEGER, filter TEXT)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?)", EVERY)
    found = [bool(one) for (one,) in connection.execute(f"SELECT {text} FROM t", values)]
    connection.close()
    return found


@given(st.data())
def test_the_rows_are_those_of_an_or_of_data_ids(data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, unique=True))
    rows = data.draw(st.lists(st.tuples(*(VALUES[key] for key in keys)), max_size=4))
    condition = expression.of_rows(keys, rows)
    ids = [dict(zip(keys, row, strict=True)) for row in rows]
    chosen = [
        any(all(dict(zip(KINDS, row, strict=True))[key] == one[key] for key in one) for one in ids)
        for row in EVERY
    ]
    assert by_sqlite(condition) == chosen
    assert [condition.possible(dict(zip(KINDS, row, strict=True))) for row in EVERY] == chosen
    # of a row of which only some values are known: whether any completion is chosen
    for some in itertools.chain.from_iterable(itertools.combinations(KINDS, n) for n in range(3)):
        for row in EVERY:
            known = {key: value for key, value in zip(KINDS, row, strict=True) if key in some}
            may_be = any(all(known.get(key, one[key]) == one[key] for key in one) for one in ids)
            assert condition.possible(known) is may_be
    common = {key: values.pop() for key in keys if len(values := {one[key] for one in ids}) == 1}
    assert condition.known() == common


def test_rows_have_the_types_of_their_keys_and_numbers_may_be_numpys() -> None:
    condition = expression.of_rows(["visit", "filter"], [(np.int64(2), "r")])
    condition.check(KINDS)
    assert condition.keys == ("visit", "filter")
    assert condition.renamed({"visit": "exposure"}).keys == ("exposure", "filter")
    with pytest.raises(ExpressionError, match="visit is a whole number"):
        expression.of_rows(["visit"], [(1,), ("two",)]).check(KINDS)
    with pytest.raises(UnknownKey, match="visit"):
        expression.of_rows(["vsit"], [(1,)]).check(KINDS)


def test_a_hundred_thousand_rows_are_one_parameter() -> None:
    condition = expression.of_rows(["visit", "ccdnum"], itertools.product(range(1613), range(62)))
    text, values = condition.sql(KINDS)
    assert len(text) < 200
    assert len(values) == 1
    assert condition.possible({"visit": 1612})
    assert not condition.possible({"visit": 1613})
