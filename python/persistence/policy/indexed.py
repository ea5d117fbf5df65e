"""Cards of headers that a camera's file lists under ``index``: queries may be about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.policy.dataset_type import DatasetType

_KINDS: Mapping[str, type] = {"int": int, "float": float, "str": str}


def cards(settings: Mapping[str, Any], dataset: DatasetType) -> dict[str, type]:
    """Return the cards of a dataset type's headers that are indexed, with their types.

    Parameters
    ----------
    settings : mapping
        The settings of the camera's file. A list is of all types of the section ``exposures``; a
        mapping has a list for a type. A card without a type is a number.
    dataset : `DatasetType`
        The dataset type.
    """
    said = settings.get("index", ())
    if isinstance(said, Mapping):
        said = said.get(dataset.name, ())
    elif dataset.section != "exposures":
        said = ()
    parts = [said] if isinstance(said, Mapping) else said
    found: dict[str, type] = {}
    for part in parts:
        words = {part: "float"} if isinstance(part, str) else part
        found |= {card: _KINDS[word] for card, word in words.items()}
    return found
