"""afw's cards beside the observer's, and the combination of an image's header and the primary."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from persistence.types.exposure.components import KEYS
from persistence.types.exposure.visitcards import CARDS, LATER_CARDS, is_afws
from persistence.types.wcs import headercards

if TYPE_CHECKING:
    from astropy.io.fits import Card, Header

_COMMENTARY = ("COMMENT", "HISTORY", "")
# Cards that describe their own HDU, and are not copied to another. Source: afw-files 1.4.
STRUCTURE = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|N?EXTEND|GCOUNT|PCOUNT|XTENSION|TFIELDS|BSCALE|BZERO|BLANK|[TZ](ZERO|SCAL|FORM|TYPE)\d*|"
    r"Z(BITPIX|IMAGE|CMPTYPE|SIMPLE|EXTEND|BLANK|DATASUM|HECKSUM|QUANTIZ|DITHER0|TENSION|PCOUNT|GCOUNT|NAXIS\d*|"
    r"TILE\d+|NAME\d+|VAL\d+)|DATASUM|CHECKSUM|INHERIT|EXTNAME|EXTVER|EXTTYPE|MP_.*|FZ.*|END"
)
# The WCS, the origin in the parent image, and IRAF's keyword for that (for ds9).
SKY = re.compile(rf"{headercards.SKY.pattern}|(CTYPE|CUNIT|CRPIX|CRVAL)\dA|LTV\d")
# The position and content of the archive.
ARCHIVED = re.compile(
    r"EXPINFO_V|AR_HDU|ARCHIVE_ID_.*"
    rf"|({'|'.join(key for keys in KEYS.values() for key in keys)})_ID"
)
# The calibration before it was stored in archives.
CALIBRATION = re.compile("FLUXMAG0(ERR)?")
# Times whose scale is TIMESYS, and TIMESYS itself: they have a meaning only together. DATE, the
# file's time of creation, is always in UTC (FITS Standard 4.0, 4.4.2.1 and 9.5).
TIMES = re.compile(r"TIMESYS|(DATE|MJD|JD|TIME)-\w+|MJD|MJDATE|(MJD|JD|DATE)REF[IF]?|TREF(POS|DIR)")
# The cards that afw writes for a visit: versions 0 to 3, and all versions.
_VISIT = "|".join(map(re.escape, [*CARDS.values(), "EXPID", "TIME-MID"]))
VISIT = re.compile(f"{_VISIT}|{'|'.join(map(re.escape, LATER_CARDS.values()))}")
_DERIVED = re.compile(f"{_VISIT}|TIMESYS|MJD-OBS|DATE-OBS|DETNAME|DETSER")
# Cards that only a primary header has.
_PRIMARYS = ("SIMPLE", "EXTEND", "GROUPS", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "BSCALE", "BZERO")


def merged(header: Header, primary: Header) -> Header:
    """Return a copy of an image's header with the cards that it inherits from the primary one.

    Repeated cards are kept.
    """
    return joined(header, primary, copy.copy)


def joined(
    header: Header, primary: Header, of_each: Callable[[Card], Card] = lambda card: card
) -> Header:
    """Return the same as `merged` from the original cards, for callers that discard both headers.

    Copies are slow.
    """
    # An exposure's times are afw's, in its primary header: those of its planes are AST's epoch, in
    # files of versions 0 and 1, or belong to a WCS. Source: afw-files 1.2.
    is_times = TIMES.fullmatch if is_afws(primary) else None
    own = [card for card in header.cards if not (is_times and is_times(card.keyword))]
    known = {card.keyword for card in own if card.keyword not in _COMMENTARY}.union(_PRIMARYS)
    inherited = [card for card in primary.cards if card.keyword not in known]
    # Header.extend would search all cards for each one.
    return type(header)([of_each(card) for card in (*own, *inherited)])


def without(header: Header, *patterns: re.Pattern[str]) -> Header:
    """Return a copy of a header without the cards whose keywords match one of some patterns."""
    cards = [
        card
        for card in header.cards
        if card.keyword and not any(p.fullmatch(card.keyword) for p in patterns)
    ]
    return type(header)([copy.copy(card) for card in cards])


def observers(header: Header) -> Header:
    """Return a copy of a header without the cards that afw removes when it reads.

    These are the WCS, the visit and the archive (doc/gen2/afw-files.md 1.4).
    """
    return without(header, STRUCTURE, SKY, ARCHIVED, CALIBRATION, _DERIVED)
