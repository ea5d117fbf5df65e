"""Where a camera's headers have a value of `VisitInfo`: a row of its table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persistence.files import header_values

Header = Mapping[str, Any]

_SEXAGESIMAL = re.compile(r"[+-]?\d{1,3}([: ]\s*\d{1,2}){1,2}(\.\d*)?")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a header has a value.

    Attributes
    ----------
    key : `str` or None
        The keyword; None for a value that stands in no header.
    value : optional
        That value.
    pattern : `str` or None
        A regular expression: the value is its first group that matches.
    scale, offset : `float`
        A number is multiplied by the one, then the other is added, so that it has our unit and
        direction.
    time : `tuple` [`str`]
        Of a date: the keywords of the time of day, where the date has none.
    timesys : `str` or None
        Of a date: its time scale, whatever TIMESYS says.
    since : `str` or None
        The value is used only for exposures that began then or later (ISO 8601).
    """

    key: str | None = None
    value: Any = None
    pattern: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    time: tuple[str, ...] = ()
    timesys: str | None = None
    since: str | None = None

    def read(self, header: Header) -> Any:
        """Return the value as the header has it; None if it has none."""
        value = self.value if self.key is None else card(header, self.key)
        if self.pattern is None or value is None:
            return value
        match = re.search(self.pattern, str(value))
        return next((group for group in match.groups() if group), None) if match else None


def sources(entry: Any) -> tuple[Source, ...]:
    """Return the sources that an entry of a camera's table names, in the order of trying.

    Parameters
    ----------
    entry : `str`, mapping, or a list of these
        A keyword, or the attributes of a `Source`.
    """
    entries = entry if isinstance(entry, list | tuple) else [entry]
    return tuple(_source(one) for one in entries)


def _source(entry: str | Mapping[str, Any]) -> Source:
    if isinstance(entry, str):
        return Source(entry)
    times = entry.get("time", ())
    return Source(**{**entry, "time": (times,) if isinstance(times, str) else tuple(times)})


def card(header: Header, keyword: str) -> Any:
    """Return the value of a card; None if there is none, or astropy cannot parse it."""
    try:
        return header.get(keyword)
    except Exception as error:
        # astropy's, which need not be imported: a card that breaks the standard, as an unquoted NaN
        if type(error).__name__ == "VerifyError":
            return None
        raise


def truth(value: Any) -> bool:
    """Return whether a card says T."""
    return value is True or (isinstance(value, str) and value.strip().lower() in ("t", "true"))


def equinox(value: Any) -> float | None:
    """Return the year of an equinox, also of one with its letter: ``B1950``; None if it is none."""
    text = header_values.known(value)
    return header_values.number(text.lstrip("JBjb") if isinstance(text, str) else text)


def angle(value: Any) -> str | float | None:
    """Return degrees as a number, or sexagesimal text as it is; None for anything else."""
    number, text = header_values.number(value), header_values.known(value)
    if number is None and isinstance(text, str) and _SEXAGESIMAL.fullmatch(text):
        return text
    return number
