"""Gen2's mapping classes, and a camera package as Gen2 had them, unchanged."""

from __future__ import annotations

import os
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import lsst.daf.persistence as dafPersist  # noqa: N812  # as scripts call it
from lsst.obs.base import (
    CalibrationMapping,
    CameraMapper,
    DatasetMapping,
    ExposureMapping,
    ImageMapping,
)
from persistence.errors import IncompleteDataId, TemplateUndefined

POLICY = """
camera: ../camera
defaultLevel: sensor
defaultSubLevels: {visit: sensor}
levels: {visit: [ccd], sensor: [none]}
exposures:
  raw: {template: '%(pointing)05d/%(visit)07d-%(ccd)03d.fits', python: lsst.afw.image.ImageU, level: Ccd, tables: raw}
  calexp: {template: 'calexp/%(visit)07d-%(ccd)03d.fits'}
datasets:
  note: {template: 'note/%(visit)d.txt', python: str, storage: TextStorage, tables: raw}
"""


class OldstyleMapper(CameraMapper):
    """As obs packages were written."""

    packageName = "obs_oldstyle"

    def __init__(self, **kwargs: Any) -> None:
        policyFile = dafPersist.Policy.defaultPolicyFile(
            "obs_oldstyle", "OldstyleMapper.yaml", "policy"
        )
        policy = dafPersist.Policy(policyFile)
        super().__init__(policy, os.path.dirname(policyFile), **kwargs)
        self.mappings["raw"].keyDict["taiObs"] = str

    def _extractDetectorName(self, dataId: Any) -> str:
        return f"chip {dataId['ccd']:d}"

    def _computeCcdExposureId(self, dataId: Any) -> int:
        pathId = self._transformId(dataId)
        return int(pathId["visit"] * 200 + pathId["ccd"])

    def bypass_ccdExposureId(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Any
    ) -> int:
        return self._computeCcdExposureId(dataId)

    def bypass_ccdExposureId_bits(
        self, datasetType: str, pythonType: Any, location: Any, dataId: Any
    ) -> int:
        return 32

    def std_note(self, item: str, dataId: Any) -> str:
        return f"{item} on {self._extractDetectorName({'ccd': 3})}"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "obs_oldstyle" / "policy").mkdir(parents=True)
    (tmp_path / "obs_oldstyle" / "policy" / "OldstyleMapper.yaml").write_text(POLICY)
    monkeypatch.setenv("OBS_OLDSTYLE_DIR", str(tmp_path / "obs_oldstyle"))
    root = tmp_path / "repo"
    root.mkdir()
    registry = sqlite3.connect(root / "registry.sqlite3")
    registry.execute(
        "CREATE TABLE raw (id INTEGER PRIMARY KEY, visit INT, ccd INT, pointing INT, taiObs TEXT)"
    )
    registry.executemany(
        "INSERT INTO raw VALUES (?, ?, ?, ?, ?)",
        [(1, 7, 3, 11, "2020-01-01"), (2, 7, 4, 11, "2020-01-01")],
    )
    registry.commit()
    registry.close()
    return root


def test_a_camera_package_of_gen2_works_as_it_is(repo: Path) -> None:
    butler = dafPersist.Butler(str(repo), OldstyleMapper)
    assert butler.getKeys("raw") == {"pointing": int, "visit": int, "ccd": int, "taiObs": str}
    assert butler.getKeys("raw", "visit") == {"pointing": int, "visit": int, "taiObs": str}
    assert (
        butler.getUri("raw", visit=7, ccd=3, write=True)
        == f"{os.path.realpath(repo)}/00011/0000007-003.fits"
    )
    assert butler.get("ccdExposureId", visit=7, ccd=3) == 1403
    assert butler.get("ccdExposureId_bits") == 32
    butler.put("seen", "note", visit=7)
    assert butler.get("note", visit=7) == "seen on chip 3"
    assert [reference.dataId["ccd"] for reference in butler.subset("raw", visit=7)] == [3, 4]


def test_it_is_remembered_by_an_output_and_goes_through_pickle(repo: Path) -> None:
    butler = dafPersist.Butler(
        inputs={"root": str(repo), "mapper": OldstyleMapper},
        outputs={"root": f"{repo}/rerun/a", "mode": "rw"},
    )
    butler.put("x", "note", visit=7)
    assert pickle.loads(pickle.dumps(butler)).get("note", visit=7) == "x on chip 3"
    assert dafPersist.Butler(f"{repo}/rerun/a").getMapperClass(f"{repo}/rerun/a") is OldstyleMapper
    assert OldstyleMapper.getPackageDir() == os.environ["OBS_OLDSTYLE_DIR"]
    assert OldstyleMapper.getCameraName() == "oldstyle"


def test_a_policy_in_memory_may_be_laid_over(repo: Path) -> None:
    policy = dafPersist.Policy({"datasets": {"note": {"template": "other/%(visit)d.txt"}}})
    butler = dafPersist.Butler(
        outputs={"root": str(repo / "b"), "mapper": OldstyleMapper, "policy": policy}
    )
    butler.put("x", "note", visit=1)
    assert (repo / "b/other/1.txt").read_text() == "x"


def test_mappings_are_of_the_class_of_their_section(repo: Path) -> None:
    mapper = OldstyleMapper(root=str(repo))
    kinds = {name: type(mapper.mappings[name]) for name in ("raw", "note")}
    assert kinds == {"raw": ExposureMapping, "note": DatasetMapping}
    raw = mapper.mappings["raw"]
    assert (raw.tables, raw.level, raw.storage, raw.columns) == (
        ["raw"],
        "Ccd",
        "FitsStorage",
        None,
    )


@pytest.mark.parametrize(
    ("cls", "storage"),
    [
        (ImageMapping, "FitsStorage"),
        (ExposureMapping, "FitsStorage"),
        (CalibrationMapping, "FitsStorage"),
    ],
)
def test_a_mapping_maps_by_itself(repo: Path, cls: Any, storage: str) -> None:
    policy = {"template": "%(pointing)d/%(visit)d.fits", "tables": "raw", "storage": storage}
    registry = dafPersist.Registry.create(str(repo / "registry.sqlite3"))
    mapping = cls("thing", policy, registry, str(repo))
    assert mapping.keys() == {"pointing": int, "visit": int}
    assert mapping.have(["visit"], {"visit": 7})
    assert not mapping.have(["visit", "ccd"], {"visit": 7})
    assert list(mapping.lookup(["pointing"], {"visit": 7})) == [(11,)]
    location = mapping.map(None, {"visit": 7})
    assert location.getLocations() == ["11/7.fits"]
    assert location.usedDataId == {"pointing": 11, "visit": 7}
    (repo / "11").mkdir()
    (repo / "11/7.fits.gz").touch()
    assert mapping.map(None, {"visit": 7}).getLocations() == ["11/7.fits.gz"]
    assert mapping.map(None, {"visit": 7}, write=True).getLocations() == ["11/7.fits"]


def test_a_mapping_says_what_it_lacks() -> None:
    with pytest.raises(TemplateUndefined, match="Template is not defined for the thing"):
        DatasetMapping("thing", {"template": "", "storage": "TextStorage"}).map(None, {})
    mapping = DatasetMapping("thing", {"template": "%(a)d", "storage": "TextStorage"})
    with pytest.raises(IncompleteDataId, match="No registry for lookup"):
        mapping.map(None, {})
