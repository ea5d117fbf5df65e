"""The windows of whole tables.

Who gets which days, what is left alone, and what is wrong with a series.

A series is what the registry's detector columns tell apart (a filter and a chip, say). Rows that
have a window keep it, unless all are to be shared out anew; the others get what the rule gives them
of the days that are left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from persistence.calibs import validity
from persistence.calibs.validity import Gap, Window
from persistence.errors import DataIdError
from persistence.ingest.calibconfig import CalibRegisterConfig

Row = Mapping[str, Any]
Numbered = tuple[int, Row]
_DAY = timedelta(days=1)
_SHOWN = 3


class Sharing(NamedTuple):
    """How days are shared out.

    Attributes
    ----------
    rule : callable
        See `persistence.calibs.validity`.
    touching : `bool`
        Whether one window ends on the day on which the next begins.
    anew : `bool`
        Whether rows that have windows get others.
    """

    rule: validity.Rule
    touching: bool
    anew: bool = False


@dataclass
class Windows:
    """What comes of a table.

    Attributes
    ----------
    new : `list` [`Window` or None]
        The window of each new row; None if rows that keep theirs have all its days.
    changed : `list` [`tuple`]
        Window and number of each row that was there, and gets another.
    notes : `list` [`str`]
        What is to be known: gaps and overlaps, windows cut short, rows without a date.
    """

    new: list[Window | None] = field(default_factory=list)
    changed: list[tuple[Window, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def share_out(
    table: str,
    register: CalibRegisterConfig,
    there: Iterable[Numbered],
    new: Sequence[Row],
    sharing: Sharing,
) -> Windows:
    """Set the window of each new row, and of earlier rows without one, or of all on request.

    Parameters
    ----------
    table : `str`
        The type, for messages.
    register : `CalibRegisterConfig`
        The names of the columns.
    there : iterable of (`int`, mapping)
        The rows that are there, with their numbers. Those whose unique columns are a new row's give
        way to it.
    new : sequence of mapping
        The rows that are to be added.
    sharing : `Sharing`
        How.
    """
    notes = _Notes(table)
    series: dict[tuple[Any, ...], _Series] = {}
    placed = [(_of(series, register, row), validity.day_of(row[register.calibDate])) for row in new]
    for one, day in placed:
        one.wanted.add(day)
    keys = {tuple(row[name] for name in register.unique) for row in new}
    for number, row in there:
        if tuple(row[name] for name in register.unique) not in keys:
            _of(series, register, row).add_old(number, row, register, sharing.anew, notes)
    made = Windows()
    for one in series.values():
        one.share(sharing, notes)
        made.changed += one.changes(notes)
    made.new = [one.given[day] for one, day in placed]
    made.notes = notes.lines()
    return made


class _Series:
    """The rows of one series on their way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: dict[date, Window] = {}
        self.wanted: set[date] = set()
        self.given: dict[date, Window | None] = {}
        self._old: list[tuple[int, date, Window | None]] = []
        self._anew = False

    def add_old(
        self, number: int, row: Row, register: CalibRegisterConfig, anew: bool, notes: _Notes
    ) -> None:
        try:
            day = validity.day_of(row[register.calibDate])
        except DataIdError:
            notes.add(
                f"row with {register.calibDate} {row[register.calibDate]!r}, which is no date, is "
                "left alone",
                self,
            )
            return
        window = _window(row[register.validStart], row[register.validEnd])
        self._old.append((number, day, window))
        self._anew = anew
        if window is None or anew:
            self.wanted.add(day)
        else:
            self.kept.setdefault(day, window)

    def share(self, sharing: Sharing, notes: _Notes) -> None:
        ideal = sharing.rule([*self.kept, *self.wanted])
        self.given = {**self.kept}
        for day in sorted(self.wanted - self.kept.keys()):
            self.given[day] = window = _left(ideal[day], day, self.kept.values(), sharing.touching)
            if window is not None and window != ideal[day]:
                notes.add(
                    f"{day} is used on {window} only, not {ideal[day]}, for earlier runs gave "
                    "those days to others; --recompute shares them out anew",
                    self,
                )
        for day in [day for _, day, old in self._old if old is None]:
            mended = (
                "has one now"
                if self.given[day]
                else "stays so, for its days are all taken: see --recompute"
            )
            notes.add(f"{day}, registered without a window, {mended}", self)
        for fault in validity.faults(
            {day: window for day, window in self.given.items() if window is not None}
        ):
            what = "no calibration on" if isinstance(fault, Gap) else "two calibrations on"
            notes.add(
                f"{what} {fault.days} (between those of {fault.earlier} and {fault.later})", self
            )

    def changes(self, notes: _Notes) -> Iterator[tuple[Window, int]]:
        """Give the rows that were there and have another window now."""
        changed = False
        for number, day, old in self._old:
            window = self.given[day]
            if window is not None and window != old and (old is None or self._anew):
                yield window, number
                changed |= old is not None
        if changed:
            notes.add("windows of earlier runs are others now", self)


class _Notes:
    """Says the same of several series once."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._said: dict[str, list[str]] = {}

    def add(self, text: str, series: _Series) -> None:
        self._said.setdefault(text, []).append(series.name)

    def lines(self) -> list[str]:
        return [f"  {self._table}: {text}: {_listed(names)}" for text, names in self._said.items()]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown}, ... ({len(names)} series)"


def _of(series: dict[tuple[Any, ...], _Series], register: CalibRegisterConfig, row: Row) -> _Series:
    key = tuple(row[name] for name in register.detector)
    if key not in series:
        series[key] = _Series(
            " ".join(f"{name}={value}" for name, value in zip(register.detector, key, strict=True))
        )
    return series[key]


def _window(start: Any, end: Any) -> Window | None:
    """Read a window as it stands in the registry.

    Gen2 left the text ``None`` where a run was cut off.
    """
    try:
        return Window(validity.day_of(start), validity.day_of(end))
    except DataIdError:
        return None


def _left(wanted: Window, day: date, kept: Collection[Window], touching: bool) -> Window | None:
    """Give what other windows leave of one.

    The part with its own day in it, or else the longest.
    """
    parts = validity.missing(kept, wanted)
    if not parts:
        return None
    own = [part for part in parts if part.start <= day <= part.end]
    best = (own or sorted(parts, key=lambda part: part.start - part.end))[0]
    if not touching:
        return best
    start = best.start - _DAY if best.start > wanted.start else best.start
    return Window(start, best.end + _DAY if best.end < wanted.end else best.end)
