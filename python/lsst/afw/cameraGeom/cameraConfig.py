"""Gen2's name of `persistence.gen2types.camerageom.packages`."""

from persistence.gen2types.camerageom.packages import CameraConfig

__all__ = ["CameraConfig"]
