"""Gen2's name of what `persistence.gen2types.images.imagefiles` knows of FITS files."""

from persistence.gen2types.images.imagefiles import (
    FitsError,
    getAllowImageCompression,
    readMetadata,
    setAllowImageCompression,
)

__all__ = ["FitsError", "getAllowImageCompression", "readMetadata", "setAllowImageCompression"]
