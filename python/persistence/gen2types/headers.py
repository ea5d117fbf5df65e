"""Headers of FITS files, by the names of ``lsst.afw.fits``."""

from __future__ import annotations

import os
from typing import Any

from persistence.errors import FormatterError, told
from persistence.gen2types.exceptions import IoError
from persistence.gen2types.properties import PropertyList
from persistence.types.metadata import property as ours

# The first HDU, or, if that has no data, the next that has.
DEFAULT_HDU = -(2**31)


class FitsError(IoError):
    """A FITS file that cannot be read or written."""


def readMetadata(fileName: str, hdu: int | None = DEFAULT_HDU, strip: bool = False) -> PropertyList:
    """Read the header of an HDU.

    Parameters
    ----------
    fileName : `str`
        The file.
    hdu : `int`, optional
        Which HDU, the primary being 0. Without it, the first that holds data.
    strip : `bool`, optional
        Leave out the cards that afw takes out as it reads an image.

    Returns
    -------
    header : `PropertyList`
        The cards. An extension that says ``INHERIT = T`` has those of the primary header, too,
        which it does not have itself.

    Raises
    ------
    FitsError
        If the file does not exist, is not FITS, or has no such HDU.
    """
    path = os.fspath(fileName)
    if not os.path.exists(path):
        raise FitsError(f"cfitsio error: could not open the named file (104): {path!r}")
    header = _header(path, DEFAULT_HDU if hdu is None or hdu < 0 else hdu)
    if strip:
        from persistence.types.exposure import afwheader  # lazy: it brings astropy

        header = afwheader.observers(header)
    return PropertyList.of(ours.from_header(header.cards))


def _header(path: str, hdu: int) -> Any:
    # lazy: they bring astropy
    from persistence.formatters.fits_cards import readable
    from persistence.formatters.fits_open import opened
    from persistence.types.exposure import afwheader

    index = 0 if hdu == DEFAULT_HDU else hdu
    try:
        with opened(path) as hdus:
            header, primary = readable(hdus[index].header), readable(hdus[0].header)
            if hdu == DEFAULT_HDU and not primary.get("NAXIS") and len(hdus) > 1:
                index, header = 1, readable(hdus[1].header)
            inherits = index and header.get("INHERIT") is True
            return afwheader.joined(header, primary) if inherits else header
    except (OSError, FormatterError, IndexError) as error:
        raise FitsError(f"cfitsio error: {path!r}, HDU {hdu}: {told(error)}") from error
