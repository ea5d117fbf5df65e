"""`Camera`, by the names of afw's cameraGeom."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from persistence.gen2types.box import Box2D
from persistence.gen2types.camerageom.detector import Detector
from persistence.gen2types.camerageom.systems import (
    FIELD_ANGLE,
    FOCAL_PLANE,
    PIXELS,
    CameraPoint,
    CameraSys,
    TransformMap,
    plane_of,
    system,
    transformed,
)
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.face import Face
from persistence.gen2types.mappings import TransformPoint2ToPoint2
from persistence.types.exposure.camera import Camera as OurCamera


class Camera(Face[OurCamera]):
    """The detectors of a camera, by number and by name. Iteration yields them by number.

    Parameters
    ----------
    name : `str`
        Its name.
    detectorList : sequence of `Detector`
        Its detectors, as `makeDetector` makes them.
    transformMap : `TransformMap`
        The transform of its focal plane (mm) to the field angle (rad).
    pupilFactoryName : `str`, optional
        Stored, but not used.
    """

    def __init__(
        self,
        name: str,
        detectorList: Iterable[Detector],
        transformMap: TransformMap,
        pupilFactoryName: str = "lsst.afw.cameraGeom.pupil.PupilFactory",
    ) -> None:
        detectors = sorted((each.astropy for each in detectorList), key=lambda each: each.id)
        plane = plane_of(transformMap.direct(FOCAL_PLANE, FIELD_ANGLE))
        self._ours = OurCamera(name, tuple(detectors), plane, pupilFactoryName)

    @functools.cached_property
    def _detectors(self) -> dict[int, Detector]:
        return {
            each.id: Detector.in_camera(each, self._ours.plane) for each in self._ours.detectors
        }

    def getName(self) -> str:
        return self._ours.name

    def getPupilFactoryName(self) -> str:
        return self._ours.pupil_factory

    def __iter__(self) -> Iterator[Detector]:
        return iter(self._detectors.values())

    def __len__(self) -> int:
        return len(self._ours)

    def __getitem__(self, key: int | str) -> Detector:
        """Return a detector by its number or its name; `KeyError` if there is none."""
        return self._detectors[self._ours[key].id]

    def __contains__(self, key: object) -> bool:
        return (key.astropy if isinstance(key, Detector) else key) in self._ours

    def get(self, key: int | str, default: Any = None) -> Any:
        """Return a detector by its number or its name, or a default."""
        return self.getNameMap().get(str(key), self._detectors.get(key, default))  # type: ignore[arg-type]  # or a name

    def getIdIter(self) -> Iterator[int]:
        return iter(self._detectors)

    def getNameIter(self) -> Iterator[str]:
        return iter([detector.getName() for detector in self])

    def getIdMap(self) -> dict[int, Detector]:
        return dict(self._detectors)

    def getNameMap(self) -> dict[str, Detector]:
        return {detector.getName(): detector for detector in self}

    def getFpBBox(self) -> Box2D:
        """Return the box about the corners of all detectors in the focal plane (mm)."""
        (left, low), (right, high) = self._ours.bounds.tolist()
        return Box2D(Point2D(left, low), Point2D(right, high))

    # -- systems of coordinates
    def getTransform(self, fromSys: Any, toSys: Any) -> TransformPoint2ToPoint2:
        """Return the transform from one system to another; `KeyError` if there is none."""
        return TransformPoint2ToPoint2.of(self._ours.transforms[system(fromSys), system(toSys)])

    def getTransformMap(self) -> TransformMap:
        return TransformMap.of(self._ours.transforms)

    def transform(self, point: Any, fromSys: Any, toSys: Any = None) -> Any:
        """Return where a point, or each of a list, is in another system of coordinates."""
        if isinstance(point, CameraPoint):
            end = fromSys if isinstance(fromSys, CameraSys) else CameraSys(str(fromSys))
            return CameraPoint(self.transform(point.point, point.cameraSys, end), end)
        start, end_system = system(fromSys), system(toSys)
        # One detector's own map is enough where one is named: the whole camera's is long.
        name = start.detector or end_system.detector
        detectors = self.getNameMap() if name else {}
        known = detectors[name]._systems if name in detectors else self._ours.transforms
        return transformed(known, point, start, end_system)

    def makeCameraPoint(self, point: Any, cameraSys: CameraSys) -> CameraPoint:
        return CameraPoint(point, cameraSys)

    def findDetectors(self, point: Any, cameraSys: Any = FOCAL_PLANE) -> list[Detector]:
        """Return the detectors that hold a point of a system that is of no detector."""
        detectors: list[Detector] = self.findDetectorsList([point], cameraSys)[0]
        return detectors

    def findDetectorsList(self, pointList: Any, cameraSys: Any = FOCAL_PLANE) -> list[Any]:
        """Return the detectors that hold each of a list of points."""
        if pointList and isinstance(pointList[0], CameraPoint):
            cameraSys = pointList[0].cameraSys
            pointList = [point.point for point in pointList]
        in_plane = self.transform(list(pointList), cameraSys, FOCAL_PLANE)
        return [
            [
                detector
                for detector in self
                if detector.astropy.placed
                and detector.astropy.holds(*detector.transform(point, FOCAL_PLANE, PIXELS))
            ]
            for point in in_plane
        ]

    def __getstate__(self) -> dict[str, Any]:
        return {"_ours": self._ours}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Camera):
            return NotImplemented
        return (self._ours.name, self._ours.detectors) == (other._ours.name, other._ours.detectors)

    def __hash__(self) -> int:
        return hash((self._ours.name, len(self)))

    def __repr__(self) -> str:
        return f"Camera({self.getName()!r}, {len(self)} detectors)"
