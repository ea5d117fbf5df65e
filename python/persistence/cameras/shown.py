"""The form of a data ID's values in paths, if different: ``raft='2,2'`` as ``22``.

A policy defines it per key under ``shown``: a table, a pattern with its replacement, or the dotted
name of a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import DataIdError, PolicyError, did_you_mean, told
from persistence.files import entry_points

Show = Callable[[Any], Any]


def of(settings: Mapping[str, Any], source: str) -> Mapping[str, Show]:
    """Return the functions that convert values to their form in paths, by key.

    Parameters
    ----------
    settings : mapping
        The policy's settings.
    source : `str`
        The policy's file, for messages.

    Returns
    -------
    mapping of `str` to callable
        Key to function.

    Raises
    ------
    PolicyError
        If a function cannot be imported.
    """
    return {key: _show(key, way, source) for key, way in settings.get("shown", {}).items()}


def _show(key: str, way: Mapping[str, Any], source: str) -> Show:
    if "format" in way:
        return _imported(way["format"], f"{source}: shown.{key}")
    if "pattern" in way:
        pattern = re.compile(way["pattern"])
        return lambda value: pattern.sub(way["becomes"], str(value))
    table = {str(value): text for value, text in way["table"].items()}

    def look_up(value: Any) -> Any:
        if str(value) not in table:
            raise DataIdError(
                f"{key}={value!r} is not in the table of {source}: shown.{key} has "
                f"{', '.join(table)}{did_you_mean(str(value), table)}"
            )
        return table[str(value)]

    return look_up


def _imported(name: str, source: str) -> Show:
    module, _, attribute = name.rpartition(".")
    try:
        function: Show = entry_points.load(f"{module}:{attribute}")
    except Exception as error:  # whatever a module does as it is imported
        raise PolicyError(f"{source}: {name!r} cannot be imported: {told(error)}") from error
    return function
