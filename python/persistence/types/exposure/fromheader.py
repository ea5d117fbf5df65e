"""What headers tell of an exposure: the sky, the origin, the visit, the calibration, the unit."""

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
    """Read from a header when, where and for how long the exposure was taken.

    By afw's cards, or by the camera's.
    """
    if "ROTTYPE" in header:  # afw writes it with every visit
        return translator.completed_visit(VisitInfo.from_afw(header), header)
    info = translator.visit_info(header)
    if "TIME-MID" in header:
        # Before there were visits, afw wrote this, and took DATE-OBS away. Source: afw-files 1.8.
        middle = VisitInfo.from_afw(header)
        return replace(
            info, date_begin=None, date_middle=middle.date_middle, timescale=middle.timescale
        )
    return info


def calibration_of(header: Header, translator: HeaderTranslator) -> PhotoCalib | None:
    """Read of a header what a count is worth; None if it does not tell.

    Since version 1 of afw's exposures the calibration lies in the archive (afw-files 1.4): what
    then looks like an older one is left over from something else.
    """
    flux = None if header.get("EXPINFO_V") else header_values.number(header.get("FLUXMAG0"))
    if flux is not None and flux > 0:
        error = header_values.number(header.get("FLUXMAG0ERR"))
        return PhotoCalib.from_fluxmag0(flux, error or 0.0)
    magnitude = translator.zero_point(header)
    return None if magnitude is None else PhotoCalib.from_zero_point(magnitude)


def xy0(header: Header) -> tuple[int, int]:
    """Read where the first pixel lies in a parent image.

    World coordinate system A, as afw writes it; one that does not begin with whole pixels is
    another one.

    Source: afw-files 1.2.
    """
    if "CRPIX1A" not in header or header.get("CTYPE1A") != "LINEAR":
        return 0, 0
    if header["CRPIX1A"] != 1 or header.get("CRPIX2A") != 1:
        return 0, 0
    x0, y0 = (header_values.integer(header.get(key, 0)) for key in ("CRVAL1A", "CRVAL2A"))
    return (0, 0) if x0 is None or y0 is None else (x0, y0)


def unit_of(header: Header, whole: Header) -> UnitBase | None:
    """Read the unit of a pixel; None if it is not told.

    Parameters
    ----------
    header, whole : `astropy.io.fits.Header`
        The image's own header, and that with what it inherits. afw's exposures keep the raw image's
        BUNIT in the primary header, though they are no longer in it (afw-files 1.2): then only that
        of their own counts.
    """
    unit: UnitBase | None = parse(str((header if "AR_HDU" in whole else whole).get("BUNIT") or ""))
    return unit
