"""Composites: put together from components, and taken apart into them."""

from __future__ import annotations

import collections
import os.path
import sys

import pytest

from persistence import composite
from persistence.composite import ComponentInfo, do_import, generic_assembler, generic_disassembler
from persistence.datasettype import Component, DatasetType
from persistence.errors import FormatterError, PolicyError

HERE = "persistence_test_composites"


class Keywords:
    """Takes its parts by keyword, gives them by Gen2's getters."""

    def __init__(self, image, wcs):
        self.parts = {"image": image, "wcs": wcs}

    def getImage(self):
        return self.parts["image"]

    def get_wcs(self):
        return self.parts["wcs"]


class Setters:
    """Takes its parts one by one."""

    def __init__(self):
        self.parts = {}

    def set_image(self, value):
        self.parts["image"] = value

    def setWcs(self, value):
        self.parts["wcs"] = value

    def getPhotoCalib(self):
        return self.parts["photoCalib"]

    def setPhotoCalib(self, value):
        self.parts["photoCalib"] = value

    def put_it(self, value):
        self.parts["declared"] = value

    def take_it(self):
        return self.parts["declared"]


def assembler(dataId, componentInfo, cls):
    return {"dataId": dataId, "cls": cls, **{name: info.obj for name, info in componentInfo.items()}}


def teller(dataId, componentInfo, cls):
    return {
        name: (info.datasetType, info.setter, info.getter, info.subset, info.inputOnly)
        for name, info in componentInfo.items()
    }


