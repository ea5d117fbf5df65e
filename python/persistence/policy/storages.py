"""Kinds of storage: the names that a policy may use, and what reads and writes each.

This is the one table of them. A script registers further ones in its process; a package announces
them as entry points of a group, which are looked for only where a name is not known without: that
takes longer than opening a repository.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from persistence.errors import did_you_mean
from persistence.files import content, entry_points

GROUP = "persistence.formatters"

# Storage name -> module, or module:object, with ``read`` and ``write``; pyproject.toml has them.
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
# What may follow a file's name: it is compressed then, and FITS readers do not mind.
COMPRESSED = ("", *content.COMPRESSED)
# Storages whose files are never compressed: one name is asked for.
_AS_CALLED = frozenset(OWN) - {"FitsStorage", "FitsCatalogStorage"}
# Storage name, or class of objects -> what a script of this process registered for it.
registered: dict[str | type, Any] = {}
# Names of what has no file that we could read. `None` is a path only.
_EMPTY = ("Internal", "ignored", "None")


def find(storage: str, python: Any = None) -> Any:
    """Return what reads and writes a storage, or else the objects of a class.

    Parameters
    ----------
    storage : `str`
        The storage's name.
    python : `str` or `type`, optional
        The class of the objects, or its dotted name.

    Returns
    -------
    found : `str`, formatter or None
        What is to be imported, ``module`` or ``module:object``; or what was registered; None if
        nothing is known.
    """
    return (
        registered.get(storage)
        or OWN.get(storage)
        or entry_points.announced(GROUP).get(storage)
        or (_of_class(python) if registered and python else None)
    )


def _of_class(python: Any) -> Any:
    """Return what is registered for a class; nothing is imported to find out which it is."""
    if isinstance(python, str):
        module, _, name = python.rpartition(".")
        python = getattr(sys.modules.get(module), name, python)
    for kind, formatter in registered.items():
        if isinstance(kind, type) and python in (kind, f"{kind.__module__}.{kind.__qualname__}"):
            return formatter
    return None


def endings(storage: str) -> tuple[str, ...]:
    """Return what may follow the name of a file of a storage, in the order of the search."""
    return ("",) if storage in _AS_CALLED and storage not in registered else COMPRESSED


def is_empty(storage: str) -> bool:
    """Check whether a storage is one that holds no data, such as ``Internal``."""
    return storage in _EMPTY or storage.startswith("ignored")


def problem(storage: str) -> str:
    """Return what to say of a storage that nothing reads or writes."""
    scripts = (name for name in registered if isinstance(name, str))
    readable = list(dict.fromkeys([*OWN, *entry_points.announced(GROUP), *scripts]))
    if not storage or is_empty(storage):
        return f"storage {storage!r} holds no data (those that do: {', '.join(readable)})"
    known = [*readable, *_EMPTY]
    return f"unknown storage {storage!r}{did_you_mean(storage, known)} (known: {', '.join(known)})"
