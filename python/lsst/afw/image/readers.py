"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import (
    ExposureFitsReader,
    ImageFitsReader,
    MaskedImageFitsReader,
    MaskFitsReader,
)

__all__ = ["ExposureFitsReader", "ImageFitsReader", "MaskFitsReader", "MaskedImageFitsReader"]
