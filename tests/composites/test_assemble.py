"""Composites: put together from components, and taken apart into them."""

from __future__ import annotations

import collections
import os.path
import re
import sys
import types

import pytest

from persistence import Butler
from persistence.composites import assemble as composite
from persistence.composites.assemble import (
    ComponentInfo,
    do_import,
    generic_assembler,
    generic_disassembler,
)
from persistence.errors import FormatterError, PolicyError
from persistence.policy.dataset_type import Component, DatasetType

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
    return {
        "dataId": dataId,
        "cls": cls,
        **{name: info.obj for name, info in componentInfo.items()},
    }


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
    """Make the classes of this module importable by policies."""
    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])


def kind(python, components, **more):
    return DatasetType(
        "thing", "datasets", "policy.yaml:7", python=python, composite=components, **more
    )


def assemble(dataset, fetch, data_id):
    info = {name: ComponentInfo(part, fetch(part)) for name, part in dataset.composite.items()}
    return composite.assemble(dataset, info, data_id)


TWO = {"image": Component("thing_image"), "wcs": Component("thing_wcs", subset=True)}


@pytest.mark.parametrize("cls", [Keywords, Setters])
def test_an_object_is_made_by_keywords_else_by_setters(cls):
    made = assemble(
        kind(f"{HERE}.{cls.__name__}", TWO), lambda part: f"read {part.datasetType}", {}
    )
    assert type(made) is cls
    assert made.parts == {"image": "read thing_image", "wcs": "read thing_wcs"}


@pytest.mark.parametrize("name", ["nosuch.Thing", "dict", "lsst.afw.image.Nothing"])
def test_a_class_that_is_not_there_is_refused_with_the_line_that_names_it(name):
    with pytest.raises(
        PolicyError, match=f"^policy.yaml:7: {name!r} cannot .*, and thing names no assembler"
    ):
        assemble(kind(name, TWO), lambda part: None, {})


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
    made = assemble(
        kind("a.B", TWO, assembler=f"{HERE}.assembler"), lambda part: part.datasetType, {"visit": 1}
    )
    assert made == {
        "dataId": {"visit": 1},
        "cls": "a.B",
        "image": "thing_image",
        "wcs": "thing_wcs",
    }


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
    assert {name: info.obj for name, info in parts.items()} == {
        "image": "image of it",
        "wcs": "wcs of it",
    }


def test_parts_that_are_only_read_are_not_written():
    parts = TWO | {"wcs": Component("thing_wcs", inputOnly=True)}
    assert list(composite.disassemble(kind(None, parts), Keywords("pixels", "sky"), {})) == [
        "image"
    ]


def test_a_type_whose_parts_are_all_only_read_cannot_be_put():
    parts = {"image": Component("x", inputOnly=True)}
    with pytest.raises(
        FormatterError, match="thing is assembled from datasets that are never written"
    ):
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
        ("persistence.composites.assemble.ComponentInfo", ComponentInfo),
    ],
)
def test_a_dotted_name_is_imported(name, found):
    assert do_import(name, "policy.yaml:7") == found


