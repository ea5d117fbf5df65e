"""Where objects in memory came from."""

from __future__ import annotations

import copy
import gc

import numpy as np
import pytest

from persistence.composites import provenance
from persistence.dataids.location import Location

HERE = Location("/root", "file", None, "FitsStorage", "a.B", "thing", {})


class Thing:
    """Can be referred to weakly; all are equal, and none has a hash."""

    __hash__ = None

    def __eq__(self, other):
        return isinstance(other, Thing)


def test_the_very_object_is_known_and_no_other():
    thing = Thing()
    provenance.note(thing, HERE)
    assert provenance.location(thing) is HERE
    assert provenance.location(Thing()) is None
    assert provenance.location(copy.copy(thing)) is None


def test_an_object_that_takes_the_place_of_a_dead_one_is_another():
    for _ in range(100):
        thing = Thing()
        assert provenance.location(thing) is None
        provenance.note(thing, HERE)
        del thing


def test_nothing_is_remembered_of_the_dead():
    gc.collect()  # of other tests
    before = len(provenance._records)
    things = [Thing() for _ in range(10)]
    for thing in things:
        provenance.note(thing, HERE)
    assert len(provenance._records) == before + 10
    del things, thing
    gc.collect()
    assert len(provenance._records) == before


@pytest.mark.parametrize("obj", [{}, [], (), "text", b"bytes", 1, 1.0, 1j, True, None, object()])
def test_plain_data_cannot_be_remembered(obj):
    provenance.note(obj, HERE, {"a": HERE})
    assert provenance.location(obj) is None
    assert provenance.origins(obj) == {}


def test_arrays_can():
    array = np.zeros(3)
    provenance.note(array, HERE)
    assert provenance.location(array) is HERE
    assert provenance.location(array[:]) is None


def test_the_components_of_an_assembled_object_are_told():
    thing, whence = (
        Thing(),
        {"wcs": HERE, "parts": [HERE, HERE], "inner": {"a": HERE}, "made": None},
    )
    provenance.note(thing, None, whence)
    assert provenance.location(thing) is None
    assert provenance.origins(thing) == whence


def test_the_last_note_counts():
    thing = Thing()
    provenance.note(thing, HERE)
    provenance.note(thing, None, {"a": HERE})
    assert provenance.location(thing) is None
    assert provenance.origins(thing) == {"a": HERE}
