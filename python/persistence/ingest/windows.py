"""The validity ranges of whole tables, and the problems of their series.

A series consists of rows with equal detector columns (a filter and a chip, say). Rows with a range
keep it, unless all are recomputed; the others get what the rule gives them of the remaining days.
Rows of the same day are each valid from their time of day until the next one's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from persistence.calibs import validity
from persistence.calibs.validity import Gap, Moment, Window
from persistence.errors import DataIdError
from persistence.ingest.calibconfig import CalibRegisterConfig

Row = Mapping[str, Any]
Numbered = tuple[int, Row]
_DAY = timedelta(days=1)
_SHOWN = 3
_SEVERAL = (
    "several calibrations are of {}: an exposure gets none of them, for no time tells them apart"
)


class Sharing(NamedTuple):
    """The rules for validity ranges.

    Attributes
    ----------
    rule : callable
        See `persistence.calibs.validity`.
    touching : `bool`
        Whether a range ends on the day on which the next begins.
    anew : `bool`
        Whether existing ranges are recomputed.
    """

    rule: validity.Rule
    touching: bool
    anew: bool = False


@dataclass
class Windows:
    """The result for a table.

    Attributes
    ----------
    new : `list` [`Window` or None]
        The range of each new row; None if rows that keep theirs cover all its days.
    changed : `list` [`tuple`]
        Range and number of each registered row whose range has changed.
    notes : `list` [`str`]
        Remarks: gaps and overlaps, shortened ranges, rows without a date.
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
    """Return the ranges of new rows, and of registered rows without one, or of all on request.

    Parameters
    ----------
    table : `str`
        The type, for messages.
    register : `CalibRegisterConfig`
        The names of the columns.
    there : iterable of (`int`, mapping)
        The registered rows, with their numbers. Those with the unique columns of a new row are
        replaced by it.
    new : sequence of mapping
        The new rows.
    sharing : `Sharing`
        The rules.

    Returns
    -------
    windows : `Windows`
        The result.
    """
    notes = _Notes(table)
    series: dict[tuple[Any, ...], _Series] = {}
    placed = [
        (_of(series, register, row), validity.beginning(row[register.calibDate])) for row in new
    ]
    for one, begin in placed:
        one.add_new(begin, notes)
    keys = {tuple(row[name] for name in register.unique) for row in new}
    for number, row in there:
        if tuple(row[name] for name in register.unique) not in keys:
            _of(series, register, row).add_old(number, row, register, sharing.anew, notes)
    windows = Windows()
    for one in series.values():
        one.share(sharing, notes)
        windows.changed += one.changes(notes)
    windows.new = [one.given[begin] for one, begin in placed]
    windows.notes = notes.lines()
    return windows


class _Series:
    """The rows of one series."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: dict[Moment, Window] = {}
        self.wanted: set[Moment] = set()
        self.given: dict[Moment, Window | None] = {}
        self._old: list[tuple[int, Moment, Window | None]] = []
        self._anew = False

    def add_new(self, begin: Moment, notes: _Notes) -> None:
        if begin in self.wanted:
            notes.add(_SEVERAL.format(begin), self)
        self.wanted.add(begin)

    def add_old(
        self, number: int, row: Row, register: CalibRegisterConfig, anew: bool, notes: _Notes
    ) -> None:
        try:
            begin = validity.beginning(row[register.calibDate])
        except DataIdError:
            notes.add(
                f"row with {register.calibDate} {row[register.calibDate]!r}, which is no date, is "
                "left alone",
                self,
            )
            return
        window = _window(row[register.validStart], row[register.validEnd])
        self._old.append((number, begin, window))
        self._anew = anew
        if window is None or anew:
            self.add_new(begin, notes)
        else:
            self.kept.setdefault(begin, window)

    def share(self, sharing: Sharing, notes: _Notes) -> None:
        ideal = sharing.rule([*self.kept, *self.wanted])
        self.given = {**self.kept}
        for begin in sorted(self.wanted - self.kept.keys()):
            whole = ideal[begin]
            window = _left(whole, begin.day, self.kept.values(), sharing.touching)
            self.given[begin] = window
            if window is not None and window != whole:
                notes.add(
                    f"{begin} is used on {window} only, not {whole}, for earlier runs gave "
                    "those days to others; --recompute shares them out anew",
                    self,
                )
        for begin in self.wanted & self.kept.keys():
            notes.add(_SEVERAL.format(begin), self)
        for begin in [begin for _, begin, old in self._old if old is None]:
            mended = (
                "has one now"
                if self.given[begin]
                else "stays so, for its days are all taken: see --recompute"
            )
            notes.add(f"{begin}, registered without a window, {mended}", self)
        for fault in validity.faults(
            {begin: window for begin, window in self.given.items() if window is not None}
        ):
            problem = "no calibration on" if isinstance(fault, Gap) else "two calibrations on"
            notes.add(
                f"{problem} {fault.days} (between those of {fault.earlier} and {fault.later})", self
            )

    def changes(self, notes: _Notes) -> Iterator[tuple[Window, int]]:
        """Yield the registered rows whose range has changed."""
        changed = False
        for number, begin, old in self._old:
            window = self.given[begin]
            if window is not None and window != old and (old is None or self._anew):
                yield window, number
                changed |= old is not None
        if changed:
            notes.add("windows of earlier runs are others now", self)


class _Notes:
    """Remarks, each with the series that share it."""

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
    """Return a window as it stands in the registry; None if it was never computed."""
    try:
        return validity.window(start, end)
    except DataIdError:
        return None


def _left(wanted: Window, day: date, kept: Collection[Window], touching: bool) -> Window | None:
    """Return the part of a range that other ranges leave: that with its own day, or the longest."""
    parts = validity.missing(kept, wanted)
    if not parts:
        return None
    own = [part for part in parts if part.start <= day <= part.end]
    best = (own or sorted(parts, key=lambda part: part.start - part.end))[0]
    shared = _DAY if touching else timedelta(0)
    first = wanted.first if best.start == wanted.start else Moment(best.start - shared)
    last = wanted.last if best.end == wanted.end else Moment(best.end + shared)
    return Window(first.day, last.day, first.time, last.time)
