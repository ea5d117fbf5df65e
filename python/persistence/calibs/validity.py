"""The validity of master calibrations: from dates in a series to ranges of days.

The rules are Gen2's (doc/gen2/gen2-cli.md 2.6), with additions that users wanted. Ranges are days,
inclusive; where two ranges share a day, the later one has it. An end with a time of day is compared
with the exposure's time, as Gen2's comparison of texts did; for an exposure with only a date, its
day counts.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from persistence.errors import DataIdError

# Later than any exposure: the end of the last range of a series that is valid until superseded.
FOREVER = date(2037, 12, 31)
_EVER = date(1900, 1, 1)
# A window that begins on this day or before, or ends on `FOREVER` or after, has an open end there:
# Gen2's curated calibrations begin in 1970.
BEGINNING = date(1970, 1, 1)
_DAY = timedelta(days=1)
_MIDNIGHT = "00:00:00"
# 2015-02-18T12:34:56.7, with or without punctuation, smaller parts, and the zone UTC.
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_TIME = re.compile(
    r"[T ]([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(?:\.(\d*))?)?)?(?:Z|[+-]00:?00)?"
)


class Moment(NamedTuple):
    """A date, perhaps with a time of day; moments without one sort first on their day.

    Attributes
    ----------
    day : `~datetime.date`
        The date, in its writer's time scale: nothing is converted.
    time : `str`
        The time of day as ``08:00:00``, with its decimals; empty if unknown.
    """

    day: date
    time: str = ""

    def __str__(self) -> str:
        return f"{self.day}T{self.time}" if self.time else str(self.day)


class Window(NamedTuple):
    """A range of days; either end may have a time of day.

    Attributes
    ----------
    start, end : `~datetime.date`
        The first and the last day.
    begins, ends : `str`
        The times on the first and the last day, as `Moment.time`; empty for whole days.
    """

    start: date
    end: date
    begins: str = ""
    ends: str = ""

    @property
    def first(self) -> Moment:
        """The beginning."""
        return Moment(self.start, self.begins)

    @property
    def last(self) -> Moment:
        """The end."""
        return Moment(self.end, self.ends)

    @property
    def is_open_before(self) -> bool:
        """Whether it begins before any exposure."""
        return self.start <= BEGINNING

    @property
    def is_open_after(self) -> bool:
        """Whether it ends after any exposure."""
        return self.end >= FOREVER

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def meets(self, other: Window) -> bool:
        """Return whether two windows have a day in common."""
        return self.start <= other.end and other.start <= self.end

    def holds(self, moment: Moment) -> bool:
        """Return whether a moment is inside, inclusive.

        If one of the two has only a date, dates are compared.
        """
        return _reaches(self.first, moment) and _reaches(moment, self.last)


class Overlap(NamedTuple):
    """Two neighbours in a series that share more than the day on which one follows the other."""

    earlier: Moment
    later: Moment
    days: Window


class Gap(NamedTuple):
    """Days between two neighbours in a series that neither covers."""

    earlier: Moment
    later: Moment
    days: Window


Rule = Callable[[Iterable[Moment]], Mapping[Moment, Window]]


def moment(text: Any) -> Moment:
    """Parse a date, or a date with a time of day.

    Parameters
    ----------
    text : object
        ``2015-02-18``, ``20150218``, or either with a time after ``T`` or a blank: ``T08``,
        ``T08:00``, ``T080000.0``.

    Returns
    -------
    `Moment`
        The date and time.

    Raises
    ------
    DataIdError
        If it is not a date, or something else follows it.
    """
    text = str(text).strip()
    parts = _DATE.match(text)
    behind = text[parts.end() :] if parts is not None else ""
    time = _TIME.fullmatch(behind)
    if parts is not None and (time is not None or not behind):
        try:
            day = date(*map(int, parts.groups()))
        except ValueError:
            pass
        else:
            return Moment(day) if time is None else Moment(day, _time_of(*time.groups()))
    raise DataIdError(f"{text!r} is not a date: write 2015-02-18, or 2015-02-18T12:00:00")


def _time_of(hour: str, minute: str | None, second: str | None, decimals: str | None) -> str:
    time = f"{hour}:{minute or '00'}:{second or '00'}"
    decimals = (decimals or "").rstrip("0")
    return f"{time}.{decimals}" if decimals else time


def day_of(text: Any) -> date:
    """Return the day of a date or a timestamp; see `moment`."""
    return moment(text).day


def beginning(text: Any) -> Moment:
    """Return the beginning of the validity of a calibration of some date.

    Midnight means the whole day, because Gen2 wrote dates.
    """
    found = moment(text)
    return Moment(found.day) if found.time == _MIDNIGHT else found


def window(start: Any, end: Any) -> Window:
    """Return the validity range of a registry's row.

    Raises
    ------
    DataIdError
        If an end is not a date: NULL, or the text ``None`` that Gen2 left in an interrupted run.
    """
    first, last = moment(start), moment(end)
    return Window(first.day, last.day, first.time, last.time)


def superseded(own: Window, when: Moment, others: Iterable[Window]) -> bool:
    """Return whether a range ends on the day on which a later one begins, and loses the day.

    Parameters
    ----------
    own : `Window`
        The range.
    when : `Moment`
        The exposure's time, which is in the range.
    others : iterable of `Window`
        The other ranges that contain it.
    """
    return own.end == when.day and any(
        other.start == when.day and other.first > own.first for other in others
    )


def _reaches(earlier: Moment, later: Moment) -> bool:
    """Return whether one moment is not after another.

    Without times of day, whether its day is not.
    """
    if earlier.time and later.time:
        return earlier <= later
    return earlier.day <= later.day


def around(days: int, increment: bool = True) -> Rule:
    """Return the rule of ``--validity DAYS``: so many days around each date.

    Ranges end at the middle between neighbours.

    Parameters
    ----------
    days : `int`
        The number of days before and after.
    increment : `bool`, optional
        Whether the earlier of two neighbours ends on the day on which the later begins, as in Gen2
        by default (``incrementValidEnd``), or on the day before. Ranges that just meet are not cut:
        they share that day.
    """
    if days < 0:
        raise DataIdError(f"a validity of {days} days is invalid: it has to be 0 or more")
    return lambda dates: _within_days(
        dates, lambda ordered: _around(ordered, timedelta(days=days), increment)
    )


def until_superseded(dates: Iterable[Moment]) -> dict[Moment, Window]:
    """Return ranges from each date until the next one's: for defects, crosstalk and the like."""
    ordered = sorted(set(dates))
    return {
        own: Window(own.day, following.day, own.time, following.time)
        for own, following in zip(ordered, [*ordered[1:], Moment(FOREVER)], strict=True)
    }


