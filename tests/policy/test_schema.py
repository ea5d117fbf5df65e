"""Settings of a camera's file: each has a shape, and another one is refused with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persistence import PolicyError
from persistence.policy import load, schema

WRONG = {
    "filters: [{name: g}]": "filters needs physical",
    "filters: [{physical: g x, bnad: g}]": "filters has no key 'bnad'; did you mean 'band'?",
    "filters: [{physical: }]": "filters.physical has to be text, not None",
    "detectors: {names: {3: R1}}": "detectors needs key",
    "detectors: {key: ccd, names: {x: R1}}": "detectors.names: a detector is a whole number, not 'x'",
    "identifiers: {exposure: [{visit: 1}, {seq: a}]}": "identifiers.exposure.seq has to be a whole number, not 'a'",
    "headers: {visit: {exposre_id: X}}": "headers.visit has no key 'exposre_id'; did you mean 'exposure_id'",
    "values: {channel: 3}": "values.channel has to be a list, not 3",
    "defaultSubLevels: [a]": "defaultSubLevels has to be a mapping, not ['a']",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_a_setting_cannot_mean_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"# a camera\n{text}\n")
    with pytest.raises(PolicyError, match=re.escape(f"{path}:2: {WRONG[text]}")):
        load.load(str(path))


# Of each setting, values of the wrong kind, and what the message says belongs there.
WRONG_KINDS = {
    "camera": ("[hsc]", "text"),
    "defaultLevel": ("5", "text"),
    "defaultSubLevels": ("{visit: 5}", "text"),
    "levels": ("{visit: {a: b}}", "text, or a list of texts"),
    "needCalibRegistry": ("maybe", "true or false"),
    "calibRoot": ("[CALIB]", "text"),
    "registryPath": ("5", "text"),
    "calibRegistryPath": ("{a: b}", "text"),
    "mapper": ("5", "text, or a list of texts"),
    "package": ("[a]", "text"),
    "base": ("[a.yaml]", "text"),
    "kinds": ("text", "a list or a mapping"),
    "shown": ("{ccd: {table: [a]}}", "a mapping"),
    "aliases": ("{ccd: [ccdnum]}", "text"),
    "filters": ("{physical: g}", "a list"),
    "identifiers": ("{exposureBits: many}", "a whole number"),
    "detectors": ("[key]", "a mapping"),
    "headers": ("{filter: 5}", "text"),
    "amplifiers": ("{A: {at: [0, 0], flip: [no, maybe]}}", "true or false"),
    "focalPlane": ("{pixel: small}", "a number"),
    "readout": ("{gain: [GAIN]}", "text or a number"),
    "values": ("{channel: 3}", "a list"),
    "ingest": ("{clobber: 1}", "true or false"),
    "ingestCalibs": ("{register: {tables: bias}}", "a list"),
    "stages": ("{calexp: [jointcal]}", "text"),
    "gen3": ("{instrument: 5}", "text"),
    "index": ("{calexp: AIRMASS}", "a mapping"),
    "flavours": ("{coadd: deep}", "a mapping"),
    "layouts": ("5", "a list"),
    "geometry": ("[a]", "a mapping"),
    "skytiles": ("[a]", "text or a mapping"),
    "defects": ("5", "text or a mapping"),
    "registries": ("true", "text or a mapping"),
}
WRONG_CALIBS = {
    "{register: {tabels: [bias]}}": "ingestCalibs.register has no key 'tabels'; did you mean 'tables'",
    "{parse: {datasets: {PROCTYPE: {MasterCal: cpFlat}}}}": "ingestCalibs.parse.datasets.PROCTYPE.MasterCal has to be",
    "{parse: {orWhole: yess}}": "ingestCalibs.parse.orWhole has to be true or false, not 'yess'",
    "{curated: {register: {validStart: [a]}}}": "ingestCalibs.curated.register.validStart has to be text",
    "{curated: {curated: {}}}": "ingestCalibs.curated has no key 'curated'",
    "{detectors: {61: 5}}": "ingestCalibs.detectors.61 has to be text, not 5",
}
RIGHT = [
    "{camera: ../camera, needCalibRegistry: true, calibRoot: CALIB, registryPath: , calibRegistryPath: a}",
    "{kinds: [{a: b}], skytiles: {a: b}, defects: ../defects, registries: }",
    "{kinds: {k: {a: b}}, ingestCalibs: {parse: {datasets: {A: {b: {flat: cpFlat}}}}, clobber: false}}",
    "{ingestCalibs: {register: {tables: [bias]}, curated: {detectors: {61: N30}}}}",
]


def test_each_setting_is_tested_with_a_value_of_the_wrong_kind() -> None:
    assert set(WRONG_KINDS) == set(schema.SETTINGS)


@pytest.mark.parametrize("key", WRONG_KINDS)
def test_each_setting_refuses_a_value_of_the_wrong_kind(tmp_path: Path, key: str) -> None:
    value, kind = WRONG_KINDS[key]
    path = tmp_path / "camera.yaml"
    path.write_text(f"# a camera\n{key}: {value}\n")
    told = f"{re.escape(str(path))}:2: {key}[\\w.]* has to be {kind}, not "
    with pytest.raises(PolicyError, match=told):
        load.load(str(path))


@pytest.mark.parametrize("text", WRONG_CALIBS)
def test_what_the_ingest_of_calibrations_cannot_mean_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"# a camera\ningestCalibs: {text}\n")
    with pytest.raises(PolicyError, match=re.escape(f"{path}:2: {WRONG_CALIBS[text]}")):
        load.load(str(path))


@pytest.mark.parametrize("text", RIGHT)
def test_settings_of_the_right_kind_are_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"{text}\n")
    assert load.load(str(path)).path == str(path)
