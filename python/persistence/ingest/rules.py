"""Translators defined in a camera's file: how a property is computed from a header's cards."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persistence.errors import FormatterError
from persistence.files import header_steps, header_values
from persistence.types.exposure import headersource, headertimes
from persistence.types.exposure.headersource import Source

# Keys of a rule that are not keys of a `Source`.
_OWN = ("default", "night", "path")
_WHOLE = "whole"
_NOON = 12.0
_DEGREES_AN_HOUR = 15.0
_DATE = "DATE-OBS"


@dataclass(frozen=True)
class Night:
    """The date of a night: that of the evening on which it began.

    Attributes
    ----------
    hour : `float`
        When the date changes, in hours of mean solar time.
    longitude : `float` or `str`
        The longitude of the site (degrees, positive to the east), or the keyword that contains it.
    """

    hour: float = _NOON
    longitude: float | str = 0.0

    def date(self, header: Mapping[str, Any], sources: tuple[Source, ...]) -> str | None:
        """Return the date of the night in which an exposure began; None if no card contains a time.

        Raises
        ------
        FormatterError
            If a card contains a date without a time, or not a time; the message names it.
        """
        written = [(each.key, each.read(header)) for each in sources]
        known = [(key, value) for key, value in written if header_values.known(value) is not None]
        if not known:
            return None
        begin = headertimes.moment(header, sources)
        if begin is None:
            key, value = known[0]
            raise FormatterError(f"{key}={value!r} is a date without a time: the night is unknown")
        utc = headertimes.to_time(begin).utc.to_datetime()
        shift = datetime.timedelta(hours=self._longitude(header) / _DEGREES_AN_HOUR - self.hour)
        return f"{utc + shift:%Y-%m-%d}"

    def _longitude(self, header: Mapping[str, Any]) -> float:
        if not isinstance(self.longitude, str):
            return float(self.longitude)
        value = headersource.card(header, self.longitude)
        if value is None:
            raise KeyError(self.longitude)
        degrees = header_values.number(value)
        if degrees is None or abs(degrees) > 360:
            raise FormatterError(f"{self.longitude}={value!r} is not a longitude in degrees")
        return degrees


@dataclass(frozen=True)
class Rule:
    """How a property is computed from a header's cards.

    Attributes
    ----------
    name : `str`
        The property.
    sources : `tuple` [`Source`]
        The cards that may contain its value, in order.
    where : `str`
        File and line of the rule.
    default : optional
        The value if no card has one.
    night : `Night` or None
        If set, the value is the date of the night.
    path : `bool` or `str`
        Whether the value is parsed from the file's name instead of a card; ``whole``, from its
        path.
    """

    name: str
    sources: tuple[Source, ...]
    where: str = ""
    default: Any = None
    night: Night | None = None
    path: bool | str = False

    def __call__(self, header: Mapping[str, Any], path: str = "") -> Any:
        """Return the property.

        Raises
        ------
        KeyError
            If no card contains it; names the first card.
        FormatterError
            If a card's value does not fit the rule; the message has file and line, keyword and
            value.
        """
        try:
            value = self._value(header, path)
        except FormatterError as error:
            raise FormatterError(f"{self.where}: {error}" if self.where else str(error)) from error
        if value is None:
            value = self.default
        if value is None:
            raise KeyError(self.keywords[0] if self.keywords else self.name)
        return value

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords that are searched, in order."""
        if self.path:
            return ()
        return tuple(headersource.keywords(self.sources))

    def _value(self, header: Mapping[str, Any], path: str) -> Any:
        if self.night is not None:
            return self.night.date(header, self.sources)
        if self.path:
            header = {"file name": path if self.path == _WHOLE else os.path.basename(path)}
        misfit: FormatterError | None = None
        for source in self.sources:
            try:
                value = source.meant(header, self.name)
                if header_values.known(value) in (None, ""):
                    continue
                if (source.scale, source.offset) != (1.0, 0.0):
                    value = self._scaled(source, value)
                return value
            except FormatterError as error:
                misfit = misfit or error
        if misfit is not None:
            raise misfit
        return None

    @staticmethod
    def _scaled(source: Source, value: Any) -> int | float:
        try:
            return header_steps.scaled(value, source.scale, source.offset)
        except header_steps.Misfit as error:
            raise FormatterError(f"{source.key}={value!r} {error}") from error


def make(name: str, entry: Mapping[str, Any] | list[Any], where: str) -> Rule:
    """Return the rule of a property.

    Parameters
    ----------
    name : `str`
        The property.
    entry : mapping, or a list of mappings and keywords
        The entry of a camera's file, which was checked when it was loaded.
    where : `str`
        Its file and line.

    Returns
    -------
    rule : `Rule`
        The rule.
    """
    own: dict[str, Any] = {}
    if isinstance(entry, Mapping):
        own = {key: entry[key] for key in _OWN if key in entry}
        entry = {key: value for key, value in entry.items() if key not in _OWN}
        if own.get("path"):
            entry["key"] = "file name"
        elif "night" in own and "key" not in entry:
            entry["key"] = [_DATE]
    night = Night(**own.pop("night")) if "night" in own else None
    return Rule(name, headersource.sources(entry), where, night=night, **own)
