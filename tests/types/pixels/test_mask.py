"""Masks whose bits have names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from persistence.errors import FormatterError
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask, planes_in

NAMES = [*DEFAULT_PLANES, "CROSSTALK", "UNMASKEDNAN", "STREAK"]
FLAGS = st.dictionaries(st.sampled_from(NAMES), hnp.arrays(bool, (3, 4)), min_size=1)


def test_the_default_planes_are_afws():
    assert list(DEFAULT_PLANES.items()) == [
        ("BAD", 0),
        ("SAT", 1),
        ("INTRP", 2),
        ("CR", 3),
        ("EDGE", 4),
        ("DETECTED", 5),
        ("DETECTED_NEGATIVE", 6),
        ("SUSPECT", 7),
        ("NO_DATA", 8),
    ]


@settings(max_examples=100, deadline=None)
@given(FLAGS)
def test_each_flag_is_given_back_as_it_was_set(flags):
    mask = Mask.from_flags(flags)
    assert mask.array.dtype == np.int32
    for name in mask.planes:
        expected = flags.get(name, np.zeros((3, 4), bool))
        assert mask[name].dtype == bool
        assert np.array_equal(mask[name], expected)
    assert mask.counts() == {
        name: int(flags[name].sum()) for name in mask.planes if name in flags and flags[name].any()
    }


def test_new_planes_get_the_next_free_bits_and_the_default_ones_keep_theirs():
    flag = np.ones((1, 1), bool)
    planes = Mask.from_flags({"STREAK": flag, "SAT": flag, "CROSSTALK": flag}).planes
    assert {name: planes[name] for name in DEFAULT_PLANES} == DEFAULT_PLANES
    assert (planes["STREAK"], planes["CROSSTALK"]) == (9, 10)


def test_making_a_mask_leaves_the_default_planes_alone():
    Mask.from_flags({"STREAK": np.ones((1, 1), bool)})
    assert "STREAK" not in DEFAULT_PLANES


def test_bits_are_read_by_the_masks_own_numbers():
    mask = Mask(np.array([[0, 1, 2, 3]], np.int32), {"ODD": 0, "TWO": 1})
    assert mask["ODD"].tolist() == [[False, True, False, True]]
    assert mask["TWO"].tolist() == [[False, False, True, True]]


def test_an_unknown_plane_is_a_key_error_that_names_the_known():
    with pytest.raises(KeyError, match="no plane 'SATURATED'; it has BAD, SAT"):
        Mask(np.zeros((1, 1), np.int32), {"BAD": 0, "SAT": 1})["SATURATED"]


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        ([[0, 0]], "0 of 2 pixels flagged"),
        ([[1, 3]], "2 of 2 pixels flagged: BAD 2, SAT 1"),
        ([[8, 0]], "1 of 2 pixels flagged; no name for bits 3"),
    ],
)
def test_a_mask_shows_how_many_pixels_each_plane_flags(array, shown):
    assert str(Mask(np.array(array, np.int32), {"BAD": 0, "SAT": 1})) == shown


def test_the_sign_bit_is_a_bit_like_others():
    mask = Mask.from_flags({f"P{number}": np.eye(2, dtype=bool) for number in range(23)})
    assert mask.planes["P22"] == 31
    assert np.array_equal(mask["P22"], np.eye(2, dtype=bool))


def test_pixels_with_the_sign_bit_are_counted():
    mask = Mask.from_flags({f"P{number}": np.eye(2, dtype=bool) for number in range(23)})
    assert mask.counts()["P22"] == 2


def test_more_planes_than_there_are_bits_are_refused():
    with pytest.raises(FormatterError, match="a mask has at most 32 planes, not 33"):
        Mask.from_flags({f"P{number}": np.eye(2, dtype=bool) for number in range(24)})


def test_bits_that_no_plane_is_called_are_told():
    mask = Mask(np.array([[1 | 1 << 4, -(2**31)]], np.int32), {"BAD": 0})
    assert mask.unnamed == (4, 31)
    assert Mask(np.zeros((0, 5), np.int32), {}).unnamed == ()


def test_pixels_of_any_of_some_planes_are_given():
    mask = Mask(np.array([[1, 2, 4, -(2**31)]], np.int32), {"A": 0, "B": 1, "C": 2, "LAST": 31})
    assert mask.any_of(["A", "C"]).tolist() == [[True, False, True, False]]
    assert mask.any_of(["LAST"]).tolist() == [[False, False, False, True]]
    assert not mask.any_of([]).any()


@pytest.mark.parametrize("bit", [32, -1, 3.5, "three", None, True])
def test_a_plane_with_no_bit_of_a_mask_is_refused(bit):
    for make in (lambda: Mask(np.zeros((1, 1), "i4"), {"BAD": bit}), lambda: planes_in({"MP_BAD": bit})):  # fmt: skip
        with pytest.raises(
            FormatterError, match=r"BAD = .* is not a bit of a mask, which has 0 to 31"
        ):
            make()


def test_cards_name_the_bits_of_a_mask():
    assert planes_in({"MP_BAD": 0, "NAXIS": 2, "MP_SENSOR_EDGE": 31}) == {
        "BAD": 0,
        "SENSOR_EDGE": 31,
    }
