"""When calibrations are valid, over time, as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

from persistence.calibs import spans
from persistence.calibs.grouping import Group
from persistence.calibs.series import Series
from persistence.calibs.validity import Window

_LABEL = 40  # at most so many characters of a line's label are in one row
_NARROWEST = 20  # a line of time, in characters
_BARS, _BEFORE, _AFTER, _DATE, _BROKEN, _LACKS = "=-", "<", ">", "|", "?", "."
# Items with blanks that no line is broken at.
_LEGEND = "   ".join(
    item.replace(" ", "\N{NO-BREAK SPACE}")
    for item in (
        f"{_BARS[0]} {_BARS[1]} valid, one after the other",
        f"{_LACKS} none valid",
        f"{_BEFORE} {_AFTER} open end",
        f"{_DATE} its date",
        f"{_BROKEN} validity never worked out",
    )
)


def lines(groups: Sequence[Group], shown: Window, width: int) -> Iterator[str]:
    """Yield the lines of a timeline as text.

    Parameters
    ----------
    groups : sequence of `Group`
        What is shown, from top to bottom.
    shown : `Window`
        The days that are shown.
    width : `int`
        How wide the lines may be (characters).
    """
    labels = [textwrap.wrap(group.label, _LABEL) for group in groups]
    margin = max((len(row) for rows in labels for row in rows), default=0) + 2
    room = max(width - margin, _NARROWEST)
    ends = str(shown.start), str(shown.end)
    yield f"{'':{margin}}{ends[0]}{ends[1]:>{room - len(ends[0])}}"
    for group, (label, *others) in zip(groups, labels, strict=True):
        yield f"{label:{margin}}{_bar(group.members[0], shown, room)}".rstrip()
        yield from others
    yield ""
    for row in textwrap.wrap(_LEGEND, width):
        yield row.replace("\N{NO-BREAK SPACE}", " ")


def _bar(one: Series, shown: Window, room: int) -> str:
    """Return the line of a series: a character is a part of the days that are shown."""
    cells = [" " if one.timeless else _LACKS] * room
    days = (shown.end - shown.start).days + 1

    def cell(day: date) -> int:
        return min(max((day - shown.start).days * room // days, 0), room - 1)

    for number, window in spans.windows(one, shown):
        for place in range(cell(window.start), cell(window.end) + 1):
            cells[place] = _BARS[number % 2]
        if window.is_open_before and window.start < shown.start:
            cells[0] = _BEFORE
        if window.is_open_after and window.end > shown.end:
            cells[-1] = _AFTER
    for day, kind in spans.dates(one):
        if shown.start <= day <= shown.end:
            cells[cell(day)] = _BROKEN if kind == spans.BROKEN else _DATE
    return "".join(cells)
