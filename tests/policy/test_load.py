"""Policies: loaded, merged, checked; and DECam's against what the original computes."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from obs_decam import DecamMapper
from persistence.errors import PolicyError
from persistence.policy import load, section
from persistence.policy.dataset_type import DatasetType


@pytest.fixture(scope="module")
def decam() -> load.CameraPolicy:
    return load.load(DecamMapper.policyFile)


def write(folder: Path, text: str) -> str:
    path = folder / "camera.yaml"
    path.write_text(text)
    return str(path)


# -- layers
# ---------------------------------------------------------------------------------------------


def test_a_camera_overrides_key_by_key_and_inherits_the_rest(tmp_path: Path) -> None:
    loaded = load.load(write(tmp_path, "exposures: {calexp: {template: 'c%(visit)d.fits'}}"))
    calexp = loaded.types["calexp"]
    assert calexp.template is not None
    assert (calexp.template.text, calexp.python, calexp.tables) == (
        "c%(visit)d.fits",
        "lsst.afw.image.ExposureF",
        ("raw",),
    )


def test_a_section_that_the_camera_does_not_name_brings_no_dataset_types(tmp_path: Path) -> None:
    loaded = load.load(write(tmp_path, "datasets: {}"))
    assert "src" in loaded.types
    assert "calexp" not in loaded.types


def test_what_yaml_merges_in_loses_against_what_is_written(tmp_path: Path) -> None:
    text = "kinds: [&k {storage: TextStorage, level: ccd}]\ndatasets: {note: {<<: *k, storage: YamlStorage}}"
    note = load.load(write(tmp_path, text)).types["note"]
    assert (note.storage, note.level) == ("YamlStorage", "ccd")


def _forget_the_framework() -> None:
    """Let the next policy read the framework's files again."""
    section.framework.cache_clear()
    section._central.cache_clear()


