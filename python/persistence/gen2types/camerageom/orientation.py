"""`Orientation`: the position and rotation of a detector in the focal plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from persistence.gen2types.angle import Angle
from persistence.gen2types.coordinates import Point2D
from persistence.gen2types.mappings import TransformPoint2ToPoint2
from persistence.types.exposure import placement
from persistence.types.exposure.detector import Detector


@dataclass(frozen=True)
class Orientation:
    """The position of a pixel of a detector in the focal plane (mm), and the detector's rotation.

    Attributes
    ----------
    fpPosition : `Point2D`
        The position of the reference point (mm).
    refPoint : `Point2D`
        The reference point, a pixel.
    yaw, pitch, roll : `Angle`
        Rotations about z, y and x, in this order.
    """

    fpPosition: Any = Point2D(0.0, 0.0)  # noqa: RUF009  # nobody changes it
    refPoint: Any = Point2D(-0.5, -0.5)  # noqa: RUF009
    yaw: Angle = Angle(0.0)  # noqa: RUF009
    pitch: Angle = Angle(0.0)  # noqa: RUF009
    roll: Angle = Angle(0.0)  # noqa: RUF009

    def getFpPosition(self) -> Point2D:
        return Point2D(*self.fpPosition)

    def getReferencePoint(self) -> Point2D:
        return Point2D(*self.refPoint)

    def getYaw(self) -> Angle:
        return self.yaw

    def getPitch(self) -> Angle:
        return self.pitch

    def getRoll(self) -> Angle:
        return self.roll

    def getNQuarter(self) -> int:
        """Return how many quarters of a turn the yaw is nearest to, 0 to 3."""
        return math.floor(self.yaw.asDegrees() / 90 + 0.5) % 4

    def makePixelFpTransform(self, pixelSizeMm: Any) -> TransformPoint2ToPoint2:
        """Return the transform of pixels to the focal plane (mm)."""
        x, y = (float(side) for side in pixelSizeMm)
        detector = Detector(
            "",
            0,
            pixel_size=(x, y),
            position=(float(self.fpPosition[0]), float(self.fpPosition[1])),
            reference=(float(self.refPoint[0]), float(self.refPoint[1])),
            orientation=(self.yaw.asDegrees(), self.pitch.asDegrees(), self.roll.asDegrees()),
        )
        return TransformPoint2ToPoint2.of(placement.to_focal_plane(detector))

    def makeFpPixelTransform(self, pixelSizeMm: Any) -> TransformPoint2ToPoint2:
        """Return the transform of the focal plane (mm) to pixels."""
        return self.makePixelFpTransform(pixelSizeMm).inverted()
