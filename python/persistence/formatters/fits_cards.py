"""Cards of headers that were read, as they can be written."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

from astropy.io import fits
from astropy.io.fits import Card

from persistence.errors import LossyWarning, warn_caller

_UNPRINTABLE = re.compile(r"[^ -~]")
_COMMENTARY = ("COMMENT", "HISTORY", "")
# Keywords of up to 8 characters; others are written by the HIERARCH convention, which has no `=`.
_STANDARD = re.compile(r"[A-Z0-9_-]{0,8}")
_HIERARCH = re.compile(r"[ -<>-~]+")


def writable(cards: Iterable[Card], what: str) -> fits.Header:
    """Return a header with those cards that FITS can hold.

    A keyword that is against the standard is written by the HIERARCH convention, and characters
    that cannot be printed are blanks in comments. A card whose value cannot be understood, or
    holds such characters, is left out, with a warning that names it.

    Parameters
    ----------
    cards : iterable of `astropy.io.fits.Card`
        Cards that were read. Their form may change, but not what they mean.
    what : `str`
        What is written, for the warning.
    """
    header, lost = fits.Header(), []
    for card in cards:
        mended = _mended(card)
        if mended is None:
            lost.append(ascii(card.keyword)[1:-1])
        else:
            header.append(mended, end=True)
    if lost:
        names = ", ".join(dict.fromkeys(lost))
        warn_caller(f"{what} is written without cards that FITS cannot hold: {names}", LossyWarning)
    return header


def _mended(card: Card) -> Card | None:
    """Return a card that can be written with the same meaning, perhaps itself; None if none can."""
    if _is_valid(card):
        return card
    try:
        value, comment = card.value, card.comment
    except (fits.VerifyError, ValueError):
        return None
    keyword = card.keyword
    if keyword in _COMMENTARY:
        value = _UNPRINTABLE.sub(" ", value)
    elif not _STANDARD.fullmatch(keyword):
        if not _HIERARCH.fullmatch(keyword):
            return None
        keyword = f"HIERARCH {keyword}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)  # comments may be cut
        mended = Card(keyword, value, _UNPRINTABLE.sub(" ", comment))
        return mended if _is_valid(mended) else None


def _is_valid(card: Card) -> bool:
    """Check whether a card can be written, and mend its form where that changes no meaning."""
    try:
        card.verify("silentfix")
        return bool(str(card))
    except (fits.VerifyError, ValueError):
        return False
