"""The sky of a raw exposure, by its boresight."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from astropy import units

from persistence.types.exposure import boresight
from persistence.types.exposure.detector import Detector, FocalPlane
from persistence.types.exposure.visitinfo import VisitInfo

VISIT = VisitInfo(ra=40.0, dec=-20.0, rotation=0.0, rotation_type="SKY")
DETECTOR = Detector(
    "S", 1, pixel_size=(0.01, 0.01), position=(0.0, 0.0), reference=(10.0, 20.0),
    plane=FocalPlane(20.0),
)  # fmt: skip
# 0.2 arcsec per pixel
STEP = 5


@pytest.mark.parametrize(
    ("rotation", "flip_x", "right", "up"),
    [
        (0.0, False, 270, 0),  # x to the west, y to the north
        (0.0, True, 90, 0),
        (90.0, False, 0, 90),  # y to the east, x to the north
        (90.0, True, 180, 90),
        (254.38, False, 164.38, 254.38),
    ],
)
def test_the_focal_planes_y_axis_has_the_position_angle_of_the_rotation(
    rotation: float, flip_x: bool, right: float, up: float
) -> None:
    visit = dataclasses.replace(VISIT, rotation=rotation)
    detector = dataclasses.replace(DETECTOR, plane=FocalPlane(20.0, flip_x))
    wcs: Any = boresight.wcs(visit, detector)
    centre = wcs.pixel_to_world(10, 20)
    assert centre.separation(VISIT.boresight).arcsec < 1e-6
    for step, angle in (((STEP, 0), right), ((0, STEP), up)):
        there = wcs.pixel_to_world(10 + step[0], 20 + step[1])
        assert centre.separation(there).arcsec == pytest.approx(0.2 * STEP)
        turned = centre.position_angle(there).wrap_at(360 * units.deg).deg
        assert (turned - angle + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)


def test_a_detector_lies_where_its_place_in_the_focal_plane_is() -> None:
    wcs: Any = boresight.wcs(VISIT, dataclasses.replace(DETECTOR, position=(0.0, 180.0)))
    assert wcs.pixel_to_world(10, 20).dec.deg == pytest.approx(-19, abs=1e-3)


@pytest.mark.parametrize("yaw", [90.0, -33.0])
def test_a_turned_detector_shows_the_sky_of_its_place_in_the_focal_plane(yaw: float) -> None:
    """A point of the focal plane has one position on the sky, whichever detector is there."""
    straight = dataclasses.replace(DETECTOR, position=(3.0, -5.0))
    turned = dataclasses.replace(straight, orientation=(yaw, 0.0, 0.0))
    visit = dataclasses.replace(VISIT, rotation=25.0)
    wcs, expected = (boresight.wcs(visit, each) for each in (turned, straight))
    assert wcs is not None
    assert expected is not None
    for x, y in ((0.0, 0.0), (100.0, -40.0)):
        place = straight.from_focal_plane(*turned.to_focal_plane(x, y))
        apart = wcs.pixel_to_world(x, y).separation(expected.pixel_to_world(*place))
        assert apart.arcsec < 1e-6


@pytest.mark.parametrize(
    "unknown",
    [
        {"ra": None},
        {"dec": None},
        {"rotation": None},
        {"rotation_type": "MOUNT"},
        {"radesys": "nowhere"},
    ],
)
def test_without_a_pointing_there_is_no_wcs(unknown: dict[str, Any]) -> None:
    assert boresight.wcs(dataclasses.replace(VISIT, **unknown), DETECTOR) is None


@pytest.mark.parametrize("unknown", ["plane", "position", "reference", "pixel_size"])
def test_without_a_place_there_is_no_wcs(unknown: str) -> None:
    detector: Any = dataclasses.replace(DETECTOR, **{unknown: None})  # type: ignore[arg-type]
    assert boresight.wcs(VISIT, detector) is None
    assert boresight.wcs(VISIT, None) is None
