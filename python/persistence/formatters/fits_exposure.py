"""Build the exposure of an HDU's pixels and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from persistence.dataids.location import Location
from persistence.formatters.fits_cards import readable
from persistence.types.exposure.exposure import Exposure
from persistence.types.exposure.translator import HeaderTranslator
from persistence.types.pixels.box import Box
from persistence.types.wcs.headerwcs import tables_of

if TYPE_CHECKING:
    from astropy.io.fits import Header


def exposure_of(
    location: Location, hdus: Any, index: int, image: Any, cut: Box | None = None
) -> Exposure:
    """Return the exposure of pixels that were read from an HDU, with its header."""
    header, mapper = readable(hdus[index].header), location.options.get("mapper")
    primary = readable(hdus[0].header) if index else header
    return Exposure(
        image=image,
        header=header,
        primary=primary if index and inherits(header, primary) else None,
        cutout=(cut.x0, cut.y0) if cut is not None else (0, 0),
        translator=mapper.translator if mapper is not None else HeaderTranslator(),
        dataId=location.dataId,
        lookup_tables=tables_of(header, hdus),
        path=location.full_path,
    )


def inherits(header: Header, primary: Header) -> bool:
    """Return whether an extension's header is continued in the primary header.

    It is if INHERIT is true (the FITS registry's convention), or if there is no such card and the
    primary HDU has no image: its cards then describe the whole file, as ingest assumes, too.
    """
    inherit = header.get("INHERIT")
    return bool(inherit) if inherit is not None else not primary.get("NAXIS")
