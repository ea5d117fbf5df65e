"""Summaries of a registry: its exposures by visit, its calibrations by validity range.

The database does the counting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids import grammar
from persistence.errors import DataIdError, RegistryError
from persistence.registry.contract import Registry

Row = Mapping[str, Any]

# The names of a column in different cameras' registries: the first one that a table has counts.
VISIT = ("visit", "expId")
FILTER = ("filter",)
_FIELD = ("field", "object")
DATE = ("dayObs", "date", "dateObs")
_EXPOSURE = ("expTime", "exptime")
_DETECTOR = ("ccdnum", "detector", "ccd")
_WINDOW = (("validStart",), ("validEnd",), ("calibDate",), FILTER)
_VISITS = "_visit"


class Names(NamedTuple):
    """The names of the columns of summaries in a registry; None for missing ones."""

    table: str
    visit: str
    filter: str | None
    field: str | None
    date: str | None
    exposure: str | None


def names_of(registry: Registry) -> Names:
    """Return the names of a registry's columns, from the table of raws or the first with visits.

    Raises
    ------
    RegistryError
        If no table has visits.
    """
    for table in sorted(registry.tables(), key=lambda name: name != "raw"):
        columns = registry.columns([table])
        visit = _first(VISIT, columns)
        if visit is not None and not table.endswith(_VISITS):
            others = [_first(names, columns) for names in (FILTER, _FIELD, DATE, _EXPOSURE)]
            return Names(table, visit, *others)
    raise RegistryError(
        f"{registry.path} has no table of visits (it has {list(registry.tables())})"
    )


def visits(
    registry: Registry,
    names: Names,
    field: str | None = None,
    filter: str | None = None,
    chosen: Sequence[str] = (),
) -> list[Row]:
    """Return a row for each visit, ordered by filter and number.

    If a visit's rows differ, the least values are returned.

    Parameters
    ----------
    registry : `Registry`
        The registry.
    names : `Names`
        The names of its columns: the rows have these, and ``detectors``, the number of detectors.
    field, filter : `str` or `None`, optional
        File name patterns that the values have to match.
    chosen : sequence of `str`, optional
        The numbers of the visits in the grammar of ``--id``: ``410877..410879``; by default all.

    Returns
    -------
    `list` [mapping]
        One row per visit.

    Raises
    ------
    DataIdError
        If a number is invalid.
    """
    patterns = [(names.field, field), (names.filter, filter)]
    asked = {column: pattern for column, pattern in patterns if pattern is not None}
    if None in asked:  # a missing column has no value that could match
        return []
    pieces = [piece for text in chosen for piece in text.split("^")]
    ranges = {names.visit: [_range(piece) for piece in pieces]} if chosen else {}
    listed = (names.filter, names.field, names.date, names.exposure)
    least = [column for column in listed if column is not None]
    # Grouping by all columns would take twice as long: SQLite has an index of visits.
    rows = _counted(registry, names.table, [names.visit], least, asked, ranges)
    return _ordered(rows, [*least, names.visit], (names.filter, names.visit))


def calibrations(registry: Registry, table: str, filter: str | None = None) -> list[Row]:
    """Return a row for each calibration: validity range, date, filter, and number of detectors.

    Parameters
    ----------
    registry : `Registry`
        The registry.
    table : `str`
        The table, which has the name of the calibrations' type.
    filter : `str` or `None`, optional
        A pattern that the filter has to match.

    Returns
    -------
    `list` [mapping]
        One row per calibration.
    """
    there = registry.columns([table])
    columns = [name for names in _WINDOW if (name := _first(names, there)) is not None]
    patterns = {} if filter is None else {"filter": filter}
    rows = _counted(registry, table, columns, (), patterns, {})
    return _ordered(rows, columns, ("filter", "calibDate", "validStart"))


def types(registry: Registry) -> list[str]:
    """Return the types of calibrations that have tables in a registry."""
    return [name for name in registry.tables() if not name.endswith(_VISITS)]


def _counted(
    registry: Registry,
    table: str,
    by: Sequence[str],
    least: Sequence[str],
    patterns: Mapping[Any, str],
    ranges: Mapping[str, Sequence[range]],
) -> list[Row]:
    """Return a row for each group, with the number of its detectors."""
    detector = _first(_DETECTOR, registry.columns([table]))
    rows = registry.grouped(table, by, least, detector, patterns, ranges)
    return [dict(zip((*by, *least, "detectors"), row, strict=True)) for row in rows]


def _ordered(rows: Iterable[Row], columns: Sequence[str], order: Sequence[str | None]) -> list[Row]:
    """Return rows ordered by some columns, unknown values first, with columns in display order."""
    by = [column for column in order if column is not None and column in columns]
    ordered = sorted(rows, key=lambda row: [_rank(row[column]) for column in by])
    return [{name: row[name] for name in (*columns, "detectors")} for row in ordered]


def _rank(value: Any) -> tuple[bool, bool, Any]:
    """Return a sort key for values of any type: None, numbers, texts."""
    return value is not None, isinstance(value, str), value


def _first(names: Sequence[str], columns: Collection[str]) -> str | None:
    return next((name for name in names if name in columns), None)


def _range(piece: str) -> range:
    """Return the numbers of a text: one, or a range."""
    match = grammar.RANGE.fullmatch(piece)
    if match is None and not piece.isdecimal():
        raise DataIdError(
            f"{piece!r} is neither the number of a visit nor a range: low..high or low..high:step"
        )
    first, last, step = (
        (int(match[1]), int(match[2]), int(match[3] or 1)) if match else (int(piece), int(piece), 1)
    )
    if last < first or step == 0:
        raise DataIdError(f"range {piece!r} is empty: write low..high or low..high:step")
    return range(first, last + 1, step)
