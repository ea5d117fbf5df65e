"""The faces: on an object and off again."""

from __future__ import annotations

import copy
import importlib
import pickle
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import Angle, Latitude, SkyCoord

from persistence.gen2types import FACES, Face, unwrap, wrap
from persistence.types.pixels.box import Box

OBJECTS = {
    "Box2I": Box(3, 4, 10, 20),
    "SpherePoint": SkyCoord(10.0, -20.0, unit="deg"),
    "Angle": Angle(30.0, unit="deg"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_has_a_face_gets_it_and_loses_it_again(name: str) -> None:
    face = wrap(OBJECTS[name])
    assert isinstance(face, Face)
    assert type(face).__name__ == name
    again = unwrap(face)
    assert type(again) is type(OBJECTS[name])
    if name == "SpherePoint":
        assert again.separation(OBJECTS[name]) < 1e-9 * units.arcsec
    elif name == "Angle":
        assert again.deg == pytest.approx(OBJECTS[name].deg, rel=1e-15)
    else:
        assert again == OBJECTS[name]
    assert wrap(face) is face


def test_a_subclass_has_the_face_of_its_base() -> None:
    assert wrap(Latitude(30.0, unit="deg")).asDegrees() == pytest.approx(30, abs=1e-13)


def test_an_object_is_shared_with_its_face() -> None:
    box = Box(3, 4, 10, 20)
    assert wrap(box).astropy is box


@pytest.mark.parametrize("thing", [5, 2.5, "calexp", None, {"a": 1}, np.arange(3), b"x"])
def test_what_has_no_face_stays_as_it_is(thing: Any) -> None:
    assert wrap(thing) is thing
    assert unwrap(thing) is thing


def test_lists_and_tuples_are_wrapped_element_by_element() -> None:
    boxes = [Box(3, 4, 10, 20), (Box(0, 0, 1, 1), 5)]
    faces = wrap(boxes)
    assert [type(faces[0]).__name__, type(faces[1][0]).__name__] == ["Box2I", "Box2I"]
    assert unwrap(faces) == boxes


@pytest.mark.parametrize("ours", FACES)
def test_each_row_of_the_table_names_two_classes(ours: str) -> None:
    for dotted in (ours, FACES[ours]):
        module, _, name = dotted.rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        assert f"{kind.__module__}.{kind.__qualname__}" == dotted
    assert issubclass(kind, Face)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_face_can_be_pickled_and_copied(name: str) -> None:
    face = wrap(OBJECTS[name])
    for again in (pickle.loads(pickle.dumps(face)), copy.copy(face), copy.deepcopy(face)):
        assert again == face
        assert type(again) is type(face)
