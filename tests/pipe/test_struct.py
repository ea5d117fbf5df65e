"""Named results."""

from __future__ import annotations

import pickle

import pytest

from persistence.pipe.struct import Struct


def test_results_are_attributes() -> None:
    struct = Struct(exposure=1, sources=[2])
    assert (struct.exposure, struct.sources) == (1, [2])
    assert struct.getDict() == {"exposure": 1, "sources": [2]}
    assert len(struct) == 2
    assert repr(struct) == "Struct(exposure=1; sources=[2])"


def test_the_dictionary_and_the_copy_are_its_own() -> None:
    struct = Struct(a=1)
    struct.getDict()["a"] = 2
    copy = struct.copy()
    copy.a = 3
    assert struct == Struct(a=1)
    assert pickle.loads(pickle.dumps(copy)) == Struct(a=3) != struct
    assert struct != {"a": 1}


def test_items_of_another_one_are_merged() -> None:
    struct, shared = Struct(a=1), []
    struct.mergeItems(Struct(b=shared, c=3, d=4), "b", "c")
    assert struct == Struct(a=1, b=[], c=3)
    with pytest.raises(RuntimeError, match="already a 'b'"):
        struct.mergeItems(Struct(b=shared), "b")  # not even the very same


@pytest.mark.parametrize(
    ("names", "error"),
    [(("a",), RuntimeError), (("nowhere",), AttributeError)],
    ids=["clash", "absent"],
)
def test_what_clashes_or_is_absent_is_not_merged(
    names: tuple[str, ...], error: type[Exception]
) -> None:
    struct = Struct(a=1)
    with pytest.raises(error):
        struct.mergeItems(Struct(a=2), *names)
    assert struct == Struct(a=1)


def test_a_name_of_python_is_refused() -> None:
    with pytest.raises(RuntimeError, match="__class__"):
        Struct(__class__=1)


def test_a_name_of_a_method_is_refused() -> None:
    with pytest.raises(RuntimeError, match="already a 'getDict'"):
        Struct(getDict=1)
