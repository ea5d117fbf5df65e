"""Cameras of Gen2's packages: text as pex_config saved it, and tables as afw wrote them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence.cameras import camgeom
from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import PolicyError
from persistence.types.pixels.box import Box

HEAD = """\
import lsst.afw.cameraGeom.cameraConfig
assert type(config)==lsst.afw.cameraGeom.cameraConfig.CameraConfig, 'config is of type %s.%s instead of lsst.afw.cameraGeom.cameraConfig.CameraConfig' % (type(config).__module__, type(config).__name__)
# Plate scale of the camera in arcsec/mm
config.plateScale=17.575
config.transformDict.nativeSys='FocalPlane'
config.transformDict.transforms={}
config.transformDict.transforms['FieldAngle']=lsst.afw.geom.transformConfig.TransformConfig()
"""
RADIAL = """\
config.transformDict.transforms['FieldAngle'].transform['radial'].coeffs=[0.0, 8.5e-05, 0.0, -4.5e-12]
config.transformDict.transforms['FieldAngle'].transform.name='radial'
"""
# As a package of an observatory has it.
INVERTED = """\
config.transformDict.transforms['FieldAngle'].transform['inverted'].transform.retarget(target=lsst.afw.geom.transformRegistry['radial'])
config.transformDict.transforms['FieldAngle'].transform['inverted'].transform.coeffs=[0.0, 10000.0]
config.transformDict.transforms['FieldAngle'].transform.name='inverted'
"""


def detector(number: int, **changed: Any) -> str:
    """Return the assignments of a detector."""
    values: dict[str, Any] = {
        "bbox_y0": 0, "bbox_y1": 4095, "bbox_x1": 2047, "bbox_x0": 0, "name": f"CCD {number}",
        "pixelSize_x": 0.015, "refpos_x": 1023.5, "refpos_y": 2047.5, "pixelSize_y": 0.015,
        "detectorType": 0, "offset_x": -185.592 + number, "offset_y": -63.748,
        "transposeDetector": False, "yawDeg": -0.01, "rollDeg": 0.0, "serial": f"s{number}",
        "pitchDeg": 0.0, "id": number, "transformDict.nativeSys": "Pixels",
        "transformDict.transforms": None,
    }  # fmt: skip
    stem = f"config.detectorList[{number}]"
    lines = [f"{stem}=lsst.afw.cameraGeom.cameraConfig.DetectorConfig()"]
    lines += [f"{stem}.{key}={value!r}" for key, value in (values | changed).items()]
    return "\n".join(lines) + "\n"


def amplifiers(path: Path) -> None:
    """Write two amplifiers as afw wrote its AmpInfoCatalog."""
    columns = [
        fits.Column("name", "64A", array=["A", "B"]),
        fits.Column("gain", "D", array=[4.1, 4.2]),
        fits.Column("saturation", "D", array=[40000.0, 41000.0]),
        fits.Column("suspectlevel", "D", array=[np.nan, 39000.0]),
        fits.Column("readnoise", "D", array=[6.0, 7.0]),
        fits.Column("readoutcorner", "J", array=[0, 1]),
        fits.Column("linearity_coeffs", "4D", array=np.zeros((2, 4))),
        fits.Column("linearity_type", "64A", array=["LookupTable"] * 2),
        fits.Column("flags", "3X", array=np.array([[1, 0, 0], [1, 1, 0]], bool)),
    ]
    boxes = {
        "bbox": [(0, 0, 1024, 4096), (1024, 0, 1024, 4096)],
        "raw_bbox": [(0, 0, 1080, 4146), (1080, 0, 1080, 4146)],
        "raw_databbox": [(56, 0, 1024, 4096), (1080, 0, 1024, 4096)],
        "raw_horizontaloverscanbbox": [(6, 0, 50, 4096), (2104, 0, 50, 4096)],
        "raw_verticaloverscanbbox": [(56, 4096, 1024, 50), (1080, 4096, 1024, 50)],
        "raw_prescanbbox": [(0, 0, 6, 4096), (2154, 0, 6, 4096)],
    }
    for name, values in boxes.items():
        ends = ("min_x", "min_y", "extent_x", "extent_y")
        for place, end in enumerate(ends):
            columns.append(
                fits.Column(f"{name}_{end}", "J", array=[value[place] for value in values])
            )
    table = fits.BinTableHDU.from_columns(columns)
    table.header["FLAGCOL"] = 9
    for place, name in enumerate(("hasrawinfo", "raw_flip_x", "raw_flip_y"), 1):
        table.header[f"TFLAG{place}"] = name
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package" / "camera"
    folder.mkdir(parents=True)
    text = HEAD + RADIAL + detector(2, detectorType=1) + detector(1) + "config.name='Invented'\n"
    (folder / "camera.py").write_text(text)
    amplifiers(folder / "CCD_1.fits")
    return folder


def test_the_detectors_are_read_with_their_amplifiers(package: Path) -> None:
    camera = camgeom.read(str(package / "camera.py"))
    assert (camera.name, [each.id for each in camera]) == ("Invented", [1, 2])
    one, two = camera
    assert (one.name, one.serial, one.type, two.type) == ("CCD 1", "s1", "SCIENCE", "FOCUS")
    assert one.bbox == Box(0, 0, 2048, 4096)
    assert one.centre == pytest.approx((-184.592, -63.748))
    assert one.orientation == (-0.01, 0.0, 0.0)
    assert two.amplifiers == ()
    a, b = one.amplifiers
    assert (a.name, a.gain, a.read_noise, a.saturation, a.suspect_level) == ("A", 4.1, 6, 4e4, None)
    assert (b.corner, b.flip_x, b.flip_y, b.suspect_level) == ("LR", True, False, 39000.0)
    assert (b.trimmed, b.data) == (Box(1024, 0, 1024, 4096), Box(1080, 0, 1024, 4096))


@pytest.mark.parametrize(
    ("transform", "expected"),
    [(RADIAL, 8.5e-3 - 4.5e-6), (INVERTED, 1e-2), ("", np.radians(17.575 / 36))],
    ids=["radial", "inverted", "none"],
)
def test_the_field_angle_is_that_of_the_configuration(
    tmp_path: Path, transform: str, expected: float
) -> None:
    (tmp_path / "camera.py").write_text(HEAD + transform + detector(0))
    camera = camgeom.read(str(tmp_path / "camera.py"))
    assert camera.field_angle(100.0, 0.0) == pytest.approx((expected, 0.0), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "import os; os.system('true')\n", "nothing was run"),
        (HEAD.replace("config.plateScale=17.575", "") + detector(0), "does not set plateScale"),
        (HEAD + detector(0, offset_x=None), r"does not set detectorList\[0\].offset_x"),
        (HEAD + detector(0, transposeDetector=True), "transposed detectors are not supported"),
        (HEAD + RADIAL.replace("[0.0,", "[1.0,") + detector(0), "no constant term"),
        ("config.plateScale=(\n", "is not a configuration file"),
    ],
)
def test_what_cannot_be_understood_is_told_with_the_file(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "camera.py").write_text(text)
    with pytest.raises(PolicyError, match=message) as raised:
        camgeom.read(str(tmp_path / "camera.py"))
    assert str(tmp_path / "camera.py") in str(raised.value)


def test_a_damaged_table_of_amplifiers_is_told_with_its_file(package: Path) -> None:
    path = package / "CCD_1.fits"
    os.truncate(path, 3000)
    with pytest.raises(PolicyError, match="the table of amplifiers is damaged"):
        camgeom.read(str(package / "camera.py"))


def test_a_mapper_finds_it_below_the_directory_of_the_repository(package: Path) -> None:
    policy = {"camera": "camera", "exposures": {"raw": {"template": "raw/%(visit)d.fits"}}}
    mapper = CameraMapper(policy, str(package.parent))
    assert mapper.camera is not None
    assert mapper.camera["CCD 1"].id == 1


def test_a_camera_of_gen2_makes_its_own(package: Path) -> None:
    class Own(CameraMapper):
        def _makeCamera(self, policy: Any, repositoryDir: Any) -> Any:
            return ("made", repositoryDir)

    made: Any = Own({"exposures": {"raw": {"template": "raw/%(visit)d.fits"}}}, "there").camera
    assert made == ("made", "there")
