"""When a master calibration may be used.

From its date, and those of its neighbours, to a window of days.

The rules are Gen2's (gen2-cli 2.6), with those that its users wanted. Windows are days, both ends
included; where two windows share a day, the later one has it. An exposure's time counts as its day,
whether it is a date or a timestamp.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from persistence.errors import DataIdError

# Later than any exposure: the end of the last window of a series that is valid until superseded.
FOREVER = date(2037, 12, 31)
_EVER = date(1900, 1, 1)
_DAY = timedelta(days=1)
_BEFORE_TIME = ("", "T", " ")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")


class Window(NamedTuple):
    """The days from the first to the last."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


class Overlap(NamedTuple):
    """Two neighbours of a series that share more than the day on which one follows the other."""

    earlier: date
    later: date
    days: Window


class Gap(NamedTuple):
    """Days between two neighbours of a series that neither has."""

    earlier: date
    later: date
    days: Window


Rule = Callable[[Sequence[date]], Mapping[date, Window]]


def day_of(text: str) -> date:
    """Give the day of a date or a timestamp.

    Parameters
    ----------
    text : `str`
        ``2015-02-18``, ``20150218``, or either with a time behind ``T`` or a blank.

    Raises
    ------
    DataIdError
        If it is neither.
    """
    text = str(text).strip()
    try:
        if text[10:11] in _BEFORE_TIME:
            return date.fromisoformat(text[:10])
    except ValueError:
        pass
    match = _DATE.fullmatch(text)
    try:
        if match is not None:
            return date(*map(int, match.groups()))
    except ValueError:
        pass
    raise DataIdError(f"{text!r} is no date: write 2015-02-18, or 2015-02-18T12:00:00")


def around(days: int, increment: bool = True) -> Rule:
    """Give the rule of ``--validity DAYS``.

    So many days before and after, up to the middle between neighbours.

    Parameters
    ----------
    days : `int`
        How many days.
    increment : `bool`
        Whether the earlier of two neighbours ends on the day on which the later begins, as Gen2 did
        by default (``incrementValidEnd``), or on the day before. Windows that just meet are not
        cut: they share that day.
    """
    if days < 0:
        raise DataIdError(f"a validity of {days} days cannot be meant: it has to be 0 or more")
    return lambda dates: _around(sorted(set(dates)), timedelta(days=days), increment)


def until_superseded(dates: Sequence[date]) -> dict[date, Window]:
    """Let each be valid from its date on, until the next one's: defects, crosstalk and the like."""
    ordered = sorted(set(dates))
    return {
        one: Window(one, following)
        for one, following in zip(ordered, [*ordered[1:], FOREVER], strict=True)
    }


def nearest(dates: Sequence[date]) -> dict[date, Window]:
    """Let each day have the calibration whose date is nearest, however far."""
    ordered = sorted(set(dates))
    starts = [_EVER, *(_middle(one, other) + _DAY for one, other in itertools.pairwise(ordered))]
    ends = [*(start - _DAY for start in starts[1:]), FOREVER]
    return {one: Window(start, end) for one, start, end in zip(ordered, starts, ends, strict=True)}


def _middle(one: date, other: date) -> date:
    return one + timedelta(days=(other - one).days // 2)


def _around(ordered: Sequence[date], days: timedelta, increment: bool) -> dict[date, Window]:
    windows = {one: Window(one - days, one + days) for one in ordered}
    for one, other in itertools.pairwise(ordered):
        middle = _middle(one, other)
        if windows[one].end > middle:
            windows[other] = windows[other]._replace(start=middle + _DAY)
            windows[one] = windows[one]._replace(end=middle + _DAY if increment else middle)
    return windows


def faults(windows: Mapping[date, Window]) -> list[Gap | Overlap]:
    """Find the days between neighbours of a series that neither has, or both have.

    A day on which one ends and the next begins is no fault.
    """
    found: list[Gap | Overlap] = []
    ordered = sorted(windows.items(), key=lambda item: (item[1].start, item[0]))
    for (one, window), (other, following) in itertools.pairwise(ordered):
        if following.start > window.end + _DAY:
            found.append(Gap(one, other, Window(window.end + _DAY, following.start - _DAY)))
        elif following.start < window.end:
            found.append(
                Overlap(one, other, Window(following.start, min(window.end, following.end)))
            )
    return found


def missing(windows: Iterable[Window], wanted: Window) -> list[Window]:
    """Find the days of a span that no window has."""
    found, day = [], wanted.start
    for window in sorted(windows):
        if window.start > day:
            found.append(Window(day, min(window.start - _DAY, wanted.end)))
        day = max(day, window.end + _DAY)
        if day > wanted.end:
            break
    if day <= wanted.end:
        found.append(Window(day, wanted.end))
    return [window for window in found if window.start <= window.end]
