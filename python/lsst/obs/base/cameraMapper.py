"""Gen2's name of `persistence.gen2types.obsbase`."""

from persistence.gen2types.obs.standardise import exposureFromImage
from persistence.gen2types.obsbase import CameraMapper

__all__ = ["CameraMapper", "exposureFromImage"]
