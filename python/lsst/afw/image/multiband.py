"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import (
    MultibandExposure,
    MultibandImage,
    MultibandMask,
    MultibandMaskedImage,
)

__all__ = ["MultibandExposure", "MultibandImage", "MultibandMask", "MultibandMaskedImage"]
