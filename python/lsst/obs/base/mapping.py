"""Gen2's name of `persistence.cameras.gen2_mappings`."""

from persistence.cameras.gen2_mappings import (
    CalibrationMapping,
    DatasetMapping,
    ExposureMapping,
    ImageMapping,
    Mapping,
)

__all__ = ["CalibrationMapping", "DatasetMapping", "ExposureMapping", "ImageMapping", "Mapping"]
