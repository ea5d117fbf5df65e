"""The origin of a value of `VisitInfo` in a camera's headers: a row of its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.errors import FormatterError
from persistence.files import header_steps, header_values

Header = Mapping[str, Any]

_SEXAGESIMAL = re.compile(r"[+-]?\d{1,3}([: ]\s*\d{1,2}){1,2}(\.\d*)?")


@dataclass(frozen=True, slots=True)
class Source:
    r"""The origin of a value in a header, and the steps to its meaning.

    Attributes
    ----------
    key : `str` or None
        The keyword; None for a constant.
    value : optional
        The constant.
    compute : `str` or None
        Arithmetic with cards, ``{DAYOBS} * 1000 + {SEQNUM}``, instead of one card.
    text : `str` or None
        A text with cards, ``{FILTER}~{GRATING}``, instead of one card.
    pattern : `str` or None
        A regular expression: the value is its group of the value's name, or else its first group
        that matches.
    becomes : `str` or None
        A text to build from the groups of the pattern instead: ``\1-\2``.
    slice : `tuple` [`int` or None] or None
        The first character of the value, from 0, and the first after it.
    replace : mapping
        Regular expressions and their replacements.
    case : `str` or None
        ``upper`` or ``lower``.
    table : mapping or None
        The meaning of each value.
    scale, offset : `float`
        A number is multiplied by ``scale``, then ``offset`` is added, to convert unit and
        direction.
    time : `tuple` [`str`]
        For a date: the keywords of the time of day, if the date has none.
    timesys : `str` or None
        For a date: its time scale, overriding TIMESYS.
    since : `str` or None
        The value is used only for exposures that began then or later (ISO 8601).
    """

    key: str | None = None
    value: Any = None
    compute: str | None = None
    text: str | None = None
    pattern: str | None = None
    becomes: str | None = None
    slice: tuple[int | None, ...] | None = None
    replace: Mapping[str, str] = field(default_factory=dict)
    case: str | None = None
    table: Mapping[str, Any] | None = None
    scale: float = 1
    offset: float = 0
    time: tuple[str, ...] = ()
    timesys: str | None = None
    since: str | None = None

    def read(self, header: Header) -> Any:
        """Return the value in a header; None if it is missing or unusable."""
        try:
            return self.meant(header)
        except FormatterError:
            return None

    def meant(self, header: Header, name: str = "") -> Any:
        """Return the value in a header; None if it is missing.

        Parameters
        ----------
        header : `Header`
            The keywords and their values.
        name : `str`, optional
            The group of the pattern that is the value.

        Returns
        -------
        object
            The value after all steps.

        Raises
        ------
        FormatterError
            If the value in the header is unusable; the message names keyword and value.
        """
        value: Any
        if self.compute is not None:
            value = header_steps.computed(self.compute, lambda key: _known(card(header, key)))
        elif self.text is not None:
            value = header_steps.joined(self.text, lambda key: _known(card(header, key)))
        else:
            value = self.value if self.key is None else card(header, self.key)
        if self._is_plain or value is None or value == "":
            return value
        written = value
        try:
            if self.pattern is not None:
                value = header_steps.matched(value, self.pattern, name, self.becomes)
            if self.slice is not None:
                value = header_steps.cut(value, self.slice)
            if self.replace:
                value = header_steps.replaced(value, self.replace)
            if self.case is not None:
                value = str(value).upper() if self.case == "upper" else str(value).lower()
            if self.table is not None:
                value = header_steps.looked_up(value, self.table)
        except header_steps.Misfit as error:
            source = self.key or self.compute or self.text or "value"
            raise FormatterError(f"{source}={written!r} {error}") from error
        return value

    @property
    def _is_plain(self) -> bool:
        steps = (self.pattern, self.slice, self.case, self.table)
        return not self.replace and all(step is None for step in steps)


def _known(value: Any) -> Any:
    value = header_values.known(value)
    return None if value == "" else value


def sources(entry: Any) -> tuple[Source, ...]:
    """Return the sources in an entry of a camera's table, in order of priority.

    Parameters
    ----------
    entry : `str`, mapping, or a list of these
        A keyword, or the attributes of a `Source`.

    Returns
    -------
    `tuple` [`Source`, ...]
        The sources.
    """
    entries = entry if isinstance(entry, list | tuple) else [entry]
    return tuple(source for item in entries for source in _sources(item))


def _sources(entry: str | Mapping[str, Any]) -> Iterator[Source]:
    """Yield the sources of one entry: one per keyword, in order of priority."""
    if isinstance(entry, str):
        yield Source(entry)
        return
    said = dict(entry)
    for name in ("time", "slice"):
        if name in said:
            said[name] = (said[name],) if isinstance(said[name], str) else tuple(said[name])
    keys = said.pop("key", None)
    for key in keys if isinstance(keys, list | tuple) else [keys]:
        yield Source(key, **said)


def first(sources: Iterable[Source], header: Header) -> Any:
    """Return the value of the first source that has one; None if none has."""
    return next((value for each in sources if (value := each.read(header)) is not None), None)


def keywords(sources: Iterable[Source]) -> list[str]:
    """Return the keywords that sources use, each once."""
    named = (
        [source.key]
        if source.compute is source.text is None
        else header_steps.cards(source.compute or source.text or "")
        for source in sources
    )
    return [*dict.fromkeys(key for keys in named for key in keys if key is not None)]


def card(header: Header, keyword: str) -> Any:
    """Return the value of a card; None if it is missing, or astropy cannot parse it."""
    try:
        return header.get(keyword)
    except Exception as error:
        # astropy's, without importing it: a card that violates the standard, such as an unquoted
        # NaN
        if type(error).__name__ == "VerifyError":
            return None
        raise


def truth(value: Any) -> bool:
    """Return whether a card is T."""
    return value is True or (isinstance(value, str) and value.strip().lower() in ("t", "true"))


def equinox(value: Any) -> float | None:
    """Return the year of an equinox, also with a letter: ``B1950``; None if it is invalid."""
    text = header_values.known(value)
    return header_values.number(text.lstrip("JBjb") if isinstance(text, str) else text)


def angle(value: Any) -> str | float | None:
    """Return degrees as a number, or sexagesimal text unchanged; None for anything else."""
    number, text = header_values.number(value), header_values.known(value)
    if number is None and isinstance(text, str) and _SEXAGESIMAL.fullmatch(text):
        return text
    return number
