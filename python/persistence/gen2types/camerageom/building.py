"""`DetectorConfig` and `makeDetector`, with which camera packages create detectors."""

from __future__ import annotations

from typing import Any

from persistence.gen2types import unwrap
from persistence.gen2types.camerageom.amplifier import Amplifier
from persistence.gen2types.camerageom.detector import Detector
from persistence.gen2types.camerageom.systems import plane_of
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.table.amplifiers import AmpInfoCatalog
from persistence.types.exposure import detector as ours
from persistence.types.pixels.box import Box

__all__ = ["DetectorConfig", "makeDetector"]


class TransformDict:
    """Names of transforms, of which detectors need none."""

    def __init__(self) -> None:
        self.nativeSys = "Pixels"
        self.transforms: Any = None


class DetectorConfig:
    """The position and size of a detector.

    Attributes
    ----------
    name, id, serial, physicalType : `str`, `int`, `str`, `str`
        Its names and numbers.
    detectorType : `int`
        A `DetectorType`.
    bbox_x0, bbox_y0, bbox_x1, bbox_y1 : `int`
        Its first and its last pixel.
    pixelSize_x, pixelSize_y : `float`
        In mm.
    offset_x, offset_y : `float`
        The position of the reference pixel in the focal plane (mm).
    refpos_x, refpos_y : `float`
        The reference pixel.
    yawDeg, pitchDeg, rollDeg : `float`
        How it is turned.
    """

    def __init__(self) -> None:
        self.name = self.serial = self.physicalType = ""
        self.id = self.detectorType = 0
        self.bbox_x0 = self.bbox_y0 = self.bbox_x1 = self.bbox_y1 = 0
        self.pixelSize_x = self.pixelSize_y = 0.0
        self.offset_x = self.offset_y = self.refpos_x = self.refpos_y = 0.0
        self.yawDeg = self.pitchDeg = self.rollDeg = 0.0
        self.transposeDetector = False
        self.transformDict = TransformDict()
        self.crosstalk: Any = None


def makeDetector(
    detectorConfig: Any, ampInfo: Any, focalPlaneToField: Any, plateScale: Any = None
) -> Detector:
    """Return a detector.

    Parameters
    ----------
    detectorConfig : `DetectorConfig`
        Its position and size.
    ampInfo : `AmpInfoCatalog` or sequence of `Amplifier`
        Its amplifiers.
    focalPlaneToField : `TransformPoint2ToPoint2`
        What the focal plane (mm) shows of the field of view (rad).
    plateScale : `float`, optional
        Not used: the transform determines it.

    Raises
    ------
    InvalidParameterError
        If the detector is transposed, or the transform is not radial.
    """
    config = detectorConfig
    if config.transposeDetector:
        raise InvalidParameterError(
            f"detector {config.name}: transposed detectors are not supported"
        )
    width, height = config.bbox_x1 - config.bbox_x0 + 1, config.bbox_y1 - config.bbox_y0 + 1
    plane = plane_of(focalPlaneToField)
    detector = ours.Detector(
        name=str(config.name),
        id=int(config.id),
        serial=str(config.serial),
        amplifiers=_amplifiers(ampInfo),
        type=ours.TYPES[int(config.detectorType)],
        physical_type=str(config.physicalType),
        bbox=Box(int(config.bbox_x0), int(config.bbox_y0), int(width), int(height)),
        pixel_size=(float(config.pixelSize_x), float(config.pixelSize_y)),
        position=(float(config.offset_x), float(config.offset_y)),
        reference=(float(config.refpos_x), float(config.refpos_y)),
        orientation=(float(config.yawDeg), float(config.pitchDeg), float(config.rollDeg)),
        plane=plane,
    )
    return Detector.in_camera(detector, plane)


def _amplifiers(given: Any) -> tuple[ours.Amplifier, ...]:
    if isinstance(given, AmpInfoCatalog):
        table = {name: given.column(name) for name in given.schema.getOrderedNames()}
        return tuple(ours.amplifier(table, row) for row in range(len(given)))
    return tuple(unwrap(each) if isinstance(each, Amplifier) else each for each in given)
