"""Gen2's name of `persistence.gen2types.images.comparison`."""

from persistence.gen2types.afwimage import (
    makeImageFromArray,
    makeMaskedImageFromArrays,
    makeMaskFromArray,
)
from persistence.gen2types.images.comparison import imagesDiffer

__all__ = ["imagesDiffer", "makeImageFromArray", "makeMaskFromArray", "makeMaskedImageFromArrays"]
