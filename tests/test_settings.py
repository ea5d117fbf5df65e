"""What a camera's file cannot mean is told when it is loaded, with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persistence import PolicyError, policy
from persistence.settings import SHAPES

WRONG = {
    "filters: [{name: g}]": "filters needs the key 'physical'",
    "filters: [{physical: g x, bnad: g}]": "filters has no key 'bnad'; did you mean 'band'? (known: physical, name,",
    "filters: {g: g x}": "filters has to be a list: [...]",
    "filters: [{physical: g x, alias: G}]": "filters alias has to be a list: [...]",
    "filters: [g]": "a mapping (key: value) belongs here",
    "filters: [{physical: }]": "filters physical has to be a text or a number",
    "detectors: {names: {3: R1}}": "detectors needs the key 'key'",
    "detectors: {key: ccd, names: {x: R1}}": "the keys of detectors names are numbers, not 'x'",
    "identifiers: {coadd: {tract: 1, patch: 2}}": "identifiers coadd needs the key 'filter'",
    "identifiers: {exposure: {visit: a}}": "identifiers exposure visit has to be a whole number",
    "identifiers: {exposure: [{visit: 1}, {seq: a}]}": "identifiers exposure seq has to be a whole number",
    "identifiers: {codes: {controller: O}}": "a mapping (key: value) belongs here",
    "headers: {visit: {exposre_id: X}}": "headers visit has no key 'exposre_id'; did you mean 'exposure_id' or",
    "levels: x": "a mapping (key: value) belongs here",
    "values: {channel: 3}": "values channel has to be a list: [...]",
    "aliases: {ccd: [ccdnum]}": "aliases ccd has to be a text or a number",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_a_setting_cannot_mean_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"# a camera\n{text}\n")
    with pytest.raises(PolicyError, match=re.escape(f"{path}:2: {WRONG[text]}")):
        policy.load(str(path))


def test_each_shape_has_a_wrong_example_here() -> None:
    assert SHAPES.keys() - {"defaultSubLevels"} == {text.partition(":")[0] for text in WRONG}
