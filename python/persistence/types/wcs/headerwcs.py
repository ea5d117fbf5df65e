"""World coordinate systems of FITS headers, repaired as by astropy, or refused.

`astropy.wcs.WCS` parses a header several times, card by card, and logs messages about it. Here
wcslib receives only the cards of the WCS, after a check.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.errors import FormatterError, told
from persistence.types.wcs.headercards import TELLING, checked, one_distortion, shown

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header
    from astropy.wcs import WCS

# The position of an error in wcslib's source.
_WHERE = re.compile(r"ERROR \d+ in \w+\(\) at line \d+ of file \S+: ")
# The area of a pixel relative to the product of its sides, below which there is no inverse.
_FLAT = 1e-10
# Keywords that refer to tables in other HDUs; so does the projection TAB.
_TABLED = ("CPDIS1", "CPDIS2", "CQDIS1", "CQDIS2", "D2IMDIS1", "D2IMDIS2", "AXISCORR")


def is_tabled(header: Any) -> bool:
    """Return whether the WCS of a header, or of its cards by keyword, needs other HDUs' tables."""
    # images without a WCS first: each look-up in a header takes 2 us
    return "CTYPE1" in header and (
        any(keyword in header for keyword in _TABLED)
        or any("-TAB" in str(header.get(f"CTYPE{axis}")) for axis in "12")
    )


def has_tables(wcs: WCS) -> bool:
    """Return whether a WCS has distortions or coordinates from tables."""
    tables = (wcs.cpdis1, wcs.cpdis2, wcs.det2im1, wcs.det2im2)
    return any(table is not None for table in tables) or len(wcs.wcs.tab) > 0


def tables_of(header: Header, hdus: HDUList) -> HDUList | None:
    """Return copies of the HDUs that the WCS of a header needs; None if it needs none."""
    if not is_tabled(header):
        return None
    names = {"WCSDVARR", "D2IMARR", *(str(header.get(f"PS{axis}_0")).strip() for axis in "12")}
    needed = [hdu.copy() for hdu in hdus[1:] if hdu.name in names]
    return type(hdus)([type(hdus[0])(), *needed])


def wcs_of(header: Header, tables: HDUList | None = None) -> WCS | None:
    """Return the world coordinate system of a header; None if it has none.

    Parameters
    ----------
    header : `astropy.io.fits.Header`
        A header with any projection of wcslib, including TPV and SIP.
    tables : `astropy.io.fits.HDUList`, optional
        The tables of distortions that the header refers to; see `tables_of`.

    Returns
    -------
    wcs : `astropy.wcs.WCS`
        With two axes, as the image. Pixels are those of the header's own image: the centre of its
        first one is (0, 0).

    Raises
    ------
    FormatterError
        If a card is invalid, or the cards are not a WCS.
    """
    if "CTYPE1" not in header:
        return None
    cards = {card.keyword: card.image for card in header.cards if TELLING.fullmatch(card.keyword)}
    wcs = from_cards(cards, tables)
    if is_tabled(header):
        _add_tables(wcs, header, tables)
    shape = header.get("NAXIS1"), header.get("NAXIS2")
    if all(isinstance(side, int) for side in shape):
        wcs.pixel_shape = shape
    return wcs


def from_cards(cards: Mapping[str, str], tables: HDUList | None = None) -> WCS:
    """Return a world coordinate system from cards as written in a file, by keyword.

    See `wcs_of`; other cards than those of a WCS have to be left out.
    """
    from astropy.wcs import WCS, Wcsprm

    cards = checked(cards)
    cards, sip = one_distortion(cards)
    content = "".join(card.ljust(80) for card in cards.values()).encode("ascii", "replace")
    wcs = WCS(naxis=2)
    try:
        # NAXIS: if only one axis is described, there is a second one without description.
        prm = Wcsprm(
            header=b"NAXIS   = 2".ljust(80) + content, relax=True, warnings=False, hdulist=tables
        )
        prm.fix()
        prm = prm if prm.naxis == wcs.naxis else prm.sub(wcs.naxis)
        prm.set()
        matrix = prm.get_pc() * np.array(prm.get_cdelt())[:, np.newaxis]
        if abs(np.linalg.det(matrix)) <= _FLAT * np.prod(np.linalg.norm(matrix, axis=1)):
            raise ValueError(f"the pixels have no area: {matrix.tolist()}")
    except (ValueError, MemoryError, KeyError) as error:
        words = _WHERE.sub("", " ".join(told(error).split()))
        kinds = ", ".join(f"{name} {shown(cards[name])}" for name in cards if "CTYPE" in name)
        raise FormatterError(f"the WCS of the header ({kinds}) is invalid: {words}") from error
    wcs.wcs = prm
    wcs.sip = sip
    return wcs


def shifted(wcs: WCS, origin: tuple[float, float]) -> WCS:
    """Return a copy of a WCS with pixels counted from an origin, without a shape."""
    from astropy.wcs import Sip

    made, start = wcs.deepcopy(), np.array(origin, float)
    made.wcs.crpix = made.wcs.crpix - start
    if made.sip is not None:
        sip = made.sip
        made.sip = Sip(sip.a, sip.b, sip.ap, sip.bp, sip.crpix - start)
    for table in (made.cpdis1, made.cpdis2, made.det2im1, made.det2im2):
        if table is not None:
            table.crval = tuple(table.crval - start)
    made.pixel_shape = None
    return made


def in_parent(wcs: WCS, origin: tuple[int, int], shape: tuple[int, ...] | None) -> WCS:
    """Return a world coordinate system in pixels of the parent image.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS`
        The WCS in pixels of an image in a file; it may be changed.
    origin : `tuple` [`int`, `int`]
        Column and row of that image's first pixel in the parent.
    shape : `tuple` [`int`, ...] or `None`
        Rows and columns of the array if it begins at the parent's first pixel; else None, because
        `astropy.wcs.WCS.calc_footprint` begins there.
    """
    made = wcs if origin == (0, 0) else shifted(wcs, (-origin[0], -origin[1]))
    made.array_shape = shape
    return made


def _add_tables(wcs: WCS, header: Header, tables: HDUList | None) -> None:
    """Set the distortions of a WCS from tables, as astropy reads them."""
    from astropy.wcs import WCS

    names = ", ".join(keyword for keyword in _TABLED if keyword in header) or "-TAB in CTYPE"
    if tables is None:
        raise FormatterError(f"the header's WCS needs tables of other HDUs ({names})")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = WCS(header, fobj=tables, naxis=2)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatterError(
                f"the tables of the header's WCS ({names}) cannot be read: {told(error)}"
            ) from error
    wcs.cpdis1, wcs.cpdis2 = made.cpdis1, made.cpdis2
    wcs.det2im1, wcs.det2im2 = made.det2im1, made.det2im2
