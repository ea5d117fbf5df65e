"""The cards of a WCS in a header: checked, repaired, and with one distortion.

wcslib would ignore cards that it cannot read, and a missing reference value is 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persistence.errors import FormatterError

if TYPE_CHECKING:
    from astropy.wcs import Sip

# Keywords that only a WCS has.
_SKY = (
    r"WCSAXES|WCSNAME|(CTYPE|CUNIT|CRPIX|CRVAL|CDELT|CROTA|CNAME|CRDER|CSYER)\d\d?|(CD|PC)\d\d?_\d\d?|(CD|PC)0\d{5}|"
    r"P[VS]\d\d?_\d+|PROJP\d+|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|(A|B|AP|BP)_(ORDER|\d\d?_\d\d?)|"
    r"SPECSYS|SSYSOBS|SSYSSRC|RESTFRE?Q|RESTWAV|VELREF|VELOSYS|VELANGL|[VZ]SOURCE"
)
# Distortions that are tables in other HDUs. Source: the keywords that astropy.wcs reads.
_TABLES = r"CPDIS\d|CQDIS\d|CPERR\d|CQERR\d|D[PQ]\d(\..*)?|D2IM(DIS|ERR)\d|D2IM\d(\..*)?|AXISCORR"
SKY = re.compile(f"{_SKY}|{_TABLES}")
# Keywords of the exposure that a WCS uses, too.
TELLING = re.compile(rf"{_SKY}|EPOCH|(DATE|MJD|OBSGEO)-\w+|MJDREF[IF]?|DATEREF|TIMESYS")
_NUMBERS = re.compile(
    r"WCSAXES|(CRPIX|CRVAL|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|(CD|PC)00[12]00[12]|PV[12]_\d+|PROJP\d+|LONPOLE|"
    r"LATPOLE|EQUINOX|EPOCH|(A|B|AP|BP)_(ORDER|\d\d?_\d\d?)"
)
# Cards that are needed for positions; others without a value are ignored.
_PLACING = re.compile(
    r"C(RPIX|RVAL|DELT|ROTA)[12]|(CD|PC)[12]_[12]|(CD|PC)00[12]00[12]|PV[12]_\d+|[AB]P?_.*"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?")
_QUOTED = re.compile(r"\s*'((?:[^']|'')*)'")
# Axes and orders with more digits do not fit into keywords of eight characters.
_MOST = 99
# PVi_m from this m are not parameters of TAN, but SCAMP's polynomials. Source: astropy.wcs.
_SCAMP = 5
# Spellings of units of angles that wcslib does not repair, for celestial axes only.
_ANGLES: Mapping[str, str] = {
    **dict.fromkeys(("deg", "degs", "degree", "degrees", "decimal degrees", "°"), "deg"),
    **dict.fromkeys(("rad", "rads", "radian", "radians"), "rad"),
    **dict.fromkeys(("arcmin", "arcmins", "arcminute", "arcminutes"), "arcmin"),
    **dict.fromkeys(("arcsec", "arcsecs", "arcsecond", "arcseconds"), "arcsec"),
}
_CELESTIAL = re.compile(r"(RA--|DEC-|.LON|.LAT|..LN|..LT)-\w{3}.*")


def _value(card: str) -> str:
    """Return the value of a card as written, without its comment."""
    value = card.partition("=")[2]
    quoted = _QUOTED.match(value)
    return value.partition("/")[0].strip() if quoted is None else f"'{quoted[1].rstrip()}'"


def shown(card: str) -> str:
    """Return the value of a card for a message."""
    return _value(card) or "without a value"


def _text(cards: Mapping[str, str], keyword: str) -> str:
    return _value(cards.get(keyword, "")).strip("'").strip()


def checked(cards: Mapping[str, str]) -> dict[str, str]:
    """Return the cards with numbers where required, and units in the standard's spelling."""
    mended = {
        keyword: _numeric(keyword, card) if _NUMBERS.fullmatch(keyword) else card
        for keyword, card in _of_the_frame(cards).items()
        # After a card without a value, wcslib skips the next one.
        if _text({keyword: card}, keyword) or _PLACING.fullmatch(keyword)
    }
    if _number(mended, "WCSAXES") > _MOST:
        raise FormatterError(f"WCSAXES is {shown(mended['WCSAXES'])}; {_MOST} are the most")
    for axis in "12":
        row = [f"{name}{axis}_{other}" for name in ("CD", "PC") for other in "12"]
        given = [key for key in row if key in mended]
        # wcslib would assume one degree per pixel.
        if given and not any(_number(mended, key) for key in given):
            zeros = ", ".join(f"{key} = {shown(mended[key])}" for key in given)
            raise FormatterError(f"the header has no size of pixels: {zeros}")
        unit = _ANGLES.get(_text(mended, f"CUNIT{axis}").strip(".").lower())
        if unit and _CELESTIAL.fullmatch(_text(mended, f"CTYPE{axis}").upper()):
            mended[f"CUNIT{axis}"] = f"CUNIT{axis}  = '{unit:8}'"
    return mended


