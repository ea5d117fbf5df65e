"""Small classes that tests assemble and store."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from lsst.daf.persistence.test import (
    EmptyTestMapper,
    MapperForTestWriting,
    TestObject,
    TestObjectCamelCaseSetter,
    TestObjectPair,
    TestObjectUnderscoreSetter,
)
from persistence import Butler
from persistence.composites.assemble import ComponentInfo, generic_assembler, generic_disassembler
from persistence.policy.dataset_type import Component


def info(**objects: Any) -> dict[str, ComponentInfo]:
    part = Component("any", None, None, False, False)
    return {name: ComponentInfo(part, obj) for name, obj in objects.items()}


def test_objects_are_equal_by_what_they_hold_and_go_through_pickle() -> None:
    for one, other in (
        (TestObject("a"), TestObject("b")),
        (TestObjectPair(1, 2), TestObjectPair(1, 3)),
    ):
        assert one == pickle.loads(pickle.dumps(one))
        assert one != other
        assert one != "text"
        assert repr(one) != repr(other)


def test_a_pair_takes_itself_apart_and_together() -> None:
    parts = info(a=None, b=None)
    TestObjectPair.disassembler(TestObjectPair(1, 2), {}, parts)
    assert (parts["a"].obj, parts["b"].obj) == (1, 2)
    assert TestObjectPair.assembler({}, parts, TestObjectPair) == TestObjectPair(1, 2)


@pytest.mark.parametrize(
    "cls", [TestObjectPair, TestObjectUnderscoreSetter, TestObjectCamelCaseSetter]
)
def test_the_generic_functions_find_their_methods(cls: Any) -> None:
    names = ("a", "b") if cls is TestObjectPair else ("foo",)
    made = generic_assembler({}, info(**{name: name for name in names}), cls)
    parts = info(**dict.fromkeys(names))
    generic_disassembler(made, {}, parts)
    assert [part.obj for part in parts.values()] == list(names)


def test_the_writing_mapper_makes_a_path_of_the_whole_data_id(tmp_path: Path) -> None:
    butler = Butler(
        outputs={"root": str(tmp_path / "a"), "mapper": MapperForTestWriting, "mode": "rw"}
    )
    butler.put(TestObject("abc"), "foo", val=1, b="x")
    names = [".persistence", "filename_bx_val1.txt", "repositoryCfg.yaml"]
    assert sorted(os.listdir(tmp_path / "a")) == names
    assert butler.get("foo", val=1, b="x") == TestObject("abc")
    assert EmptyTestMapper(root="r", parentRegistry=None).root == "r"
