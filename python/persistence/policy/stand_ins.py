"""What names in policies mean: Gen2's classes, which are not installed, and moved modules."""

from __future__ import annotations

from collections.abc import Mapping

# What is created where a policy names a class of Gen2's, by the last word of its name.
STAND_INS: Mapping[str, str] = {
    **dict.fromkeys(
        ("ExposureF", "ExposureD", "ExposureI", "ExposureU"),
        "persistence.types.exposure.exposure.Exposure",
    ),
    **dict.fromkeys(("SourceCatalog", "BaseCatalog", "SimpleCatalog"), "astropy.table.Table"),
}
# Modules whose names stand in policies on disk, and where they are now.
MOVED: Mapping[str, str] = {
    "persistence.assemblers": "persistence.composites.ready_made",
    "persistence.composite": "persistence.composites.assemble",
}


def stands_for(name: str) -> str:
    """Return the name of the class or function that is used where a policy names another."""
    module, _, last = name.rpartition(".")
    if module in MOVED:
        return f"{MOVED[module]}.{last}"
    return STAND_INS.get(last, name) if name.startswith("lsst.") else name
