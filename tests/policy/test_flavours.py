"""Flavours: the families that cameras have, and what a policy cannot say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import PolicyError
from persistence.cameras.installed import find
from persistence.policy import flavours, load

OWN = """\
camera: x
datasets:
  fastStack_src: {template: 'f-%(a)d.txt', storage: TextStorage}
  slowStack_src: {template: 's-%(a)d.txt', storage: TextStorage}
  slowStack_map: {template: 'm-%(a)d.txt', storage: TextStorage}
  slowStackOld: {template: 'o-%(a)d.txt', storage: TextStorage}
flavours:
  stack: {fast: fastStack, slow: slowStack}
"""


def policy(folder: Path, text: str) -> load.CameraPolicy:
    (folder / "camera.yaml").write_text(text)
    return load.load(str(folder / "camera.yaml"))


def test_a_camera_has_the_frameworks_flavours_of_which_it_has_types() -> None:
    decam = find("lsst.obs.decam.DecamMapper")(root="/nowhere").policy
    assert flavours.families(decam) == {"coadd": {"deep": "deepCoadd", "dcr": "dcrCoadd"}}
    assert flavours.of(decam, "coadd_calexp")["deep"] == "deepCoadd_calexp"
    assert flavours.of(decam, "coadd") == {"deep": "deepCoadd", "dcr": "dcrCoadd"}
    assert "dcr" not in flavours.of(decam, "coadd_nImage_md") or "dcrCoadd_nImage" in decam.types


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stack_src", {"fast": "fastStack_src", "slow": "slowStack_src"}),
        (
            "stack_src_filename",
            {"fast": "fastStack_src_filename", "slow": "slowStack_src_filename"},
        ),
        ("stack_map", {"slow": "slowStack_map"}),
        ("stack", {}),
        ("stackOld", {}),
        ("stacks_src", {}),
        ("fastStack_src", {}),
        ("coadd_src", {}),
    ],
)
def test_names_of_a_family_stand_for_its_types(
    tmp_path: Path, name: str, expected: dict[str, str]
) -> None:
    assert flavours.of(policy(tmp_path, OWN), name) == expected


def test_a_type_of_the_familys_name_is_none_of_its_names(tmp_path: Path) -> None:
    text = OWN.replace("  slowStackOld:", "  stack_src:")
    own = policy(tmp_path, text)
    assert flavours.of(own, "stack_src") == flavours.of(own, "stack_src_filename") == {}
    assert flavours.of(own, "stack_map") == {"slow": "slowStack_map"}


@pytest.mark.parametrize(
    ("name", "flavour"),
    [("slowStack_src", "slow"), ("slowStack", "slow"), ("slowStackOld", None), ("other", None)],
)
def test_a_type_has_the_flavour_of_its_name(tmp_path: Path, name: str, flavour: str | None) -> None:
    assert flavours.flavour_of(policy(tmp_path, OWN), name) == flavour


def test_a_camera_adds_to_the_frameworks_families(tmp_path: Path) -> None:
    text = (
        "camera: x\nbase: decam\nexposures:\n  bestCoadd: {template: 'b-%(tract)d.fits', storage: FitsStorage}\n"
        "flavours: {coadd: {bestSeeing: bestCoadd}}\n"
    )
    assert flavours.families(policy(tmp_path, text))["coadd"] == {
        "deep": "deepCoadd", "dcr": "dcrCoadd", "bestSeeing": "bestCoadd",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "stack: {fast: fastStak}",
            r":8: flavours\.stack\.fast: there is no dataset type 'fastStak'.*; did you mean 'fastStack_src'",
        ),
        ("stack: [fast]", r":8: flavours\.stack has to be a mapping"),
        ("stack: {fast: 3}", r":8: flavours\.stack\.fast has to be text"),
        ("stack:", r":8: flavours\.stack has to be a mapping"),
    ],
)
def test_what_a_policy_cannot_say_is_refused_with_its_line(
    tmp_path: Path, line: str, message: str
) -> None:
    text = OWN.replace("stack: {fast: fastStack, slow: slowStack}", line)
    with pytest.raises(PolicyError, match=message):
        policy(tmp_path, text)
