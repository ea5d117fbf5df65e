"""Integers that stand for data IDs: what goes in comes out, for one and for arrays of any shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from persistence.cameras.identifiers import CoaddPacker
from persistence.errors import DataIdError

DECAM = CoaddPacker()
PACKERS = [DECAM, CoaddPacker(16, 5, 5), CoaddPacker(13, 9, 7), CoaddPacker(1, 1, 0)]


@st.composite
def packed(draw):
    packer = draw(st.sampled_from(PACKERS))
    tract = draw(st.integers(0, (1 << packer.tract_bits) - 1))
    x, y = (draw(st.integers(0, (1 << packer.patch_bits) - 1)) for _ in "xy")
    number = draw(st.integers(0, (1 << packer.filter_bits) - 1))
    return packer, {"tract": tract, "patch_x": x, "patch_y": y, "filter": number}


@settings(max_examples=200, deadline=None)
@given(packed())
def test_what_is_packed_is_unpacked_and_fits_its_bits(case):
    packer, parts = case
    identifier = packer.filtered(
        parts["tract"], f"{parts['patch_x']},{parts['patch_y']}", parts["filter"]
    )
    assert packer.unpack(identifier) == parts
    assert 0 <= identifier < 1 << packer.bits


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        np.int64,
        hnp.array_shapes(min_dims=0, max_dims=3, max_side=4),
        elements=st.integers(0, (1 << DECAM.bits) - 1),
    )
)
def test_an_array_of_any_shape_is_unpacked_as_each_of_its_numbers(identifiers):
    parts = DECAM.unpack(identifiers)
    for key, array in parts.items():
        assert np.shape(array) == identifiers.shape
        assert np.ravel(array).tolist() == [
            DECAM.unpack(int(one))[key] for one in identifiers.ravel()
        ]


@settings(max_examples=100, deadline=None)
@given(packed(), packed())
def test_different_data_ids_have_different_numbers(first, second):
    (packer, one), (_, other) = first, second
    if any(other[key] >= 1 << bits for key, bits in widths(packer).items()):
        return
    numbers = [
        packer.filtered(p["tract"], f"{p['patch_x']},{p['patch_y']}", p["filter"])
        for p in (one, other)
    ]
    assert (numbers[0] == numbers[1]) == (one == other)


def widths(packer):
    return {
        "tract": packer.tract_bits,
        "patch_x": packer.patch_bits,
        "patch_y": packer.patch_bits,
        "filter": packer.filter_bits,
    }


def test_the_numbers_are_the_originals(vectors):
    answers = vectors("decam")
    filters = [entry["physical_filter"].split(" ")[0] for entry in answers["filterDefinitions"]]
    compared = 0
    for entry in answers["functions"]:
        data_id, name = entry["dataId"], entry["function"]
        if "result" not in entry or "CoaddId" not in name or name.endswith("_bits"):
            continue
        if "Merged" in name:
            found = DECAM.merged(data_id["tract"], data_id["patch"])
        else:
            found = DECAM.filtered(
                data_id["tract"], data_id["patch"], filters.index(data_id["filter"])
            )
        assert found == entry["result"], entry
        compared += 1
    assert compared >= 4


def test_the_filter_takes_the_lowest_bits_and_the_tract_the_highest():
    assert DECAM.merged(0, "0,1") == 1
    assert DECAM.merged(0, "1,0") == 1 << 10
    assert DECAM.merged(1, "0,0") == 1 << 20
    assert DECAM.filtered(0, "0,1", 3) == (1 << 4) + 3
    assert DECAM.bits == 34


@pytest.mark.parametrize(
    ("tract", "patch", "message"),
    [
        (-1, "0,0", r"tract not in range \[0,1024\): -1"),
        (1024, "0,0", r"tract not in range \[0,1024\): 1024"),
        (0, "1024,0", r"patch component not in range \[0, 1024\): 1024"),
        (0, "0,1024", r"patch component not in range \[0, 1024\): 1024"),
        (0, "-1,0", r"patch component not in range \[0, 1024\): -1"),
        (0, "5", "a patch is two integers"),
        (0, "", "a patch is two integers"),
        (0, "1,2,3", "a patch is two integers"),
        (0, "a,b", "a patch is two integers"),
        (0, "1.0,2", "a patch is two integers"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(tract, patch, message):
    with pytest.raises(DataIdError, match=message):
        DECAM.merged(tract, patch)
    with pytest.raises(DataIdError, match=message):
        DECAM.filtered(tract, patch, 0)


@pytest.mark.parametrize("number", [16, -1])
def test_a_filter_that_does_not_fit_its_bits_is_refused(number):
    with pytest.raises(DataIdError):
        DECAM.filtered(0, "0,0", number)
