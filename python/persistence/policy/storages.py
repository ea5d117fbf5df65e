"""Kinds of storage: the names that a policy may use, and what reads and writes each.

This is the one table of them. A package announces further ones as entry points of a group, which
are looked for only where a name is none of ours: that takes longer than opening a repository.
"""

from __future__ import annotations

from collections.abc import Mapping

from persistence.errors import did_you_mean
from persistence.files import entry_points

GROUP = "persistence.formatters"

# Storage name -> module, or module:object, with ``read`` and ``write``. setup.cfg announces these.
OWN: Mapping[str, str] = {
    "FitsStorage": "persistence.formatters.fits",
    "FitsCatalogStorage": "persistence.formatters.catalog",
    "PickleStorage": "persistence.formatters.pickle",
    "YamlStorage": "persistence.formatters.yaml",
    "TextStorage": "persistence.formatters.text",
    "ConfigStorage": "persistence.formatters.config",
    "ParquetStorage": "persistence.formatters.parquet",
    "MatplotlibStorage": "persistence.formatters.figure",
}
# Names of what has no file that we could read. `None` is a path only.
_EMPTY = ("Internal", "ignored", "None")


def find(storage: str) -> str | None:
    """Return what reads and writes a storage, ``module`` or ``module:object``; None if nothing."""
    return OWN.get(storage) or entry_points.announced(GROUP).get(storage)


def is_empty(storage: str) -> bool:
    """Check whether a storage is one that holds no data, such as ``Internal``."""
    return storage in _EMPTY or storage.startswith("ignored")


def problem(storage: str) -> str:
    """Return what to say of a storage that nothing reads or writes."""
    readable = list(dict.fromkeys([*OWN, *entry_points.announced(GROUP)]))
    if not storage or is_empty(storage):
        return f"storage {storage!r} holds no data (those that do: {', '.join(readable)})"
    known = [*readable, *_EMPTY]
    return f"unknown storage {storage!r}{did_you_mean(storage, known)} (known: {', '.join(known)})"
