"""Checks of values before they become columns of a registry, keys, or parts of a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.cameras.detectors import span
from persistence.dataids.template import PathTemplate
from persistence.errors import did_you_mean
from persistence.files import header_values
from persistence.ingest.config import RegisterConfig
from persistence.types.exposure.translator import FilterLabel

FILTER = "filter"
# The filter with which biases and darks are registered.
_NO_FILTERS = ("NONE", "unknown")
# A part of a path is a file name: it must not contain a slash, be hidden, or contain control
# characters.
_UNFIT = re.compile(r"[/\x00-\x1f\x7f-\x9f]|\A\.")
_BITS = 63  # SQLite's integers have 63 bits and a sign
# Larger doubles lose their last digits, and would be written as another text.
_EXACT = 2**53


class Unfit(ValueError):
    """A value that is invalid for its purpose; the message gives the reason, without the value."""


@dataclass(frozen=True)
class Checks:
    """The checks of a file's properties; can be pickled.

    Attributes
    ----------
    types : mapping
        Property -> ``int``, ``float`` or ``str``; others are not checked.
    dates : collection of `str`
        The text properties that must be dates.
    keys : collection of `str`
        The properties that distinguish files: neither empty nor negative.
    paths : collection of `str`
        The text properties that become parts of a path.
    filters : `tuple` [`FilterLabel`]
        The filters that the camera lists; if empty, filters are not checked.
    strict_filters : `bool`
        Whether a filter that the camera does not list is an error.
    detectors : mapping
        The property with the detector's number -> the numbers of the camera's detectors; empty if
        these are unknown.
    """

    types: Mapping[str, type] = field(default_factory=dict)
    dates: Collection[str] = frozenset()
    keys: Collection[str] = frozenset()
    paths: Collection[str] = frozenset()
    filters: tuple[FilterLabel, ...] = ()
    strict_filters: bool = False
    detectors: Mapping[str, Collection[int]] = field(default_factory=dict)

    def __call__(self, name: str, value: Any) -> Any:
        """Return a property's value converted to its type.

        Raises
        ------
        Unfit
            If it cannot be converted without loss, or is invalid for its purpose.
        """
        kind = self.types.get(name)
        if kind is None:
            return value
        checked = _OF_TYPE[kind](value)
        if kind is int and checked < 0 and name in self.keys:
            raise Unfit("is negative: that means an unknown number")
        if name in self.detectors and checked not in self.detectors[name]:
            raise Unfit(f"is not a detector of this camera, which has {span(self.detectors[name])}")
        if kind is str:
            checked = self._text(name, checked)
        return checked

    def _text(self, name: str, text: str) -> str:
        if name in self.dates:
            date = header_values.date(text)
            if date is None:
                raise Unfit("is not a date")
            text = date
        if not text and name in self.keys:
            raise Unfit("is empty")
        if name in self.paths and _UNFIT.search(text):
            raise Unfit(
                "cannot be a part of a path: it holds a slash or a control character, or begins "
                "with a dot"
            )
        if name == FILTER and self.strict_filters and not self.lists(text):
            raise Unfit(f"is not a filter that the camera lists{self.neighbours(text)}")
        return text

    def lists(self, name: str) -> bool:
        """Return whether the camera lists a filter of this name, or the name means no filter."""
        known = self.filters
        return not known or name in _NO_FILTERS or any(label.answers_to(name) for label in known)

    def neighbours(self, name: str) -> str:
        """Return the similar names of the camera's filters, for messages."""
        names = [(label.name, label.physical) for label in self.filters]
        return did_you_mean(name, [one for both in names for one in both if one is not None])


def of(
    register: RegisterConfig,
    templates: Iterable[PathTemplate],
    dates: Iterable[str] = (),
    filters: tuple[FilterLabel, ...] = (),
    strict_filters: bool = False,
    detectors: Mapping[str, Collection[int]] = {},
) -> Checks:
    """Return the checks of a registry's columns and of the keys of path templates.

    Parameters
    ----------
    register : `RegisterConfig`
        The columns.
    templates : iterable of `PathTemplate`
        The path templates of the files.
    dates : iterable of `str`
        Further columns with dates, besides those in the configuration.
    filters : `tuple` [`FilterLabel`]
        The filters that the camera lists.
    strict_filters : `bool`
        Whether a filter that the camera does not list is an error.
    detectors : mapping
        The property with the detector's number -> the numbers of the camera's detectors.

    Returns
    -------
    checks : `Checks`
        The checks.
    """
    keys = {key: kind for template in templates for key, kind in template.keys.items()}
    return Checks(
        types={**keys, **register.types},
        dates=frozenset((*register.dates, *dates)),
        keys=frozenset((*register.unique, *keys, FILTER)),
        paths=frozenset(key for key, kind in keys.items() if kind is str),
        filters=filters,
        strict_filters=strict_filters,
        detectors=detectors,
    )


def _integer(value: Any) -> int:
    number: int | None = value if type(value) is int else header_values.integer(value)
    if number is None:
        raise Unfit("is not an integer")
    if number.bit_length() > _BITS:
        raise Unfit("is an integer of more than 64 bits, which no registry can hold")
    return number


def _real(value: Any) -> float:
    number = header_values.number(value)
    if number is None:
        raise Unfit("is not a number")
    return number


def _text(value: Any) -> str:
    if type(value) is not str:
        if header_values.number(value) is None:
            raise Unfit("is not a text")
        if isinstance(value, float) and abs(value) >= _EXACT:
            raise Unfit("is a number that has lost digits, not a text")
        return str(value)
    text: str = header_values.known(value)
    if "\0" in text:
        raise Unfit("holds a zero byte")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unfit("is not a text in UTF-8") from None
    return text


_OF_TYPE: Mapping[type, Callable[[Any], Any]] = {int: _integer, float: _real, str: _text}
