"""The positions of detectors in a camera's focal plane, and their coordinate systems.

The systems have afw's names: ``Pixels`` of a detector, ``FocalPlane`` (mm), ``FieldAngle`` (rad,
from the optical axis), and ``TanPixels``, a detector's pixels without the distortion of the optics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from persistence.errors import FormatterError
from persistence.types.wcs.astmaps import Inverted, Map, Matrix, Points, Scaled, Series
from persistence.types.wcs.transforms import System, Transform, TransformMap

FOCAL_PLANE, FIELD_ANGLE = System("FocalPlane"), System("FieldAngle")
# The most steps of Newton's iteration for a distortion, which is almost linear.
_STEPS = 30


class Plane(Protocol):
    """The attributes of a `FocalPlane` that are used here."""

    @property
    def scale(self) -> float:
        """Arcseconds per mm."""

    @property
    def to_angle(self) -> tuple[float, ...]:
        """The polynomial that returns the field angle."""

    @property
    def from_angle(self) -> tuple[float, ...]:
        """The polynomial that returns the distance from the axis."""


class Placed(Protocol):
    """The attributes of a `Detector` that are used here."""

    @property
    def name(self) -> str:
        """The detector's name."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def position(self) -> tuple[float, float] | None:
        """The position of ``reference`` in the focal plane (mm)."""

    @property
    def reference(self) -> tuple[float, float] | None:
        """A pixel of the trimmed image."""

    @property
    def pixel_size(self) -> tuple[float, float] | None:
        """The width and height of a pixel (mm)."""

    @property
    def orientation(self) -> tuple[float, float, float] | None:
        """Yaw, pitch and roll (deg)."""

    @property
    def transforms(self) -> Any:
        """The mappings that were stored with it."""

    @property
    def plane(self) -> Plane | None:
        """The focal plane, if the detector has one."""


@dataclass(frozen=True, eq=False)
class Radial:
    """A mapping that moves points along the line to the origin.

    Attributes
    ----------
    coefficients : `tuple` [`float`, ...]
        The polynomial from the old distance to the new one; the first coefficient is 0.
    """

    coefficients: tuple[float, ...]
    nin = 2
    nout = 2

    def forward(self, points: Points) -> Points:
        """Return the images of points, shape (2, n)."""
        distance = np.hypot(*points)
        return points * self._ratio(distance)

    def inverse(self, points: Points) -> Points:
        """Return the origins of points, by Newton's iteration; NaN if it does not converge."""
        wanted = np.hypot(*points)
        slopes = polynomial.polyder(self.coefficients)
        distance = wanted / self.coefficients[1]
        with np.errstate(all="ignore"):  # divergent values become NaN
            for _ in range(_STEPS):
                off = polynomial.polyval(distance, self.coefficients) - wanted
                distance = distance - off / polynomial.polyval(distance, slopes)
            off = polynomial.polyval(distance, self.coefficients) - wanted
            distance[~(np.abs(off) <= 1e-9 * (wanted + abs(self.coefficients[1])))] = np.nan
            return np.asarray(points / self._ratio(distance))

    def _ratio(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(polynomial.polyval(distance, self.coefficients[1:]))


def to_field_angle(plane: Plane) -> Transform:
    """Return the mapping from the focal plane (mm) to the field angle (rad)."""
    if plane.to_angle:
        return Transform(Radial(plane.to_angle))
    if plane.from_angle:
        return Transform(Inverted(Radial(plane.from_angle)))
    return Transform(Scaled(np.full(2, math.radians(plane.scale / 3600)), np.zeros(2)))


def to_focal_plane(detector: Placed) -> Transform:
    """Return the mapping from a detector's trimmed pixels to the focal plane (mm).

    Raises
    ------
    FormatterError
        If the detector's position is unknown.

    Notes
    -----
    A detector is rotated by yaw about the z axis, pitch about the y axis and roll about the x axis,
    in this order, as by afw's Orientation; displacements out of the plane are ignored.
    """
    if detector.transforms is not None:
        stored: Transform = detector.transforms[pixels(detector), FOCAL_PLANE]
        return stored
    place, reference, size = detector.position, detector.reference, detector.pixel_size
    if place is None or reference is None or size is None:
        raise FormatterError(
            f"the position of detector {detector.name} ({detector.id}) in the focal plane is "
            "unknown"
        )
    yaw, pitch, roll = np.radians(detector.orientation or (0.0, 0.0, 0.0))
    turn = np.array(
        [
            [np.cos(yaw) * np.cos(pitch),
             np.cos(yaw) * np.sin(pitch) * np.sin(roll) - np.sin(yaw) * np.cos(roll)],
            [np.sin(yaw) * np.cos(pitch),
             np.sin(yaw) * np.sin(pitch) * np.sin(roll) + np.cos(yaw) * np.cos(roll)],
        ]
    )  # fmt: skip
    scale = np.array(size)
    in_mm = Scaled(scale, -np.array(reference) * scale)
    turned = Matrix(turn, np.asarray(np.linalg.inv(turn), dtype=float))
    return Transform(Series(in_mm, Series(turned, Scaled(np.ones(2), np.array(place)))))


def to_tan_pixels(detector: Placed, plane: Plane) -> Transform:
    """Return the mapping from a detector's pixels to pixels without distortion.

    Both are equal at the optical axis.
    """
    to_field = to_focal_plane(detector).then(to_field_angle(plane))
    axis = to_field.map.inverse(np.zeros((2, 1)))
    slopes = _slopes(to_field.map, axis)
    undone = Matrix(np.asarray(np.linalg.inv(slopes), dtype=float), slopes)
    return Transform(Series(to_field.map, Series(undone, Scaled(np.ones(2), axis[:, 0]))))


def _slopes(mapping: Map, place: Points, step: float = 0.5) -> NDArray[np.float64]:
    """Return the derivatives of a mapping at a point, shape (2, 2)."""
    sides = place + step * np.array([[1, -1, 0, 0], [0, 0, 1, -1]])
    right, left, upper, lower = mapping.forward(sides).T
    return np.stack([right - left, upper - lower], axis=-1) / (2 * step)


def pixels(detector: Placed) -> System:
    """Return the coordinate system of a detector's pixels."""
    return System("Pixels", detector.name)


def systems(detector: Placed, plane: Plane | None = None) -> TransformMap:
    """Return the known mappings between a detector's coordinate systems.

    Parameters
    ----------
    detector : `Placed`
        The detector.
    plane : `Plane` or `None`, optional
        The focal plane, if the detector itself has none.
    """
    links = dict(detector.transforms.links) if detector.transforms is not None else {}
    own, plane = pixels(detector), detector.plane if plane is None else plane
    known = {system for pair in links for system in pair}
    if FOCAL_PLANE not in known and detector.position is not None:
        links[own, FOCAL_PLANE] = to_focal_plane(detector)
    if plane is not None and (FOCAL_PLANE in known or detector.position is not None):
        if FIELD_ANGLE not in known:
            links[FOCAL_PLANE, FIELD_ANGLE] = to_field_angle(plane)
        if System("TanPixels", detector.name) not in known:
            links[own, System("TanPixels", detector.name)] = to_tan_pixels(detector, plane)
    return TransformMap(links)
