"""What a registry holds, in short: its exposures by visit, its calibrations by window.

The database counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids import grammar
from persistence.errors import DataIdError, RegistryError
from persistence.files.sqlite import quoted
from persistence.registry.sqlite import SqliteRegistry

Row = Mapping[str, Any]

# What a column is called, by camera: of those in a line, the first that a table has.
_VISIT = ("visit", "expId")
_FILTER = ("filter",)
_FIELD = ("field", "object")
_DATE = ("dayObs", "date", "dateObs")
_EXPOSURE = ("expTime", "exptime")
_DETECTOR = ("ccdnum", "detector", "ccd")
_WINDOW = (("validStart",), ("validEnd",), ("calibDate",), _FILTER)
_VISITS = "_visit"


class Names(NamedTuple):
    """What a registry calls the columns that summaries have; None is one that it lacks."""

    table: str
    visit: str
    filter: str | None
    field: str | None
    date: str | None
    exposure: str | None


def names_of(registry: SqliteRegistry) -> Names:
    """Look at the tables of a registry: that of raws, or else the first one that has visits.

    Raises
    ------
    RegistryError
        If none has.
    """
    for table in sorted(registry.tables(), key=lambda name: name != "raw"):
        columns = registry.columns([table])
        visit = _first(_VISIT, columns)
        if visit is not None and not table.endswith(_VISITS):
            others = [_first(names, columns) for names in (_FILTER, _FIELD, _DATE, _EXPOSURE)]
            return Names(table, visit, *others)
    raise RegistryError(
        f"{registry.path} has no table of visits (it has {list(registry.tables())})"
    )


def visits(
    registry: SqliteRegistry,
    names: Names,
    field: str | None = None,
    filter: str | None = None,
    chosen: Sequence[str] = (),
) -> list[Row]:
    """Give a row for each visit, ordered by filter and number.

    If a visit's rows differ, with the least values.

    Parameters
    ----------
    registry : `SqliteRegistry`
        The registry.
    names : `Names`
        What it calls its columns: the rows have these, and ``detectors``, their number.
    field, filter : `str`, optional
        Patterns, as of file names, that these have to fit.
    chosen : sequence of `str`
        The numbers of the visits, as ``--id`` would have them: ``410877..410879``; by default all.

    Raises
    ------
    DataIdError
        If a number is none.
    """
    conditions, parameters = [], list[Any]()
    for column, pattern in ((names.field, field), (names.filter, filter)):
        if pattern is not None:
            # A column that is not there has no value that would fit.
            conditions.append("0" if column is None else f"{quoted(column)} GLOB ?")
            parameters += [] if column is None else [pattern]
    if chosen:
        any_of, numbers = _any_of(
            quoted(names.visit), [piece for text in chosen for piece in text.split("^")]
        )
        conditions.append(any_of)
        parameters += numbers
    listed = (names.filter, names.field, names.date, names.exposure, names.visit)
    columns = [column for column in listed if column is not None]
    order = [column for column in (names.filter, names.visit) if column is not None]
    # By all columns would take twice as long: SQLite has an index of visits.
    return _counted(registry, names.table, columns, [names.visit], conditions, parameters, order)


def calibrations(registry: SqliteRegistry, table: str, filter: str | None = None) -> list[Row]:
    """Give a row for each calibration.

    Its window, its date, its filter, and the number of its detectors.

    Parameters
    ----------
    registry : `SqliteRegistry`
        The registry.
    table : `str`
        Its table: the type of the calibrations.
    filter : `str`, optional
        A pattern that the filter has to fit.
    """
    there = registry.columns([table])
    columns = [name for names in _WINDOW if (name := _first(names, there)) is not None]
    conditions = (
        [] if filter is None else [f"{quoted('filter')} GLOB ?" if "filter" in there else "0"]
    )
    parameters = [filter] if filter is not None and "filter" in there else []
    order = [name for name in ("filter", "calibDate", "validStart") if name in columns]
    return _counted(registry, table, columns, columns, conditions, parameters, order)


def types(registry: SqliteRegistry) -> list[str]:
    """Give the types of the calibrations that a registry has tables for."""
    return [name for name in registry.tables() if not name.endswith(_VISITS)]


def _counted(
    registry: SqliteRegistry,
    table: str,
    columns: Sequence[str],
    by: Collection[str],
    conditions: Sequence[str],
    parameters: Sequence[Any],
    order: Sequence[str],
) -> list[Row]:
    """Count the detectors for each combination of values of some columns.

    Of the others, the least value is told.
    """
    detector = _first(_DETECTOR, registry.columns([table]))
    number = "COUNT(*)" if detector is None else f"COUNT(DISTINCT {quoted(detector)})"
    told = [quoted(one) if one in by else f"min({quoted(one)}) AS {quoted(one)}" for one in columns]
    query = f"SELECT {', '.join([*told, number])} FROM {quoted(table)}"  # noqa: S608  # all quoted
    query += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    query += f" GROUP BY {', '.join(map(quoted, by))}" if by else ""
    query += f" ORDER BY {', '.join(map(quoted, order))}" if order else ""
    return [
        dict(zip((*columns, "detectors"), row, strict=True))
        for row in registry.fetch(query, parameters)
    ]


def _first(names: Sequence[str], columns: Collection[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _any_of(visit: str, pieces: Sequence[str]) -> tuple[str, list[int]]:
    """Return SQL for a column being one of some numbers or ranges, and its parameters."""
    ranges = [_range(piece) for piece in pieces]
    # Single numbers in one list: SQLite takes no more than a thousand conditions with OR between.
    single = [first for first, last, _, _ in ranges if first == last]
    longer = [numbers for numbers in ranges if numbers[0] != numbers[1]]
    listed = f"{visit} IN ({', '.join('?' * len(single))})"
    told = [listed, *[f"{visit} BETWEEN ? AND ? AND {visit} % ? = ?"] * len(longer)]
    return f"({' OR '.join(told)})", [
        *single,
        *(number for numbers in longer for number in numbers),
    ]


def _range(piece: str) -> tuple[int, int, int, int]:
    """Return a number or a range as its ends, its step, and the remainder by the step."""
    match = grammar.RANGE.fullmatch(piece)
    if match is None and not piece.isdecimal():
        raise DataIdError(
            f"{piece!r} is no number of a visit, nor a range: low..high or low..high:step"
        )
    first, last, step = (
        (int(match[1]), int(match[2]), int(match[3] or 1)) if match else (int(piece), int(piece), 1)
    )
    if last < first or step == 0:
        raise DataIdError(f"range {piece!r} has no member: write low..high or low..high:step")
    return first, last, step, first % step
