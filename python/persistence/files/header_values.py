"""The meaning of header values: a number, an integer, a text, a date, or not known.

Headers are written by many programs, and a card may contain anything: nothing at all, a quoted
number, ``NaN``, a date in a form of 1985. Each value is returned in its type, or as None, which
means "not known": nothing is guessed.
"""

from __future__ import annotations

import datetime
import functools
import math
import re
from typing import Any

# FITS Standard 4.0, sections 4.2.3 and 4.2.4; Python's int() and float() take `2015_0218`, too.
INTEGER = re.compile(r"[+-]?[0-9]+")
REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[EDed][+-]?[0-9]+)?")
FORTRAN = str.maketrans("Dd", "Ee")  # of the exponent
# Above, not every integer is a double (IEEE 754): last digits may be lost.
_EXACT = 2**53
# Python's and numpy's (2 and 1), which need not be imported.
_LOGICAL = ("bool", "bool_")

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ](.*))?", re.DOTALL)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[T ](.*))?", re.DOTALL)
_SLASHES = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})(?:[T ](.*))?", re.DOTALL)
# FITS before 1999: DD/MM/YY, of the years 19YY (FITS Standard 4.0, 4.4.2.1).
_BEFORE_1999 = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{2})")
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]*)?)?Z?")
# No digital camera is older; clocks that are not set show 1858 (MJD 0).
_FIRST_YEAR = 1900
# `03/03/26` is 1926 by the standard, and 2026 by the clock of a telescope that still writes it.
_FIRST_SHORT_YEAR = 50


def known(value: Any) -> Any:
    """Return a value, or None for an undefined card and for NaN.

    Texts are returned without blanks and zero bytes at their ends.
    """
    if isinstance(value, str):
        return value.strip(" \t\r\n\0")
    if isinstance(value, float) and math.isnan(value):
        return None
    return None if type(value).__name__ == "Undefined" else value


def number(value: Any) -> float | None:
    """Return a value as a finite real number; None if it is not one.

    A text that contains a number counts; logical values and infinities do not.
    """
    value = known(value)
    if isinstance(value, str):
        if not REAL.fullmatch(value):
            return None
        value = value.translate(FORTRAN)
    elif type(value).__name__ in _LOGICAL or not hasattr(type(value), "__float__"):
        return None
    try:
        real = float(value)
    except OverflowError:
        return None
    return real if math.isfinite(real) else None


def integer(value: Any) -> int | None:
    """Return a value as an integer; None if it is not exactly one.

    ``7``, ``7.0`` and ``'0007'`` are integers; ``7.5``, logical values, and real numbers so large
    that last digits are lost are not.
    """
    value = known(value)
    if isinstance(value, str):
        return int(value) if len(value) < 100 and INTEGER.fullmatch(value) else None
    if type(value).__name__ in _LOGICAL:
        return None
    if hasattr(type(value), "__index__"):
        return int(value)
    real = number(value)
    return int(real) if real is not None and real.is_integer() and abs(real) < _EXACT else None


def text(value: Any) -> str | None:
    """Return a value as a text without blanks at its ends; None if it is empty or not known."""
    value = known(value)
    return None if value is None else str(value) or None


def date(value: Any) -> str | None:
    """Return the date, or the date and time, of a text, in ISO 8601 format.

    Parameters
    ----------
    value : object
        ``2015-02-18``; ``20150218`` or ``2015/02/18``; each with a time after ``T`` or a blank; or
        ``18/02/95``, FITS's form before 1999, for the years 1950 to 1999. ``20150218`` may be an
        integer.

    Returns
    -------
    date : `str` or None
        None if it is not a date: another form, a month or day that does not exist, a year before
        1900.
    """
    if type(value) is int:
        value = str(value)
    return _date_of(value) if isinstance(value, str) else None


@functools.lru_cache(maxsize=256)  # the same date of a header is needed many times
def _date_of(text: str) -> str | None:
    text = known(text)
    for form, length in ((_ISO, 10), (_COMPACT, 8), (_SLASHES, 10)):
        match = form.fullmatch(text)
        if match is not None:
            year, month, day = map(int, match.groups()[:3])
            return _iso(year, month, day, match[4], text[length:])
    old = _BEFORE_1999.fullmatch(text)
    if old is None:
        return None
    day, month, year = map(int, old.groups())
    return _iso(1900 + year, month, day, None, "") if year >= _FIRST_SHORT_YEAR else None


def _iso(year: int, month: int, day: int, clock: str | None, rest: str) -> str | None:
    """Return a date with its time; None if the calendar or the clock does not have it."""
    try:
        shown = datetime.date(year, month, day).isoformat()
        if clock is not None:
            match = _CLOCK.fullmatch(clock)
            if match is None:
                return None
            hour, minute, second = (int(part or 0) for part in match.groups())
            datetime.time(
                hour, minute, min(second, 59) if second == 60 else second
            )  # a leap second
    except ValueError:
        return None
    return shown + rest if year >= _FIRST_YEAR else None
