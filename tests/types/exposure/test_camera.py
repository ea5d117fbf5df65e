"""Cameras and the places of detectors in them.

The right values are those of real detectors that afw wrote, and of doc/gen2/gen2-core.md, 7.7.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence.cameras import installed
from persistence.dataids.location import Location
from persistence.errors import FormatterError, NoSuchDetector
from persistence.formatters import fits
from persistence.types.exposure import placement
from persistence.types.exposure.camera import Camera
from persistence.types.exposure.detector import Detector, FocalPlane
from persistence.types.pixels.box import Box

PLANE = FocalPlane(20.0, to_angle=(0.0, 1e-4, 0.0, -1e-10))
LEFT = Detector(
    "left", 3, bbox=Box(0, 0, 100, 200), pixel_size=(0.1, 0.1), position=(-10.0, 0.0),
    reference=(49.5, 99.5), orientation=(90.0, 0.0, 0.0),
)  # fmt: skip
RIGHT = Detector(
    "right", 4, bbox=Box(0, 0, 100, 200), pixel_size=(0.1, 0.1), position=(10.0, 0.0),
    reference=(49.5, 99.5),
)  # fmt: skip
CAMERA = Camera("two", (LEFT, RIGHT), PLANE)
# Written by afw: the file, the camera that we ship, and the detector's number.
REAL = (
    "gen2_repos/imsim/CALIB/bias/2022-01-01/bias-R11-S20-det042_2022-01-01.fits",
    "imsim",
    42,
)


@pytest.fixture
def stored(real: Path) -> Detector:
    path = str(real / REAL[0])
    location = Location("/", path, None, "FitsStorage", "lsst.afw.image.ExposureF", "bias", {}, {})
    detector = fits.read(location).detector
    assert isinstance(detector, Detector)
    return detector


@pytest.mark.parametrize("key", [3, "left"])
def test_a_detector_is_found_by_number_and_by_name(key: Any) -> None:
    assert CAMERA[key] is LEFT
    assert key in CAMERA


def test_what_is_no_detector_is_told_with_what_there_is() -> None:
    with pytest.raises(NoSuchDetector, match="camera two has no detector 7; it has 2: 3 to 4"):
        CAMERA[7]
    with pytest.raises(KeyError, match="did you mean 'right'"):
        CAMERA["rihgt"]


def test_iteration_yields_the_detectors() -> None:
    assert list(CAMERA) == [LEFT, RIGHT]
    assert len(CAMERA) == 2


def test_corners_go_around_the_pixels_from_the_lower_left_one() -> None:
    assert np.allclose(RIGHT.corners, [[5, -10], [15, -10], [15, 10], [5, 10]])
    assert np.allclose(LEFT.corners, [[0, -5], [0, 5], [-20, 5], [-20, -5]])
    assert RIGHT.centre == pytest.approx((10.0, 0.0))
    assert np.allclose(CAMERA.bounds, [[-20, -10], [15, 10]])


@pytest.mark.parametrize(
    ("point", "expected"),
    [((12.0, 3.0), ["right"]), ((-2.0, 0.0), ["left"]), ((2.0, 0.0), []), ((0.0, 5.0), ["left"])],
)
def test_the_detectors_at_a_point_are_those_whose_pixels_hold_it(
    point: tuple[float, float], expected: list[str]
) -> None:
    assert [each.name for each in CAMERA.at(*point)] == expected


def test_the_field_angle_is_the_polynomial_of_the_distance() -> None:
    x, y = CAMERA.field_angle(3.0, 4.0)
    assert np.hypot(x, y) == pytest.approx(5e-4 - 125e-10, rel=1e-14)
    back = CAMERA.transforms["FieldAngle", "FocalPlane"](x, y)
    assert back == pytest.approx((3.0, 4.0), rel=1e-12)
    assert CAMERA.field_angle(0.0, 0.0) == (0.0, 0.0)


def test_a_detector_without_a_place_is_refused_and_left_out() -> None:
    camera = Camera("three", (*CAMERA, Detector("lost", 5)), PLANE)
    assert [each.name for each in camera.at(10.0, 0.0)] == ["right"]
    with pytest.raises(FormatterError, match="the position of detector lost"):
        camera[5].to_focal_plane(0, 0)


def test_cameras_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(CAMERA))
    assert again.detectors == CAMERA.detectors
    assert again.plane == PLANE


@pytest.mark.real
def test_the_shipped_camera_has_the_detector_that_afw_stored(stored: Detector) -> None:
    ours = installed.find(REAL[1])().camera[REAL[2]]
    assert (ours.name, ours.bbox, ours.pixel_size) == (stored.name, stored.bbox, stored.pixel_size)
    assert (ours.reference, ours.orientation) == (stored.reference, stored.orientation)
    assert ours.position == pytest.approx(stored.position)
    assert np.allclose(ours.corners, stored.corners, rtol=0, atol=1e-9)
    fields = "name trimmed data overscan prescan postscan raw corner flip_x flip_y".split()
    for one, other in zip(ours.amplifiers, stored.amplifiers, strict=True):
        assert [getattr(one, field) for field in fields] == [
            getattr(other, field) for field in fields
        ]


@pytest.mark.real
def test_the_optics_distort_as_afw_stored_it(stored: Detector) -> None:
    """The stored mapping to TanPixels is made of the whole distortion of the optics."""
    ours = installed.find(REAL[1])().camera[REAL[2]]
    x, y = np.meshgrid(np.linspace(0, 4071, 5), np.linspace(0, 3999, 5))
    expected = stored.transforms["Pixels", "TanPixels"](x, y)
    found = placement.systems(ours)["Pixels", "TanPixels"](x, y)
    # the scale at the axis was found by finite differences there
    assert np.allclose(found, expected, rtol=0, atol=1e-4)
    assert np.abs(np.subtract(expected, [x, y])).max() > 5


@pytest.mark.parametrize(
    ("number", "name", "position", "yaw"),
    [
        (1, "S29", (-185.592, -63.748), -0.01),
        (25, "S1", (-16.798, -191.216), 0.007),
        (28, "S4", (-16.892, 0.092), 0.019),
        (61, "N30", (185.504, 0.016), 0.0),
        (62, "N31", (185.550, 63.794), -0.026),
    ],
)
def test_decams_detectors_lie_where_gen2_had_them(
    number: int, name: str, position: tuple[float, float], yaw: float
) -> None:
    detector = installed.find("decam")().camera[number]
    assert (detector.name, detector.type, detector.serial) == (name, "SCIENCE", str(number))
    assert detector.centre == pytest.approx(position, abs=1e-12)
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [15.36, 30.72]
    turned = np.array(half) @ np.array(
        [[np.cos(np.radians(yaw)), np.sin(np.radians(yaw))],
         [-np.sin(np.radians(yaw)), np.cos(np.radians(yaw))]]
    )  # fmt: skip
    assert np.allclose(detector.corners, turned + position, rtol=0, atol=1e-9)


def test_decams_camera_is_gen2s() -> None:
    camera = installed.find("decam")().camera
    assert (camera.name, len(camera)) == ("DECam", 62)
    assert {each.bbox for each in camera} == {Box(0, 0, 2048, 4096)}
    # 1.1 degrees from the axis: the plate scale, less than a percent off by distortion
    x, _ = camera.field_angle(225.0, 0.0)
    assert x == pytest.approx(8.516497674138379e-05 * 225 - 4.501399132955917e-12 * 225**3)


def test_decams_amplifiers_lie_where_a_real_header_says(real: Path) -> None:
    import yaml

    path = real / "decam_headers" / "fitsheader-decam-raw_dec050441_25.yaml"
    header = yaml.safe_load(path.read_text())
    for amplifier in installed.find("decam")().camera[header["CCDNUM"]].amplifiers:
        for part, keyword in (
            ("data", "DATASEC"),
            ("overscan", "BIASSEC"),
            ("prescan", "PRESEC"),
            ("postscan", "POSTSEC"),
            ("trimmed", "CCDSEC"),
        ):
            section = header[f"{keyword}{amplifier.name}"]
            assert getattr(amplifier, part) == Box.from_section(section), (amplifier.name, part)
        assert amplifier.gain is None  # each header has its own


def test_amplifiers_of_the_northern_half_are_read_out_at_the_other_end() -> None:
    south, north = (installed.find("decam")().camera[number].amplifiers for number in (25, 32))
    for one, other in zip(south, reversed(north), strict=True):
        assert (one.data.x0, one.trimmed) == (other.data.x0, other.trimmed)
        assert (one.data.y0, other.data.y0) == (50, 0)
    assert [each.corner for each in (*south, *north)] == ["UR", "UL", "LL", "LR"]


def test_the_camera_of_the_stacks_tests_is_a_turned_corner_of_a_detector() -> None:
    """Facts: obs_test's testCamera.py."""
    (detector,) = installed.find("test")().camera
    assert (detector.name, detector.id, detector.bbox) == ("0", 0, Box(0, 0, 1018, 2000))
    # the reference is beside the middle: 15.27 mm along x, which points up
    assert detector.centre == pytest.approx((-42.26073, -42.21914 - 15.27))
    assert [each.name for each in detector.amplifiers] == ["00", "01", "10", "11"]
    assert detector["10"].gain == 1.74151
    assert detector["11"].data == Box(517, 1000, 509, 1000)
    camera = installed.find("test")().camera
    angle = 0.01  # the distance is (angle + 0.925 angle^3) over 20 arcsec
    distance = (angle + 0.925 * angle**3) / np.radians(20 / 3600)
    assert camera.field_angle(distance, 0.0) == pytest.approx((angle, 0.0))


@pytest.mark.real
def test_a_detector_that_a_real_header_names_lies_where_the_camera_has_it(real: Path) -> None:
    import yaml

    path = real / "decam_headers" / "fitsheader-decam-raw_dec050441_25.yaml"
    header = yaml.safe_load(path.read_text())
    detector = installed.find("decam")().translator.detector(header)
    assert detector is not None
    assert (detector.name, detector.serial) == ("S1", "S3-111_107419-8-3")
    assert detector.centre == pytest.approx((-16.798, -191.216))  # doc/gen2/gen2-core.md, 7.7
    assert detector.amplifiers[0].gain == 4.59347726229
    assert placement.systems(detector)["FocalPlane", "FieldAngle"](0.0, 0.0) == (0.0, 0.0)
