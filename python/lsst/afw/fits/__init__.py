"""Gen2's name of what is known of FITS files."""

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
