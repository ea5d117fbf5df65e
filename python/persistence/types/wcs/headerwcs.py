"""World coordinate systems of FITS headers, repaired as astropy repairs them, or refused.

`astropy.wcs.WCS` takes a header apart several times, card by card, and notes to the log what it
thinks of it. Here wcslib is given those few cards that tell the sky, after a check: what wcslib
cannot read, it would leave out, and a reference that is left out is 0.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError, told

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header
    from astropy.wcs import WCS, Sip

# What only a WCS is made of.
_SKY = (
    r"WCSAXES|WCSNAME|(CTYPE|CUNIT|CRPIX|CRVAL|CDELT|CROTA|CNAME|CRDER|CSYER)\d\d?|(CD|PC)\d\d?_\d\d?|(CD|PC)0\d{5}|"
    r"P[VS]\d\d?_\d+|PROJP\d+|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|(A|B|AP|BP)_(ORDER|\d\d?_\d\d?)|"
    r"SPECSYS|SSYSOBS|SSYSSRC|RESTFRE?Q|RESTWAV|VELREF|VELOSYS|VELANGL|[VZ]SOURCE"
)
# Distortions that are tables in other HDUs. Source: the keywords that astropy.wcs reads.
_TABLES = r"CPDIS\d|CQDIS\d|CPERR\d|CQERR\d|D[PQ]\d(\..*)?|D2IM(DIS|ERR)\d|D2IM\d(\..*)?|AXISCORR"
SKY = re.compile(f"{_SKY}|{_TABLES}")
# What tells of the exposure, and is of use to a WCS too.
TELLING = re.compile(rf"{_SKY}|EPOCH|(DATE|MJD|OBSGEO)-\w+|MJDREF[IF]?|DATEREF|TIMESYS")
_NUMBERS = re.compile(
    r"WCSAXES|(CRPIX|CRVAL|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|(CD|PC)00[12]00[12]|PV[12]_\d+|PROJP\d+|LONPOLE|"
    r"LATPOLE|EQUINOX|EPOCH|(A|B|AP|BP)_(ORDER|\d\d?_\d\d?)"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?")
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'")
# An axis, or an order, of more digits has no keyword of eight characters.
_MOST = 99
# PVi_m from here on are no parameters of TAN, but SCAMP's polynomials. Source: astropy.wcs.
_SCAMP = 5
# Spellings of units of angles that wcslib's own repairs leave. They count on axes of the sky alone.
_ANGLES: Mapping[str, str] = {
    **dict.fromkeys(("deg", "degs", "degree", "degrees", "decimal degrees", "°"), "deg"),
    **dict.fromkeys(("rad", "rads", "radian", "radians"), "rad"),
    **dict.fromkeys(("arcmin", "arcmins", "arcminute", "arcminutes"), "arcmin"),
    **dict.fromkeys(("arcsec", "arcsecs", "arcsecond", "arcseconds"), "arcsec"),
}
# Where in wcslib's source an error was met.
_WHERE = re.compile(r"ERROR \d+ in \w+\(\) at line \d+ of file \S+: ")
# The area of a pixel, as a part of the product of its sides, below which it has no inverse.
_FLAT = 1e-10
_CELESTIAL = re.compile(r"(RA--|DEC-|.LON|.LAT|..LN|..LT)-\w{3}.*")


def is_tabled(header: Any) -> bool:
    """Say whether the WCS of a header, or of its cards by keyword, needs tables of other HDUs."""
    if any(f"{name}{axis}" in header for name in ("CPDIS", "CQDIS", "D2IMDIS") for axis in "12"):
        return True
    return "AXISCORR" in header or any("-TAB" in str(header.get(f"CTYPE{axis}")) for axis in "12")


def has_tables(wcs: WCS) -> bool:
    """Say whether a WCS has distortions, or coordinates, that are tables."""
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

    cards = _checked(cards)
    cards, sip = _one_distortion(cards)
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
        kinds = ", ".join(f"{name} {_shown(cards[name])}" for name in cards if "CTYPE" in name)
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


def _value(card: str) -> str:
    """Return the value of a card as it is written, without its comment."""
    value = card.partition("=")[2]
    quoted = _QUOTED.match(value)
    return value.partition("/")[0].strip() if quoted is None else f"'{quoted[1].rstrip()}'"


def _shown(card: str) -> str:
    return _value(card) or "without a value"


def _text(cards: Mapping[str, str], keyword: str) -> str:
    return _value(cards.get(keyword, "")).strip("'").strip()


def _checked(cards: Mapping[str, str]) -> dict[str, str]:
    """Return the cards with numbers where numbers belong, and units as the standard spells them."""
    checked = {
        key: _numeric(key, card) if _NUMBERS.fullmatch(key) else card for key, card in cards.items()
    }
    former = checked.pop("RADECSYS", None)  # the keyword's former name; the new one counts
    if former is not None or "RADESYS" in checked:
        frame = _value(checked.get("RADESYS", former or "")).strip("' ").upper()
        checked["RADESYS"] = f"RADESYS = '{frame:8}'"
    if _number(checked, "WCSAXES") > _MOST:
        raise FormatterError(f"WCSAXES is {_shown(checked['WCSAXES'])}; {_MOST} are the most")
    for axis in "12":
        row = [f"{name}{axis}_{other}" for name in ("CD", "PC") for other in "12"]
        given = [key for key in row if key in checked]
        # wcslib would take a degree for a pixel.
        if given and not any(_number(checked, key) for key in given):
            raise FormatterError(f"{' and '.join(given)} are 0: the header tells no pixel's size")
        unit = _ANGLES.get(_text(checked, f"CUNIT{axis}").strip(".").lower())
        if unit and _CELESTIAL.fullmatch(_text(checked, f"CTYPE{axis}").upper()):
            checked[f"CUNIT{axis}"] = f"CUNIT{axis}  = '{unit:8}'"
    return checked


def _numeric(keyword: str, card: str) -> str:
    """Return a card whose value is a number, as wcslib reads it.

    In quotes, or with the letter of an equinox, it is one too. Of 1.5D-5, wcslib reads 1.5.
    """
    value = _value(card)
    bare = value.strip("' ")
    if keyword in ("EQUINOX", "EPOCH"):
        bare = bare.lstrip("JBjb")
    if not _NUMBER.fullmatch(bare):
        raise FormatterError(f"{keyword} is no number: {_shown(card)}")
    bare = bare.upper().replace("D", "E")
    if not math.isfinite(float(bare)):
        raise FormatterError(f"{keyword} is no number: {_shown(card)}")
    return card if bare == value else f"{keyword:8}= {bare}"


def _number(cards: Mapping[str, str], keyword: str) -> float:
    """Return the number of a card, after it was checked; 0 if there is none, as in the standard."""
    return float(_value(cards[keyword])) if keyword in cards else 0.0


def _one_distortion(cards: dict[str, str]) -> tuple[dict[str, str], Sip | None]:
    """Return the cards without polynomials that do not count, and those of SIP if they do.

    Headers may hold SIP's and SCAMP's at once. TPV in CTYPE says that SCAMP's count, and so does
    TAN where there are any; TAN-SIP says that SIP's do. Source: Shupe et al. 2012, Translating SIP
    to PV, section 7.
    """
    names = [_text(cards, f"CTYPE{axis}").upper() for axis in "12"]
    highest = [
        max((int(key[4:]) for key in cards if key.startswith(f"PV{axis}_")), default=0)
        for axis in "12"
    ]
    if all(name.endswith("-TAN") for name in names) and max(highest) >= _SCAMP:
        names = [name.replace("-TAN", "-TPV") for name in names]
        cards = cards | _ctypes(names)
    polynomials = [key for key in cards if re.match("(A|B|AP|BP)_", key)]
    sip = None if all(name.endswith("-TPV") for name in names) else _sip(cards)
    if sip is not None:
        is_scamp = [
            "-TAN" in name and most >= _SCAMP for name, most in zip(names, highest, strict=True)
        ]
        if any(is_scamp) and all(name.endswith("-SIP") for name in names):
            polynomials += [key for key in cards if re.match("PV[12]_", key)]
        # astropy takes SIP's polynomials with and without this word, and would remark on it.
        if all(re.fullmatch("....-[A-Z]{3}", name) for name in names):
            cards = cards | _ctypes([f"{name}-SIP" for name in names])
    return {key: card for key, card in cards.items() if key not in polynomials}, sip


def _ctypes(names: list[str]) -> dict[str, str]:
    return {
        f"CTYPE{axis}": f"CTYPE{axis}  = '{name}'" for axis, name in zip("12", names, strict=True)
    }


def _sip(cards: Mapping[str, str]) -> Sip | None:
    there, back = _polynomials(cards, "A", "B"), _polynomials(cards, "AP", "BP")
    if there is None and back is None:
        return None
    if not {"CRPIX1", "CRPIX2"} <= set(cards):
        raise FormatterError("the header has SIP's polynomials, and no CRPIX1 and CRPIX2")
    from astropy.wcs import Sip

    centre = [_number(cards, f"CRPIX{axis}") for axis in "12"]
    return Sip(*(there or (None, None)), *(back or (None, None)), centre)


def _polynomials(cards: Mapping[str, str], *names: str) -> list[NDArray[np.float64]] | None:
    """Return the coefficients of a pair of SIP's polynomials; None if they are linear or absent."""
    orders = {name: _number(cards, f"{name}_ORDER") for name in names}
    for name, order in orders.items():
        if not order.is_integer() or not 0 <= order <= _MOST:
            raise FormatterError(
                f"{name}_ORDER is {_shown(cards[f'{name}_ORDER'])}; orders are 0 to {_MOST}"
            )
    if max(orders.values()) <= 1:
        return None
    missing = [f"{name}_ORDER" for name in names if f"{name}_ORDER" not in cards]
    if missing:
        raise FormatterError(f"the header has one of SIP's polynomials, and no {missing[0]}")
    found = []
    for name, order in orders.items():
        terms = np.zeros((int(order) + 1,) * 2)
        for keyword in cards:
            powers = [int(power) for power in keyword.split("_")[1:] if power.isdigit()]
            if keyword.startswith(f"{name}_") and len(powers) == 2 and sum(powers) <= order:
                terms[*powers] = _number(cards, keyword)
        found.append(terms)
    return found


def _add_tables(wcs: WCS, header: Header, tables: HDUList | None) -> None:
    """Give a WCS its distortions by tables, as astropy reads them."""
    from astropy.wcs import WCS

    if tables is None:
        raise FormatterError("the WCS of the header needs tables of other HDUs, which are not here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = WCS(header, fobj=tables, naxis=2)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatterError(f"the tables of the WCS cannot be read: {told(error)}") from error
    wcs.cpdis1, wcs.cpdis2 = made.cpdis1, made.cpdis2
    wcs.det2im1, wcs.det2im2 = made.det2im1, made.det2im2
