"""Who reads and writes the database: this package, or LSST's."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

# Value of the setting `backend` -> module and class.
_BACKENDS: Mapping[str, tuple[str, str]] = {
    "own": ("persistence.apdb.apdb", "Apdb"),
    "dax_apdb": ("persistence.apdb.daxapdb", "DaxApdb"),
}


def create(config: Any) -> Any:
    """Return the database that a configuration selects; nothing is opened yet.

    Parameters
    ----------
    config : `~persistence.apdb.config.ApdbConfig`
        The configuration.

    Returns
    -------
    apdb : `~persistence.apdb.apdb.Apdb` or `~persistence.apdb.daxapdb.DaxApdb`
        The database.

    Raises
    ------
    MissingExtra
        If SQLAlchemy, or ``lsst-dax-apdb``, is not installed.
    DatabaseError
        If the address is invalid.
    """
    module, name = _BACKENDS[config.backend]
    return getattr(importlib.import_module(module), name)(config)
