"""Gen2's name of what camera packages build on."""

from persistence.cameras.gen2_mappings import (
    CalibrationMapping,
    DatasetMapping,
    ExposureMapping,
    ImageMapping,
    Mapping,
)
from persistence.compat.obsbase import ExposureIdInfo, exposureFromImage
from persistence.gen2types import absent
from persistence.gen2types.obsbase import CameraMapper

__all__ = [
    "CalibrationMapping",
    "CameraMapper",
    "DatasetMapping",
    "ExposureIdInfo",
    "ExposureMapping",
    "ImageMapping",
    "Mapping",
    "exposureFromImage",
]

absent.install()
