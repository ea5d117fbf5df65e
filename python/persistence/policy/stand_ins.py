"""The meaning of names in policies: replacements of Gen2's classes, and moved modules."""

from __future__ import annotations

from collections.abc import Mapping

# The last part of the name of a Gen2 class -> the class that is created instead.
STAND_INS: Mapping[str, str] = {
    **dict.fromkeys(
        ("ExposureF", "ExposureD", "ExposureI", "ExposureU"),
        "persistence.types.exposure.exposure.Exposure",
    ),
    **dict.fromkeys(("SourceCatalog", "BaseCatalog", "SimpleCatalog"), "astropy.table.Table"),
}
# Old names of modules in policies on disk -> their current names.
MOVED: Mapping[str, str] = {
    "persistence.assemblers": "persistence.composites.ready_made",
    "persistence.composite": "persistence.composites.assemble",
}


def stands_for(name: str) -> str:
    """Return the name of the class or function that replaces a name in a policy."""
    module, _, last = name.rpartition(".")
    if module in MOVED:
        return f"{MOVED[module]}.{last}"
    return STAND_INS.get(last, name) if name.startswith("lsst.") else name