NOTHING = {
    "": "it is no dotted name",
    "nodots": "it is no dotted name",
    ".thing": "it is no dotted name",
    "os.nosuchthing": "os has no 'nosuchthing'",
    "os.nosuch.thing": "os has no 'nosuch'",
    "os.path.join.nothing": "os.path.join has no 'nothing'",
    "persistence.policy.nosuch.make": "persistence.policy has no 'nosuch'",
    "nosuchmodule.thing": "there is no module 'nosuchmodule'",
    "a.": "there is no module 'a'",
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_name_of_nothing_is_refused_with_the_line_that_names_it(name):
    told = re.escape(f"policy.yaml:7: {name!r} cannot be imported: {NOTHING[name]}")
    with pytest.raises(PolicyError, match=f"^{told}$"):
        do_import(name, "policy.yaml:7")


# What a policy names wrongly, and what is told of it when the composite is first used.
WRONG = {
    f"{HERE}.nothing": f"'{HERE}.nothing' cannot be imported: {HERE} has no 'nothing'",
    "nosuchmodule.thing": "'nosuchmodule.thing' cannot be imported: there is no module",
    f"{HERE}.HERE": f"{HERE} is not KIND: it cannot be called",
    f"{HERE}.part_of": "part_of(obj, name) is not KIND: these are called with (",
}


NAMED = {"assembler": "an assembler", "disassembler": "a disassembler"}


def part_of(obj, name):
    """Take what neither an assembler nor a disassembler takes."""


USES = {
    "assembler": lambda dataset: assemble(dataset, lambda part: None, {}),
    "disassembler": lambda dataset: composite.disassemble(dataset, Setters(), {}),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("verb", USES)
def test_a_wrong_function_is_refused_with_the_line_that_names_it_when_it_is_used(verb, name):
    dataset = kind(f"{HERE}.Setters", TWO, **{verb: name})
    told = re.escape(f"policy.yaml:7: {WRONG[name]}".replace("KIND", NAMED[verb]))
    with pytest.raises(PolicyError, match=f"^{told}"):
        USES[verb](dataset)


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


class Fails:
    """Takes its parts by keyword, and has a fault inside."""

    def __init__(self, image=None):
        if image is not None:
            raise TypeError("the fault inside")


def test_a_fault_inside_a_constructor_is_not_hidden():
    with pytest.raises(TypeError, match="the fault inside"):
        generic_assembler({}, {"image": ComponentInfo(Component("x"), 1)}, Fails)


class Base:
    """An object that comes as a component itself, and is filled; it cannot be made of parts."""

    declared: int

    def __init__(self, start=0):
        self.start = start
        self.photoCalib = "old"
        self.valid_polygon = "old"
        self.order = []

    @property
    def psf(self):
        return self._psf

    @psf.setter
    def psf(self, value):
        self._psf = value

    @property
    def fixed(self):
        return "fixed"


def filled(**objects):
    return generic_assembler(
        {}, {name: ComponentInfo(Component("x"), obj) for name, obj in objects.items()}, Base
    )


def test_a_component_that_is_one_already_is_filled_with_the_others():
    base = Base(5)
    made = filled(photo_calib="new", whole=base)
    assert made is base
    assert (made.start, made.photoCalib) == (5, "new")


def test_of_two_such_components_the_first_is_filled():
    first, second = Base(1), Base(2)
    first.second = None
    assert filled(first=first, second=second) is first
    assert first.second is second


def test_without_one_an_empty_object_is_filled():
    made = filled(psf="new")
    assert (made.start, made.psf) == (0, "new")


ATTRIBUTES = [
    ("photoCalib", "photoCalib"),
    ("photo_calib", "photoCalib"),
    ("validPolygon", "valid_polygon"),
]


@pytest.mark.parametrize(
    ("component", "attribute"), [*ATTRIBUTES, ("declared", "declared"), ("order", "order")]
)
def test_attributes_are_found_in_camel_case_and_snake_case_and_by_annotation(component, attribute):
    made = filled(**{component: "new"})
    assert vars(made)[attribute] == "new"
    parts = {component: Component("x")}
    assert composite.disassemble(kind(None, parts), made, {})[component].obj == "new"


class Slots:
    """Has its attributes in slots, which are empty at first."""

    __slots__ = ("wcs",)


def test_a_slot_is_filled():
    made = generic_assembler({}, {"wcs": ComponentInfo(Component("x"), "new")}, Slots)
    assert made.wcs == "new"


def test_an_attribute_that_is_not_there_is_not_invented():
    with pytest.raises(
        FormatterError, match=r"Base has no method to set component 'nothing', and no attribute"
    ):
        filled(nothing=1)


def test_a_declared_setter_has_to_be_there():
    parts = {"psf": ComponentInfo(Component("x", setter="setIt"), 1)}
    with pytest.raises(FormatterError, match=r"tried setIt\(\)$"):
        generic_assembler({}, parts, Base)


def older(exposure, dataId, componentDict):
    componentDict.update(image=f"image of {exposure}", wcs=None)


def older_assembler(dataId, componentDict, classObj):
    return dataId, componentDict, classObj


def forgetful(obj, dataId, componentDict):
    componentDict["image"] = obj


def mistaken(obj, dataId, componentDict):
    componentDict.update(image=obj, wsc=obj)


def silent(obj, dataId, componentInfo):
    componentInfo["image"].obj = obj


def broken(dataId, componentInfo, cls):
    raise KeyError("the fault inside")


def unpersistent(dataId, componentInfo, cls):
    raise PolicyError("told already")


def test_an_assembler_of_the_older_form_gets_the_objects_alone():
    made = assemble(
        kind(f"{HERE}.Base", TWO, assembler=f"{HERE}.older_assembler"), lambda part: 5, {"visit": 1}
    )
    assert made == ({"visit": 1}, {"image": 5, "wcs": 5}, Base)


def test_in_the_older_form_none_is_not_written():
    parts = composite.disassemble(kind(None, TWO, disassembler=f"{HERE}.older"), "it", {"visit": 1})
    assert {name: info.obj for name, info in parts.items()} == {"image": "image of it"}


@pytest.mark.parametrize("name", ["forgetful", "silent"])
def test_a_component_that_is_left_out_is_told(name):
    with pytest.raises(
        FormatterError, match=r"the disassembler of thing omits wcs; nothing was written"
    ):
        composite.disassemble(kind(None, TWO, disassembler=f"{HERE}.{name}"), "it", {})


@pytest.mark.parametrize("name", ["forgetful", "silent"])
@pytest.mark.parametrize("key", ["inputOnly", "optional"])
def test_a_component_that_is_only_read_or_may_be_missing_may_be_left_out(name, key):
    parts = TWO | {"wcs": Component("thing_wcs", **{key: True})}
    found = composite.disassemble(kind(None, parts, disassembler=f"{HERE}.{name}"), "it", {})
    assert list(found) == ["image"]


def test_a_component_that_there_is_none_of_is_told_with_its_neighbour():
    with pytest.raises(
        FormatterError, match=r"returns 'wsc', which is not a component; did you mean 'wcs'\?"
    ):
        composite.disassemble(kind(None, TWO, disassembler=f"{HERE}.mistaken"), "it", {})


def test_what_an_assembler_raises_says_of_what_and_of_whom():
    with pytest.raises(KeyError, match="the fault inside") as caught:
        assemble(kind(None, TWO, assembler=f"{HERE}.broken"), lambda part: 5, {"visit": 7})
    (note,) = caught.value.__notes__
    assert "broken on thing {'visit': 7} (policy.yaml:7)" in note


def test_an_error_of_ours_says_enough():
    with pytest.raises(PolicyError, match="told already") as caught:
        assemble(kind(None, TWO, assembler=f"{HERE}.unpersistent"), lambda part: 5, {})
    assert not hasattr(caught.value, "__notes__")


def test_an_assembler_is_given_the_class_that_stands_there():
    from persistence import Exposure

    made = assemble(
        kind("lsst.afw.image.ExposureF", TWO, assembler=f"{HERE}.assembler"), lambda part: 5, {}
    )
    assert made["cls"] is Exposure


@pytest.mark.parametrize("verb", USES)
def test_a_wrong_function_leaves_the_rest_of_the_camera_usable_and_nothing_half_written(
    tmp_path, verb
):
    path, root = tmp_path / "camera.yaml", tmp_path / "out"
    path.write_text(
        "datasets:\n"
        "  note: {template: note.txt, storage: TextStorage}\n"
        "  whole:\n"
        "    python: types.SimpleNamespace\n"
        f"    {verb}: persistence.composites.ready_made.nothing\n"
        "    composite: {a: {datasetType: note}}\n"
    )
    butler = Butler(outputs={"root": str(root), "mapper": str(path), "mode": "rw"})
    butler.put("text", "note")
    before = sorted(root.rglob("*"))
    told = f"^{re.escape(str(path))}:4: .* persistence.composites.ready_made has no 'nothing'$"
    uses = {
        "assembler": lambda: butler.get("whole"),
        "disassembler": lambda: butler.put(types.SimpleNamespace(a="other"), "whole"),
    }
    with pytest.raises(PolicyError, match=told):
        uses[verb]()
    assert butler.get("note") == "text"
    assert sorted(root.rglob("*")) == before


def test_what_can_be_imported_though_it_is_not_here_is_not_found():
    from persistence.gen2types import absent

    absent.install()
    for name in (
        "lsst.meas.algorithms.Nothing",
        "lsst.meas.algorithms.some.Nothing",
        "lsst.jointcal.X",
    ):
        with pytest.raises(
            PolicyError, match=r"cannot be imported: it is not part of this package"
        ):
            do_import(name, "calexp")
