"""Headers of FITS files as `PropertyList`, as in afw."""

from __future__ import annotations

from typing import Any

from persistence.gen2types.properties import PropertyList
from persistence.types.metadata import property as ours


class Header(PropertyList):
    """The face of a header: a `PropertyList` of its cards, and no longer the header itself."""

    @classmethod
    def of(cls, header: Any) -> Any:
        return PropertyList.of(properties_of(header))


def properties_of(header: Any) -> ours.PropertyList:
    """Return the cards of a header in order; those that stand several times are several values."""
    properties = ours.PropertyList()
    for card in header.cards:
        if not card.keyword:
            continue
        value = card.value
        if type(value).__name__ == "Undefined":  # astropy's, of a card without a value
            value = None
        try:
            properties.add(card.keyword, value, card.comment)
        except TypeError:  # values of several types: afw keeps the last
            properties.set(card.keyword, value, card.comment)
    return properties
