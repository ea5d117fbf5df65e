"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import (
    LOCAL,
    PARENT,
    DecoratedImage,
    DecoratedImageD,
    DecoratedImageF,
    DecoratedImageI,
    DecoratedImageL,
    DecoratedImageU,
    Image,
    ImageD,
    ImageF,
    ImageI,
    ImageL,
    ImageOrigin,
    ImageU,
    bboxFromMetadata,
)

__all__ = [
    "LOCAL",
    "PARENT",
    "DecoratedImage",
    "DecoratedImageD",
    "DecoratedImageF",
    "DecoratedImageI",
    "DecoratedImageL",
    "DecoratedImageU",
    "Image",
    "ImageD",
    "ImageF",
    "ImageI",
    "ImageL",
    "ImageOrigin",
    "ImageU",
    "bboxFromMetadata",
]
