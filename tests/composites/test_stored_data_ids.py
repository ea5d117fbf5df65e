"""Data IDs that are stored in objects."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from persistence.composites import stored_data_ids
from persistence.dataids import dataid
from persistence.dataids.dataid import DataId
from persistence.errors import DataIdError

KEYS = {"visit": int, "ccd": int, "filter": str}
ONE = {"visit": 1, "ccd": 2}
HEADER = fits.Header(
    [("INPUT", "visit=1 ccd=2"), ("INPUT", "visit=3 ccd=4"), ("ONLY", "visit=1 ccd=2")]
)
FOUND = {
    "a mapping": (ONE, "", ONE),
    "a text": ("visit=1 ccd=2", "", ONE),
    "a text with blanks": ("  visit=1\tccd=2 ", "", ONE),
    "texts for numbers": ({"visit": "1", "ccd": "2"}, "", ONE),
    "numpy's numbers": ({"visit": np.int32(1), "ccd": np.int64(2)}, "", ONE),
    "other keys of a mapping": (ONE | {"weight": 0.5}, "", ONE | {"weight": 0.5}),
    "a key of a mapping": ({"inputs": ONE}, "inputs", ONE),
    "an attribute": (SimpleNamespace(inputs=ONE), "inputs", ONE),
    "a way of several steps": ({"a": SimpleNamespace(b={"c": ONE})}, "a.b.c", ONE),
    "a list": ([ONE, "visit=3 ccd=4"], "", [ONE, {"visit": 3, "ccd": 4}]),
    "a tuple": ((ONE,), "", [ONE]),
    "an empty list": ([], "", []),
    "a table": (
        Table({"visit": [1, 3], "ccd": [2, 4], "w": [0, 0]}),
        "",
        [ONE, {"visit": 3, "ccd": 4}],
    ),
    "a table's texts": (Table({"visit": [1], "filter": ["g"]}), "", [{"visit": 1, "filter": "g"}]),
    "a structured array": (np.array([(1, 2)], [("visit", "i4"), ("ccd", "i8")]), "", [ONE]),
    "an empty table": (Table({"visit": np.zeros(0, int)}), "", []),
    "a card of a header": (HEADER, "ONLY", ONE),
    "cards of a header": (HEADER, "INPUT", [ONE, {"visit": 3, "ccd": 4}]),
}


@pytest.mark.parametrize("what", FOUND)
def test_data_ids_are_found_in(what):
    obj, path, expected = FOUND[what]
    found = stored_data_ids.data_ids(obj, path, KEYS, "part.path")
    assert found == expected
    for one in found if isinstance(found, list) else [found]:
        assert isinstance(one, DataId)
        assert {type(value) for value in one.values()} <= {int, str, float}


NOWHERE = {
    "a number": (5, "", "does not lead to a data ID, but to 5"),
    "nothing": (None, "", "does not lead to a data ID, but to None"),
    "a text that is none": ("visit 1", "", "does not lead to a data ID"),
    "an empty text": ("", "", "does not lead to a data ID"),
    "a text without a key": ("=1", "", "does not lead to a data ID"),
    "a list with one that is none": ([ONE, "x"], "", "does not lead to a data ID"),
    "a wrong key": ({"inputs": ONE}, "input", r"has no 'input'; did you mean 'inputs'\?"),
    "a wrong attribute": (
        SimpleNamespace(inputs=ONE),
        "imputs",
        r"has no 'imputs'; did you mean 'inputs'\?",
    ),
    "a wrong card": (HEADER, "INPUTS", "Header has no 'INPUTS'"),
    "a header": (HEADER, "", "does not lead to a data ID"),
    "a table of other columns": (Table({"flux": [1, 2]}), "", "does not lead to a data ID"),
    "a value of another type": ({"visit": "one"}, "", "visit takes a value of type int"),
    "a fraction": ({"visit": 1.5}, "", "visit takes a value of type int"),
}


@pytest.mark.parametrize("what", NOWHERE)
def test_what_is_no_data_id_is_told(what):
    obj, path, told = NOWHERE[what]
    with pytest.raises(DataIdError, match=told):
        stored_data_ids.data_ids(obj, path, KEYS, "part.path")


WORDS = st.text(st.characters(categories=("L", "N"), include_characters="_-+.,:"), min_size=1)


@given(
    st.fixed_dictionaries(
        {"visit": st.integers(), "ccd": st.integers()}, optional={"filter": WORDS}
    )
)
def test_the_text_form_goes_there_and_back(data_id):
    assert stored_data_ids.data_ids(dataid.text(data_id), "", KEYS, "text") == data_id


@given(
    st.lists(
        st.fixed_dictionaries({"visit": st.integers(0, 2**62), "ccd": st.integers(0, 99)}),
        min_size=1,
    )
)
def test_a_table_and_a_list_say_the_same(data_ids):
    table = Table(rows=[(one["visit"], one["ccd"]) for one in data_ids], names=["visit", "ccd"])
    assert (
        stored_data_ids.data_ids(table, "", KEYS, "table")
        == stored_data_ids.data_ids(data_ids, "", KEYS, "list")
        == data_ids
    )
