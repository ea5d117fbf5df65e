"""afw's cards beside the observer's, and how an image's and the primary header combine."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from persistence.types.exposure.components import KEYS
from persistence.types.exposure.visitinfo import CARDS
from persistence.types.wcs import headercards

if TYPE_CHECKING:
    from astropy.io.fits import Card, Header

_COMMENTARY = ("COMMENT", "HISTORY", "")
# Cards that describe the HDU that they stand in, and so are not carried to another. Source:
# afw-files 1.4.
STRUCTURE = re.compile(
    r"SIMPLE|BITPIX|NAXIS\d*|EXTEND|GCOUNT|PCOUNT|XTENSION|TFIELDS|BSCALE|BZERO|BLANK|[TZ](ZERO|SCAL|FORM|TYPE)\d*|"
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
_DERIVED = re.compile(
    rf"{'|'.join(map(re.escape, CARDS.values()))}|EXPID|TIMESYS|MJD-OBS|DATE-OBS|DETNAME|DETSER"
)
# AST's epoch where none is given: files of versions 0 and 1 have it in HDUs 1 to 3. Source:
# afw-files 1.2.
_SPURIOUS = "2000-01-01T11:58:55.8"
_SPURIOUS_KEYS = ("DATE-OBS", "MJD-OBS")
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
    left_out = _SPURIOUS_KEYS if _is_spurious(header, primary) else ()
    own = [card for card in header.cards if card.keyword not in left_out]
    known = {card.keyword for card in own if card.keyword not in _COMMENTARY}.union(_PRIMARYS)
    inherited = [card for card in primary.cards if card.keyword not in known]
    # Header.extend looks through all cards for each.
    return type(header)([of_each(card) for card in (*own, *inherited)])


def _is_spurious(header: Header, primary: Header) -> bool:
    return "AR_HDU" in primary and str(header.get("DATE-OBS", "")).startswith(_SPURIOUS)


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
