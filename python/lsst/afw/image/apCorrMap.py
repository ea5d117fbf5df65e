"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import ApCorrMap

__all__ = ["ApCorrMap"]
