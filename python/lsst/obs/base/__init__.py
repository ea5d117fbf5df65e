"""Gen2's name of what camera packages build on."""

from persistence import CameraMapper

__all__ = ["CameraMapper"]
