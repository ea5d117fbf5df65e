"""Cameras, detectors and amplifiers: against doc/gen2/gen2-core.md, 7.7, and detectors that afw stored."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsst.afw.cameraGeom import (
    FIELD_ANGLE,
    FOCAL_PLANE,
    LL,
    PIXELS,
    PUPIL,
    SCIENCE,
    TAN_PIXELS,
    Camera,
    CameraConfig,
    CameraSys,
    Detector,
    DetectorType,
    Orientation,
    ReadoutCorner,
    makeCameraFromPath,
    makePixelToTanPixel,
)
from lsst.geom import Box2D, Box2I, Extent2D, Extent2I, Point2D, Point2I, degrees
from persistence.cameras import installed
from persistence.dataids.location import Location
from persistence.errors import PolicyError
from persistence.formatters import fits
from persistence.gen2types import unwrap, wrap

# Written by afw: its mappings are the right values.
STORED = "gen2_repos/imsim/CALIB/bias/2022-01-01/bias-R11-S20-det042_2022-01-01.fits"


@pytest.fixture(scope="module")
def camera() -> Camera:
    made = wrap(installed.find("decam")().camera)
    assert isinstance(made, Camera)
    return made


@pytest.fixture(scope="module")
def stored(real: Path) -> Detector:
    path = str(real / STORED)
    location = Location("/", path, None, "FitsStorage", "lsst.afw.image.ExposureF", "bias", {}, {})
    made = wrap(fits.read(location).detector)
    assert isinstance(made, Detector)
    return made


# -- the camera


def test_a_camera_is_a_collection_of_detectors(camera: Camera) -> None:
    assert (camera.getName(), len(camera)) == ("DECam", 62)
    assert [detector.getId() for detector in camera] == list(range(1, 63))
    assert camera["N4"].getId() == camera[35].getId() == 35
    assert list(camera.getIdIter())[-1] == 62
    assert list(camera.getNameIter())[:2] == ["S29", "S30"]
    assert (camera.get("S1").getId(), camera.get(25).getId(), camera.get(99, 7)) == (25, 25, 7)
    assert ("S1" in camera, 62 in camera, camera[62] in camera) == (True, True, True)
    assert ("X1" in camera, 63 in camera) == (False, False)
    assert camera.getPupilFactoryName() == "lsst.afw.cameraGeom.pupil.PupilFactory"
    for key in ("X1", 63):
        with pytest.raises(LookupError, match="camera DECam has no detector"):
            camera[key]


@pytest.mark.parametrize(
    ("name", "number", "centre"),
    # doc/gen2/gen2-core.md, 7.7
    [("S29", 1, (-185.592, -63.748)), ("N4", 35, (16.908, -0.018)), ("N31", 62, (185.55, 63.794))],
)
def test_detectors_lie_where_gen2_had_them(
    camera: Camera, name: str, number: int, centre: tuple[float, float]
) -> None:
    detector = camera[name]
    assert (detector.getId(), detector.getSerial()) == (number, str(number))
    assert detector.getType() == DetectorType.SCIENCE == SCIENCE
    assert str(detector.getType()) == "DetectorType.SCIENCE"
    assert detector.getBBox() == Box2I(Point2I(0, 0), Extent2I(2048, 4096))
    assert detector.getPixelSize() == Extent2D(0.015, 0.015)
    assert tuple(detector.getCenter(FOCAL_PLANE)) == pytest.approx(centre, abs=1e-12)
    assert tuple(detector.getOrientation().getFpPosition()) == pytest.approx(centre)
    assert tuple(detector.getOrientation().getReferencePoint()) == (1023.5, 2047.5)
    corners = np.array([tuple(corner) for corner in detector.getCorners(FOCAL_PLANE)])
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [15.36, 30.72]
    assert np.allclose(corners - centre, half, rtol=0, atol=0.06)  # but for the yaw
    assert np.allclose(
        np.hypot(*np.diff(corners, axis=0).T), [30.72, 61.44, 30.72], rtol=0, atol=1e-9
    )


def test_points_are_transformed_between_systems(camera: Camera) -> None:
    detector = camera["S4"]
    centre = detector.getCenter(FOCAL_PLANE)
    pixels = detector.makeCameraSys(PIXELS)
    assert pixels == CameraSys("Pixels", "S4") == detector.getNativeCoordSys()
    for found in (
        detector.transform(centre, FOCAL_PLANE, PIXELS),
        camera.transform(centre, FOCAL_PLANE, pixels),
        camera.getTransform(FOCAL_PLANE, pixels).applyForward(centre),
        detector.getTransform(PIXELS, FOCAL_PLANE).applyInverse(centre),
        detector.getTransformMap().transform(centre, FOCAL_PLANE, pixels),
    ):
        assert tuple(found) == pytest.approx((1023.5, 2047.5), abs=1e-9)
    both = detector.transform([centre, Point2D(0.0, 0.0)], FOCAL_PLANE, PIXELS)
    assert tuple(both[0]) == pytest.approx((1023.5, 2047.5))
    assert detector.transform(centre, FOCAL_PLANE, FOCAL_PLANE) == centre


def test_the_field_angle_is_the_distance_by_the_distortion(camera: Camera) -> None:
    """Coefficients: doc/gen2/gen2-core.md, 7.7."""
    found = camera.transform(Point2D(100.0, 0.0), FOCAL_PLANE, FIELD_ANGLE)
    expected = 8.516497674138379e-05 * 100 - 4.501399132955917e-12 * 100**3
    assert tuple(found) == pytest.approx((expected, 0.0), rel=1e-12)
    assert tuple(camera.transform(found, PUPIL, FOCAL_PLANE)) == pytest.approx((100, 0), abs=1e-9)
    assert camera["S4"].hasTransform(FIELD_ANGLE)
    assert FIELD_ANGLE in camera.getTransformMap()


def test_detectors_are_found_by_a_point(camera: Camera) -> None:
    centres = [detector.getCenter(FOCAL_PLANE) for detector in camera]
    found = camera.findDetectorsList(centres, FOCAL_PLANE)
    assert [[each.getId() for each in one] for one in found] == [[n] for n in range(1, 63)]
    assert [each.getName() for each in camera.findDetectors(centres[27], FOCAL_PLANE)] == ["S4"]
    assert camera.findDetectors(Point2D(0.0, 0.0), FOCAL_PLANE) == []  # between S4 and N4
    on_sky = camera.transform(centres[27], FOCAL_PLANE, FIELD_ANGLE)
    assert [each.getName() for each in camera.findDetectors(on_sky, FIELD_ANGLE)] == ["S4"]


def test_the_focal_plane_has_a_box(camera: Camera) -> None:
    box = camera.getFpBBox()
    expected = Box2D()
    for detector in camera:
        for corner in detector.getCorners(FOCAL_PLANE):
            expected.include(corner)
    for one, other in ((box.getMin(), expected.getMin()), (box.getMax(), expected.getMax())):
        assert tuple(one) == pytest.approx(tuple(other))


def test_points_with_their_system_as_before_2018(camera: Camera) -> None:
    detector = camera["S4"]
    point = detector.makeCameraPoint(detector.getCenter(FOCAL_PLANE), FOCAL_PLANE)
    found = camera.transform(point, detector.makeCameraSys(PIXELS))
    assert found.getCameraSys() == CameraSys("Pixels", "S4")
    assert tuple(found.getPoint()) == pytest.approx((1023.5, 2047.5))


def test_cameras_are_pickled_and_compared(camera: Camera) -> None:
    again = pickle.loads(pickle.dumps(camera))
    assert again == camera
    assert again["S4"].getCenter(FOCAL_PLANE) == camera["S4"].getCenter(FOCAL_PLANE)
    assert copy.copy(camera["S4"]) == camera["S4"]
    assert isinstance(unwrap(camera), type(installed.find("decam")().camera))


# -- detectors and amplifiers


def test_a_detector_has_its_amplifiers(camera: Camera) -> None:
    detector = camera["S1"]
    assert [amplifier.getName() for amplifier in detector] == ["A", "B"]
    assert len(detector) == len(detector.getAmplifiers()) == 2
    assert detector["A"] == detector[0]
    assert detector["A"].getBBox() == Box2I(Point2I(1024, 0), Extent2I(1024, 4096))
    assert detector["A"].getRawBBox() == Box2I(Point2I(1080, 0), Extent2I(1080, 4146))
    assert detector["B"].getReadoutCorner() == ReadoutCorner.UL
    assert math.isnan(detector["A"].getGain())  # each header has its own
    with pytest.raises(IndexError, match="2 amplifiers"):
        detector[2]
    with pytest.raises(KeyError, match="amplifiers"):
        detector["C"]
    assert (detector.hasCrosstalk(), detector.getCrosstalk().size) == (False, 0)


@pytest.mark.real
def test_amplifiers_say_what_afw_stored(stored: Detector) -> None:
    amplifier = stored["C10"]
    values = {
        "name": "C10", "gain": 0.7, "readNoise": 7.0, "saturation": 56000.0,
        "linearityType": "PROPORTIONAL", "rawFlipX": True, "rawFlipY": False, "readoutCorner": LL,
        "bbox": Box2I(Point2I(0, 0), Extent2I(509, 2000)),
        "rawBBox": Box2I(Point2I(0, 0), Extent2I(544, 2048)),
        "rawDataBBox": Box2I(Point2I(3, 0), Extent2I(509, 2000)),
        "rawHorizontalOverscanBBox": Box2I(Point2I(512, 0), Extent2I(32, 2000)),
        "rawVerticalOverscanBBox": Box2I(Point2I(3, 2000), Extent2I(509, 48)),
        "rawPrescanBBox": Box2I(Point2I(0, 0), Extent2I(3, 2000)),
    }  # fmt: skip
    for name, expected in values.items():
        getter = f"get{name[:1].upper()}{name[1:]}".replace("Bbox", "BBox")
        assert getattr(amplifier, name) == getattr(amplifier, getter)() == expected, name
    assert math.isnan(amplifier.getSuspectLevel())
    assert amplifier.get("readnoise") == amplifier["readnoise"] == 7.0
    assert amplifier.getRawSerialOverscanBBox() == amplifier.getRawHorizontalOverscanBBox()
    with pytest.raises(KeyError, match="an amplifier has no 'colour'"):
        amplifier.get("colour")


@pytest.mark.real
def test_a_stored_detector_is_where_its_own_mappings_say(stored: Detector) -> None:
    assert (stored.getName(), stored.getId()) == ("R11_S20", 42)
    x, y = -169.49, -84.44  # the position; its pixel is beside the middle
    assert tuple(stored.getCenter(FOCAL_PLANE)) == pytest.approx((x - 0.01, y - 0.01))
    assert [tuple(corner) for corner in stored.getCorners(FOCAL_PLANE)] == [
        pytest.approx(corner)
        for corner in ((x - 20.37, y - 20.01), (x + 20.35, y - 20.01), (x + 20.35, y + 19.99),
                       (x - 20.37, y + 19.99))
    ]  # fmt: skip
    # what afw wrote: afw's own mapping of AST
    assert tuple(stored.transform(Point2D(0.0, 0.0), PIXELS, TAN_PIXELS)) == pytest.approx(
        (8.370027177676093, 4.604606086602871), abs=1e-9
    )
    with pytest.raises(KeyError, match="FieldAngle"):
        stored.transform(Point2D(0.0, 0.0), PIXELS, FIELD_ANGLE)


@pytest.mark.parametrize(
    ("yaw", "quarters", "corner"),
    [
        (0.0, 0, (1.0, 2.0)),
        (90.0, 1, (-2.0, 1.0)),
        (179.9, 2, (-1.0, -2.0)),
        (-90.0, 3, (2.0, -1.0)),
    ],
)
def test_an_orientation_turns_pixels(yaw: float, quarters: int, corner: Any) -> None:
    orientation = Orientation(Point2D(10.0, 20.0), Point2D(0.0, 0.0), yaw * degrees)
    assert orientation.getNQuarter() == quarters
    transform = orientation.makePixelFpTransform(Extent2D(0.1, 0.1))
    found = transform.applyForward(Point2D(10.0, 20.0)) - Point2D(10.0, 20.0)
    assert tuple(found) == pytest.approx(corner, abs=1e-2)
    back = orientation.makeFpPixelTransform(Extent2D(0.1, 0.1))
    assert tuple(back.applyForward(Point2D(10.0, 20.0))) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.real
def test_tan_pixels_are_made_as_afw_makes_them(stored: Detector) -> None:
    camera = wrap(installed.find("imsim")().camera)
    transform = makePixelToTanPixel(
        stored.getBBox(), stored.getOrientation(),
        camera.getTransform(FOCAL_PLANE, FIELD_ANGLE), stored.getPixelSize(),
    )  # fmt: skip
    for place in (Point2D(0.0, 0.0), Point2D(4000.0, 3000.0)):
        expected = stored.transform(place, PIXELS, TAN_PIXELS)
        assert tuple(transform.applyForward(place)) == pytest.approx(tuple(expected), abs=1e-4)


# -- cameras of packages


def test_a_package_makes_its_camera_of_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "camera.py").write_text(
        "config.plateScale=20.0\nconfig.name='Tiny'\nconfig.detectorList={}\n"
        + "".join(
            f"config.detectorList[0].{key}={value!r}\n"
            for key, value in {
                "name": "only", "id": 3, "serial": "x", "detectorType": 3, "bbox_x0": 0,
                "bbox_y0": 0, "bbox_x1": 9, "bbox_y1": 19, "pixelSize_x": 0.1, "pixelSize_y": 0.1,
                "refpos_x": 4.5, "refpos_y": 9.5, "offset_x": 5.0, "offset_y": 6.0, "yawDeg": 0.0,
                "pitchDeg": 0.0, "rollDeg": 0.0,
            }.items()
        )
    )  # fmt: skip
    config = CameraConfig()
    config.load(str(tmp_path / "camera.py"))
    assert config.plateScale == 20.0
    camera = makeCameraFromPath(
        cameraConfig=config, ampInfoPath=str(tmp_path), shortNameFunc=lambda name: name[:2]
    )
    (detector,) = camera
    assert (camera.getName(), detector.getName()) == ("Tiny", "only")
    assert detector.getType() == DetectorType.WAVEFRONT
    assert tuple(detector.getCenter(FOCAL_PLANE)) == pytest.approx((5.0, 6.0))
    (tmp_path / "on.fits").write_text("no table")
    with pytest.raises(PolicyError, match="the table of amplifiers is damaged"):
        makeCameraFromPath(config, str(tmp_path), lambda name: name[:2])
