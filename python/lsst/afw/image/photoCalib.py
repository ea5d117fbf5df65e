"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import (
    Measurement,
    PhotoCalib,
    makePhotoCalibFromCalibZeroPoint,
    makePhotoCalibFromMetadata,
)

__all__ = [
    "Measurement",
    "PhotoCalib",
    "makePhotoCalibFromCalibZeroPoint",
    "makePhotoCalibFromMetadata",
]
