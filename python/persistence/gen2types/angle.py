"""`Angle` and `AngleUnit`, by the names of ``lsst.geom``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from persistence.gen2types.face import Face

PI = math.pi
TWOPI = 2 * math.pi
HALFPI = math.pi / 2
ONE_OVER_PI = 1 / math.pi
SQRTPI = math.sqrt(math.pi)
INVSQRTPI = 1 / SQRTPI
ROOT2 = math.sqrt(2)


class AngleUnit:
    """A unit of angles: ``5 * degrees`` is an `Angle`.

    Parameters
    ----------
    radians : `float`
        How many radians it is.
    """

    __slots__ = ("_radians",)

    def __init__(self, radians: Any) -> None:
        self._radians = float(radians)

    def __mul__(self, number: Any) -> Angle:
        if isinstance(number, Angle | AngleUnit):
            raise NotImplementedError(
                f"{number!r} cannot be multiplied by an AngleUnit: it is not a number"
            )
        # An array of numbers becomes an array of angles, created by numpy.
        return NotImplemented if getattr(number, "ndim", 0) else Angle(number, self)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return self._radians == other._radians if isinstance(other, AngleUnit) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._radians)

    def __repr__(self) -> str:
        return f"AngleUnit({self._radians!r})"

    def asRadians(self) -> float:
        return self._radians


radians = AngleUnit(1.0)
degrees = AngleUnit(PI / 180)
hours = AngleUnit(PI * 15 / 180)
arcminutes = AngleUnit(PI / 60 / 180)
arcseconds = AngleUnit(PI / 180 / 3600)
milliarcseconds = AngleUnit(PI / (180 * 3.6e6))  # so that half a turn is PI in each of them


class Angle(Face[Any]):
    """An angle, not wrapped; as a number, it is in radians.

    Parameters
    ----------
    val : `float`
        How large it is.
    units : `AngleUnit`, optional
        In which unit.
    """

    def __init__(self, val: Any = 0.0, units: AngleUnit = radians) -> None:
        if not isinstance(units, AngleUnit):
            raise TypeError(f"units={units!r} of an Angle is not an AngleUnit, such as degrees")
        self._radians = float(val) * units._radians

    @classmethod
    def of(cls, ours: Any) -> Angle:
        """Return the face of an `astropy.coordinates.Angle`, which must be one number."""
        return cls(float(ours.to_value("rad")))

    @property
    def astropy(self) -> Any:
        """The angle as an `astropy.coordinates.Angle`, in degrees."""
        from astropy.coordinates import Angle as AstropyAngle  # lazy: few need it

        return AstropyAngle(self.asDegrees(), unit="deg")

    def asAngularUnits(self, unit: AngleUnit) -> float:
        return self._radians / unit._radians

    def asRadians(self) -> float:
        return self._radians

    def asDegrees(self) -> float:
        return self.asAngularUnits(degrees)

    def asHours(self) -> float:
        return self.asAngularUnits(hours)

    def asArcminutes(self) -> float:
        return self.asAngularUnits(arcminutes)

    def asArcseconds(self) -> float:
        return self.asAngularUnits(arcseconds)

    def asMilliarcseconds(self) -> float:
        return self.asAngularUnits(milliarcseconds)

    def wrap(self) -> Angle:
        """Return the same direction from 0 to less than 2 pi."""
        turned = math.fmod(self._radians, TWOPI) if math.isfinite(self._radians) else math.nan
        turned = turned + TWOPI if turned < 0 else turned
        # -1e-20 + 2 pi is 2 pi; the sum with 0 makes 0 of -0.
        return Angle(0.0 if turned >= TWOPI else turned + 0.0)

    def wrapCtr(self) -> Angle:
        """Return the same direction from -pi to less than pi."""
        turned = math.fmod(self._radians, TWOPI) if math.isfinite(self._radians) else math.nan
        if turned >= PI:
            return Angle(max(turned - TWOPI, -PI))
        if turned < -PI:
            turned += TWOPI
            return Angle(turned if turned < PI else -PI)
        return Angle(turned)

    def wrapNear(self, refAng: Angle) -> Angle:
        """Return the same direction, at most half a turn from another angle."""
        turned = (self - refAng).wrapCtr()._radians + refAng._radians
        # Rounding can lead out of the half turn.
        if turned - refAng._radians >= PI:
            turned -= TWOPI
        if turned - refAng._radians < -PI:
            turned += TWOPI
        return Angle(turned)

    def separation(self, other: Angle) -> Angle:
        """Return by how much this angle is ahead of another, from -pi to less than pi."""
        return (self - other).wrapCtr()

    # -- arithmetic; with a number only where the result is an angle
    def __add__(self, other: Angle) -> Angle:
        return Angle(self._radians + other._radians) if isinstance(other, Angle) else NotImplemented

    def __sub__(self, other: Angle) -> Angle:
        return Angle(self._radians - other._radians) if isinstance(other, Angle) else NotImplemented

    def __mul__(self, number: Any) -> Angle:
        return Angle(self._radians * float(number)) if _is_number(number) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, number: Any) -> Angle:
        return Angle(self._radians / float(number)) if _is_number(number) else NotImplemented

    def __neg__(self) -> Angle:
        return Angle(-self._radians)

    def __pos__(self) -> Angle:
        return self

    def __abs__(self) -> Angle:
        return Angle(abs(self._radians))

    def __float__(self) -> float:
        return self._radians

    # -- comparisons, with numbers too, which are radians
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Angle | float | int):
            return NotImplemented
        number = float(other)
        return self._radians == number or (math.isnan(self._radians) and math.isnan(number))

    def __lt__(self, other: Angle | float) -> bool:
        return self._radians < float(other)

    def __le__(self, other: Angle | float) -> bool:
        return self._radians <= float(other)

    def __gt__(self, other: Angle | float) -> bool:
        return self._radians > float(other)

    def __ge__(self, other: Angle | float) -> bool:
        return self._radians >= float(other)

    def __hash__(self) -> int:
        return hash(self._radians)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._radians,)

    def __str__(self) -> str:
        return f"{self._radians:g} rad"

    def __repr__(self) -> str:
        number = self.asDegrees()
        text = f"{number:.17g}" if math.isfinite(number) else f"float('{number}')"
        return f"Angle({text}, degrees)"


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, Angle) and not np.ndim(value)


def isAngle(value: object) -> bool:
    """Return whether something is an `Angle`."""
    return isinstance(value, Angle)


# Conversions of plain numbers.
def degToRad(x: Any) -> Any:
    """Return degrees in radians."""
    return x * degrees._radians


def radToDeg(x: Any) -> Any:
    """Return radians in degrees."""
    return x / degrees._radians


def radToArcsec(x: Any) -> Any:
    """Return radians in arcseconds."""
    return x / arcseconds._radians


def radToMas(x: Any) -> Any:
    """Return radians in milliarcseconds."""
    return x / milliarcseconds._radians


def arcsecToRad(x: Any) -> Any:
    """Return arcseconds in radians."""
    return x * arcseconds._radians


def masToRad(x: Any) -> Any:
    """Return milliarcseconds in radians."""
    return x * milliarcseconds._radians
