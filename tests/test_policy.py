"""Policies: loaded, merged, checked; and DECam's against what the original computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from obs_decam import DecamMapper
from persistence import policy
from persistence.datasettype import DatasetType
from persistence.errors import PolicyError


@pytest.fixture(scope="module")
def decam() -> policy.CameraPolicy:
    return policy.load(DecamMapper.policyFile)


def write(folder: Path, text: str) -> str:
    path = folder / "camera.yaml"
    path.write_text(text)
    return str(path)


# -- layers ---------------------------------------------------------------------------------------------


def test_a_camera_overrides_key_by_key_and_inherits_the_rest(tmp_path: Path) -> None:
    loaded = policy.load(write(tmp_path, "exposures: {calexp: {template: 'c%(visit)d.fits'}}"))
    calexp = loaded.types["calexp"]
    assert calexp.template is not None
    assert (calexp.template.text, calexp.python, calexp.tables) == (
        "c%(visit)d.fits",
        "lsst.afw.image.ExposureF",
        ("raw",),
    )


def test_a_section_that_the_camera_does_not_name_brings_no_dataset_types(tmp_path: Path) -> None:
    loaded = policy.load(write(tmp_path, "datasets: {}"))
    assert "src" in loaded.types
    assert "calexp" not in loaded.types


def test_what_yaml_merges_in_loses_against_what_is_written(tmp_path: Path) -> None:
    text = "kinds: [&k {storage: TextStorage, level: ccd}]\ndatasets: {note: {<<: *k, storage: YamlStorage}}"
    note = policy.load(write(tmp_path, text)).types["note"]
    assert (note.storage, note.level) == ("YamlStorage", "ccd")


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
    monkeypatch.setattr(policy, "_FRAMEWORK", str(framework))
    policy._central.cache_clear()
    try:
        text = "datasets: {both: {composite: {one: {datasetType: b}, three: {datasetType: a}}}}"
        both = policy.load(write(tmp_path, text)).types["both"].composite
    finally:
        policy._central.cache_clear()
    assert {name: (part.datasetType, part.setter) for name, part in both.items()} == {
        "one": ("b", "setOne"),
        "two": ("b", None),
        "three": ("a", None),
    }


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, "datasets: {note: {template: a, storage: TextStorage}}")
    assert policy.load(path) is policy.load(path)
    write(tmp_path, "datasets: {note: {template: bb, storage: TextStorage}}")
    template = policy.load(path).types["note"].template
    assert template is not None
    assert template.text == "bb"


def test_a_dataset_type_cannot_be_changed(decam: policy.CameraPolicy) -> None:
    with pytest.raises(AttributeError):
        decam.types["raw"].storage = "TextStorage"  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        decam.types["raw"] = DatasetType("raw", "exposures", "")  # type: ignore[index]  # that is the point


# -- what is wrong, with file and line ------------------------------------------------------------------

WRONG = {
    "a wrong key": (
        "datasets:\n  note: {template: n}\n  bad:\n    templet: x",
        4,
        "unknown key 'templet'; did you mean 'template'",
    ),
    "a wrong top-level key": ("exposure: {}", 1, "unknown key 'exposure'; did you mean 'exposures'"),
    "an unknown storage": (
        "datasets:\n  bad:\n    storage: FitStorage",
        3,
        "unknown storage 'FitStorage'; did you mean 'FitsStorage'",
    ),
    "a template that cannot be parsed": ("datasets:\n  bad:\n    template: '%(visit'", 3, "starts no field"),
    "a template with a strange conversion": (
        "datasets:\n  bad: {template: '%(visit)q'}",
        2,
        "no conversion that we know",
    ),
    "a template with two types of a key": ("datasets:\n  bad: {template: '%(v)d%(v)s'}", 2, "shows v in two types"),
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
    "a wrong key of a component": (
        "datasets:\n  bad: {composite: {wcs: {datasetType: src, seter: s}}}",
        2,
        "component 'wcs': unknown key 'seter'",
    ),
    "a truth that is none": (
        "calibrations:\n  bad: {validRange: maybe}",
        2,
        "true or false belongs here, not 'maybe'",
    ),
    "a key of no type": ("datasets:\n  bad: {template: x, keys: {visit: integer}}", 2, "not 'integer'"),
    "a type in two sections": (
        "exposures:\n  x: {template: a}\ndatasets:\n  x: {template: b}",
        4,
        "dataset type 'x' is defined in exposures already",
    ),
    "a key that is there twice": (
        "datasets:\n  x: {template: a}\n  x: {template: b}",
        3,
        "key 'x' stands here twice",
    ),
    "text where a mapping belongs": ("datasets:\n  x: a.fits", 2, "a mapping (key: value) belongs here"),
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
        policy.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


def test_text_that_is_no_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "datasets:\n  {x: [")
    with pytest.raises(PolicyError, match=r"camera\.yaml: not YAML: .*line 3"):
        policy.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nowhere\.yaml: No such file"):
        policy.load(str(tmp_path / "nowhere.yaml"))


def test_an_object_in_a_policy_is_refused_and_shown(tmp_path: Path) -> None:
    overlay = {"datasets": {"x": {"template": "x.txt", "python": dict}}}
    with pytest.raises(PolicyError, match=r"mappings; <class 'dict'> is none: name a class by its dotted name"):
        policy.load(write(tmp_path, "datasets: {}"), overlay)
