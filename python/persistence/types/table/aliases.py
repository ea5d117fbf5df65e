"""Aliases of the fields of afw's tables.

Which there are, and where they lead (facts in afw-files 3.2, 3.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Cards of version 0 that name slots, less `_SLOT`, and the slots. Source: afw-files 3.2.
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
    """Follow aliases from a name to the field that it stands for.

    An alias replaces a name that is equal to it, or else the beginning of the name; of several, the
    longest. This finds what afw's rule finds (afw-files 3.3), also where another alias comes
    between the two in the alphabet.

    Returns
    -------
    field : `str`
        The name of a field; or what no alias replaces. A ring of aliases leads nowhere: to the name
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
    """Return the names that aliases give to fields: ``slot_Centroid_x``, ``slot_Centroid_flag``."""
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
    """Give the names that fields of old versions have today.

    ``units`` are the fields with their units.
    """
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
    """Give the slots that cards of version 0 name.

    ``said`` are the values of a header by keyword.
    """
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
    """Give the aliases that the values of ``ALIAS`` cards state."""
    pairs = (str(value).partition(":") for value in values)
    return {alias: target for alias, _, target in pairs}
