"""`Detector`, by the names of afw's cameraGeom."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from persistence.gen2types import exceptions
from persistence.gen2types.angle import Angle, degrees
from persistence.gen2types.box import Box2D, Box2I
from persistence.gen2types.camerageom.amplifier import Amplifier
from persistence.gen2types.camerageom.orientation import Orientation
from persistence.gen2types.camerageom.systems import (
    PIXELS,
    CameraPoint,
    CameraSys,
    CameraSysPrefix,
    DetectorType,
    TransformMap,
    system,
    transformed,
)
from persistence.gen2types.coordinates import Extent2D, Point2D
from persistence.gen2types.face import Face
from persistence.gen2types.mappings import TransformPoint2ToPoint2
from persistence.types.exposure import placement
from persistence.types.exposure.detector import Detector as OurDetector
from persistence.types.exposure.detector import FocalPlane
from persistence.types.wcs.transforms import System
from persistence.types.wcs.transforms import TransformMap as OurTransformMap


class Detector(Face[OurDetector]):
    """A detector, in the focal plane of a camera. Iteration yields its amplifiers."""

    _plane: FocalPlane | None = None

    def __init__(self, *_: Any) -> None:
        raise TypeError(
            "detectors cannot be created alone; camera[name] and exposure.getDetector() return them"
        )

    @classmethod
    def in_camera(cls, ours: OurDetector, plane: FocalPlane | None) -> Detector:
        """Return the face of a detector of a camera, whose focal plane shows the sky."""
        face = cls.of(ours)
        face._plane = plane
        return face

    def getName(self) -> str:
        return self._ours.name

    def getId(self) -> int:
        return self._ours.id

    def getSerial(self) -> str:
        return self._ours.serial

    def getType(self) -> DetectorType:
        return DetectorType[self._ours.type]

    def getPhysicalType(self) -> str:
        return self._ours.physical_type

    def getBBox(self) -> Box2I:
        """Return its trimmed pixels; the union of its amplifiers' if they are not set."""
        if self._ours.bbox is not None:
            return Box2I.of(self._ours.bbox)
        whole = Box2I()
        for amplifier in self:
            whole.include(amplifier.getBBox())
        return whole

    def getPixelSize(self) -> Extent2D:
        """Return the sides of a pixel (mm)."""
        return Extent2D(*_known(self._ours.pixel_size, self, "how large its pixels are"))

    def getOrientation(self) -> Orientation:
        """Return its position and rotation in the focal plane."""
        position = _known(self._ours.position, self, "where it lies")
        reference = _known(self._ours.reference, self, "where it lies")
        angles = (Angle(each, degrees) for each in self._ours.orientation or (0.0, 0.0, 0.0))
        return Orientation(Point2D(*position), Point2D(*reference), *angles)

    def hasCrosstalk(self) -> bool:
        return self._ours.crosstalk is not None

    def getCrosstalk(self) -> Any:
        """Return the matrix of crosstalk; an empty one if it is not known."""
        return np.zeros((0, 0)) if self._ours.crosstalk is None else self._ours.crosstalk

    # -- amplifiers
    def getAmplifiers(self) -> list[Amplifier]:
        return [Amplifier.of(each) for each in self._ours.amplifiers]

    getAmpInfoCatalog = getAmplifiers

    def __iter__(self) -> Iterator[Amplifier]:
        return iter(self.getAmplifiers())

    def __len__(self) -> int:
        return len(self._ours.amplifiers)

    def __getitem__(self, key: int | str) -> Amplifier:
        """Return an amplifier by its place or its name."""
        if isinstance(key, str):
            return Amplifier.of(self._ours[key])
        try:
            return Amplifier.of(self._ours.amplifiers[key])
        except IndexError:
            raise exceptions.OutOfRangeError(
                f"detector {self.getName()} has {len(self)} amplifiers, and none at {key}"
            ) from None

    # -- systems of coordinates
    @functools.cached_property
    def _systems(self) -> OurTransformMap:
        return placement.systems(self._ours, self._plane)

    def _system(self, asked: Any) -> System:
        return system(asked, self._ours.name)

    def getNativeCoordSys(self) -> CameraSys:
        return self.makeCameraSys(PIXELS)

    def makeCameraSys(self, cameraSys: Any) -> CameraSys:
        """Return a system of coordinates: a prefix with the name of this detector."""
        if isinstance(cameraSys, CameraSysPrefix):
            return CameraSys(cameraSys.getSysName(), self.getName())
        return cameraSys if isinstance(cameraSys, CameraSys) else CameraSys(str(cameraSys))

    def makeCameraPoint(self, point: Any, cameraSys: Any) -> CameraPoint:
        return CameraPoint(point, self.makeCameraSys(cameraSys))

    def hasTransform(self, cameraSys: Any) -> bool:
        return self._system(cameraSys) in self._systems.systems

    def getTransform(self, fromSys: Any, toSys: Any) -> TransformPoint2ToPoint2:
        """Return the transform from one system to another; `KeyError` if there is none."""
        pair = self._system(fromSys), self._system(toSys)
        return TransformPoint2ToPoint2.of(self._systems[pair])

    def getTransformMap(self) -> TransformMap:
        return TransformMap.of(self._systems)

    def transform(self, point: Any, fromSys: Any, toSys: Any = None) -> Any:
        """Return where a point, or each of a list, is in another system of coordinates."""
        if isinstance(point, CameraPoint):
            end = self.makeCameraSys(fromSys)
            return CameraPoint(self.transform(point.point, point.cameraSys, end), end)
        return transformed(self._systems, point, self._system(fromSys), self._system(toSys))

    def getCorners(self, cameraSys: Any) -> list[Point2D]:
        """Return the outer corners of its pixels, counter-clockwise from the first pixel."""
        corners = Box2D(self.getBBox()).getCorners()
        transformed: list[Point2D] = self.transform(corners, PIXELS, cameraSys)
        return transformed

    def getCenter(self, cameraSys: Any) -> Point2D:
        """Return the middle of its pixels."""
        middle: Point2D = self.transform(Box2D(self.getBBox()).getCenter(), PIXELS, cameraSys)
        return middle

    def __getstate__(self) -> dict[str, Any]:
        return {"_ours": self._ours, "_plane": self._plane}

    def __repr__(self) -> str:
        return f"Detector({self.getName()!r}, id={self.getId()})"

    __hash__ = Face.__hash__


def _known(value: Any, detector: Detector, missing: str) -> Any:
    if value is None:
        raise exceptions.NotFoundError(f"no description of detector {detector.getName()} {missing}")
    return value