def nearest(dates: Iterable[Moment]) -> dict[Moment, Window]:
    """Return ranges in which each day has the calibration with the nearest date."""
    return _within_days(dates, _nearest)


def _within_days(
    dates: Iterable[Moment], rule: Callable[[Sequence[date]], Mapping[date, Window]]
) -> dict[Moment, Window]:
    """Return ranges by a rule for days.

    Calibrations of one day follow each other by their times.
    """
    ordered = sorted(set(dates))
    windows = rule(list(dict.fromkeys(own.day for own in ordered)))
    shared = {own: windows[own.day] for own in ordered}
    for own, following in itertools.pairwise(ordered):
        if own.day == following.day:
            shared[own] = shared[own]._replace(end=own.day, ends=following.time)
            shared[following] = shared[following]._replace(
                start=following.day, begins=following.time
            )
    return shared


def _nearest(ordered: Sequence[date]) -> dict[date, Window]:
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


def faults(windows: Mapping[Moment, Window]) -> list[Gap | Overlap]:
    """Return the days between neighbours of a series that neither covers, or both.

    A day on which one ends and the next begins is allowed.
    """
    problems: list[Gap | Overlap] = []
    ordered = sorted(windows.items(), key=lambda item: (item[1].start, item[0]))
    for (one, window), (other, following) in itertools.pairwise(ordered):
        if following.start > window.end + _DAY:
            problems.append(Gap(one, other, Window(window.end + _DAY, following.start - _DAY)))
        elif following.start < window.end:
            problems.append(
                Overlap(one, other, Window(following.start, min(window.end, following.end)))
            )
    return problems


def missing(windows: Iterable[Window], wanted: Window) -> list[Window]:
    """Return the days of a period that no range covers."""
    gaps, day = [], wanted.start
    for window in sorted(windows):
        if window.start > day:
            gaps.append(Window(day, min(window.start - _DAY, wanted.end)))
        day = max(day, window.end + _DAY)
        if day > wanted.end:
            break
    if day <= wanted.end:
        gaps.append(Window(day, wanted.end))
    return [window for window in gaps if window.start <= window.end]
