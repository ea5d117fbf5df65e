"""Gen2's name of what is in `persistence.cameras.identifiers`."""

from persistence.cameras.identifiers import ExposureIdInfo

__all__ = ["ExposureIdInfo"]
