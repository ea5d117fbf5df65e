"""`SpherePoint`: a position on the sky (ICRS), by the names of ``lsst.geom``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from persistence.gen2types import angle as angles
from persistence.gen2types.angle import Angle, AngleUnit, degrees, radians
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.exceptions import InvalidParameterError, LengthError, OutOfRangeError
from persistence.gen2types.face import Face


@dataclass(frozen=True)
class UnitVector:
    """A direction in space, with the methods of sphgeom's, where that is not installed."""

    coordinates: tuple[float, float, float]

    def x(self) -> float:
        return self.coordinates[0]

    def y(self) -> float:
        return self.coordinates[1]

    def z(self) -> float:
        return self.coordinates[2]

    def __getitem__(self, index: int) -> float:
        return self.coordinates[index]

    def __len__(self) -> int:
        return 3

    def dot(self, other: Any) -> float:
        return math.fsum(self[axis] * other[axis] for axis in range(3))


class SpherePoint(Face[Any]):
    """A position on the sphere: right ascension and declination, or any longitude and latitude.

    Made of two `Angle`, of two numbers and their `AngleUnit`, of a vector, of sphgeom's ``LonLat``,
    of another one, or of an `astropy.coordinates.SkyCoord`; without arguments it is nowhere (NaN).

    Raises
    ------
    InvalidParameterError
        If a latitude is beyond a pole, or a vector has no length.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        longitude, latitude = _angles((*args, *(named[n] for n in _NAMES if n in named)), named)
        if abs(latitude.asRadians()) > angles.HALFPI:
            raise InvalidParameterError(f"{latitude.asDegrees()} deg is not a valid latitude")
        self._longitude = longitude.wrap().asRadians()
        self._latitude = latitude.asRadians()

    @classmethod
    def of(cls, ours: Any) -> SpherePoint:
        """Return the position of an `astropy.coordinates.SkyCoord`, which must be one position."""
        icrs = ours.icrs
        return cls(float(icrs.ra.rad), float(icrs.dec.rad), radians)

    @property
    def astropy(self) -> Any:
        """The position as an `astropy.coordinates.SkyCoord` (ICRS)."""
        from astropy.coordinates import SkyCoord  # lazy: few need it

        lon, lat = (self[axis].asDegrees() for axis in (0, 1))
        return SkyCoord(lon, lat, unit="deg", frame="icrs")

    @classmethod
    def _of_vector(cls, vector: Iterable[float]) -> SpherePoint:
        x, y, z = (float(number) for number in vector)
        if not math.isfinite(x + y + z):
            return cls()
        across = math.hypot(x, y)
        if across == 0.0 == z:
            raise InvalidParameterError(f"the vector ({x}, {y}, {z}) has no direction")
        latitude = math.atan2(z, across)
        is_pole = abs(latitude) >= angles.HALFPI
        return cls(0.0 if is_pole else math.atan2(y, x), latitude, radians)

    def getLongitude(self) -> Angle:
        return Angle(self._longitude)

    def getLatitude(self) -> Angle:
        return Angle(self._latitude)

    getRa, getDec = getLongitude, getLatitude

    def getVector(self) -> Any:
        """Return the unit vector: sphgeom's ``UnitVector3d`` where that is installed."""
        try:
            from lsst.sphgeom import LonLat, UnitVector3d  # lazy: an extra
        except ImportError:
            return UnitVector(self._vector())
        return UnitVector3d(LonLat.fromRadians(self._longitude, self._latitude))

    def _vector(self) -> tuple[float, float, float]:
        across = math.cos(self._latitude)
        x, y = math.cos(self._longitude) * across, math.sin(self._longitude) * across
        return x, y, math.sin(self._latitude)

    def getPosition(self, units: AngleUnit) -> Point2D:
        """Return longitude and latitude as numbers in a unit."""
        return Point2D(*(coordinate.asAngularUnits(units) for coordinate in self))

    def toIcrs(self) -> SpherePoint:
        """Return the position itself, which is in ICRS; scripts of before 2018 ask for it."""
        return self

    def atPole(self) -> bool:
        return abs(self._latitude) >= angles.HALFPI

    def isFinite(self) -> bool:
        return math.isfinite(self._longitude) and math.isfinite(self._latitude)

    def separation(self, other: SpherePoint) -> Angle:
        """Return the distance of two positions, exact for small and large ones."""
        (a, b, c), (x, y, z) = self._vector(), other._vector()
        across = math.hypot(b * z - c * y, c * x - a * z, a * y - b * x)
        return Angle(math.atan2(across, a * x + b * y + c * z))

    def bearingTo(self, other: SpherePoint) -> Angle:
        """Return the direction of another position, from east to north."""
        turn = other._longitude - self._longitude
        sin, cos, other_sin, other_cos = (
            function(point._latitude)
            for point in (self, other)
            for function in (math.sin, math.cos)
        )
        east = math.sin(turn) * other_cos
        north = cos * other_sin - sin * other_cos * math.cos(turn)
        return (90.0 * degrees - Angle(math.atan2(east, north))).wrap()

    def offset(self, bearing: Angle, amount: Angle) -> SpherePoint:
        """Return the position at a distance, in a direction from east to north."""
        start = np.array(self._vector())
        east = np.array([-math.sin(self._longitude), math.cos(self._longitude), 0.0])
        north = np.cross(start, east)
        (cos, sin), (along, aside) = _cos_sin(amount), _cos_sin(bearing)
        return self._of_vector(cos * start + sin * (along * east + aside * north))

    def rotated(self, axis: SpherePoint, amount: Angle) -> SpherePoint:
        """Return the position, turned about an axis, counter-clockwise seen from outside."""
        start, pole = np.array(self._vector()), np.array(axis._vector())
        cos, sin = _cos_sin(amount)
        turned = cos * start + sin * np.cross(pole, start) + (1 - cos) * (pole @ start) * pole
        return self._of_vector(turned)

    def getTangentPlaneOffset(self, other: SpherePoint) -> tuple[Angle, Angle]:
        """Return how far another position is to the east and to the north, on a plane.

        As afw did, the plane touches the sphere at the *other* position.
        """
        turn = other._longitude - self._longitude
        sin, cos, other_sin, other_cos = (
            function(point._latitude)
            for point in (self, other)
            for function in (math.sin, math.cos)
        )
        depth = cos * math.cos(turn) * other_cos + sin * other_sin
        north = (cos * math.cos(turn) * other_sin - sin * other_cos) / depth
        return Angle(cos * math.sin(turn) / depth), Angle(north)

    @staticmethod
    def toUnitXYZ(
        *,
        longitude: Any = None,
        latitude: Any = None,
        ra: Any = None,
        dec: Any = None,
        units: AngleUnit,
    ) -> tuple[Any, Any, Any]:
        """Return the coordinates of unit vectors of arrays of longitudes and latitudes."""
        if (longitude is None) is (ra is None) or (latitude is None) is (dec is None):
            raise ValueError("give longitude or ra, and latitude or dec")
        lon = units.asRadians() * np.asarray(ra if longitude is None else longitude)
        lat = units.asRadians() * np.asarray(dec if latitude is None else latitude)
        return np.cos(lon) * np.cos(lat), np.sin(lon) * np.cos(lat), np.sin(lat)

    def __getitem__(self, index: int) -> Angle:
        if index not in (0, 1, -1, -2):
            raise OutOfRangeError(
                f"index {index} is out of range: a SpherePoint has longitude (0) and latitude (1)"
            )
        return Angle((self._longitude, self._latitude)[index])

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Angle]:
        return iter((self.getLongitude(), self.getLatitude()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpherePoint):
            return NotImplemented
        # One by one, for nowhere is not even where it is: tuples ask whether numbers are the same.
        return self._longitude == other._longitude and self._latitude == other._latitude

    def __hash__(self) -> int:
        return hash((self._longitude, self._latitude))

    def __str__(self) -> str:
        return f"({self[0].asDegrees():.10f}, {self[1].asDegrees():+.10f})"

    def __repr__(self) -> str:
        lon, lat = (coordinate.asDegrees() for coordinate in self)
        return f"SpherePoint({lon!r}*degrees, {lat!r}*degrees)"


def _cos_sin(angle: Any) -> tuple[float, float]:
    """Return cosine and sine; NaN for values that are not finite."""
    number = float(angle) if math.isfinite(angle) else math.nan
    return math.cos(number), math.sin(number)


_NAMES = ("longitude", "latitude", "units", "vector", "unitVector", "lonLat", "other")


def _angles(args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Angle, Angle]:
    """Return longitude and latitude of the arguments of a constructor."""
    unknown = set(named) - set(_NAMES)
    first, *rest = args or (None,)
    if unknown or len(args) > 3:
        pass
    elif not args:
        return Angle(math.nan), Angle(math.nan)
    elif len(args) == 3 and isinstance(args[2], AngleUnit):
        return first * args[2], args[1] * args[2]
    elif len(args) == 2 and isinstance(first, Angle) and isinstance(rest[0], Angle):
        return first, rest[0]
    elif len(args) == 1:
        return _angles_of_one(first)
    words = ", ".join([*(repr(arg) for arg in args), *sorted(unknown)])
    raise TypeError(f"SpherePoint({words}): give two Angle, or two numbers and their AngleUnit")


def _angles_of_one(position: Any) -> tuple[Angle, Angle]:
    if isinstance(position, SpherePoint):
        return position.getLongitude(), position.getLatitude()
    if hasattr(position, "icrs"):
        return _angles_of_one(SpherePoint.of(position))
    if hasattr(position, "getLon"):
        return Angle(position.getLon().asRadians()), Angle(position.getLat().asRadians())
    if hasattr(position, "z") and callable(position.x):
        position = (position.x(), position.y(), position.z())
    if not hasattr(position, "__len__") or len(position) != 3:
        raise TypeError(f"{position!r} is neither a vector nor a position on the sphere")
    return _angles_of_one(SpherePoint._of_vector(position))


def averageSpherePoint(coords: Iterable[SpherePoint]) -> SpherePoint:
    """Return the direction of the mean of the unit vectors of some positions.

    Raises
    ------
    LengthError
        If there are none.
    """
    vectors = [position._vector() for position in coords]
    if not vectors:
        raise LengthError("no positions to average")
    return SpherePoint._of_vector(
        math.fsum(axis) / len(vectors) for axis in zip(*vectors, strict=True)
    )
