"""`lsst.afw.geom` and `lsst.afw.coord`: the names that scripts import from there."""

from __future__ import annotations

import importlib

import pytest

import lsst.geom
from lsst.afw import coord, geom


@pytest.mark.parametrize(
    "name",
    "Point2D degrees Box2D SpherePoint BoxI ExtentI PointI radians Extent2I Point2I Box2I "
    "arcseconds Angle PointD Extent2D ExtentD AffineTransform LinearTransform".split(),
)
def test_names_of_lsst_geom_are_the_same_by_their_old_home(name: str) -> None:
    assert getattr(geom, name) is getattr(lsst.geom, name)
    assert name in dir(geom)


@pytest.mark.parametrize(
    "name",
    "SpanSet SkyWcs makeSkyWcs makeCdMatrix Polygon TransformPoint2ToPoint2 makeTransform".split(),
)
def test_names_of_its_own_are_there(name: str) -> None:
    assert name in geom.__all__
    assert getattr(geom, name).__doc__


@pytest.mark.parametrize(
    ("module", "name"), [("ellipses", "Quadrupole"), ("ellipses", "Axes"), ("polygon", "Polygon")]
)
def test_its_modules_are_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(f"lsst.afw.geom.{module}"), name)
    assert hasattr(getattr(geom, module), name)


def test_positions_by_their_names_of_before_2018() -> None:
    place = coord.IcrsCoord(10.0 * geom.degrees, -5.0 * geom.degrees)
    assert place == lsst.geom.SpherePoint(10.0, -5.0, lsst.geom.degrees)
    assert place.toIcrs() is place
    assert place.getPosition(coord.DEGREES) == geom.Point2D(10.0, -5.0)
    for other in (
        coord.Coord(geom.Point2D(10.0, -5.0)),
        coord.IcrsCoord(geom.Point2D(10.0, -5.0), coord.DEGREES),
        coord.makeCoord("ICRS", 10.0 * geom.degrees, -5.0 * geom.degrees),
    ):
        assert other.separation(place).asDegrees() < 1e-12
    with pytest.raises(NotImplementedError, match="only ICRS"):
        coord.makeCoord("FK5", 10.0 * geom.degrees, -5.0 * geom.degrees)


def test_sites_are_there() -> None:
    site = coord.Observatory(-70.8 * geom.degrees, -30.2 * geom.degrees, 2215.0)
    assert site.getElevation() == 2215.0
    assert coord.Weather(10.0, 78000.0, 30.0).getHumidity() == 30.0
