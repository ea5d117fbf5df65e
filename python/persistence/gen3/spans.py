"""Gen2's windows of validity, in days, as Gen3's timespans in TAI, and back.

Gen2 compares a calibration's days with the exposure's, in the time scale of the camera's headers,
both ends included. Gen3 has half-open spans of TAI. What Gen2 would choose is asked of the same
rules (`persistence.calibs.validity`) between each two ends of any window.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from persistence.calibs import validity
from persistence.calibs.validity import Moment, Window

_DAY = timedelta(days=1)
_BEFORE, _AFTER = Moment(date.min), Moment(date.max)
_MIDNIGHT = "00:00:00.000000000"
_DIGITS = 9  # nanoseconds, as Gen3 has


class Span(NamedTuple):
    """A half-open time span in TAI, as text with nanoseconds; None for an open end."""

    begin: str | None
    end: str | None


class Part(NamedTuple):
    """A stretch of time in which one calibration is valid, by its number in a series."""

    number: int
    span: Span


class Shares(NamedTuple):
    """The result of sharing out the time among the calibrations of a series.

    Attributes
    ----------
    parts : sequence of `Part`
        The spans, in order; a calibration may have several.
    unclear : sequence of `Window`
        The days on which Gen2 refuses to choose, because several calibrations are valid.
    never : sequence of `int`
        The numbers of calibrations that are never chosen.
    """

    parts: Sequence[Part]
    unclear: Sequence[Window]
    never: Sequence[int]


def share(windows: Sequence[Window], scale: str, by_day: bool, day_offset: float = 0.0) -> Shares:
    """Return the time spans in which Gen2 would choose each calibration of a series.

    Parameters
    ----------
    windows : sequence of `Window`
        The validity of each calibration.
    scale : `str`
        The time scale of the exposures' times: ``utc`` or ``tai``.
    by_day : `bool`
        Whether exposures are known by their day only, so that times of day do not count.
    day_offset : `float`, optional
        Hours after midnight at which a day begins: 12 if days are nights.

    Returns
    -------
    shares : `Shares`
        The spans.
    """
    ranges = [_range(window, by_day) for window in windows]
    stretches: list[tuple[int | None, Moment, Moment]] = []
    for begin, end in itertools.pairwise(sorted(_ends(windows, ranges))):
        active = [n for n, (first, last) in enumerate(ranges) if first <= begin < last]
        chosen = [n for n in active if not _superseded(n, begin, active, windows)]
        if not chosen:
            continue
        winner = chosen[0] if len(chosen) == 1 else None
        if stretches and stretches[-1][0] == winner and stretches[-1][2] == begin:
            begin = stretches.pop()[1]
        stretches.append((winner, begin, end))
    won = [(winner, first, last) for winner, first, last in stretches if winner is not None]
    ends = _texts({end for _, *both in won for end in both}, scale, day_offset)
    parts = [Part(winner, Span(ends[first], ends[last])) for winner, first, last in won]
    unclear = [
        Window(first.day, last.day if last.time else last.day - _DAY, first.time, last.time)
        for winner, first, last in stretches
        if winner is None
    ]
    never = sorted(set(range(len(windows))) - {part.number for part in parts})
    return Shares(parts, unclear, never)


def _range(window: Window, by_day: bool) -> tuple[Moment, Moment]:
    """Return the half-open range of a window; a last day without a time is whole."""
    begins, ends = ("", "") if by_day else (_time(window.begins), window.ends)
    begin = _BEFORE if window.is_open_before else Moment(window.start, begins)
    if window.is_open_after:
        return begin, _AFTER
    return begin, Moment(window.end, _time(ends)) if ends else Moment(window.end + _DAY)


def _time(text: str) -> str:
    return "" if _MIDNIGHT.startswith(text) else text


def _ends(windows: Sequence[Window], ranges: Iterable[tuple[Moment, Moment]]) -> Iterator[Moment]:
    """Yield every moment at which the choice may change, once or more."""
    seen: set[Moment] = set()
    for window, ends in zip(windows, ranges, strict=True):
        # of two that share a day, the later one has it: the day is a stretch of its own
        seen.update(ends)
        if ends[0] < Moment(window.end) < ends[1]:
            seen.add(Moment(window.end))
    yield from seen


def _superseded(
    number: int, when: Moment, active: Sequence[int], windows: Sequence[Window]
) -> bool:
    others = [windows[other] for other in active if other != number]
    return validity.superseded(windows[number], when, others)


def _texts(moments: Iterable[Moment], scale: str, day_offset: float) -> Mapping[Moment, str | None]:
    """Return each moment in TAI, as text; None for the open ends."""
    texts: dict[Moment, str | None] = {_BEFORE: None, _AFTER: None}
    closed = [moment for moment in moments if moment not in texts]
    if closed:
        begin = str(timedelta(hours=day_offset)).rjust(8, "0")
        times = _times([f"{moment.day} {moment.time or begin}" for moment in closed], scale)
        texts.update(zip(closed, (str(text) for text in times.tai.iso), strict=True))
    return texts


def _times(texts: Sequence[str], scale: str) -> Any:
    from astropy.time import Time

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # leap seconds of years to come are unknown: days are not
        return Time(list(texts), format="iso", scale=scale, precision=_DIGITS)


def tai(moment: Any) -> str:
    """Return an `~astropy.time.Time` as text in TAI, with nanoseconds."""
    text = moment.tai.copy()
    text.precision = _DIGITS
    return str(text.iso)


def window(span: Span, scale: str) -> Window:
    """Return the window of a time span.

    Parameters
    ----------
    span : `Span`
        The span, in TAI.
    scale : `str`
        The time scale of the camera's headers.

    Returns
    -------
    window : `Window`
        Whole days where the ends are midnights, else with times of day. The end of a window with a
        time belongs to it in Gen2: of two windows that meet, the later one has the moment.
    """
    first, last = (_moment(text, scale) for text in span)
    begin = Moment(validity.BEGINNING) if first is None else first
    if last is None:
        return Window(begin.day, validity.FOREVER, begin.time)
    if not last.time:
        return Window(begin.day, last.day - _DAY, begin.time)
    return Window(begin.day, last.day, begin.time, last.time)


def rounded(window: Window) -> Window:
    """Return the window of whole days whose ends are nearest to those of a window.

    A beginning after noon becomes the next day; an end before noon the day before.
    """
    noon = "12:00:00"
    start = window.start + _DAY if window.begins > noon else window.start
    end = window.end - _DAY if window.ends and window.ends <= noon else window.end
    return Window(start, end)


def _moment(text: str | None, scale: str) -> Moment | None:
    if text is None:
        return None
    time = getattr(_times([text], "tai"), scale)
    day, _, hours = str(time.iso[0]).partition(" ")
    hours = hours.rstrip("0").rstrip(".") if "." in hours else hours
    return Moment(date.fromisoformat(day), "" if hours in ("00:00:00", "00:00:") else hours)
