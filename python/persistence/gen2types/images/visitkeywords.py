"""A `VisitInfo` among the cards of a header, by afw's functions."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.images.visitinfo import VisitInfo
from persistence.types.exposure import visitcards

# Afw removes them together, whichever of them it wrote.
_CARDS = [*visitcards.CARDS.values(), *visitcards.LATER_CARDS.values(), "EXPID", "TIMESYS"]


def setVisitInfoMetadata(metadata: Any, visitInfo: VisitInfo) -> None:
    """Write a visit into a header, as the cards that an exposure's file has of it.

    Parameters
    ----------
    metadata : `PropertyList`
        The header, which is changed.
    visitInfo : `VisitInfo`
        The visit. What is not known of it gets no card.
    """
    for card, value in visitInfo.astropy.to_afw().items():
        metadata.set(card, value)


def stripVisitInfoKeywords(metadata: Any) -> int:
    """Remove a visit's cards from a header, and return how many there were."""
    there = [card for card in _CARDS if metadata.exists(card)]
    for card in there:
        metadata.remove(card)
    return len(there)
