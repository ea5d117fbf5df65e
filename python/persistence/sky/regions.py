"""Regions that users ask about: circles, boxes and polygons, in degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from persistence.errors import DataIdError
from persistence.sky import crossing, polygon
from persistence.sky.polygon import Vectors
from persistence.types.wcs import sphere


@dataclass(frozen=True)
class Circle:
    """All positions within a distance of a centre.

    Parameters
    ----------
    ra, dec : `float` or `~astropy.units.Quantity`
        The centre (deg, ICRS).
    radius : `float` or `~astropy.units.Quantity`, optional
        The radius (deg), 0 to 180. 0 is one position, 180 the whole sky.

    Raises
    ------
    DataIdError
        If a value is not finite, or out of range.
    """

    ra: float
    dec: float
    radius: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "ra", degrees("ra", self.ra))
        object.__setattr__(self, "dec", _declination("dec", self.dec))
        object.__setattr__(self, "radius", degrees("radius", self.radius))
        if not 0 <= self.radius <= 180:
            raise DataIdError(f"radius={self.radius} deg: expected 0 to 180 deg")

    @property
    def centre(self) -> Vectors:
        """The unit vector of the centre."""
        return sphere.vector(self.ra % 360, self.dec)

    def sphgeom(self) -> Any:
        """Return the region as an object of ``lsst.sphgeom``."""
        module = polygon.sphgeom()
        radius = module.Angle.fromDegrees(self.radius)
        return module.Circle(module.UnitVector3d(*self.centre.tolist()), radius)

    def bounds(self) -> tuple[float, ...]:
        """Return the ranges of x, y and z of its unit vectors, one after another."""
        return polygon.ranges(self.sphgeom().getBoundingBox3d())

    def intersects(self, content: bytes) -> bool:
        """Return whether it has a position in common with a polygon that is stored as bytes."""
        if self.radius >= 180:
            return True
        shape = polygon.decoded(content)
        if self.radius == 0:
            return bool(shape.contains(polygon.sphgeom().UnitVector3d(*self.centre.tolist())))
        return bool(shape.intersects(self.sphgeom()))

    def vertices(self) -> Vectors | None:
        """Return vertices, if it is a polygon with an area; else None."""
        return None


@dataclass(frozen=True)
class Box:
    """All positions between two right ascensions and two declinations.

    Parameters
    ----------
    ra : `tuple` [`float`, `float`]
        The western and the eastern limit (deg): ``(350, 10)`` is 20 deg wide.
    dec : `tuple` [`float`, `float`]
        The southern and the northern limit (deg).

    Raises
    ------
    DataIdError
        If a value is not finite, or out of range.
    """

    ra: tuple[float, float]
    dec: tuple[float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ra", tuple(degrees("ra", each) for each in _pair("ra", self.ra)))
        dec = tuple(_declination("dec", each) for each in _pair("dec", self.dec))
        object.__setattr__(self, "dec", dec)
        if self.dec[0] > self.dec[1]:
            raise DataIdError(f"dec={self.dec}: expected the southern limit first")

    def sphgeom(self) -> Any:
        """Return the region as an object of ``lsst.sphgeom``."""
        module = polygon.sphgeom()
        longitudes = (
            module.NormalizedAngleInterval.full()
            if abs(self.ra[1] - self.ra[0]) >= 360
            else module.NormalizedAngleInterval.fromDegrees(*self.ra)
        )
        return module.Box(longitudes, module.AngleInterval.fromDegrees(*self.dec))

    def bounds(self) -> tuple[float, ...]:
        """Return the ranges of x, y and z of its unit vectors, one after another."""
        return polygon.ranges(self.sphgeom().getBoundingBox3d())

    def intersects(self, content: bytes) -> bool:
        """Return whether it has a position in common with a polygon that is stored as bytes."""
        shape = polygon.decoded(content)
        # lsst.sphgeom compares the box with that around the polygon: this may say yes too often
        return bool(shape.intersects(self.sphgeom())) and crossing.with_box(
            polygon.from_bytes(content), shape, self.sphgeom()
        )

    def vertices(self) -> Vectors | None:
        """Return vertices, if it is a polygon with an area; else None."""
        return None


@dataclass(frozen=True)
class Polygon:
    """The convex hull of positions.

    Parameters
    ----------
    corners : sequence of `tuple` [`float`, `float`], or `~astropy.coordinates.SkyCoord`
        RA and Dec (deg, ICRS) of three or more corners, in any order.

    Raises
    ------
    DataIdError
        If a value is not finite, or they are not the corners of a polygon smaller than a
        hemisphere.
    """

    corners: Any

    def __post_init__(self) -> None:
        corners = self.corners
        if not hasattr(corners, "ra"):
            try:
                pairs = [tuple(pair) for pair in corners]
            except TypeError:
                raise DataIdError(f"a polygon has corners (ra, dec), not {corners!r}") from None
            if len(pairs) < 3 or any(len(pair) != 2 for pair in pairs):
                raise DataIdError(f"a polygon has 3 or more corners (ra, dec), not {corners!r}")
            values = tuple((degrees("ra", ra), _declination("dec", dec)) for ra, dec in pairs)
        else:
            values = tuple(zip(*map(np.ndarray.tolist, sphere.radec(corners)), strict=True))
        object.__setattr__(self, "corners", values)
        vectors = sphere.vector(*sphere.finite(*np.transpose(values)))
        object.__setattr__(self, "_vertices", hull(vectors))

    def sphgeom(self) -> Any:
        """Return the region as an object of ``lsst.sphgeom``."""
        return polygon.decoded(polygon.to_bytes(self.vertices()))

    def bounds(self) -> tuple[float, ...]:
        """Return the ranges of x, y and z of its unit vectors, one after another."""
        return polygon.bounds(self.vertices())

    def intersects(self, content: bytes) -> bool:
        """Return whether it has a position in common with a polygon that is stored as bytes."""
        return bool(polygon.decoded(content).intersects(self.sphgeom()))

    def vertices(self) -> Vectors:
        """Return its vertices, of shape (n, 3)."""
        vertices: Vectors = self.__dict__["_vertices"]
        return vertices


@dataclass(frozen=True)
class Outline:
    """A convex polygon by its vertices, such as that of a patch or of an exposure.

    Parameters
    ----------
    content : `bytes`
        The polygon as bytes; see `persistence.sky.polygon`.
    """

    content: bytes

    def sphgeom(self) -> Any:
        """Return the region as an object of ``lsst.sphgeom``."""
        return polygon.decoded(self.content)

    def bounds(self) -> tuple[float, ...]:
        """Return the ranges of x, y and z of its unit vectors, one after another."""
        return polygon.ranges(self.sphgeom().getBoundingBox3d())

    def intersects(self, content: bytes) -> bool:
        """Return whether it has a position in common with a polygon that is stored as bytes."""
        return bool(polygon.decoded(content).intersects(polygon.decoded(self.content)))

    def vertices(self) -> Vectors:
        """Return its vertices, of shape (n, 3)."""
        return polygon.from_bytes(self.content)


Region = Circle | Box | Polygon | Outline


def hull(vectors: Vectors) -> Vectors:
    """Return the vertices of the convex hull of unit vectors.

    Raises
    ------
    DataIdError
        If they do not lie within a hemisphere, or on one great circle.
    """
    module = polygon.sphgeom()
    points = [module.UnitVector3d(*each) for each in vectors.tolist()]
    try:
        encoded = module.ConvexPolygon(points).encode()
    except (ValueError, RuntimeError) as error:
        raise DataIdError(f"the corners are not those of a convex polygon: {error}") from error
    return polygon.from_bytes(encoded[1:])


def degrees(name: str, value: Any) -> float:
    """Return an angle in degrees.

    Parameters
    ----------
    name : `str`
        What it is, for error messages.
    value : `float` or `~astropy.units.Quantity`
        The angle; a number is in degrees.

    Raises
    ------
    DataIdError
        If it is not a finite angle.
    """
    try:
        number = float(value.to_value("deg") if hasattr(value, "to_value") else value)
    except (TypeError, ValueError) as error:
        raise DataIdError(f"{name}={value!r}: expected an angle in degrees ({error})") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise DataIdError(f"{name}={value!r}: expected a finite angle in degrees")
    return number


def _declination(name: str, value: Any) -> float:
    number = degrees(name, value)
    if not -90 <= number <= 90:
        raise DataIdError(f"{name}={number} deg: expected -90 to 90 deg")
    return number


def _pair(name: str, value: Any) -> tuple[Any, Any]:
    try:
        first, second = value
    except (TypeError, ValueError):
        raise DataIdError(f"{name}={value!r}: expected two limits in degrees") from None
    return first, second
