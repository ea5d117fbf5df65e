"""Angles, against sphgeom and astropy."""

from __future__ import annotations

import math
import pickle
from typing import Any

import astropy.coordinates
import numpy as np
import pytest

import lsst.geom as geom
from lsst.geom import Angle, arcminutes, arcseconds, degrees, hours, milliarcseconds, radians

UNITS = {
    "Radians": (radians, "rad"),
    "Degrees": (degrees, "deg"),
    "Hours": (hours, "hourangle"),
    "Arcminutes": (arcminutes, "arcmin"),
    "Arcseconds": (arcseconds, "arcsec"),
    "Milliarcseconds": (milliarcseconds, "mas"),
}


@pytest.mark.parametrize("name", UNITS)
def test_an_angle_in_every_unit_is_astropys(name: str) -> None:
    unit, word = UNITS[name]
    theirs = astropy.coordinates.Angle(1.25, unit=word)
    ours = 1.25 * unit
    assert ours.asDegrees() == pytest.approx(theirs.deg, rel=1e-15)
    assert getattr(ours, f"as{name}")() == pytest.approx(1.25, rel=1e-15)
    assert ours.asAngularUnits(unit) == pytest.approx(1.25, rel=1e-15)
    assert float(Angle.of(theirs)) == pytest.approx(float(ours), rel=1e-15)
    assert ours.astropy.to_value(word) == pytest.approx(1.25, rel=1e-15)


@pytest.mark.parametrize("turns", [-7.3, -1.0, -0.5, -1e-20, 0.0, 0.25, 0.5, 1.0, 12.6])
def test_wrapped_angles_are_sphgeoms(turns: float) -> None:
    sphgeom = pytest.importorskip("lsst.sphgeom")
    angle = turns * 360 * degrees
    wrapped = angle.wrap().asRadians()
    assert 0 <= wrapped < 2 * math.pi
    theirs = sphgeom.NormalizedAngle(float(angle)).asRadians()  # which may be 2 pi
    assert wrapped == pytest.approx(0.0 if theirs == 2 * math.pi else theirs, abs=1e-14)
    centred = angle.wrapCtr().asRadians()
    assert -math.pi <= centred < math.pi
    assert math.cos(centred) == pytest.approx(math.cos(angle), abs=1e-13)


@pytest.mark.parametrize(
    ("angle", "near", "result"),
    [(10, 350, 370), (350, 10, -10), (180, 0, -180), (10, 10, 10), (725, 0, 5)],
)
def test_an_angle_is_wrapped_near_another(angle: float, near: float, result: float) -> None:
    assert (angle * degrees).wrapNear(near * degrees).asDegrees() == pytest.approx(result)


def test_the_separation_of_two_angles_has_a_sign() -> None:
    assert (10 * degrees).separation(350 * degrees).asDegrees() == pytest.approx(20)
    assert (350 * degrees).separation(10 * degrees).asDegrees() == pytest.approx(-20)


def test_angles_are_calculated_with() -> None:
    angle = 3 * degrees + Angle(1, degrees) - 2 * degrees
    assert angle.asDegrees() == pytest.approx(2)
    assert (angle * 3 / 2).asDegrees() == pytest.approx(3)
    assert (-angle).asDegrees() == pytest.approx(-2)
    assert abs(-angle) == angle
    angle += 1 * degrees
    angle *= 2
    assert angle.asDegrees() == pytest.approx(6)
    assert float(180 * degrees) == math.pi
    assert math.sin(30 * degrees) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "act",
    [
        lambda: (1 * degrees) / (1 * degrees),
        lambda: (1 * degrees) + 1.0,
        lambda: (1 * degrees) * (1 * degrees),
        lambda: degrees * degrees,
        lambda: (1 * degrees) * degrees,
        lambda: 2.0 / (1 * degrees),
        lambda: Angle(1, 3.0),
    ],
)
def test_what_is_no_angle_is_refused(act: Any) -> None:
    with pytest.raises((TypeError, NotImplementedError)):
        act()


def test_numbers_of_numpy_have_units_too() -> None:
    assert np.float32(2) * degrees == degrees * np.float64(2) == 2 * degrees
    assert [a.asDegrees() for a in np.array([1.0, 2.0]) * degrees] == pytest.approx([1, 2])


def test_angles_compare_also_with_radians() -> None:
    assert 1 * degrees < 2 * degrees <= 2 * degrees
    assert 1 * radians == 1.0
    assert 1 * radians > 0.5
    assert math.nan * radians == math.nan * radians
    assert len({1 * degrees, 60 * arcminutes, 2 * degrees}) == 2


def test_angles_read_as_those_of_the_original() -> None:
    assert str(30 * degrees) == "0.523599 rad"
    assert repr(0.5 * degrees) == "Angle(0.5, degrees)"
    assert repr(math.nan * degrees) == "Angle(float('nan'), degrees)"
    assert pickle.loads(pickle.dumps(30 * degrees)) == 30 * degrees
    assert pickle.loads(pickle.dumps(degrees)) == degrees


def test_plain_numbers_are_converted() -> None:
    arcsec = math.pi / 180 / 3600
    assert geom.radToMas(arcsec) == pytest.approx(1000)
    assert geom.radToArcsec(arcsec) == pytest.approx(1)
    assert geom.radToDeg(geom.degToRad(3.0)) == pytest.approx(3)
    assert geom.masToRad(1000) == pytest.approx(geom.arcsecToRad(1))
    assert geom.isAngle(1 * degrees)
    assert not geom.isAngle(1.0)


def test_half_a_turn_is_exactly_the_same_in_every_unit() -> None:
    """As in the original's own tests."""
    half = 180 * degrees
    assert half == math.pi == geom.PI
    assert half == Angle(60 * 180, arcminutes) == Angle(3600 * 180, arcseconds)
    assert half == Angle(3600 * 180 * 1000, milliarcseconds)
    assert (half * 2).asArcminutes() == 360 * 60
    assert (half * 2).asArcseconds() == 360 * 3600
    assert (half * 2).asMilliarcseconds() == 360 * 3600 * 1000
    assert math.sin(half / 2) == 1.0
