"""Dates in expressions: a month, day or time of any precision matches all that begins with it.

``2015-02-24`` matches the whole day: texts of a registry are compared by as many characters as the
date has, times of files with the first and the last instant of the day.
"""

from __future__ import annotations

import calendar
import datetime
import re

from persistence.dataids.expression_text import DAY

_DAY = re.compile(DAY)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_COMPACT = re.compile(r"[0-9]{8}")
_DIGITS = "[0-9]"
_ISO_GLOB = f"'{_DIGITS * 4}-{_DIGITS * 2}-{_DIGITS * 2}*'"
_MONTH_GLOB = f"'{_DIGITS * 4}-{_DIGITS * 2}'"
_COMPACT_GLOB = f"'{_DIGITS * 8}'"
_ZEROS = 9 * "0"
_SECOND = 10**9
# Length of a date's text -> its duration in nanoseconds.
_LASTS = {10: 86400 * _SECOND, 16: 60 * _SECOND, 19: _SECOND}
# In UTC.
_EPOCH = datetime.datetime(1970, 1, 1)
_LARGEST = 2**63 - 1


def read(text: str) -> str | None:
    """Return an ISO date or time with ``T`` as its separator; None if the text is not a date."""
    written = text.strip().replace(" ", "T")
    return written if _DAY.fullmatch(written) else None


def problem(date: str) -> str:
    """Return the reason why a date does not exist; an empty text if it does."""
    try:
        _begun(date)
    except ValueError as error:
        return str(error)
    return ""


def interval(date: str) -> tuple[int, int]:
    """Return the first instant of a date and the one after it, in nanoseconds since 1970 (UTC)."""
    date, begun = date.rstrip("Z"), _begun(date)
    since, digits = begun - _EPOCH, date[20:]
    first = (since.days * 86400 + since.seconds) * _SECOND + int(digits.ljust(9, "0") or 0)
    if _MONTH.fullmatch(date):
        lasts = calendar.monthrange(begun.year, begun.month)[1] * _LASTS[10]
    else:
        lasts = 10 ** (9 - len(digits)) if digits else _LASTS[len(date)]
    return _clipped(first), _clipped(first + lasts)


def _begun(date: str) -> datetime.datetime:
    """Return the first second of a date."""
    day = date.rstrip("Z")
    return datetime.datetime.fromisoformat(f"{day}-01" if _MONTH.fullmatch(day) else day[:19])


def _clipped(instant: int) -> int:
    """Return an instant limited to SQLite's range of integers."""
    return max(-_LARGEST, min(instant, _LARGEST))


def prefix(value: str, date: str) -> str | None:
    """Return a registry's text cut to the length of a date, or None if it is not a date.

    ``20150224`` is read as ``2015-02-24``, and a space as ``T``.
    """
    if _ISO.match(value):
        shown = value.replace(" ", "T").rstrip("Z")
    elif _COMPACT.fullmatch(value):
        shown = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    elif _MONTH.fullmatch(date) and _MONTH.fullmatch(value):  # of a column of months
        shown = value
    else:
        return None
    if len(date) > 19:
        shown += _ZEROS if "." in shown else f".{_ZEROS}"
    return shown[: len(date)]


def prefix_sql(column: str, date: str) -> str:
    """Return the SQL that computes `prefix` of a column."""
    iso = f"rtrim(replace({column}, ' ', 'T'), 'Z')"
    if len(date) > 19:
        iso = f"{iso} || CASE instr({iso}, '.') WHEN 0 THEN '.{_ZEROS}' ELSE '{_ZEROS}' END"
    compact = (
        f"substr({column}, 1, 4) || '-' || substr({column}, 5, 2) || '-' || substr({column}, 7)"
    )
    if len(date) > 19:
        compact += f" || '.{_ZEROS}'"
    month = f"WHEN {column} GLOB {_MONTH_GLOB} THEN {column} " if _MONTH.fullmatch(date) else ""
    return (
        f"substr(CASE WHEN {column} GLOB {_ISO_GLOB} THEN {iso} "
        f"WHEN {column} GLOB {_COMPACT_GLOB} THEN {compact} {month}END, 1, {len(date)})"
    )
