"""Cameras in one YAML file, as obs_base had them. Values: a real detector that afw stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence.cameras import installed, yamlgeom
from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import PolicyError

# The form of obs_lsst's files; the numbers are those of LSSTCam-imSim's R11_S20.
TEXT = """\
name: tiny
plateScale: 20.0
transforms:
  nativeSys: FocalPlane
  FieldAngle: {transformType: radial, coeffs: [0.0, 1.0, 0.0, 0.5]}
AMP: &AMP
  perAmpData: true
  readCorner: LL
  rawBBox: [[0, 0], [544, 2048]]
  rawDataBBox: [[3, 0], [509, 2000]]
  rawSerialPrescanBBox: [[0, 0], [3, 2000]]
  rawSerialOverscanBBox: [[512, 0], [32, 2000]]
  rawParallelPrescanBBox: [[0, 1], [0, 0]]
  rawParallelOverscanBBox: [[3, 2000], [509, 48]]
  saturation: 142857
CCDs:
  R11_S20:
    detectorType: 0
    id: 42
    serial: ITL
    refpos: [2036.5, 2000.5]
    offset: [-169.49, -84.44]
    bbox: [[0, 0], [4071, 3999]]
    pixelSize: [0.01, 0.01]
    transposeDetector: false
    yaw: 0.0
    amplifiers:
      C10: &C10 {<<: *AMP, hdu: 1, flipXY: [true, false], ixy: [0, 0], gain: 0.7, readNoise: 7.0}
      C11: {<<: *C10, ixy: [1, 0], perAmpData: false}
      C07: {<<: *AMP, hdu: 9, flipXY: [true, true], ixy: [7, 1]}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TEXT)
    return path


def test_detectors_and_amplifiers_are_those_that_afw_made_of_such_a_file(path: Path) -> None:
    camera = yamlgeom.read(str(path))
    assert (camera.name, len(camera)) == ("tiny", 1)
    found, expected = camera["R11_S20"], installed.find("imsim")().camera[42]
    for name in ("id", "bbox", "pixel_size", "reference", "orientation", "type"):
        assert getattr(found, name) == getattr(expected, name)
    assert np.allclose(found.corners, expected.corners)
    for name in ("C10", "C07"):
        one, other = found[name], expected[name]
        for part in "trimmed raw data overscan prescan postscan corner flip_x flip_y".split():
            assert getattr(one, part) == getattr(other, part), (name, part)
    assert (found["C10"].gain, found["C10"].read_noise, found["C10"].saturation) == (0.7, 7, 142857)
    assert found["C07"].gain is None
    # one image for all: beside the first
    assert (found["C11"].raw.x0, found["C11"].data.x0) == (544, 547)


def test_the_distortion_is_in_units_of_the_scale(path: Path) -> None:
    x, y = yamlgeom.read(str(path)).field_angle(3.0, 0.0)
    assert (x, y) == pytest.approx((np.radians(20 / 3600) * (3 + 0.5 * 27), 0))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("transformType: radial", "transformType: odd", "'odd' is not supported"),
        ("[0.0, 1.0, 0.0, 0.5]", "[1.0, 1.0]", "there is no constant"),
        ("transposeDetector: false", "transposeDetector: true", "transposed"),
        ("    id: 42\n", "", "'id'"),
        ("CCDs:", "ccds:", "'CCDs'"),
    ],
)
def test_what_is_not_of_this_form_is_told_with_the_file(
    path: Path, old: str, new: str, message: str
) -> None:
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(PolicyError, match=message) as raised:
        yamlgeom.read(str(path))
    assert str(path) in str(raised.value)


def test_a_camera_of_gen2_that_makes_afws_hands_out_ours(path: Path) -> None:
    from lsst.obs.base import yamlCamera

    class Own(CameraMapper):
        def _makeCamera(self, policy: Any, repositoryDir: Any) -> Any:
            return yamlCamera.makeCamera(str(path))

    mapper = Own({"exposures": {"raw": {"template": "raw/%(visit)d.fits"}}})
    assert mapper.camera is not None
    assert mapper.camera["R11_S20"].id == 42
    assert type(mapper.camera).__module__ == "persistence.types.exposure.camera"
    assert yamlCamera.makeCamera(str(path))["R11_S20"].getId() == 42


def test_a_policy_may_name_such_a_file(path: Path) -> None:
    raw = {"raw": {"template": "raw/%(visit)d.fits"}}
    mapper = CameraMapper({"exposures": raw, "camera": path.name}, str(path.parent))
    assert mapper.camera is not None
    assert mapper.camera[42].name == "R11_S20"
