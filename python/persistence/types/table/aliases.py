"""Aliases of fields in afw's tables, and their resolution (doc/gen2/afw-files.md 3.2, 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Cards of version 0 that name slots, without `_SLOT` -> the slots. Source: afw-files 3.2.
_SLOTS: Mapping[str, str] = {
    "PSF_FLUX": "PsfFlux",
    "AP_FLUX": "ApFlux",
    "INST_FLUX": "GaussianFlux",
    "MODEL_FLUX": "ModelFlux",
    "CALIB_FLUX": "CalibFlux",
    "CENTROID": "Centroid",
    "SHAPE": "Shape",
}
SLOT = re.compile(rf"({'|'.join(_SLOTS)})(_ERR|_FLAG)?_SLOT")


def resolve(name: str, aliases: Mapping[str, str]) -> str:
    """Return the field that a name means, following aliases.

    An alias replaces a name that is equal to it, or else the beginning of the name; the longest
    alias counts. The result is that of afw's rule (doc/gen2/afw-files.md 3.3), also where another
    alias is between the two in the alphabet.

    Parameters
    ----------
    name : `str`
        The name.
    aliases : mapping of `str` to `str`
        Alias to target.

    Returns
    -------
    field : `str`
        The name of a field, or a name that no alias replaces. Circular aliases return the name
        itself.
    """
    seen = {name}
    found = name
    while (alias := _applying(found, aliases)) is not None:
        found = aliases[alias] + found[len(alias) :]
        if found in seen or len(seen) > len(aliases):
            return name
        seen.add(found)
    return found


def _applying(name: str, aliases: Mapping[str, str]) -> str | None:
    if name in aliases:
        return name
    return max(
        (alias for alias in aliases if alias and name.startswith(alias)), key=len, default=None
    )


def names(aliases: Mapping[str, str], fields: Iterable[str]) -> list[str]:
    """Return the names of fields by aliases: ``slot_Centroid_x``, ``slot_Centroid_flag``."""
    fields = list(fields)
    targets = {alias: resolve(alias, aliases) for alias in aliases}
    found = {
        alias + field[len(target) :]: field
        for alias, target in targets.items()
        for field in fields
        if field.startswith(target)
    }
    return [name for name, field in found.items() if resolve(name, aliases) == field]


def modern(units: Mapping[str, str], version: int) -> dict[str, str]:
    """Return the current names of fields in old versions; ``units`` are the fields with units."""
    if version not in (1, 2):
        return {}
    found: dict[str, str] = {}
    for field, unit in units.items():
        name = field
        counts = re.search("count|dn|adu", unit, re.IGNORECASE)
        if "flux" in name and (counts or (not unit and name.startswith("modelfit_CModel"))):
            name = name.replace("flux", "instFlux", 1)
        if version < 2:
            name = re.sub("Sigma$", "Err", name)
        if name != field:
            found[name] = field
    return found


def slots(said: Mapping[str, Any], version: int) -> dict[str, str]:
    """Return the slots in the cards of version 0; ``said`` are the header's values by keyword."""
    if version:
        return {}
    found: dict[str, str] = {}
    for card, slot in _SLOTS.items():
        flux = "_instFlux" if slot.endswith("Flux") else ""
        for part, suffixes in (("", ("", flux)), ("_ERR", (f"{flux}Err",)), ("_FLAG", ("_flag",))):
            if f"{card}{part}_SLOT" in said:
                target = str(said[f"{card}{part}_SLOT"])
                found |= {f"slot_{slot}{suffix}": target for suffix in suffixes}
    return found


def stated(values: Iterable[Any]) -> dict[str, str]:
    """Return the aliases in the values of ``ALIAS`` cards."""
    pairs = (str(value).partition(":") for value in values)
    return {alias: target for alias, _, target in pairs}
