"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import RotType, VisitInfo

__all__ = ["RotType", "VisitInfo"]

# Older names.
RotType_UNKNOWN, RotType_SKY, RotType_HORIZON, RotType_MOUNT = RotType
