"""Gen2's name of `persistence.gen2types.camerageom`."""

from persistence.gen2types import absent
from persistence.gen2types.camerageom.amplifier import Amplifier
from persistence.gen2types.camerageom.building import DetectorConfig, makeDetector
from persistence.gen2types.camerageom.camera import Camera
from persistence.gen2types.camerageom.detector import Detector
from persistence.gen2types.camerageom.orientation import Orientation
from persistence.gen2types.camerageom.packages import (
    CameraConfig,
    NullLinearityType,
    makeCameraFromPath,
    makePixelToTanPixel,
)
from persistence.gen2types.camerageom.systems import (
    ACTUAL_PIXELS,
    FIELD_ANGLE,
    FOCAL_PLANE,
    PIXELS,
    PUPIL,
    TAN_PIXELS,
    AssemblyState,
    CameraPoint,
    CameraSys,
    CameraSysPrefix,
    DetectorType,
    ReadoutCorner,
    TransformMap,
)

SCIENCE, FOCUS, GUIDER, WAVEFRONT = DetectorType
LL, LR, UR, UL = ReadoutCorner

__all__ = [
    "ACTUAL_PIXELS",
    "FIELD_ANGLE",
    "FOCAL_PLANE",
    "FOCUS",
    "GUIDER",
    "LL",
    "LR",
    "PIXELS",
    "PUPIL",
    "SCIENCE",
    "TAN_PIXELS",
    "UL",
    "UR",
    "WAVEFRONT",
    "Amplifier",
    "AssemblyState",
    "Camera",
    "CameraConfig",
    "CameraPoint",
    "CameraSys",
    "CameraSysPrefix",
    "Detector",
    "DetectorConfig",
    "DetectorType",
    "NullLinearityType",
    "Orientation",
    "ReadoutCorner",
    "TransformMap",
    "makeCameraFromPath",
    "makeDetector",
    "makePixelToTanPixel",
]

absent.install()
