"""Gen2's name of the functions that read FITS headers."""

from persistence.gen2types import absent
from persistence.gen2types.headers import DEFAULT_HDU, FitsError, readMetadata
from persistence.gen2types.images.imagefiles import (
    getAllowImageCompression,
    setAllowImageCompression,
)

__all__ = [
    "DEFAULT_HDU",
    "FitsError",
    "getAllowImageCompression",
    "readMetadata",
    "setAllowImageCompression",
]

absent.install()