def test_a_composite_is_overridden_component_by_component_and_key_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework has no composite of its own, so another framework is laid below here."""
    framework = tmp_path / "framework"
    framework.mkdir()
    (framework / "datasets.yaml").write_text(
        "defaults: {}\ndatasets:\n  a: {template: a}\n  b: {template: b}\n"
        "  both: {composite: {one: {datasetType: a, setter: setOne}, two: {datasetType: b}}}\n"
    )
    monkeypatch.setattr(section, "FRAMEWORK", str(framework))
    _forget_the_framework()
    try:
        text = "datasets: {both: {composite: {one: {datasetType: b}, three: {datasetType: a}}}}"
        both = load.load(write(tmp_path, text)).types["both"].composite
    finally:
        _forget_the_framework()
    assert {name: (part.datasetType, part.setter) for name, part in both.items()} == {
        "one": ("b", "setOne"),
        "two": ("b", None),
        "three": ("a", None),
    }


def test_a_type_builds_on_another_of_its_section(tmp_path: Path) -> None:
    text = (
        "datasets:\n  cat: {template: '%(filter)s/%(visit)d.fits', storage: FitsCatalogStorage, tables: raw}\n"
        "  cat_blue(cat): {template: 'b/%(visit)d.fits'}\n  cat_deep(cat_blue): {tables: [raw, deep]}\n"
        "  both: {python: a.B, composite: {one: {datasetType: cat, setter: set_one}}}\n"
        "  more(both): {composite: {one: {datasetType: cat_blue}, two: {datasetType: cat}}}\n"
    )
    types = load.load(write(tmp_path, text)).types
    told = {
        name: (
            types[name].template.text,
            types[name].storage,
            types[name].tables,
            dict(types[name].keys),
        )
        for name in ("cat_blue", "cat_deep")
    }
    assert told == {
        "cat_blue": ("b/%(visit)d.fits", "FitsCatalogStorage", ("raw",), {"visit": int}),
        "cat_deep": ("b/%(visit)d.fits", "FitsCatalogStorage", ("raw", "deep"), {"visit": int}),
    }
    assert types["more"].python == "a.B"
    assert {
        name: (part.datasetType, part.setter) for name, part in types["more"].composite.items()
    } == {
        "one": ("cat_blue", "set_one"),
        "two": ("cat", None),
    }


def test_a_composite_has_the_keys_and_tables_of_its_components(tmp_path: Path) -> None:
    text = (
        "datasets:\n  a: {template: 'a%(visit)d', tables: raw}\n  b: {template: 'b%(tract)d'}\n"
        "  all: {template: 'c%(ccdnum)d'}\n"
        "  inner: {composite: {b: {datasetType: b}}}\n"
        "  outer:\n"
        "    composite: {a: {datasetType: a}, inner: {datasetType: inner}, all: {datasetType: all, subset: true}}\n"
    )
    outer = load.load(write(tmp_path, text)).types["outer"]
    assert (dict(outer.keys), outer.tables) == ({"visit": int, "tract": int}, ("raw",))


def test_definitions_are_laid_over_a_loaded_policy_and_change_it_not(tmp_path: Path) -> None:
    below = load.load(
        write(
            tmp_path, "datasets: {cat: {template: 'a%(visit)d'}, blue(cat): {storage: TextStorage}}"
        )
    )
    texts = (
        ("one.yaml", "datasets: {cat: {template: 'b%(visit)d'}}"),
        ("two.yaml", "stages: {cat: new}"),
    )
    over = load.extended(below, texts)
    assert {name: over.types[name].template.text for name in ("cat", "blue")} == {
        "cat": "b%(visit)d",
        "blue": "b%(visit)d",
    }
    assert (over.types["blue"].storage, over.settings["stages"]) == ("TextStorage", {"cat": "new"})
    assert below.types["cat"].template.text == "a%(visit)d"
    assert over.types["src"] is below.types["src"]
    assert load.extended(below, texts) is over


def test_a_definition_names_its_own_line(tmp_path: Path) -> None:
    below = load.load(write(tmp_path, "datasets: {cat: {template: a}}"))
    with pytest.raises(PolicyError, match=r"^new\.yaml:2: .*unknown key 'templet'"):
        load.extended(below, (("new.yaml", "datasets:\n  cat: {templet: b}"),))
    with pytest.raises(
        PolicyError, match=r"^new\.yaml:1: dataset type 'cat' is defined in datasets already \("
    ):
        load.extended(below, (("new.yaml", "exposures: {cat: {template: b}}"),))


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, "datasets: {note: {template: a, storage: TextStorage}}")
    assert load.load(path) is load.load(path)
    write(tmp_path, "datasets: {note: {template: bb, storage: TextStorage}}")
    template = load.load(path).types["note"].template
    assert template is not None
    assert template.text == "bb"


def test_a_dataset_type_cannot_be_changed(decam: load.CameraPolicy) -> None:
    with pytest.raises(AttributeError):
        decam.types["raw"].storage = "TextStorage"  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        decam.types["raw"] = DatasetType("raw", "exposures", "")  # type: ignore[index]  # that is the point


# -- what is wrong, with file and line
# ------------------------------------------------------------------

WRONG = {
    "a wrong key": (
        "datasets:\n  note: {template: n}\n  bad:\n    templet: x",
        4,
        "unknown key 'templet'; did you mean 'template'",
    ),
    "a wrong top-level key": (
        "exposure: {}",
        1,
        "unknown key 'exposure'; did you mean 'exposures'",
    ),
    "an unknown storage": (
        "datasets:\n  bad:\n    storage: FitStorage",
        3,
        "unknown storage 'FitStorage'; did you mean 'FitsStorage'",
    ),
    "a template that cannot be parsed": (
        "datasets:\n  bad:\n    template: '%(visit'",
        3,
        "does not begin a field",
    ),
    "a template with a strange conversion": (
        "datasets:\n  bad: {template: '%(visit)q'}",
        2,
        "an unknown conversion",
    ),
    "a template with two types of a key": (
        "datasets:\n  bad: {template: '%(v)d%(v)s'}",
        2,
        "uses v with two types",
    ),
    "an absolute template": ("datasets:\n  bad: {template: /etc/passwd}", 2, "is absolute"),
    "a component that is missing": (
        "datasets:\n  bad: {composite: {wcs: {datasetType: jointcal_wsc}}}",
        2,
        "component 'wcs' of bad is of dataset type 'jointcal_wsc', which does not exist; did you mean 'jointcal_wcs'",
    ),
    "a component without a type": (
        "datasets:\n  bad: {composite: {wcs: {setter: s}}}",
        2,
        "component 'wcs': no datasetType",
    ),
    "components that are no mapping": (
        "datasets:\n  bad: {composite: [src]}",
        2,
        "composite has to be a mapping, not ['src']",
    ),
    "a truth of a component that is none": (
        "datasets:\n  bad: {composite: {a: {datasetType: src, subset: yess}}}",
        2,
        "component 'a': subset has to be true or false, not 'yess'",
    ),
    "a composite that holds itself": (
        "datasets:\n  bad: {composite: {a: {datasetType: bad}}}",
        2,
        "component 'a' of bad is circular: bad -> bad",
    ),
    "composites that hold each other": (
        "datasets:\n  bad: {composite: {a: {datasetType: two}}}\n  two: {composite: {b: {datasetType: bad}}}",
        3,
        "component 'b' of two is circular: bad -> two -> bad",
    ),
    "a key that a component needs": (
        "datasets:\n  wcs: {template: '%(tract)d/w%(visit)d.fits', tables: raw}\n"
        "  bad: {keys: {visit: int}, composite: {wcs: {datasetType: wcs}}}",
        3,
        "component 'wcs' of bad needs tract, which no registry table supplies, and which are not among",
    ),
    "data IDs from no component": (
        "datasets:\n  bad: {composite: {coadd: {datasetType: src}, all: {datasetType: src, dataIdFrom: coad.x}}}",
        2,
        "component 'all' of bad has its data ID from 'coad', which is not a component with one of its own; did you mean",
    ),
    "a type that builds on none": (
        "datasets:\n  blue(srk): {template: b}",
        2,
        "blue builds on 'srk', which the section datasets does not have; did you mean 'src'",
    ),
    "types that build on each other": (
        "datasets:\n  one(two): {template: b}\n  two(one): {template: c}",
        3,
        "one builds on two builds on one",
    ),
    "a name with half a bracket": (
        "datasets:\n  'one(src': {template: b}",
        2,
        "'one(src' is not a name",
    ),
    "an assembler of a package that is not there": (
        "datasets:\n  bad: {composite: {a: {datasetType: src}}, assembler: nosuchpackage.make}",
        2,
        "assembler 'nosuchpackage.make' cannot be imported: its package is not installed",
    ),
    "a disassembler of a package that is not there": (
        "datasets:\n  bad: {composite: {a: {datasetType: src}},\n    disassembler: nosuch.part}",
        2,
        "disassembler 'nosuch.part' cannot be imported: its package is not installed",
    ),
    "an assembler without a name": (
        "datasets:\n  bad: {composite: {a: {datasetType: src}}, assembler: ''}",
        2,
        "assembler '' cannot be imported: its package is not installed",
    ),
    "a wrong key of a component": (
        "datasets:\n  bad: {composite: {wcs: {datasetType: src, seter: s}}}",
        2,
        "component 'wcs': unknown key 'seter'; did you mean 'setter'",
    ),
    "a truth that is none": (
        "calibrations:\n  bad: {validRange: maybe}",
        2,
        "validRange has to be true or false, not 'maybe'",
    ),
    "a key of no type": (
        "datasets:\n  bad: {template: x, keys: {visit: integer}}",
        2,
        "not 'integer'",
    ),
    "a type in two sections": (
        "exposures:\n  x: {template: a}\ndatasets:\n  x: {template: b}",
        4,
        "dataset type 'x' is defined in exposures already",
    ),
    "text where a mapping belongs": (
        "datasets:\n  x: a.fits",
        2,
        "expected a mapping (key: value)",
    ),
    "a tag that would run code": (
        "datasets:\n  x:\n    template: !!python/object/apply:os.system [touch /tmp/hacked]",
        3,
        "is not plain data; nothing of it was run",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, what: str) -> None:
    text, line, message = WRONG[what]
    path = write(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        load.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_text_that_is_no_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "datasets:\n  {x: [")
    with pytest.raises(PolicyError, match=r"camera\.yaml: not YAML: .*line 3"):
        load.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nowhere\.yaml: No such file"):
        load.load(str(tmp_path / "nowhere.yaml"))


def test_an_object_in_a_policy_is_refused_and_shown(tmp_path: Path) -> None:
    overlay = {"datasets": {"x": {"template": "x.txt", "python": dict}}}
    with pytest.raises(
        PolicyError, match=r"mappings; <class 'dict'> is none: name a class by its dotted name"
    ):
        load.load(write(tmp_path, "datasets: {}"), overlay)


# -- what it names is not run
# ---------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a package that ends the process when it is imported, as does a module in it."""
    name = "persistence_test_not_imported"
    (tmp_path / name).mkdir()
    for module in ("__init__", "module"):
        (tmp_path / name / f"{module}.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.mark.parametrize("rest", ["make", "module.make", "module.Class.make", "nosuch.make"])
@pytest.mark.parametrize("kind", ["assembler", "disassembler"])
def test_reading_a_policy_imports_nothing_that_it_names(
    tmp_path: Path, package: str, kind: str, rest: str
) -> None:
    composite = "composite: {a: {datasetType: src}}, python: a.B"
    text = f"datasets: {{whole: {{{composite}, {kind}: {package}.{rest}}}}}"
    whole = load.load(write(tmp_path, text)).types["whole"]
    assert getattr(whole, kind) == f"{package}.{rest}"
    assert not [name for name in sys.modules if name.startswith(package)]


def test_a_package_that_was_made_by_hand_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "persistence_test_by_hand", types.ModuleType("by_hand"))
    text = (
        "datasets: {whole: {composite: {a: {datasetType: src}}, "
        "assembler: persistence_test_by_hand.make}}"
    )
    assert load.load(write(tmp_path, text)).types["whole"].assembler
