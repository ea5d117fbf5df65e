"""Metadata: a mapping that knows the types of its entries, their comments, and what was lost."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from persistence.types.metadata.entry import DateTime
from persistence.types.metadata.property import PropertyList, PropertySet, from_header

TREE = PropertySet(
    {"processCcd:isr": {"gain": 1.5, "names": ["a", "b"]}, "processCcd": {"n": 2**40}, "x": None}
)


def test_a_set_is_a_mapping_whose_names_lead_down():
    assert list(TREE) == ["processCcd:isr", "processCcd", "x"]
    assert TREE["processCcd:isr.gain"] == TREE["processCcd:isr"]["gain"] == 1.5
    assert "processCcd.n" in TREE
    assert TREE == {
        "processCcd:isr": {"gain": 1.5, "names": ["a", "b"]},
        "processCcd": {"n": 2**40},
        "x": None,
    }


@pytest.mark.parametrize("name", ["y", "processCcd.m", "x.y", "processCcd.n.m", "", "."])
def test_a_name_that_is_not_there_is_a_key_error(name):
    with pytest.raises(KeyError, match=repr(name)):
        TREE[name]
    with pytest.raises(KeyError):
        del TREE[name]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "Bool"),
        (np.bool_(True), "Bool"),
        (2**31 - 1, "Int"),
        (-(2**31), "Int"),
        (2**31, "LongLong"),
        (-(2**63), "LongLong"),
        (2**63, "UnsignedLongLong"),
        (np.int16(4), "Int"),
        (1.5, "Double"),
        (np.float32(0.5), "Double"),
        ("a", "String"),
        (None, "Undef"),
        (DateTime("2018-09-17T18:53:01"), "DateTime"),
        ({"a": 1}, "PropertySet"),
        ([1, 2**40], "LongLong"),
        ([1, 2.5], "Double"),
        ([None, "a"], "String"),
        (np.arange(3), "Int"),
        ([], "Undef"),
    ],
)
def test_the_type_of_a_value_is_found(value, kind):
    assert PropertySet({"a": value}).type_of("a") == kind


@pytest.mark.parametrize(
    "value", [..., 2**64, 1j, [1, "a"], [True, 1], [2**53 + 1, 0.5], b"x", {1}, [[1]]], ids=repr
)
def test_what_no_property_can_hold_is_refused(value):
    with pytest.raises(TypeError):
        PropertySet({"a": value})


@pytest.mark.parametrize(
    ("value", "kind"), [("1", "Int"), (1.5, "Int"), (True, "Int"), (1, "Bool"), (1, "Strange")]
)
def test_a_value_that_is_not_of_the_type_told_is_refused(value, kind):
    with pytest.raises(TypeError):
        PropertySet().set("a", value, kind=kind)


def test_values_are_added_to_those_of_a_name():
    found = PropertyList()
    for value in (1, 2**40, [3, 4]):
        found.add("n", value, "how many" if value == 1 else "")
    assert found["n"] == [1, 2**40, 3, 4]
    assert (found.typeOf("n"), found.getComment("n"), found.isArray("n")) == (
        "LongLong",
        "how many",
        True,
    )
    assert (found.getScalar("n"), found.getArray("n")) == (4, [1, 2**40, 3, 4])
    with pytest.raises(TypeError, match="several types cannot share a name"):
        found.add("n", "text")


def test_names_of_all_levels_are_given():
    assert TREE.names() == list(TREE)
    assert TREE.names(False) == [
        "processCcd:isr", "processCcd:isr.gain", "processCcd:isr.names", "processCcd", "processCcd.n", "x",
    ]  # fmt: skip
    assert TREE.paramNames(False) == [
        "processCcd:isr.gain",
        "processCcd:isr.names",
        "processCcd.n",
        "x",
    ]
    assert TREE.propertySetNames() == ["processCcd:isr", "processCcd"]


def test_setting_a_dotted_name_makes_the_sets_above():
    found = PropertySet({"a.b.c": 1, "a.d": 2})
    assert found.toDict() == {"a": {"b": {"c": 1}, "d": 2}}
    del found["a.b.c"]
    found.remove("nothing")
    assert found.toDict() == {"a": {"b": {}, "d": 2}}
    with pytest.raises(TypeError, match="cannot contain others"):
        found["a.d.e"] = 1


def test_a_list_is_flat_and_in_order():
    found = PropertyList({"b.c": 1, "a": {"x": {"y": 2}, "z": 3}})
    assert found.getOrderedNames() == ["b.c", "a.x.y", "a.z"]
    assert found["a.x.y"] == 2


@pytest.mark.parametrize("again", [PropertySet.copy, copy.copy, copy.deepcopy])
def test_a_copy_is_equal(again):
    assert again(TREE) == TREE


def test_a_copy_shares_nothing():
    again = TREE.copy()
    again["processCcd.n"] = 0
    assert TREE["processCcd.n"] == 2**40


@pytest.mark.parametrize(
    "other", [PropertyList({"a": 1}), PropertySet({"a": 1.0}), PropertySet({"a": 2}), PropertySet()]
)
def test_sets_are_equal_if_types_and_values_are(other):
    assert PropertySet({"a": 1}) != other
    assert PropertySet({"a": 1}) == {"a": 1.0}


def test_what_is_lost_is_shown():
    assert repr(PropertySet({"a": 1}, lost=["b"])) == "PropertySet({'a': 1}, lost=('b',))"
    assert PropertySet(lost=["b"]).copy().lost == ("b",)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("2018-09-17T18:53:01.708284000", "2018-09-17T18:53:01.708284000"),
        ("2018-09-17T18:53:01.7", "2018-09-17T18:53:01.700000000"),
        ("2018-09-17T18:53:01", "2018-09-17T18:53:01.000000000"),
        ("2018-09-17T18:53:01.5Z", "2018-09-17T18:53:01.500000000"),
    ],
)
def test_a_moment_has_nine_digits(text, full):
    moment = DateTime(text)
    assert str(moment) == full
    assert (moment.time.scale, moment.time.isot) == ("tai", full)
    assert DateTime.from_time(moment.time) == moment


def test_a_moment_of_another_scale_is_turned_into_tai():
    assert (
        DateTime.from_time(Time("2018-09-17T00:00:00", scale="utc")).tai
        == "2018-09-17T00:00:37.000000000"
    )


@pytest.mark.parametrize("text", ["", "2018-09-17", "now", "2018-09-17 18:53:01"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="is not a time of the form"):
        DateTime(text)


def test_a_header_becomes_a_list_with_types_and_comments():
    header = fits.Header()
    header["SIMPLE"] = (True, "standard")
    header["EXPNUM"] = 410877
    header["BIG"] = 2**40
    header["EXPTIME"] = (90.5, "[s]")
    header["NOTHING"] = None
    header["HIERARCH LONG NAME"] = "x" * 100
    header["COMMENT"] = "one"
    header["COMMENT"] = "two"
    header[""] = "three"
    header[""] = ""
    header.append(("SAME", 1))
    header.append(("SAME", 2.5))
    found = from_header(header.cards)
    assert {name: found.type_of(name) for name in found} == {
        "SIMPLE": "Bool", "EXPNUM": "Int", "BIG": "LongLong", "EXPTIME": "Double", "NOTHING": "Undef",
        "LONG NAME": "String", "COMMENT": "String", "SAME": "Double",
    }  # fmt: skip
    assert (found["COMMENT"], found["SAME"], found["NOTHING"]) == (
        ["one", "two", "three"],
        [1.0, 2.5],
        None,
    )
    assert (found.comment("SIMPLE"), found.comment("EXPTIME")) == ("standard", "[s]")
    assert from_header([("A", 1, None), ("A", 2, "both")])["A"] == [1, 2]
