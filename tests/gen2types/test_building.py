"""Cameras that packages make themselves, in Gen2's manner: as `lsst.obs.monocam` did."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import lsst.afw.cameraGeom as cameraGeom
import lsst.afw.geom
import lsst.afw.table as afw_table
import lsst.geom
from persistence.gen2types.exceptions import InvalidParameterError

SCALE = 13.55 * lsst.geom.arcseconds  # a mm
DISTORTION = (0.0, SCALE.asRadians(), 0.0, 1e-9)


def amplifiers() -> Any:
    catalog = afw_table.AmpInfoCatalog(afw_table.AmpInfoTable.makeMinimalSchema())
    for number in range(2):
        record = catalog.addNew()
        record.setName(f"{number}0")
        corner = lsst.geom.Point2I(512 * number, 0)
        record.setBBox(lsst.geom.Box2I(corner, lsst.geom.Extent2I(512, 2002)))
        record.setRawDataBBox(
            lsst.geom.Box2I(lsst.geom.Point2I(10, 0), lsst.geom.Extent2I(512, 2002))
        )
        record.setGain(3.7 + number)
        record.setReadNoise(7.1)
        record.setSaturation(65535)
        record.setReadoutCorner(afw_table.LL)
        record.setRawFlipX(bool(number))
        record.setHasRawInfo(True)
        record.setRawPrescanBBox(lsst.geom.Box2I())
        record.setLinearityType("PROPORTIONAL")
    return catalog


def config(name: str, number: int, x: float) -> Any:
    made = cameraGeom.DetectorConfig()
    made.name, made.id, made.serial, made.detectorType = name, number, f"s{number}", 0
    made.bbox_x1, made.bbox_y1 = 1023, 2001
    made.pixelSize_x = made.pixelSize_y = 0.01
    made.transformDict.nativeSys = "Pixels"
    made.refpos_x, made.refpos_y = 511.5, 1000.5
    made.offset_x, made.yawDeg = x, 90.0
    return made


class Monocam(cameraGeom.Camera):
    """A camera of two detectors."""

    def __init__(self) -> None:
        to_field = lsst.afw.geom.makeRadialTransform(DISTORTION)
        plane = cameraGeom.TransformMap(cameraGeom.FOCAL_PLANE, {cameraGeom.FIELD_ANGLE: to_field})
        detectors = [
            cameraGeom.makeDetector(config(name, number, x), amplifiers(), to_field)
            for name, number, x in (("B", 1, 20.0), ("A", 0, 0.0))
        ]
        cameraGeom.Camera.__init__(self, "monocam", detectors, plane)


@pytest.fixture
def camera() -> Monocam:
    """Return the camera."""
    return Monocam()


def test_a_camera_of_a_package_has_its_detectors(camera: Monocam) -> None:
    assert (camera.getName(), len(camera)) == ("monocam", 2)
    assert [detector.getName() for detector in camera] == ["A", "B"]
    detector = camera["B"]
    assert (detector.getId(), detector.getSerial()) == (1, "s1")
    assert detector.getType() == cameraGeom.SCIENCE
    assert detector.getBBox().getDimensions() == lsst.geom.Extent2I(1024, 2002)
    assert [amp.getGain() for amp in detector] == [3.7, 4.7]
    assert detector["10"].getRawFlipX()
    assert detector["10"].getReadoutCorner() == cameraGeom.LL
    assert detector["00"].getRawDataBBox().getMinX() == 10
    for back in (copy.deepcopy(camera), pickle.loads(pickle.dumps(camera))):
        assert [each.getId() for each in back] == [0, 1]


@pytest.mark.parametrize(("x", "y"), [(511.5, 1000.5), (0.0, 0.0), (1023.0, 2001.0)])
def test_pixels_are_turned_and_distorted(camera: Monocam, x: float, y: float) -> None:
    pixel = lsst.geom.Point2D(x, y)
    detector = camera[1]
    # Turned by a right angle: x of pixels goes up, y to the left.
    expected = np.array([20.0 - 0.01 * (y - 1000.5), 0.01 * (x - 511.5)])
    place = detector.transform(pixel, cameraGeom.PIXELS, cameraGeom.FOCAL_PLANE)
    assert tuple(place) == pytest.approx(tuple(expected), abs=1e-9)
    distance = np.hypot(*expected)
    angle = DISTORTION[1] * distance + DISTORTION[3] * distance**3
    field = detector.transform(pixel, cameraGeom.PIXELS, cameraGeom.FIELD_ANGLE)
    assert tuple(field) == pytest.approx(tuple(expected / distance * angle), rel=1e-9)
    same = camera.transform(place, cameraGeom.FOCAL_PLANE, cameraGeom.FIELD_ANGLE)
    assert tuple(same) == pytest.approx(tuple(field), rel=1e-9)


def test_a_focal_plane_may_be_told_the_other_way_round() -> None:
    inverse = lsst.afw.geom.makeRadialTransform(DISTORTION).inverted()
    detector = cameraGeom.makeDetector(config("A", 0, 0.0), [], inverse)
    place = lsst.geom.Point2D(0.3, 0.4)
    field = detector.transform(place, cameraGeom.FOCAL_PLANE, cameraGeom.FIELD_ANGLE)
    distance = np.hypot(*field)
    assert DISTORTION[1] * distance + DISTORTION[3] * distance**3 == pytest.approx(0.5)


def test_what_is_not_known_is_refused() -> None:
    turned = config("A", 0, 0.0)
    turned.transposeDetector = True
    radial = lsst.afw.geom.makeRadialTransform(DISTORTION)
    with pytest.raises(InvalidParameterError, match="transposed"):
        cameraGeom.makeDetector(turned, [], radial)
    with pytest.raises(InvalidParameterError, match="radial"):
        cameraGeom.makeDetector(config("A", 0, 0.0), [], lsst.afw.geom.makeIdentityTransform())
