"""afw's cards beside the observer's, and how an image's and the primary header combine."""

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
# Cards that describe the HDU that they stand in, and so are not carried to another. Source:
# afw-files 1.4.
STRUCTURE = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|N?EXTEND|GCOUNT|PCOUNT|XTENSION|TFIELDS|BSCALE|BZERO|BLANK|[TZ](ZERO|SCAL|FORM|TYPE)\d*|"
    r"Z(BITPIX|IMAGE|CMPTYPE|SIMPLE|EXTEND|BLANK|DATASUM|HECKSUM|QUANTIZ|DITHER0|TENSION|PCOUNT|GCOUNT|NAXIS\d*|"
    r"TILE\d+|NAME\d+|VAL\d+)|DATASUM|CHECKSUM|INHERIT|EXTNAME|EXTVER|EXTTYPE|MP_.*|FZ.*|END"
)
# The sky, the origin in the parent image, and IRAF's word for that (for ds9).
SKY = re.compile(rf"{headercards.SKY.pattern}|(CTYPE|CUNIT|CRPIX|CRVAL)\dA|LTV\d")
# Where the archive is, and what is in it.
ARCHIVED = re.compile(
    r"EXPINFO_V|AR_HDU|ARCHIVE_ID_.*"
    rf"|({'|'.join(key for keys in KEYS.values() for key in keys)})_ID"
)
# The calibration of before there was one in archives.
CALIBRATION = re.compile("FLUXMAG0(ERR)?")
# Times whose scale TIMESYS says, and TIMESYS itself: only together do they say what they mean.
# DATE, when the file was made, is always in UTC (FITS Standard 4.0, 4.4.2.1 and 9.5).
TIMES = re.compile(r"TIMESYS|(DATE|MJD|JD|TIME)-\w+|MJD|MJDATE|(MJD|JD|DATE)REF[IF]?|TREF(POS|DIR)")
# What afw writes of a visit, by versions 0 to 3, and by all.
_VISIT = "|".join(map(re.escape, [*CARDS.values(), "EXPID", "TIME-MID"]))
VISIT = re.compile(f"{_VISIT}|{'|'.join(map(re.escape, LATER_CARDS.values()))}")
_DERIVED = re.compile(f"{_VISIT}|TIMESYS|MJD-OBS|DATE-OBS|DETNAME|DETSER")
# What only a primary header says, of itself.
_PRIMARYS = ("SIMPLE", "EXTEND", "GROUPS", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "BSCALE", "BZERO")


def merged(header: Header, primary: Header) -> Header:
    """Copy an image's header with what it inherits from the primary one.

    Cards that come several times stay so.
    """
    return joined(header, primary, copy.copy)


def joined(
    header: Header, primary: Header, of_each: Callable[[Card], Card] = lambda card: card
) -> Header:
    """Give what `merged` does, of the very cards, for who needs neither header any more.

    Copies take their time.
    """
    # An exposure's times are afw's, in its primary header: those of its planes are AST's epoch, in
    # files of versions 0 and 1, or came with a WCS. Source: afw-files 1.2.
    is_times = TIMES.fullmatch if is_afws(primary) else None
    own = [card for card in header.cards if not (is_times and is_times(card.keyword))]
    known = {card.keyword for card in own if card.keyword not in _COMMENTARY}.union(_PRIMARYS)
    inherited = [card for card in primary.cards if card.keyword not in known]
    # Header.extend looks through all cards for each.
    return type(header)([of_each(card) for card in (*own, *inherited)])


def without(header: Header, *patterns: re.Pattern[str]) -> Header:
    """Copy a header without the cards whose keywords match one of some patterns."""
    cards = [
        card
        for card in header.cards
        if card.keyword and not any(p.fullmatch(card.keyword) for p in patterns)
    ]
    return type(header)([copy.copy(card) for card in cards])


def observers(header: Header) -> Header:
    """Copy a header without what afw takes out of it as it reads.

    The sky, the visit, the archive (afw-files 1.4).
    """
    return without(header, STRUCTURE, SKY, ARCHIVED, CALIBRATION, _DERIVED)
