"""Positions on the sphere, against astropy and sphgeom."""

from __future__ import annotations

import math
import pickle
import sys
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from lsst.geom import (
    Angle,
    Point2D,
    SpherePoint,
    arcseconds,
    averageSpherePoint,
    degrees,
    hours,
    radians,
)
from persistence.gen2types.exceptions import InvalidParameterError, LengthError

PLACES = [(0.0, 0.0), (10.5, -20.25), (359.999, 89.5), (200.0, -89.9), (45.0, 45.0), (180.0, 1e-7)]
NANODEGREE = 1e-9


@pytest.mark.parametrize("one", PLACES)
@pytest.mark.parametrize("other", PLACES)
def test_distance_and_direction_are_astropys(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    ours, theirs = SpherePoint(*one, degrees), SpherePoint(*other, degrees)
    a, b = SkyCoord(*one, unit="deg"), SkyCoord(*other, unit="deg")
    assert ours.separation(theirs).asDegrees() == pytest.approx(a.separation(b).deg, abs=NANODEGREE)
    if one == other:
        return
    # astropy counts from north to east, the original from east to north
    bearing = (90 * units.deg - a.position_angle(b)).wrap_at(360 * units.deg).deg
    assert ours.bearingTo(theirs).asDegrees() == pytest.approx(bearing, abs=NANODEGREE)
    there = ours.offset(ours.bearingTo(theirs), ours.separation(theirs))
    assert there.separation(theirs).asDegrees() < NANODEGREE


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("bearing", [0.0, 33.0, 90.0, 200.0])
def test_offsets_are_astropys(place: tuple[float, float], bearing: float) -> None:
    ours = SpherePoint(*place, degrees).offset(bearing * degrees, 1.5 * degrees)
    theirs = SkyCoord(*place, unit="deg").directional_offset_by(
        (90 - bearing) * units.deg, 1.5 * units.deg
    )
    assert ours.astropy.separation(theirs).deg < NANODEGREE


@pytest.mark.parametrize("place", PLACES)
def test_vectors_are_astropys_and_lead_back(place: tuple[float, float]) -> None:
    point = SpherePoint(*place, degrees)
    vector = point.getVector()
    theirs = SkyCoord(*place, unit="deg").cartesian.xyz.value
    assert [vector.x(), vector.y(), vector.z()] == pytest.approx(list(theirs), abs=1e-15)
    assert SpherePoint(vector).separation(point).asDegrees() < NANODEGREE
    assert SpherePoint(tuple(theirs)).separation(point).asDegrees() < NANODEGREE
    xyz = SpherePoint.toUnitXYZ(ra=np.array([place[0]]), dec=np.array([place[1]]), units=degrees)
    assert np.ravel(xyz) == pytest.approx(list(theirs), abs=1e-15)
    assert SpherePoint.of(point.astropy).separation(point).asDegrees() < NANODEGREE


def test_without_sphgeom_there_are_vectors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lsst.sphgeom", None)
    vector = SpherePoint(90, 0, degrees).getVector()
    assert (vector.x(), vector.y(), vector.z()) == pytest.approx((0, 1, 0), abs=1e-15)
    assert vector.dot(vector) == pytest.approx(1)


def test_a_position_is_turned_about_an_axis() -> None:
    turned = SpherePoint(10, 20, degrees).rotated(SpherePoint(0, 90, degrees), 30 * degrees)
    assert turned.separation(SpherePoint(40, 20, degrees)).asDegrees() < NANODEGREE
    matrix = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])  # a third of a turn about (1, 1, 1)
    axis = SpherePoint((1.0, 1.0, 1.0))
    turned = SpherePoint(10, 20, degrees).rotated(axis, 120 * degrees)
    vector = matrix @ SkyCoord(10, 20, unit="deg").cartesian.xyz.value
    assert turned.separation(SpherePoint(tuple(vector))).asDegrees() < NANODEGREE


def test_the_mean_of_positions_crosses_zero_hours() -> None:
    mean = averageSpherePoint([SpherePoint(359, 1, degrees), SpherePoint(1, -1, degrees)])
    assert mean.separation(SpherePoint(0, 0, degrees)).asDegrees() < NANODEGREE
    with pytest.raises(LengthError):
        averageSpherePoint([])


def test_offsets_on_the_tangent_plane_are_astropys_for_near_positions() -> None:
    one, other = SpherePoint(10, 60, degrees), SpherePoint(10.01, 60.01, degrees)
    offsets = [angle.asArcseconds() for angle in one.getTangentPlaneOffset(other)]
    theirs = one.astropy.spherical_offsets_to(other.astropy)
    assert offsets == pytest.approx([angle.arcsec for angle in theirs], rel=1e-3)