def disassembler(obj, dataId, componentInfo):
    for name, info in componentInfo.items():
        info.obj = f"{name} of {obj}"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Let policies name the classes of this module."""
    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])


def kind(python, components, **more):
    return DatasetType("thing", "datasets", "policy.yaml:7", python=python, composite=components, **more)


def assemble(dataset, fetch, data_id):
    info = {name: ComponentInfo(part, fetch(part)) for name, part in dataset.composite.items()}
    return composite.assemble(dataset, info, data_id)


TWO = {"image": Component("thing_image"), "wcs": Component("thing_wcs", subset=True)}


@pytest.mark.parametrize("cls", [Keywords, Setters])
def test_an_object_is_made_by_keywords_else_by_setters(cls):
    made = assemble(kind(f"{HERE}.{cls.__name__}", TWO), lambda part: f"read {part.datasetType}", {})
    assert type(made) is cls
    assert made.parts == {"image": "read thing_image", "wcs": "read thing_wcs"}


def test_a_declared_setter_and_getter_win():
    parts = {"image": Component("x", setter="put_it", getter="take_it")}
    made = assemble(kind(f"{HERE}.Setters", parts), lambda part: 5, {})
    assert made.parts == {"declared": 5}
    assert composite.disassemble(kind(f"{HERE}.Setters", parts), made, {})["image"].obj == 5


def test_a_capital_inside_a_name_is_kept_if_the_method_has_it():
    parts = {"photoCalib": Component("x")}
    made = assemble(kind(f"{HERE}.Setters", parts), lambda part: 5, {})
    assert made.parts == {"photoCalib": 5}
    assert composite.disassemble(kind(None, parts), made, {})["photoCalib"].obj == 5


def test_a_declared_assembler_gets_the_parts_the_data_id_and_the_type():
    made = assemble(kind("a.B", TWO, assembler=f"{HERE}.assembler"), lambda part: part.datasetType, {"visit": 1})
    assert made == {"dataId": {"visit": 1}, "cls": "a.B", "image": "thing_image", "wcs": "thing_wcs"}


def test_an_assembler_is_told_what_the_policy_says_of_each_part():
    parts = {"psf": Component("thing_psf", "setIt", "getIt", subset=True, inputOnly=True)}
    told = assemble(kind("a.B", parts, assembler=f"{HERE}.teller"), lambda part: part, {})
    assert told == {"psf": ("thing_psf", "setIt", "getIt", True, True)}


def test_an_object_is_taken_apart_by_getters():
    parts = composite.disassemble(kind(None, TWO), Keywords("pixels", "sky"), {})
    assert {name: (info.datasetType, info.obj, info.subset) for name, info in parts.items()} == {
        "image": ("thing_image", "pixels", False),
        "wcs": ("thing_wcs", "sky", True),
    }


def test_a_declared_disassembler_takes_the_object_apart():
    parts = composite.disassemble(kind(None, TWO, disassembler=f"{HERE}.disassembler"), "it", {})
    assert {name: info.obj for name, info in parts.items()} == {"image": "image of it", "wcs": "wcs of it"}


def test_parts_that_are_only_read_are_not_written():
    parts = TWO | {"wcs": Component("thing_wcs", inputOnly=True)}
    assert list(composite.disassemble(kind(None, parts), Keywords("pixels", "sky"), {})) == ["image"]


def test_a_type_whose_parts_are_all_only_read_cannot_be_put():
    parts = {"image": Component("x", inputOnly=True)}
    with pytest.raises(FormatterError, match="thing is assembled from datasets that are only read"):
        composite.disassemble(kind(None, parts), Keywords("pixels", "sky"), {})


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        (lambda parts: generic_assembler({}, parts, Setters), "set"),
        (lambda parts: generic_disassembler(Keywords(1, 2), {}, parts), "get"),
    ],
    ids=["setter", "getter"],
)
def test_a_missing_method_is_named_with_what_was_tried(act, verb):
    with pytest.raises(FormatterError, match=f"no method to {verb} component 'psfModel'") as caught:
        act({"psfModel": ComponentInfo(Component("x"))})
    for tried in (f"{verb}_psfModel", f"{verb}Psfmodel", f"{verb}PsfModel"):
        assert tried in str(caught.value)


def test_taking_apart_does_not_change_the_policy():
    before = dict(TWO)
    composite.disassemble(kind(None, TWO), Keywords("pixels", "sky"), {})
    assert before == TWO


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("os.path.join", os.path.join),
        ("os.path", os.path),
        ("collections.OrderedDict.fromkeys", collections.OrderedDict.fromkeys),
        ("persistence.composite.ComponentInfo", ComponentInfo),
    ],
)
def test_a_dotted_name_is_imported(name, found):
    assert do_import(name, "policy.yaml:7") == found


@pytest.mark.parametrize("name", ["", "nodots", "os.nosuchthing", "nosuchmodule.thing", "os.path.join.nothing", "a."])
def test_a_name_of_nothing_is_refused_with_the_line_that_names_it(name):
    with pytest.raises(PolicyError, match=f"^policy.yaml:7: {name!r} cannot be imported$"):
        do_import(name, "policy.yaml:7")


def test_a_module_that_fails_to_import_another_says_so(tmp_path, monkeypatch):
    (tmp_path / "brokenmodule.py").write_text("import notinstalledatall\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="notinstalledatall"):
        do_import("brokenmodule.thing", "policy.yaml:7")


def test_a_missing_module_whose_name_begins_alike_is_still_named(tmp_path, monkeypatch):
    (tmp_path / "brokenother.py").write_text("import broken\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="'broken'"):
        do_import("brokenother.thing", "policy.yaml:7")


def test_a_name_that_begins_with_a_dot_is_refused_with_the_line_that_names_it():
    with pytest.raises(PolicyError, match=r"^policy.yaml:7"):
        do_import(".thing", "policy.yaml:7")


class Fails:
    """Takes its parts by keyword, and has a fault inside."""

    def __init__(self, image=None):
        if image is not None:
            raise TypeError("the fault inside")


def test_a_fault_inside_a_constructor_is_not_hidden():
    with pytest.raises(TypeError, match="the fault inside"):
        generic_assembler({}, {"image": ComponentInfo(Component("x"), 1)}, Fails)
