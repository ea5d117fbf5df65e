"""Gen2's name of `persistence.gen2types.images.comparison`."""

from persistence.gen2types.images.comparison import (
    imagesDiffer,
    makeGaussianNoiseMaskedImage,
    makeRampImage,
)

__all__ = ["imagesDiffer", "makeGaussianNoiseMaskedImage", "makeRampImage"]
