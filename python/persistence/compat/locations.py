"""Gen2's `LogicalLocation`: text in which ``%(key)`` is replaced by a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from persistence.errors import TemplateError

# The format precedes the key here, and does not follow it as in a path template: %04d(visit).
_KEY = re.compile(r"%([#0\- +]*\d*(?:\.\d+)?)([a-zA-Z]?)\((\w+)\)")


class LogicalLocation:
    """A location in which ``%(key)`` and ``%04d(key)`` are replaced by values.

    Parameters
    ----------
    locString : `str` or `LogicalLocation`
        The text.
    additionalData : mapping, optional
        Values, for keys that `setLocationMap` has not set.

    Raises
    ------
    TemplateError
        If there is no value for a key. It is a `RuntimeError`, as Gen2's was.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.LogicalLocation``.

    Examples
    --------
    >>> from persistence import LogicalLocation
    >>> LogicalLocation("raw/%07d(visit).fits", {"visit": 42}).locString()
    'raw/0000042.fits'
    """

    _map: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self, locString: str | LogicalLocation, additionalData: Mapping[str, Any] | None = None
    ) -> None:
        text = locString.locString() if isinstance(locString, LogicalLocation) else locString
        values = {**(additionalData or {}), **self._map}
        self._text = _KEY.sub(lambda match: _shown(match, values), text)

    def locString(self) -> str:
        """Return the text with the values inserted.

        Returns
        -------
        text : `str`
            The text.
        """
        return self._text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"LogicalLocation({self._text!r})"

    @classmethod
    def setLocationMap(cls, metadata: Mapping[str, Any] | None) -> None:
        """Set values that take precedence over all others in this process.

        Parameters
        ----------
        metadata : mapping or None
            The values.
        """
        LogicalLocation._map = dict(metadata or {})


def _shown(match: re.Match[str], values: Mapping[str, Any]) -> str:
    flags, conversion, key = match.groups()
    if key not in values:
        raise TemplateError(f"Unknown substitution: {key}")
    value = values[key]
    if not isinstance(value, int) or not flags + conversion:
        return str(value)
    return f"%{flags}{conversion or 'd'}" % value
