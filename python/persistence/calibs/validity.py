"""When a master calibration may be used.

From its date, and those of its neighbours, to a window of days.

The rules are Gen2's (gen2-cli 2.6), with those that its users wanted. Windows are days, both ends
included; where two windows share a day, the later one has it. An end that has a time of day is
compared with the exposure's time, as Gen2's comparison of texts did; with an exposure of which only
the date is known, it counts as its day.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from persistence.errors import DataIdError

# Later than any exposure: the end of the last window of a series that is valid until superseded.
FOREVER = date(2037, 12, 31)
_EVER = date(1900, 1, 1)
# A window that begins on this day or before, or ends on `FOREVER` or after, has an open end there:
# Gen2's curated calibrations begin in 1970.
BEGINNING = date(1970, 1, 1)
_DAY = timedelta(days=1)
_MIDNIGHT = "00:00:00"
# 2015-02-18T12:34:56.7, with or without its punctuation, its smaller parts, and a zone that is UTC.
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_TIME = re.compile(
    r"[T ]([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(?:\.(\d*))?)?)?(?:Z|[+-]00:?00)?"
)


class Moment(NamedTuple):
    """A date, perhaps with a time of day; moments without one come first on their day.

    Attributes
    ----------
    day : `~datetime.date`
        The date, in the time scale of whoever wrote it: nothing is converted.
    time : `str`
        The time of day as ``08:00:00``, with the decimals that it has; empty if it is not known.
    """

    day: date
    time: str = ""

    def __str__(self) -> str:
        return f"{self.day}T{self.time}" if self.time else str(self.day)


class Window(NamedTuple):
    """The days from the first to the last; each of the two may count from, or until, a time of day.

    Attributes
    ----------
    start, end : `~datetime.date`
        The first day and the last one.
    begins, ends : `str`
        The time of the first day, and of the last one, as `Moment.time`; empty for the whole day.
    """

    start: date
    end: date
    begins: str = ""
    ends: str = ""

    @property
    def first(self) -> Moment:
        """When it begins."""
        return Moment(self.start, self.begins)

    @property
    def last(self) -> Moment:
        """When it ends."""
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
        """Check whether a moment is inside, both ends included.

        If only the date is known of one of the two, dates are compared.
        """
        return _reaches(self.first, moment) and _reaches(moment, self.last)


class Overlap(NamedTuple):
    """Two neighbours of a series that share more than the day on which one follows the other."""

    earlier: Moment
    later: Moment
    days: Window


class Gap(NamedTuple):
    """Days between two neighbours of a series that neither has."""

    earlier: Moment
    later: Moment
    days: Window


Rule = Callable[[Iterable[Moment]], Mapping[Moment, Window]]


def moment(text: Any) -> Moment:
    """Return the date, and the time of day if there is one, that a text says.

    Parameters
    ----------
    text : `str`
        ``2015-02-18``, ``20150218``, or either with a time behind ``T`` or a blank: ``T08``,
        ``T08:00``, ``T080000.0``.

    Raises
    ------
    DataIdError
        If it is no date, or has something else behind it.
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
    raise DataIdError(f"{text!r} is no date: write 2015-02-18, or 2015-02-18T12:00:00")


def _time_of(hour: str, minute: str | None, second: str | None, decimals: str | None) -> str:
    time = f"{hour}:{minute or '00'}:{second or '00'}"
    decimals = (decimals or "").rstrip("0")
    return f"{time}.{decimals}" if decimals else time


def day_of(text: Any) -> date:
    """Return the day of a date or a timestamp; see `moment`."""
    return moment(text).day


def beginning(text: Any) -> Moment:
    """Return from when on a calibration of some date may hold.

    Gen2 wrote dates: midnight is the whole day.
    """
    found = moment(text)
    return Moment(found.day) if found.time == _MIDNIGHT else found


def window(start: Any, end: Any) -> Window:
    """Return the window that a registry's row says.

    Raises
    ------
    DataIdError
        If an end is no date: NULL, or the text ``None`` that Gen2 left where a run was cut off.
    """
    first, last = moment(start), moment(end)
    return Window(first.day, last.day, first.time, last.time)


def superseded(own: Window, when: Moment, others: Iterable[Window]) -> bool:
    """Return whether a window ends on the day on which a later one begins, and gives up the day.

    Parameters
    ----------
    own : `Window`
        The window.
    when : `Moment`
        The exposure's time, which the window holds.
    others : iterable of `Window`
        Those that hold it too.
    """
    return own.end == when.day and any(
        other.start == when.day and other.first > own.first for other in others
    )


def _reaches(earlier: Moment, later: Moment) -> bool:
    """Check that one moment is not behind another; without a time of day, that its day is not."""
    if earlier.time and later.time:
        return earlier <= later
    return earlier.day <= later.day


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
    return lambda dates: _within_days(
        dates, lambda ordered: _around(ordered, timedelta(days=days), increment)
    )


def until_superseded(dates: Iterable[Moment]) -> dict[Moment, Window]:
    """Let each be valid from its date on, until the next one's: defects, crosstalk and the like."""
    ordered = sorted(set(dates))
    return {
        own: Window(own.day, following.day, own.time, following.time)
        for own, following in zip(ordered, [*ordered[1:], Moment(FOREVER)], strict=True)
    }


def nearest(dates: Iterable[Moment]) -> dict[Moment, Window]:
    """Let each day have the calibration whose date is nearest, however far."""
    return _within_days(dates, _nearest)


def _within_days(
    dates: Iterable[Moment], rule: Callable[[Sequence[date]], Mapping[date, Window]]
) -> dict[Moment, Window]:
    """Share days out by a rule; of one day, each calibration is valid until the next one's time."""
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