@pytest.mark.parametrize(
    "point",
    [
        SpherePoint(10 * degrees, -20 * degrees),
        SpherePoint(370, -20, degrees),
        SpherePoint(longitude=10 * degrees, latitude=-20 * degrees),
        SpherePoint(10, -20, units=degrees),
        SpherePoint(longitude=10.0, latitude=-20.0, units=degrees),
        SpherePoint(np.float64(10), np.float32(-20), degrees),
        SpherePoint(math.radians(10), math.radians(-20), radians),
        SpherePoint(SpherePoint(10, -20, degrees)),
        SpherePoint(SkyCoord(10, -20, unit="deg")),
        SpherePoint(SkyCoord(10, -20, unit="deg").galactic),
        SpherePoint(10 / 15 * hours, -20 * 3600 * arcseconds),
    ],
)
def test_a_position_is_made_of(point: SpherePoint) -> None:
    assert point.separation(SpherePoint(10, -20, degrees)).asDegrees() < NANODEGREE


def test_a_position_is_made_of_what_sphgeom_has() -> None:
    sphgeom = pytest.importorskip("lsst.sphgeom")
    lonlat = sphgeom.LonLat.fromDegrees(10, -20)
    for theirs in (lonlat, sphgeom.UnitVector3d(lonlat), sphgeom.Vector3d(2, 0, 0)):
        vector = sphgeom.UnitVector3d(theirs)
        assert SpherePoint(theirs).getVector().dot(vector) == pytest.approx(1)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda: SpherePoint(10, 91, degrees), InvalidParameterError),
        (lambda: SpherePoint((0.0, 0.0, 0.0)), InvalidParameterError),
        (lambda: SpherePoint(10, 20), TypeError),
        (lambda: SpherePoint(10 * degrees, 20), TypeError),
        (lambda: SpherePoint(10, 20, "deg"), TypeError),
        (lambda: SpherePoint(right=10), TypeError),
        (lambda: SpherePoint(1, 2, degrees)[2], IndexError),
    ],
)
def test_what_is_no_position_is_refused(act: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        act()


def test_coordinates_have_names_and_indices() -> None:
    point = SpherePoint(10, -20, degrees)
    assert point.getRa() == point.getLongitude() == point[0] == Angle(10, degrees)
    assert point.getDec() == point.getLatitude() == point[1] == point[-1]
    assert [angle.asDegrees() for angle in point] == pytest.approx([10, -20])
    assert list(point.getPosition(degrees)) == pytest.approx([10, -20])
    assert isinstance(point.getPosition(radians), Point2D)
    assert not point.atPole()
    assert SpherePoint(10, 90, degrees).atPole()
    assert point.isFinite()
    assert not SpherePoint().isFinite()
    assert point == SpherePoint(10, -20, degrees)
    assert len({point, SpherePoint(10, -20, degrees)}) == 1
    assert pickle.loads(pickle.dumps(point)) == point


def test_positions_read_as_those_of_the_original() -> None:
    point = SpherePoint(10, -20, degrees)
    assert str(point) == "(10.0000000000, -20.0000000000)"
    assert repr(SpherePoint(0, 45, degrees)) == "SpherePoint(0.0*degrees, 45.0*degrees)"
    assert eval(repr(point)) == point


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_nowhere(bad: float) -> None:
    assert not SpherePoint(bad, 0.0, degrees).isFinite()
    point = SpherePoint((0.5, bad, 0.2))
    assert all(math.isnan(angle) for angle in point)
    assert point != point
    start = SpherePoint(90, 30, degrees)
    for there in (
        start.rotated(SpherePoint(0, 90, degrees), bad * degrees),
        start.offset(bad * degrees, 1 * degrees),
    ):
        assert not there.isFinite()
    assert all(math.isnan(number) for number in point.getVector())


def test_a_pole_is_a_pole_in_every_unit() -> None:
    for latitude in (90 * degrees, 6 * hours, 324000 * arcseconds, math.pi / 2 * radians):
        assert SpherePoint(42 * degrees, latitude).atPole()
        assert SpherePoint(42 * degrees, -latitude).atPole()
        with pytest.raises(InvalidParameterError):
            SpherePoint(42 * degrees, math.nextafter(float(latitude), 2) * radians)
    for z in (-11.3, 0.1):
        point = SpherePoint((0.0, 0.0, z))
        assert point.atPole()
        assert (point.getRa(), point.getDec().asDegrees()) == (0.0, math.copysign(90, z))
    assert SpherePoint((0.6070619982, -1.264309928e-16, 0.7946544723))[0].asDegrees() == 0.0
