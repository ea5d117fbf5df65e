"""Storage names that policies may use, and the formatters that read and write them.

This is the one table of them. Scripts register more in their process; packages announce them as
entry points of a group, which is searched only for unknown names, because that takes longer than
opening a repository.
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
# Storages whose readers read parts of a file without the rest.
IN_PARTS = ("FitsStorage", "FitsCatalogStorage")
# Endings of compressed files, which FITS readers accept.
COMPRESSED = ("", *content.COMPRESSED)
# Storages whose files are never compressed: only one name is tried.
_AS_CALLED = frozenset(OWN) - set(IN_PARTS)
# Storage name, or class of objects -> the formatter that a script registered in this process.
registered: dict[str | type, Any] = {}
# Names of storages without readable files. `None` is a path only.
_EMPTY = ("Internal", "ignored", "None")


def find(storage: str, python: Any = None) -> Any:
    """Return the formatter of a storage, or else of the objects' class.

    Parameters
    ----------
    storage : `str`
        The storage's name.
    python : object, optional
        The class of the objects, or its dotted name.

    Returns
    -------
    found : `str`, formatter or None
        The name to import, ``module`` or ``module:object``; or the registered formatter; None if
        there is none.
    """
    return (
        registered.get(storage)
        or OWN.get(storage)
        or entry_points.announced(GROUP).get(storage)
        or (_of_class(python) if registered and python else None)
    )


def _of_class(python: Any) -> Any:
    """Return the formatter registered for a class, without importing anything."""
    if isinstance(python, str):
        module, _, name = python.rpartition(".")
        python = getattr(sys.modules.get(module), name, python)
    for kind, formatter in registered.items():
        if isinstance(kind, type) and python in (kind, f"{kind.__module__}.{kind.__qualname__}"):
            return formatter
    return None


def endings(storage: str) -> tuple[str, ...]:
    """Return the endings that files of a storage may have, in search order."""
    return ("",) if storage in _AS_CALLED and storage not in registered else COMPRESSED


def is_empty(storage: str) -> bool:
    """Return whether a storage holds no data, such as ``Internal``."""
    return storage in _EMPTY or storage.startswith("ignored")


def problem(storage: str) -> str:
    """Return the message about a storage without formatter."""
    scripts = (name for name in registered if isinstance(name, str))
    readable = list(dict.fromkeys([*OWN, *entry_points.announced(GROUP), *scripts]))
    if not storage or is_empty(storage):
        return f"storage {storage!r} holds no data (those that do: {', '.join(readable)})"
    known = [*readable, *_EMPTY]
    return f"unknown storage {storage!r}{did_you_mean(storage, known)} (known: {', '.join(known)})"
