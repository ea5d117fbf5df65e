"""The kinds of objects that users get: astropy's, or wrappers with afw's methods.

A kind has a name; its module is imported on first use, and lower layers do not know it. A Butler
has a kind, chosen when it is opened, and a camera has one, for its hooks.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from persistence.errors import RepositoryError, did_you_mean
from persistence.policy.dataset_type import DatasetType

# A kind -> the module with its `wrap` and `unwrap`; None: objects are returned as they are read.
KINDS: Mapping[str, str | None] = {
    "astropy": None,
    "afw": None,  # the stack's own classes read the files, if installed
    "gen2": "persistence.gen2types",
}


def check(kind: str) -> str:
    """Return a kind, or raise an error for an unknown one.

    Raises
    ------
    RepositoryError
        If it is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise RepositoryError(
            f"types={kind!r}{did_you_mean(str(kind), KINDS)}: known are {', '.join(KINDS)}"
        )
    return kind


def wrap(obj: Any, kind: str, python: str | None = None) -> Any:
    """Return an object as one of a kind; nothing is copied.

    Parameters
    ----------
    obj : object
        The object that was read.
    kind : `str`
        One of `KINDS`.
    python : `str` or `None`, optional
        The dotted name of the type that a policy declares, which determines afw's image class.

    Returns
    -------
    object
        The object.
    """
    module = KINDS[kind]
    return obj if module is None else importlib.import_module(module).wrap(obj, python)


def declared(dataset: DatasetType) -> str | None:
    """Return the declared type that determines a dataset's image class; None for an exposure.

    Gen2 returned exposures for all images in some sections of a policy, whatever their type.
    """
    return None if dataset.section in ("exposures", "calibrations") else dataset.python


def unwrap(obj: Any) -> Any:
    """Return an object of any kind as astropy's; nothing is copied."""
    for module in KINDS.values():
        if module in sys.modules:  # a module that was not imported has created no object
            obj = sys.modules[module].unwrap(obj)
    return obj
