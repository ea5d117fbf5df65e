"""Values of data IDs on their way into paths, as a policy says it; and Gen2's policies as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraNotFound, DataIdError, PolicyError
from persistence.cameras.yaml_camera import mapper_class

POLICY = r"""
datasets:
  note: {template: 'R%(raft)s/%(side)s-%(visit)03d.txt', storage: TextStorage}
shown:
  raft: {pattern: '(\d),(\d)', becomes: '\1\2'}
  side: {table: {EAST: e, WEST: w}}
"""


@pytest.fixture
def butler(tmp_path: Path) -> Butler:
    (tmp_path / "camera.yaml").write_text(POLICY)
    return Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))


def test_a_path_shows_values_as_the_policy_says(butler: Butler, tmp_path: Path) -> None:
    butler.put("x", "note", raft="2,2", side="EAST", visit=7)
    assert (tmp_path / "R22" / "e-007.txt").read_text() == "x"
    assert butler.get("note", raft="2,2", side="EAST", visit=7) == "x"
    assert butler.datasetExists("note", raft="2,2", side="EAST", visit=7)
    assert not butler.datasetExists("note", raft="2,1", side="EAST", visit=7)
    with pytest.raises(DataIdError, match=r"side='EATS'.*EAST, WEST; did you mean 'EAST'"):
        butler.get("note", raft="2,2", side="EATS", visit=7)


def test_a_function_shows_a_value_where_the_caller_names_the_camera(tmp_path: Path) -> None:
    text = POLICY.replace("{table: {EAST: e, WEST: w}}", "{format: string.capwords}")
    (tmp_path / "camera.yaml").write_text(text)
    butler = Butler(tmp_path, mapper=str(tmp_path / "camera.yaml"))
    butler.put("x", "note", raft="2,2", side="east", visit=7)
    assert (tmp_path / "R22" / "East-007.txt").exists()


def test_a_function_that_only_a_repository_names_is_not_imported(tmp_path: Path) -> None:
    text = POLICY.replace("{table: {EAST: e, WEST: w}}", "{format: string.capwords}")
    (tmp_path / "mine.yaml").write_text(text)
    (tmp_path / "_mapper").write_text("mine.yaml\n")
    with pytest.raises(CameraNotFound, match=r"string\.capwords"):
        Butler(tmp_path)


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("{pattern: '(', becomes: x}", "not a regular expression"),
        ("{pattern: x}", "has either a table, or pattern and becomes, or format, not pattern"),
        ("{}", "not nothing"),
        ("{tabel: {}}", "did you mean 'table'"),
    ],
)
def test_a_way_that_cannot_be_meant_is_refused(tmp_path: Path, way: str, message: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"datasets: {{}}\nshown:\n  raft: {way}\n")
    with pytest.raises(PolicyError, match=message) as caught:
        mapper_class(str(path))
    assert "camera.yaml:3" in str(caught.value)


@pytest.mark.parametrize("base", ["hsc", "decam", "lsst.obs.hsc.HscMapper"])
def test_a_file_builds_on_an_installed_camera_by_its_name(tmp_path: Path, base: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(f"base: {base}\ndatasets: {{mine: {{template: 'm%(visit)d.txt'}}}}\n")
    mapper: Any = mapper_class(str(path))()
    assert {"mine", "raw", "calexp"} <= set(mapper.types)


def test_gen2s_policy_is_a_cameras_file_as_it_is(tmp_path: Path) -> None:
    twin = Path(__file__).resolve().parents[1] / "scripts" / "obs_twin" / "policy"
    mapper: Any = mapper_class(str(twin / "TwinMapper.yaml"))()
    assert mapper.types["raw"].template.text == "raw/%(date)s/v%(visit)06d_s%(side)s.fits"
