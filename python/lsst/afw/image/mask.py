"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import Mask, MaskPixel, MaskX

__all__ = ["Mask", "MaskPixel", "MaskX"]
