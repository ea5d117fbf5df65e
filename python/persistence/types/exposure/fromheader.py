"""Information about an exposure in headers: WCS, origin, visit, calibration, unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from persistence.files import header_values
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.pixels.units import parse

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.units import UnitBase

    from persistence.types.exposure.translator import HeaderTranslator


def visit_of(header: Header, translator: HeaderTranslator) -> VisitInfo:
    """Return the visit from a header: from afw's cards, or the camera's."""
    if "ROTTYPE" in header:  # afw writes it for every visit
        return translator.completed_visit(VisitInfo.from_afw(header), header)
    info = translator.visit_info(header)
    if "TIME-MID" in header:
        # Before visits existed, afw wrote this, and removed DATE-OBS. Source: afw-files 1.8.
        middle = VisitInfo.from_afw(header)
        return replace(
            info, date_begin=None, date_middle=middle.date_middle, timescale=middle.timescale
        )
    return info


def calibration_of(header: Header, translator: HeaderTranslator) -> PhotoCalib | None:
    """Return the photometric calibration in a header; None if it has none.

    Since version 1 of afw's exposures the calibration is in the archive (doc/gen2/afw-files.md
    1.4): cards of the older form are ignored then.
    """
    flux = None if header.get("EXPINFO_V") else header_values.number(header.get("FLUXMAG0"))
    if flux is not None and flux > 0:
        error = header_values.number(header.get("FLUXMAG0ERR"))
        return PhotoCalib.from_fluxmag0(flux, error or 0.0)
    magnitude = translator.zero_point(header)
    return None if magnitude is None else PhotoCalib.from_zero_point(magnitude)


def xy0(header: Header) -> tuple[int, int]:
    """Return the position of the first pixel in a parent image, from the header.

    It is in WCS A, as afw writes it; one that does not begin with whole pixels has another meaning.
    Source: doc/gen2/afw-files.md 1.2.
    """
    if "CRPIX1A" not in header or header.get("CTYPE1A") != "LINEAR":
        return 0, 0
    if header["CRPIX1A"] != 1 or header.get("CRPIX2A") != 1:
        return 0, 0
    x0, y0 = (header_values.integer(header.get(key, 0)) for key in ("CRVAL1A", "CRVAL2A"))
    return (0, 0) if x0 is None or y0 is None else (x0, y0)


def unit_of(header: Header, whole: Header) -> UnitBase | None:
    """Return the unit of a pixel from headers; None if there is none.

    Parameters
    ----------
    header, whole : `astropy.io.fits.Header`
        The image's own header, and the one with inherited cards. afw's exposures keep the raw
        image's BUNIT in the primary header, although they have another unit (doc/gen2/afw-files.md
        1.2): for them only their own counts.
    """
    unit: UnitBase | None = parse(str((header if "AR_HDU" in whole else whole).get("BUNIT") or ""))
    return unit
