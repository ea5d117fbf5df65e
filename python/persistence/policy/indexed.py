"""Header cards that a camera's file lists under ``index``, so that queries can use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.policy.dataset_type import DatasetType

_KINDS: Mapping[str, type] = {"int": int, "float": float, "str": str}


def cards(settings: Mapping[str, Any], dataset: DatasetType) -> dict[str, type]:
    """Return the indexed header cards of a dataset type, with their types.

    Parameters
    ----------
    settings : mapping
        The settings of the camera's file. A list applies to all types of the section ``exposures``;
        a mapping has a list per type. A card without a type is a number.
    dataset : `DatasetType`
        The dataset type.

    Returns
    -------
    `dict` [`str`, `type`]
        Card to type.
    """
    listed = settings.get("index", ())
    if isinstance(listed, Mapping):
        listed = listed.get(dataset.name, ())
    elif dataset.section != "exposures":
        listed = ()
    parts = [listed] if isinstance(listed, Mapping) else listed
    kinds: dict[str, type] = {}
    for part in parts:
        words = {part: "float"} if isinstance(part, str) else part
        kinds |= {card: _KINDS[word] for card, word in words.items()}
    return kinds