def _of_the_frame(cards: Mapping[str, str]) -> dict[str, str]:
    """Return the cards without former names of keywords if the new ones count."""
    kept = dict(cards)
    frame = _text(kept, "RADESYS" if "RADESYS" in kept else "RADECSYS").upper()
    if kept.pop("RADECSYS", None) is not None or "RADESYS" in kept:
        kept["RADESYS"] = f"RADESYS = '{frame:8}'"
    if "EQUINOX" in kept or frame == "ICRS":
        kept.pop("EPOCH", None)  # cameras use it for other purposes
    return kept


def _numeric(keyword: str, card: str) -> str:
    """Return a card with a number in the form that wcslib reads.

    Quoted numbers, and numbers with the letter of an equinox, are accepted. wcslib reads 1.5D-5 as
    1.5.
    """
    value = _value(card)
    bare = value.strip("' ")
    if keyword in ("EQUINOX", "EPOCH"):
        bare = bare.lstrip("JBjb")
    if not _NUMBER.fullmatch(bare):
        raise FormatterError(f"{keyword} is not a number: {shown(card)}")
    bare = bare.upper().replace("D", "E")
    if not math.isfinite(float(bare)):
        raise FormatterError(f"{keyword} is not a number: {shown(card)}")
    return card if bare == value else f"{keyword:8}= {bare}"


def _number(cards: Mapping[str, str], keyword: str) -> float:
    """Return the number in a checked card; 0 without one, as in the standard."""
    return float(_value(cards[keyword])) if keyword in cards else 0.0


def one_distortion(cards: dict[str, str]) -> tuple[dict[str, str], Sip | None]:
    """Return the cards without polynomials that do not count, and SIP's polynomials if they do.

    Headers may have SIP's and SCAMP's at once. SCAMP's count with TPV in CTYPE, or with TAN if
    there are any; SIP's count with TAN-SIP. Source: Shupe et al. 2012, Translating SIP to PV,
    section 7.
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
        # astropy uses SIP's polynomials with and without this suffix, but would log a message.
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
        raise FormatterError("the header has SIP's polynomials, but no CRPIX1 and CRPIX2")
    from astropy.wcs import Sip

    centre = [_number(cards, f"CRPIX{axis}") for axis in "12"]
    return Sip(*(there or (None, None)), *(back or (None, None)), centre)


def _polynomials(cards: Mapping[str, str], *names: str) -> list[NDArray[np.float64]] | None:
    """Return the coefficients of a pair of SIP's polynomials; None if linear or missing."""
    orders = {name: _number(cards, f"{name}_ORDER") for name in names}
    for name, order in orders.items():
        if not order.is_integer() or not 0 <= order <= _MOST:
            raise FormatterError(
                f"{name}_ORDER is {shown(cards[f'{name}_ORDER'])}; orders are 0 to {_MOST}"
            )
    if max(orders.values()) <= 1:
        return None
    missing = [f"{name}_ORDER" for name in names if f"{name}_ORDER" not in cards]
    if missing:
        raise FormatterError(f"the header has one of SIP's polynomials, but no {missing[0]}")
    found = []
    for name, order in orders.items():
        terms = np.zeros((int(order) + 1,) * 2)
        for keyword in cards:
            powers = [int(power) for power in keyword.split("_")[1:] if power.isdigit()]
            if keyword.startswith(f"{name}_") and len(powers) == 2 and sum(powers) <= order:
                terms[*powers] = _number(cards, keyword)
        found.append(terms)
    return found
