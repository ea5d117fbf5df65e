"""Properties by the names of lsst.daf.base."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import lsst.daf.base
from lsst.daf.base import DateTime, PropertyList, PropertySet
from persistence.gen2types import unwrap, wrap
from persistence.gen2types.exceptions import NotFoundError
from persistence.gen2types.exceptions import OverflowError as TooLarge
from persistence.gen2types.exceptions import TypeError as WrongType
from persistence.types.metadata import property as ours

MOMENT = DateTime(1192755506000000000)


@pytest.fixture
def properties() -> PropertySet:
    properties = PropertySet()
    properties.set("int", 42)
    properties.set("long", 2**40)
    properties.set("double", 2.5)
    properties.set("string", "bar")
    properties.set("bool", True)
    properties.set("moment", MOMENT)
    properties.set("ints", [1, 2, 3])
    properties.set("none", None)
    properties.set("below.deep.x", 7)
    return properties


def test_a_name_has_one_value_the_last(properties: PropertySet) -> None:
    assert properties.get("ints") == properties["ints"] == properties.getScalar("ints") == 3
    assert properties.getArray("ints") == properties.getArrayInt("ints") == [1, 2, 3]
    assert properties.getArray("int") == [42]
    assert properties.get("moment") == properties.getDateTime("moment") == MOMENT
    assert properties.get("no") is None
    assert properties.get("no", 5) == properties.getInt("no", 5) == 5
    for act in (properties.getScalar, properties.getArray, properties.getInt, properties.typeOf):
        with pytest.raises(KeyError):
            act("no")
    with pytest.raises(NotFoundError):
        properties.getAsInt("no")


TYPES = {
    "int": "Int",
    "long": "LongLong",
    "double": "Double",
    "string": "String",
    "bool": "Bool",
    "moment": "DateTime",
    "ints": "Int",
    "none": "Undef",
    "below": "PropertySet",
    "below.deep.x": "Int",
}


@pytest.mark.parametrize("name", TYPES)
def test_a_name_has_a_type(properties: PropertySet, name: str) -> None:
    kind = TYPES[name]
    assert properties.typeOf(name) == getattr(PropertySet, f"TYPE_{kind}")
    assert properties.typeOf(name) != PropertySet.TYPE_Float
    getattr(properties, f"get{kind}")(name)
    other = "String" if kind != "String" else "Int"
    with pytest.raises(WrongType):
        getattr(properties, f"get{other}")(name)
    assert properties.isPropertySetPtr(name) is (kind == "PropertySet")
    assert properties.isUndefined(name) is (kind == "Undef")


# What each conversion makes of each of them; None is an error.
CONVERSIONS: dict[str, dict[str, Any]] = {
    "getAsInt": {"int": 42, "bool": 1, "ints": 3, "long": None, "double": None, "string": None},
    "getAsInt64": {"int": 42, "long": 2**40, "double": None},
    "getAsDouble": {"int": 42.0, "long": 2.0**40, "double": 2.5, "string": None, "bool": None},
    "getAsString": {"string": "bar", "int": None},
    "getAsBool": {"bool": True, "int": None},
}


@pytest.mark.parametrize("method", CONVERSIONS)
def test_values_are_converted_without_loss_or_not_at_all(
    properties: PropertySet, method: str
) -> None:
    for name, value in CONVERSIONS[method].items():
        if value is None:
            with pytest.raises(WrongType):
                getattr(properties, method)(name)
        else:
            converted = getattr(properties, method)(name)
            assert (converted, type(converted)) == (value, type(value))


def test_sets_lie_below(properties: PropertySet) -> None:
    below = properties.getPropertySet("below")
    assert isinstance(below, PropertySet)
    assert below.get("deep.x") == properties.get("below.deep.x") == 7
    below.set("y", 1)
    assert properties.get("below.y") == 1  # it is the same set
    assert properties.getAsPropertySetPtr("below.deep").names() == ["x"]
    assert properties.exists("below.deep.x")
    assert "below.deep.x" not in properties
    assert sorted(properties.names(topLevelOnly=False))[:3] == [
        "below",
        "below.deep",
        "below.deep.x",
    ]
    assert properties.propertySetNames() == ["below"]
    assert "below" not in properties.paramNames()
    assert properties.nameCount() == len(properties) == 9
    assert properties.toDict()["below"] == {"deep": {"x": 7}, "y": 1}
    other = PropertySet()
    other.setString("foo", "bar")
    properties.setPropertySet("other", other)
    assert properties.get("other.foo") == "bar"


def test_values_are_appended(properties: PropertySet) -> None:
    properties.add("int", 43)
    properties.addInt("int", [44, 45])
    assert properties.getArray("int") == [42, 43, 44, 45]
    assert properties.isArray("int")
    assert properties.valueCount("int") == 4
    assert not properties.isArray("no")
    with pytest.raises(WrongType):
        properties.add("int", "x")
    other = PropertySet()
    other.set("int", 46)
    other.set("new", [1, 2])
    properties.combine(other)
    assert properties.getArray("int") == [42, 43, 44, 45, 46]
    assert properties.getArray("new") == [1, 2]
    properties.copy("int", other, "new", asScalar=True)
    assert properties.getArray("int") == [2]


def test_a_type_of_its_own_is_kept() -> None:
    properties = PropertySet()
    for kind, value in {"Short": 3, "Float": 2.5, "LongLong": 5, "Bool": True}.items():
        getattr(properties, f"set{kind}")(kind, value)
        assert properties.typeOf(kind) == kind
    with pytest.raises(TooLarge):
        properties.setInt("big", 2**31)
    with pytest.raises(WrongType):
        properties.setInt("text", "5")
    with pytest.raises(WrongType):
        properties.set("object", object())


def test_it_behaves_as_a_mapping(properties: PropertySet) -> None:
    assert dict(properties.items())["ints"] == 3
    assert list(properties) == list(properties.keys()) == properties.names()
    properties["new"] = {"a": 1}
    assert properties.get("new.a") == 1
    del properties["new"]
    with pytest.raises(KeyError):
        del properties["new"]
    properties.update({"int": 1}, more=2)
    assert (properties["int"], properties["more"]) == (1, 2)
    properties.remove("int")
    properties.remove("int")
    assert properties.pop("more") == 2
    assert PropertySet.from_mapping({"a": [1, 2]}).getArray("a") == [1, 2]


def test_properties_are_copied_and_compared(properties: PropertySet) -> None:
    for again in (
        properties.deepCopy(),
        copy.copy(properties),
        copy.deepcopy(properties),
        pickle.loads(pickle.dumps(properties)),
    ):
        assert again == properties
        again.set("below.deep.x", 8)
        assert again != properties
        assert properties.get("below.deep.x") == 7


def test_properties_have_faces_and_lose_them_again() -> None:
    for kind in (ours.PropertySet, ours.PropertyList):
        properties = kind({"a": 1})
        face = wrap(properties)
        assert type(face).__name__ == kind.__name__
        face.set("b", 2)
        assert properties["b"] == 2
        assert unwrap(face) is properties
    assert isinstance(wrap(ours.PropertyList()), lsst.daf.base.PropertySet)


def test_a_list_has_order_and_comments() -> None:
    header = PropertyList()
    header.set("B", 1, "the first")
    header.setString("A", "x")
    header.add("B", 2)
    header["A#COMMENT"] = "a letter"
    header["C.D"] = 1.5
    assert header.getOrderedNames() == header.names() == ["B", "A", "C.D"]
    assert (header.getComment("B"), header.getComment("A")) == ("the first", "a letter")
    assert header.toList() == [
        ("B", 1, "the first"),
        ("B", 2, "the first"),
        ("A", "x", "a letter"),
        ("C.D", 1.5, ""),
    ]
    assert header.toOrderedDict() == header.toDict() == {"B": [1, 2], "A": "x", "C.D": 1.5}
    assert str(header) == 'B = [ 1, 2 ] // the first\nA = "x" // a letter\nC.D = 1.5\n'
    other = header.deepCopy()
    other.setComment("A", "another")
    assert other != header


def test_a_set_reads_as_the_originals(properties: PropertySet) -> None:
    text = str(properties)
    assert 'string = "bar"\n' in text
    assert "below = {\n..deep = {\n....x = 7\n..}\n}\n" in text
