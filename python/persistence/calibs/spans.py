"""What a timeline of calibrations shows: the days, and which windows, dates and gaps they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from persistence.calibs import validity
from persistence.calibs.grouping import Group
from persistence.calibs.series import Series
from persistence.calibs.validity import Window
from persistence.errors import DataIdError

_MARGIN = 0.04  # beside the first and the last day, in parts of the whole
GOOD, BROKEN, TIMELESS = "good", "broken", "timeless"


def span(groups: Iterable[Group], first: date | None = None, last: date | None = None) -> Window:
    """Return the days that are shown: those asked for, else from the first end to the last one.

    Open ends do not count.
    """
    days: list[date] = []
    for window in (window for group in groups for window in group.members[0].windows.values()):
        days += [] if window.is_open_before else [window.start]
        days += [] if window.is_open_after else [window.end]
    for group in groups:
        days += [day for day, _ in dates(group.members[0]) if day > validity.BEGINNING]
    known = days or [validity.FOREVER]
    start, end = first or min(known), last or max(known)
    room = timedelta(days=max(1, int((end - start).days * _MARGIN)))
    return Window(start if first else start - room, end if last else end + room)


def dates(one: Series) -> Iterator[tuple[date, str]]:
    """Yield the day of each calibration of a series, and its kind: `GOOD`, `BROKEN`, `TIMELESS`."""
    every = {GOOD: one.windows, BROKEN: one.broken, TIMELESS: one.timeless}
    for kind, texts in every.items():
        for text in texts:
            try:
                yield validity.day_of(text), kind
            except DataIdError:  # a calibration whose date says nothing has no place in time
                continue


def windows(one: Series, shown: Window) -> Iterator[tuple[int, Window]]:
    """Yield the windows of a series that are seen, with their number in the series."""
    ordered = sorted(one.windows.items(), key=lambda item: (item[1].start, item[0]))
    for number, (_, window) in enumerate(ordered):
        if window.meets(shown):
            yield number, window


def gaps(one: Series, shown: Window) -> list[Window]:
    """Return the days of those that are shown on which none is valid."""
    return [] if one.timeless else validity.missing(one.windows.values(), shown)
