"""Metadata of the stack's own classes."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.gen2types.datetimes import DateTime as FaceDateTime
from persistence.gen2types.properties import PropertyList as FaceList
from persistence.gen2types.properties import PropertySet as FaceSet
from persistence.types.metadata.entry import DateTime
from persistence.types.metadata.foreign import is_properties, properties_of
from persistence.types.metadata.property import PropertyList, PropertySet


class Type:
    """As pybind11 gives C++'s types: compared by identity, without a name."""


class TheirDate:
    TAI = 5

    def nsecs(self) -> int:
        return 0

    def toString(self, scale: int) -> str:
        assert scale == 5
        return "2018-09-17T18:53:01.708284000"


class Theirs:
    """The methods of lsst.daf.base.PropertySet in release 22, as far as they are needed."""

    TYPE_Int, TYPE_Short, TYPE_String, TYPE_DateTime, TYPE_PropertySet = (Type() for _ in range(5))

    def __init__(self, **values: tuple[Type, Any]) -> None:
        self._values = values

    def names(self, topLevelOnly: bool = True) -> list[str]:
        return list(self._values)

    def typeOf(self, name: str) -> Type:
        return self._values[name][0]

    def getArray(self, name: str) -> Any:
        return self._values[name][1]


class TheirList(Theirs):
    def getOrderedNames(self) -> list[str]:
        return list(reversed(self._values))

    def getComment(self, name: str) -> str:
        return f"about {name}"


def test_types_and_values_are_taken_over() -> None:
    below = Theirs(x=(Theirs.TYPE_Short, [7]))
    theirs = Theirs(
        a=(Theirs.TYPE_Int, [1, 2]),
        b=(Theirs.TYPE_String, ["x"]),
        c=(Theirs.TYPE_DateTime, [TheirDate()]),
        d=(Theirs.TYPE_PropertySet, below),
    )
    assert is_properties(theirs)
    ours = properties_of(theirs)
    assert type(ours) is PropertySet
    assert ours.toDict() == {
        "a": [1, 2],
        "b": "x",
        "c": DateTime("2018-09-17T18:53:01.708284"),
        "d": {"x": 7},
    }
    assert ours.type_of("d.x") == "Short"
    assert ours.getPropertySet("d")["x"] == 7
    with pytest.raises(TypeError, match="'a' is a Int, not a PropertySet"):
        ours.getPropertySet("a")


def test_order_and_comments_are_taken_over() -> None:
    ours = properties_of(TheirList(a=(Theirs.TYPE_Int, [1]), b=(Theirs.TYPE_Int, [2])))
    assert type(ours) is PropertyList
    assert list(ours) == ["b", "a"]
    assert ours.comment("a") == "about a"


@pytest.mark.parametrize("kind", [FaceSet, FaceList])
def test_our_own_faces_are_taken_over(kind: type[FaceSet]) -> None:
    face = kind()
    face.set("a", [1, 2])
    face.set("b", FaceDateTime(0))
    assert properties_of(face) == face.astropy


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match="'a' has a type"):
        properties_of(Theirs(a=(Type(), [1])))
    assert not is_properties({"a": 1})
