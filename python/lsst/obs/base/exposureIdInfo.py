"""Gen2's name of `persistence.cameras.identifiers`."""

from persistence.cameras.identifiers import ExposureIdInfo

__all__ = ["ExposureIdInfo"]
