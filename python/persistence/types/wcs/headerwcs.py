"""World coordinate systems of FITS headers, repaired as astropy repairs them, or refused.

`astropy.wcs.WCS` takes a header apart several times, card by card, and notes to the log what it
thinks of it. Here wcslib is given those few cards that tell the sky, after a check.
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

# Where in wcslib's source an error was met.
_WHERE = re.compile(r"ERROR \d+ in \w+\(\) at line \d+ of file \S+: ")
# The area of a pixel, as a part of the product of its sides, below which it has no inverse.
_FLAT = 1e-10
# What names a table of another HDU; so does the projection TAB.
_TABLED = ("CPDIS1", "CPDIS2", "CQDIS1", "CQDIS2", "D2IMDIS1", "D2IMDIS2", "AXISCORR")


def is_tabled(header: Any) -> bool:
    """Check whether the WCS of a header, or of its cards by keyword, needs tables of other HDUs."""
    return any(keyword in header for keyword in _TABLED) or any(
        "-TAB" in str(header.get(f"CTYPE{axis}")) for axis in "12"
    )


def has_tables(wcs: WCS) -> bool:
    """Check whether a WCS has distortions, or coordinates, that are tables."""
    tables = (wcs.cpdis1, wcs.cpdis2, wcs.det2im1, wcs.det2im2)
    return any(table is not None for table in tables) or len(wcs.wcs.tab) > 0


def tables_of(header: Header, hdus: HDUList) -> HDUList | None:
    """Copy the HDUs that the WCS of a header needs beside it; None if it needs none."""
    if not is_tabled(header):
        return None
    names = {"WCSDVARR", "D2IMARR", *(str(header.get(f"PS{axis}_0")).strip() for axis in "12")}
    needed = [hdu.copy() for hdu in hdus[1:] if hdu.name in names]
    return type(hdus)([type(hdus[0])(), *needed])


def wcs_of(header: Header, tables: HDUList | None = None) -> WCS | None:
    """Make the world coordinate system of a header; None if it has none.

    Parameters
    ----------
    header : `astropy.io.fits.Header`
        Any projection that wcslib knows, TPV and SIP among them.
    tables : `astropy.io.fits.HDUList`, optional
        Where tables of distortions lie that the header names; see `tables_of`.

    Returns
    -------
    wcs : `astropy.wcs.WCS`
        Of two axes, as the image is. Pixels are those of the header's own image: the middle of its
        first one is (0, 0).

    Raises
    ------
    FormatterError
        If a card cannot be understood, or the cards make no WCS.
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
    """Make a world coordinate system of cards as they stand in a file, by keyword.

    As `wcs_of` does; cards that tell nothing of the sky have to be left out.
    """
    from astropy.wcs import WCS, Wcsprm

    cards = checked(cards)
    cards, sip = one_distortion(cards)
    content = "".join(card.ljust(80) for card in cards.values()).encode("ascii", "replace")
    wcs = WCS(naxis=2)
    try:
        # NAXIS: one axis that is told of has a second beside it, which is not.
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
        raise FormatterError(f"the WCS of the header ({kinds}) cannot be made: {words}") from error
    wcs.wcs = prm
    wcs.sip = sip
    return wcs


def shifted(wcs: WCS, origin: tuple[float, float]) -> WCS:
    """Copy a world coordinate system, with pixels counted from an origin; it has no shape then."""
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
    """Return a world coordinate system that counts pixels of the parent image.

    Parameters
    ----------
    wcs : `astropy.wcs.WCS`
        Of the pixels of an image in a file; it may be changed.
    origin : `tuple` [`int`, `int`]
        Column and row of that image's first pixel in the parent.
    shape : `tuple` [`int`, `int`] or None
        Rows and columns of the array if it begins where the parent does; else None, for
        `astropy.wcs.WCS.calc_footprint` begins there.
    """
    made = wcs if origin == (0, 0) else shifted(wcs, (-origin[0], -origin[1]))
    made.array_shape = shape
    return made


def _add_tables(wcs: WCS, header: Header, tables: HDUList | None) -> None:
    """Set the distortions of a WCS by tables, as astropy reads them."""
    from astropy.wcs import WCS

    names = ", ".join(keyword for keyword in _TABLED if keyword in header) or "-TAB in CTYPE"
    if tables is None:
        raise FormatterError(f"the header's WCS needs tables of other HDUs ({names}) beside it")
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
