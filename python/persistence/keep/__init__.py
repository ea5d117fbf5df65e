"""Keeping repositories over years: check, verify, compare, copy, remove and bundle them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.keep.bundling import bundle
    from persistence.keep.comparison import compare as diff
    from persistence.keep.copying import copy
    from persistence.keep.diagnosis import diagnose as doctor
    from persistence.keep.noting import note, notes
    from persistence.keep.pinning import pin
    from persistence.keep.removal import remove
    from persistence.keep.sameness import same
    from persistence.keep.tagging import tag, untag
    from persistence.keep.unbundling import unbundle
    from persistence.keep.verification import verify

__all__ = [
    "bundle",
    "copy",
    "diff",
    "doctor",
    "note",
    "notes",
    "pin",
    "remove",
    "same",
    "tag",
    "unbundle",
    "untag",
    "verify",
]

# Public name -> its module, and its name there. A module must not have the name of a function.
_HOMES = {
    "bundle": ("bundling", "bundle"),
    "copy": ("copying", "copy"),
    "diff": ("comparison", "compare"),
    "doctor": ("diagnosis", "diagnose"),
    "note": ("noting", "note"),
    "notes": ("noting", "notes"),
    "pin": ("pinning", "pin"),
    "remove": ("removal", "remove"),
    "same": ("sameness", "same"),
    "tag": ("tagging", "tag"),
    "unbundle": ("unbundling", "unbundle"),
    "untag": ("tagging", "untag"),
    "verify": ("verification", "verify"),
}


def __getattr__(name: str) -> Any:
    """Import a name on first use: most users need one of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own = _HOMES[name]
    return getattr(importlib.import_module(f"{__name__}.{module}"), own)
