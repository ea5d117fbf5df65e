"""Which master calibration an exposure gets.

The one that is valid on its day, of its detector and filter.

The rules are Gen2's (gen2-core 6.6), but that the detector always counts, that a window whose ends
are dates has its last day whole, and that of two calibrations which share a day the later one has
it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.calibs import validity
from persistence.calibs.validity import Moment, Window
from persistence.cameras.mapper import Mapper
from persistence.dataids.dataid import text
from persistence.errors import (
    AmbiguousDataId,
    DataIdError,
    IncompleteDataId,
    MultipleResults,
    RegistryWarning,
    argument,
    warn_caller,
)
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry, refuse_unknown

# Behind every time of a day: `2015-03-02~` is later than `2015-03-02T23:59`, and before
# `2015-03-03`.
_LAST = "~"
# Where in its file a calibration lies: what a registry knows of it beyond the keys of the path.
_ALSO = ("calib_hdu",)
_SHOWN = 3


class Calibrations(NamedTuple):
    """Where calibrations lie, and the registry that says when each is valid.

    None if there is none.
    """

    root: str
    registry: Registry | None


class Criteria(NamedTuple):
    """What a row of a calibration registry has to satisfy.

    Attributes
    ----------
    where : mapping
        Columns and the values that they have to have.
    time : `Moment` or None
        The time of the exposure, or its date if that is all that is known; None if the time does
        not count.
    """

    where: Mapping[str, Any]
    time: Moment | None


def complete(
    dataset: DatasetType,
    full_id: Mapping[str, Any],
    mapper: Mapper,
    exposures: Registry,
    calibrations: Calibrations,
) -> dict[str, Any]:
    """Find the keys of a calibration that a data ID lacks.

    Parameters
    ----------
    dataset : `DatasetType`
        The calibration.
    full_id : mapping
        The data ID, in the camera's keys and types.
    mapper : `Mapper`
        Knows the filters' names.
    exposures : `Registry`
        Knows the time and the filter of the exposure.
    calibrations : `Calibrations`
        Where to look.

    Raises
    ------
    IncompleteDataId
        If nothing is valid then, or what would choose is missing.
    MultipleResults
        If several are.
    """
    known = dict(full_id)
    if all(key in known for key in dataset.keys):
        return known
    known |= of_exposure(dataset, full_id, exposures)
    missing = [key for key in dataset.keys if key not in known]
    if not missing:
        return known
    if calibrations.registry is None:
        reason = (
            f"needs  {', '.join(missing)}: there is no calibRegistry.sqlite3 in "
            f"{calibrations.root}; say where the "
            f"calibrations are with {argument('calibRoot')}"
        )
        raise IncompleteDataId("Incomplete data ID:", dataset.name, full_id, [reason])
    wanted = criteria(dataset, known, calibrations.registry)
    there = calibrations.registry.columns(dataset.tables)
    columns = [*missing, *(key for key in _ALSO if key in there and key not in known)]
    rows = _valid(dataset, columns, wanted, calibrations.registry)
    # A registry may have the filter's physical name, or its band; its files are called so then.
    for name in other_names(wanted.where.get("filter"), mapper) if not rows else ():
        known["filter"] = name
        rows = _valid(
            dataset, columns, criteria(dataset, known, calibrations.registry), calibrations.registry
        )
        if rows:
            break
    if len(rows) != 1:
        raise _not_one(dataset, full_id, missing, wanted, rows)
    # NULL is not known; `calib_hdu` need not be.
    found = zip(columns, rows[0], strict=True)
    known |= {key: value for key, value in found if value is not None}
    unknown = mapper.needs(dataset, known)
    if unknown:
        reason = f"needs  {', '.join(unknown)}, which is NULL in {calibrations.registry.path}"
        raise IncompleteDataId("Incomplete data ID:", dataset.name, full_id, [reason])
    return known


def query(
    dataset: DatasetType,
    columns: Sequence[str],
    data_id: Mapping[str, Any],
    exposures: Registry,
    calibrations: Calibrations,
) -> list[tuple[Any, ...]]:
    """Give the distinct values of some columns.

    Of what is valid then, or, without a time, of all that match.
    """
    registry = calibrations.registry
    if registry is None:
        return []
    refuse_unknown(columns, registry.columns(dataset.tables), dataset.name, registry)
    known = {**data_id, **of_exposure(dataset, data_id, exposures)}
    timeless = dataset._replace(validRange=False)
    counts = dataset.validRange and known.get(dataset.obsTimeName or "") is not None
    asked = dataset if counts else timeless
    return _valid(asked, columns, criteria(asked, known, registry), registry)


def of_exposure(
    dataset: DatasetType, full_id: Mapping[str, Any], exposures: Registry
) -> dict[str, Any]:
    """Ask the registry of exposures for what chooses a calibration.

    The time, and perhaps the filter.

    Raises
    ------
    IncompleteDataId
        If there is no such exposure.
    AmbiguousDataId
        If there are several, which differ in that.
    """
    columns = _asked(dataset, full_id)
    if not columns or not dataset.reference or exposures.lists_files:
        return {}
    there = exposures.columns(dataset.reference)
    where = {
        key: value
        for key, value in full_id.items()
        if key in there and (dataset.refCols is None or key in dataset.refCols)
    }
    if where:
        _refuse_absent(dataset, columns, there, full_id, exposures)
    columns = [column for column in columns if column in there]
    if not columns or not where:
        return {}
    rows = exposures.lookup(columns, where, dataset.reference)
    if len(rows) == 1:
        found = dict(zip(columns, rows[0], strict=True))
        unknown = [column for column, value in found.items() if value is None]
        if unknown:
            reason = f"needs  {', '.join(unknown)} of {text(where)}: NULL in {exposures.path}"
            raise IncompleteDataId("No unique lookup for:", dataset.name, full_id, [reason])
        return found
    if not rows:
        reason = f"needs  {', '.join(columns)} of {text(where)}, which is not in {exposures.path}"
        raise IncompleteDataId("No unique lookup for:", dataset.name, full_id, [reason])
    reasons = [f"{len(rows)} exposures match {text(where)}; they differ in {', '.join(columns)}"]
    reasons += [f"row     {text(dict(zip(columns, row, strict=True)))}" for row in rows[:_SHOWN]]
    raise AmbiguousDataId("No unique lookup for:", dataset.name, full_id, reasons)


def _refuse_absent(
    dataset: DatasetType,
    columns: Sequence[str],
    there: Collection[str],
    full_id: Mapping[str, Any],
    exposures: Registry,
) -> None:
    """Refuse to choose without a time or a filter, for that of another exposure might be chosen."""
    absent = [one for one in columns if one in (dataset.obsTimeName, "filter") and one not in there]
    if absent:
        tables = ", ".join(dataset.reference)
        reason = f"needs  {', '.join(absent)}: no such column of {tables} in {exposures.path}"
        raise IncompleteDataId("No unique lookup for:", dataset.name, full_id, [reason])


def _asked(dataset: DatasetType, full_id: Mapping[str, Any]) -> list[str]:
    asked = [
        key
        for key in (dataset.keys if dataset.columns is None else dataset.columns)
        if key not in full_id
    ]
    time = dataset.obsTimeName if dataset.validRange else None
    if time is not None and time not in full_id and time not in asked:
        asked.append(time)
    return asked


def criteria(dataset: DatasetType, known: Mapping[str, Any], registry: Registry) -> Criteria:
    """Say what a row has to satisfy.

    Raises
    ------
    IncompleteDataId
        If the time of the exposure counts, and is not known.
    DataIdError
        If it is no date.
    """
    there = registry.columns(dataset.tables)
    where = {
        key: value
        for key, value in known.items()
        if key in there
        and key != dataset.obsTimeName
        and (dataset.columns is None or key in dataset.columns or key in dataset.keys)
    }
    if not dataset.validRange:
        return Criteria(where, None)
    time = known.get(dataset.obsTimeName or "")
    if time is None:
        reason = (
            f"needs  {dataset.obsTimeName}, the time of the exposure: give it, or an exposure that "
            "is registered"
        )
        raise IncompleteDataId("Incomplete data ID:", dataset.name, known, [reason])
    return Criteria(where, validity.moment(time))


def bounds(dataset: DatasetType) -> tuple[str, str]:
    """Give the columns of the first and the last day."""
    return dataset.validStartName or "validStart", dataset.validEndName or "validEnd"


def _valid(
    dataset: DatasetType, missing: Sequence[str], wanted: Criteria, registry: Registry
) -> list[Any]:
    """Give the distinct values of some keys, of the rows that satisfy the criteria."""
    if wanted.time is None:
        return registry.lookup(missing, wanted.where, dataset.tables)
    start, end = bounds(dataset)
    day = wanted.time.day.isoformat()
    # Whole days, for the ends of windows may be dates or timestamps: what remains is judged here.
    between = ((day + _LAST, day), start, end)
    valid: list[tuple[Any, Window]] = []
    unclear: list[Any] = []
    for row in registry.lookup([*missing, start, end], wanted.where, dataset.tables, between):
        try:
            window = validity.window(*row[-2:])
        except DataIdError:
            unclear.append(row)
        else:
            if window.holds(wanted.time):
                valid.append((row[:-2], window))
    if unclear and valid:
        _warn_unclear(dataset, missing, unclear, registry)
    if len(valid) > 1:
        windows = [window for _, window in valid]
        valid = [
            (row, window)
            for row, window in valid
            if not validity.superseded(window, wanted.time, windows)
        ]
    return list(dict.fromkeys(row for row, _ in valid))


def _warn_unclear(
    dataset: DatasetType, missing: Sequence[str], rows: Sequence[Any], registry: Registry
) -> None:
    """Warn of rows that might be valid, but whose windows are no dates."""
    for row in rows[:_SHOWN]:
        warn_caller(
            f"{registry.path}: {dataset.name} {text(dict(zip(missing, row, strict=False)))} is not "
            f"used, for its validity is {row[-2]!r} to {row[-1]!r}, which are no two dates; ingest "
            "it again, or with --recompute",
            RegistryWarning,
        )


def other_names(name: str | None, mapper: Mapper) -> list[str]:
    """Give the other names of a filter, as the camera's policy lists them."""
    if name is None:
        return []
    label = mapper.translator.label(name)
    names = (label.name, label.physical, label.band, *label.aliases)
    return [one for one in dict.fromkeys(names) if one is not None and one != name]


def way(keys: Sequence[str]) -> str:
    """Return how one of several is chosen: by these keys."""
    return "choose by " + " ".join(f"{key}=" for key in keys)


def _not_one(
    dataset: DatasetType,
    full_id: Mapping[str, Any],
    missing: Sequence[str],
    wanted: Criteria,
    rows: Sequence[Any],
) -> IncompleteDataId | MultipleResults:
    when = "" if wanted.time is None else f" valid on {wanted.time}"
    if not rows:
        reason = f"needs  {', '.join(missing)}; no {dataset.name}{when} has {text(wanted.where)}"
        return IncompleteDataId("No unique lookup for:", dataset.name, full_id, [reason])
    found = [text(dict(zip(missing, row, strict=False))) for row in rows[:_SHOWN]]
    why = f"are{when}" if dataset.validRange else f"match, and {dataset.name} has no validity"
    reasons = [
        f"{len(rows)} {why}: {way(missing)}",
        *(f"row     {one}" for one in found),
    ]
    return MultipleResults("No unique lookup for:", dataset.name, full_id, reasons)
