"""What a camera's file cannot mean is told when it is loaded, with file and line; more in test_camerafile.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persistence import PolicyError
from persistence.policy import load

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
