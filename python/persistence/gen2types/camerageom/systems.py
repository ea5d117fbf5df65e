"""Systems of coordinates, kinds of detectors and corners, by the names of afw's cameraGeom."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from persistence.gen2types import mappings
from persistence.gen2types.exceptions import InvalidParameterError, NotFoundError
from persistence.gen2types.face import Face
from persistence.gen2types.mappings import TransformPoint2ToPoint2
from persistence.types.exposure.detector import FocalPlane
from persistence.types.exposure.placement import Radial
from persistence.types.wcs.astmaps import Inverted
from persistence.types.wcs.transforms import System
from persistence.types.wcs.transforms import TransformMap as OurTransformMap


class _Kind(enum.IntEnum):
    """An enumeration that shows itself as those of C++ do."""

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class DetectorType(_Kind):
    """The purpose of a detector."""

    SCIENCE = 0
    FOCUS = 1
    GUIDER = 2
    WAVEFRONT = 3


class ReadoutCorner(_Kind):
    """The corner of an amplifier that is read first."""

    LL = 0
    LR = 1
    UR = 2
    UL = 3


class AssemblyState(_Kind):
    """How far an image is put together of its amplifiers."""

    SPLIT = 0
    ENGINEERING = 1
    SCIENCE = 2


@dataclass(frozen=True)
class CameraSysPrefix:
    """A system of coordinates of any detector, such as ``Pixels``."""

    sysName: str

    def getSysName(self) -> str:
        return self.sysName


@dataclass(frozen=True)
class CameraSys:
    """A system of coordinates, of a detector if it has a name of one."""

    sysName: str
    detectorName: str = ""

    def getSysName(self) -> str:
        return self.sysName

    def getDetectorName(self) -> str:
        return self.detectorName

    def hasDetectorName(self) -> bool:
        return bool(self.detectorName)

    def __repr__(self) -> str:
        return f"CameraSys({self.sysName}, {self.detectorName})"


FOCAL_PLANE = CameraSys("FocalPlane")
FIELD_ANGLE = CameraSys("FieldAngle")
PIXELS, TAN_PIXELS, ACTUAL_PIXELS = (
    CameraSysPrefix(name) for name in ("Pixels", "TanPixels", "ActualPixels")
)
# The field angle's name of before 2017.
PUPIL = FIELD_ANGLE


@dataclass(frozen=True)
class CameraPoint:
    """A point with its system of coordinates, as before 2018."""

    point: Any
    cameraSys: CameraSys

    def getPoint(self) -> Any:
        return self.point

    def getCameraSys(self) -> CameraSys:
        return self.cameraSys


def system(asked: Any, detector: str = "") -> System:
    """Return the system of ours that one of afw is; a prefix is that of a detector."""
    if isinstance(asked, CameraSysPrefix):
        return System(asked.sysName, detector)
    if isinstance(asked, CameraSys):
        return System(asked.sysName, asked.detectorName)
    if isinstance(asked, str):
        return System(asked)
    raise TypeError(f"{asked!r} is not a coordinate system: CameraSys or CameraSysPrefix expected")


def plane_of(transform: TransformPoint2ToPoint2) -> FocalPlane:
    """Return the focal plane that a transform to the field angle (rad) describes.

    Raises
    ------
    InvalidParameterError
        If it is not a radial transform, or the way back of one.
    """
    mapping = transform.astropy.map
    if isinstance(mapping, Radial):
        scale = mapping.coefficients[1]
        return FocalPlane(math.degrees(scale) * 3600, to_angle=mapping.coefficients)
    if isinstance(mapping, Inverted) and isinstance(mapping.inner, Radial):
        coefficients = mapping.inner.coefficients
        return FocalPlane(math.degrees(1 / coefficients[1]) * 3600, from_angle=coefficients)
    raise InvalidParameterError(
        "the transform of a focal plane to the field angle has to be radial (makeRadialTransform)"
    )


class TransformMap(Face[OurTransformMap]):
    """The transforms between systems of coordinates, directly or by way of others.

    Parameters
    ----------
    reference : `CameraSys`
        The system that the transforms start at.
    transforms : mapping [`CameraSys`, `TransformPoint2ToPoint2`]
        Where they lead, and the transforms.
    """

    def __init__(self, reference: Any, transforms: Mapping[Any, Any]) -> None:
        start = system(reference)
        self._ours = OurTransformMap(
            {(start, system(end)): each.astropy for end, each in transforms.items()}
        )

    def getTransform(self, fromSys: Any, toSys: Any) -> TransformPoint2ToPoint2:
        """Return the transform from one system to another; `KeyError` if there is none."""
        return TransformPoint2ToPoint2.of(self._ours[system(fromSys), system(toSys)])

    def direct(self, fromSys: Any, toSys: Any) -> TransformPoint2ToPoint2:
        """Return the direct transform between two systems.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        link = self._ours.links.get((system(fromSys), system(toSys)))
        if link is None:
            raise NotFoundError(f"there is no transform from {fromSys} to {toSys}")
        return TransformPoint2ToPoint2.of(link)

    def transform(self, point: Any, fromSys: Any, toSys: Any) -> Any:
        """Return where a point, or each of a list, is in another system."""
        return self.getTransform(fromSys, toSys).applyForward(point)

    def __contains__(self, asked: object) -> bool:
        return system(asked) in self._ours.systems

    def __iter__(self) -> Any:
        return (CameraSys(each.name, each.detector) for each in self._ours.systems)

    def __len__(self) -> int:
        return len(self._ours.systems)


def transformed(transforms: OurTransformMap, point: Any, start: System, end: System) -> Any:
    """Return where a point, or each of a list, is in another system."""
    if start == end:
        return mappings.points_like(point, np.array(mappings.positions(point)))
    transform = transforms[start, end]
    return mappings.points_like(point, transform.map.forward(mappings.positions(point)))
