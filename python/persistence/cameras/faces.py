"""What kind of objects is handed out: astropy's, or afw's method names over them.

A kind is named; the module behind a name is imported when it is first needed, and none below it
knows it. A Butler has a kind, which its door chooses, and a camera has one, for its hooks.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from persistence.errors import RepositoryError, did_you_mean
from persistence.policy.dataset_type import DatasetType

# A kind -> the module that has its `wrap` and `unwrap`; None: what is read is handed out as it is.
KINDS: Mapping[str, str | None] = {
    "astropy": None,
    "afw": None,  # the stack's own classes read the files, where they are installed
    "gen2": "persistence.gen2types",
}


def check(kind: str) -> str:
    """Refuse a kind that does not exist.

    Raises
    ------
    RepositoryError
        If it is none of `KINDS`.
    """
    if kind not in KINDS:
        raise RepositoryError(
            f"types={kind!r}{did_you_mean(str(kind), KINDS)}: known are {', '.join(KINDS)}"
        )
    return kind


def wrap(obj: Any, kind: str, python: str | None = None) -> Any:
    """Return an object as a kind has it; nothing is copied.

    Parameters
    ----------
    obj
        What was read.
    kind : `str`
        One of `KINDS`.
    python : `str`, optional
        The dotted name of the type that a policy declares: which of afw's images it is.
    """
    module = KINDS[kind]
    return obj if module is None else importlib.import_module(module).wrap(obj, python)


def declared(dataset: DatasetType) -> str | None:
    """Return the declared type that decides of a dataset's image; None if it is an exposure.

    Gen2 made exposures of all images in some sections of a policy, whatever their type.
    """
    return None if dataset.section in ("exposures", "calibrations") else dataset.python


def unwrap(obj: Any) -> Any:
    """Return an object as astropy has it, whatever kind it is of; nothing is copied."""
    for module in KINDS.values():
        if module in sys.modules:  # what nobody has imported has made no object
            obj = sys.modules[module].unwrap(obj)
    return obj
