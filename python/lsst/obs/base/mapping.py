"""Gen2's name of what is in `persistence.cameras.gen2_mappings`."""

from persistence.cameras.gen2_mappings import (
    CalibrationMapping,
    DatasetMapping,
    ExposureMapping,
    ImageMapping,
    Mapping,
)

__all__ = ["CalibrationMapping", "DatasetMapping", "ExposureMapping", "ImageMapping", "Mapping"]
