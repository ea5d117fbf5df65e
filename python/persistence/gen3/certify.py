"""Gen3's CALIBRATION collection: which master is valid when, from Gen2's registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from persistence.butler.repository import Repository
from persistence.calibs import choose, validity
from persistence.calibs.validity import Moment, Window
from persistence.dataids.dataid import DataId
from persistence.errors import DataIdError, PersistenceError
from persistence.gen3 import names, records, spans
from persistence.gen3.contents import Group
from persistence.gen3.observations import Observation
from persistence.gen3.spans import Span

_RAW = "raw"
_ALWAYS = Span(None, None)


class Master(NamedTuple):
    """A master calibration of the export.

    Attributes
    ----------
    identifier : `~uuid.UUID`
        Gen3's ID.
    data_id : mapping
        Gen3's data ID.
    row : mapping
        Gen2's.
    """

    identifier: UUID
    data_id: Mapping[str, Any]
    row: Mapping[str, Any]


class Clock(NamedTuple):
    """How Gen2 knows the time of an exposure.

    Attributes
    ----------
    scale : `str`
        The time scale of the camera's headers.
    by_day : `bool`
        Whether the registry has only its day.
    day_offset : `float`
        Hours after midnight at which such a day begins: 12 for nights.
    """

    scale: str
    by_day: bool
    day_offset: float = 0.0


def clock(group: Group, observations: Sequence[Observation], night_offset: float) -> Clock | str:
    """Return how times of exposures are compared with windows, or why that cannot be said.

    Parameters
    ----------
    group : `Group`
        The calibrations.
    observations : sequence of `Observation`
        The exposures, with their headers.
    night_offset : `float`
        Hours after midnight at which a night of the camera begins, if days are nights.
    """
    scales = {each.info.timescale for each in observations if each.info.date_begin}
    if len(scales) > 1:
        return f"headers have times in several scales: {', '.join(sorted(scales))}"
    scale = next(iter(scales), "utc") or "utc"
    column = str(group.dataset.obsTimeName)
    try:
        moments = {
            number: validity.moment(text) for number, text in _registered(group, column).items()
        }
    except DataIdError as error:
        return f"{column} of the registry: {error}"
    by_day = bool(moments) and not any(each.time for each in moments.values())
    for offset in (0.0, night_offset) if by_day else (0.0,):
        problem = _other_day(observations, moments, scale, offset)
        if not problem:
            return Clock(scale, by_day, offset)
    return f"{column} {problem}: windows in such days have no times"


def _registered(group: Group, column: str) -> dict[int, str]:
    """Return the times of exposures in the registry; none without such a column."""
    for key in names.EXPOSURE_KEYS:
        try:
            rows = group.butler.query_rows(_RAW, [key, column], DataId())
        except PersistenceError:  # no such table, or no such column
            continue
        return {int(number): str(text) for number, text in rows if text is not None}
    return {}


def _other_day(
    observations: Iterable[Observation], moments: Mapping[int, Moment], scale: str, offset: float
) -> str:
    """Return an exposure whose day in the registry is not that of its header; empty without."""
    from astropy.time import TimeDelta

    for each in observations:
        time, moment = records.begin(each), moments.get(each.number)
        if time is None or moment is None:
            continue
        day = str((getattr(time, scale) - TimeDelta(offset * 3600, format="sec")).iso)[:10]
        if day != str(moment.day):
            return f"of exposure {each.number} is {moment.day} in the registry, in its header {day}"
    return ""


def repository(group: Group) -> Repository:
    """Return the repository whose calibration registry has the rows of a group."""
    known = [each for each in group.butler.chain.inputs if group.dataset.name in each.mapper.types]
    return known[0]


def windows(group: Group) -> dict[tuple[Any, ...], Window | None] | str:
    """Return the window of each calibration, by the values of its keys; None for unclear ones.

    Types whose validity Gen2 does not ask for have none. A text is the reason why nothing is
    known.
    """
    dataset, owner = group.dataset, repository(group)
    registry = owner.calibrations_of(dataset).registry
    if registry is None:
        return "there is no calibRegistry.sqlite3"
    if not dataset.validRange:
        return {}
    if not set(dataset.tables) <= set(registry.tables()):
        return f"calibRegistry.sqlite3 has no table {', '.join(dataset.tables)}"
    there = registry.columns(dataset.tables)
    keys = [key for key in dataset.keys if key in there]
    rows = registry.lookup([*keys, *choose.bounds(dataset)], {}, dataset.tables)
    found: dict[tuple[Any, ...], Window | None] = {}
    for *values, start, end in rows:
        try:
            found[tuple(map(str, values))] = validity.window(start, end)
        except DataIdError:  # an interrupted run of Gen2 left NULL
            found[tuple(map(str, values))] = None
    return found


class Certified(NamedTuple):
    """The validity of masters: their IDs by time span, and why others have none."""

    ranges: Mapping[Span, Sequence[UUID]]
    problems: Sequence[tuple[str, int]]


def certify(group: Group, masters: Sequence[Master], how: Clock | str) -> Certified:
    """Return the validity of the masters of one type, as Gen3 knows it."""
    known = windows(group)
    if isinstance(known, str) or isinstance(how, str):
        reason = known if isinstance(known, str) else str(how)
        return Certified({}, [(f"not certified: {reason}", len(masters))])
    problems: dict[str, int] = {}
    ranges: dict[Span, list[UUID]] = {}
    for series in _series(masters):
        if not group.dataset.validRange:
            chosen = [(masters_, _ALWAYS) for masters_ in series] if len(series) == 1 else []
            if not chosen:
                reason = "not certified: Gen2 chooses by another criterion than a time"
                problems[reason] = problems.get(reason, 0) + len(series)
        else:
            chosen = _shared(group, series, known, how, problems)
        for master, span in chosen:
            ranges.setdefault(span, []).append(master.identifier)
    return Certified(ranges, list(problems.items()))


def _series(masters: Iterable[Master]) -> Iterable[list[Master]]:
    by_id: dict[tuple[Any, ...], list[Master]] = {}
    for master in masters:
        by_id.setdefault(tuple(master.data_id.items()), []).append(master)
    return by_id.values()


def _shared(
    group: Group,
    series: Sequence[Master],
    known: Mapping[tuple[Any, ...], Window | None],
    how: Clock,
    problems: dict[str, int],
) -> list[tuple[Master, Span]]:
    """Return the spans of the masters of one detector and filter; count what has none."""
    registry = repository(group).calibrations_of(group.dataset).registry
    there = registry.columns(group.dataset.tables) if registry else {}
    keys = [key for key in group.dataset.keys if key in there]
    valid: list[tuple[Master, Window]] = []
    for master in series:
        window = known.get(tuple(str(master.row[key]) for key in keys))
        if window is None:
            _count(problems, "not certified: the registry has no window for it")
        else:
            valid.append((master, window))
    shares = spans.share([window for _, window in valid], *how)
    for unclear in shares.unclear:
        which = " ".join(f"{key}={value}" for key, value in series[0].data_id.items())
        _count(problems, f"several are valid {unclear} ({which}): Gen2 chooses none, nor will Gen3")
    for number in shares.never:
        _count(problems, f"never valid: a later one has all its days ({valid[number][1]})")
    return [(valid[part.number][0], part.span) for part in shares.parts]


def _count(problems: dict[str, int], reason: str) -> None:
    problems[reason] = problems.get(reason, 0) + 1
