"""Header cards that violate the FITS standard: how they are read and written nevertheless."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

from astropy.io import fits
from astropy.io.fits import Card

from persistence.errors import LossyWarning, warn_caller
from persistence.files import header_values
from persistence.files.fits_headers import Cards

UNPRINTABLE = re.compile(r"[^ -~]")
_COMMENTARY = ("COMMENT", "HISTORY", "")
# Keywords of up to 8 characters; others use the HIERARCH convention, which has no `=`.
STANDARD = re.compile(r"[A-Z0-9_-]{0,8}")
_HIERARCH = re.compile(r"[ -<>-~]+")
# Cards that astropy can certainly parse: parsing takes 9 us each, this check 0.4.
_PLAIN = re.compile(
    r"[A-Z0-9_-]+ *= +(?:'[ -&(-~]*'|[TF]|[+-]?[0-9]+(?:\.[0-9]*(?:E[+-]?[0-9]+)?)?)? *(?:/[ -~]*)?"
)


def readable(header: fits.Header) -> fits.Header:
    """Mend, in place, the cards whose value astropy cannot parse, and return the header.

    One such card would end any loop over the header. Its value becomes the card's text (``NaN``,
    ``2015_0218``), or is undefined if the text cannot be printed; the comment then shows it.
    """
    for position, card in enumerate(header.cards):
        # astropy's own text of an unparsed card; the public attribute is verified first
        image = getattr(card, "_image", None)
        if (image is None or not _PLAIN.fullmatch(image)) and not _is_parsable(card):
            del header[position]
            header.insert(position, _parsable(card, image or ""))
    return header


def _is_parsable(card: Card) -> bool:
    try:
        return card.value is not None and card.comment is not None
    except (fits.VerifyError, ValueError):
        return False


def _parsable(card: Card, image: str) -> Card:
    """Return a card with the text of another, as far as a card can hold it."""
    value = Cards(image.ljust(80)).get(card.keyword)
    # NaN and the like are numbers there, but not valid values of a card
    written = value if isinstance(value, str) else image.partition("=")[2].partition("/")[0]
    text = header_values.text(written) or ""
    shown = f"unreadable: {UNPRINTABLE.sub('?', text)}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)  # comments may be cut
        for content, comment in ((text, ""), (None, shown)):
            made = _card(card.keyword, content, comment)
            if made is not None:
                return made
        return Card("COMMENT", UNPRINTABLE.sub("?", image)[:72])


def _card(keyword: str, value: Any, comment: str) -> Card | None:
    try:
        card = Card(keyword, value, comment)
        return card if str(card) else None
    except (fits.VerifyError, ValueError):
        return None


def writable(cards: Iterable[Card], description: str) -> fits.Header:
    """Return a header of those cards that FITS can hold.

    Keywords that violate the standard use the HIERARCH convention, and unprintable characters in
    comments become blanks. Cards whose value cannot be parsed, or contains such characters, are
    omitted, with a warning that names them.

    Parameters
    ----------
    cards : iterable of `astropy.io.fits.Card`
        Cards that were read. Their form may change, but not what they mean.
    description : `str`
        What is being written, for the warning.
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
        warn_caller(
            f"{description} is written without cards that FITS cannot hold: {names}", LossyWarning
        )
    return header


def _mended(card: Card) -> Card | None:
    """Return a card with the same meaning that can be written, or None."""
    if _is_valid(card):
        return card
    try:
        value, comment = card.value, card.comment
    except (fits.VerifyError, ValueError):
        return None
    keyword = card.keyword
    if keyword in _COMMENTARY:
        value = UNPRINTABLE.sub(" ", value)
    elif not STANDARD.fullmatch(keyword):
        if not _HIERARCH.fullmatch(keyword):
            return None
        keyword = f"HIERARCH {keyword}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)  # comments may be cut
        mended = Card(keyword, value, UNPRINTABLE.sub(" ", comment))
        return mended if _is_valid(mended) else None


def _is_valid(card: Card) -> bool:
    """Check whether a card can be written, and correct its form if the meaning stays the same."""
    try:
        card.verify("silentfix")
        return bool(str(card))
    except (fits.VerifyError, ValueError):
        return False
