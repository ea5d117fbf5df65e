"""The choice of a master calibration for an exposure.

It is the one that is valid on the exposure's day, for its detector and filter. The rules are Gen2's
(doc/gen2/gen2-core.md 6.6), with these differences: the detector always counts, a validity range
whose ends are dates includes its whole last day, and of two calibrations that share a day the later
one is chosen.
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
    Argument,
    DataIdError,
    IncompleteDataId,
    Message,
    MultipleResults,
    RegistryWarning,
    warn_caller,
)
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry, refuse_unknown

# Sorts after all times of a day: `2015-03-02~` is later than `2015-03-02T23:59`, and before
# `2015-03-03`.
_LAST = "~"
# The HDU of a calibration in its file, which a registry may have beside the keys of the path.
_ALSO = ("calib_hdu",)
_SHOWN = 3


class Calibrations(NamedTuple):
    """The root directory of calibrations, and the registry of their validity, if there is one."""

    root: str
    registry: Registry | None


class Criteria(NamedTuple):
    """The criteria for a row of a calibration registry.

    Attributes
    ----------
    where : mapping
        Columns and the values that they have to equal.
    time : `Moment` or None
        The time of the exposure, or only its date; None if the time does not count.
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
    """Return the keys of a calibration that a data ID lacks.

    Parameters
    ----------
    dataset : `DatasetType`
        The calibration.
    full_id : mapping
        The data ID, in the camera's keys and types.
    mapper : `Mapper`
        The mapper, for the names of filters.
    exposures : `Registry`
        The registry of exposures, for the exposure's time and filter.
    calibrations : `Calibrations`
        The calibrations.

    Returns
    -------
    `dict` [`str`, object]
        The missing keys with their values.

    Raises
    ------
    IncompleteDataId
        If no calibration is valid, or a criterion is missing.
    MultipleResults
        If several are valid.
    """
    known = dict(full_id)
    if all(key in known for key in dataset.keys):
        return known
    known |= of_exposure(dataset, full_id, exposures)
    missing = [key for key in dataset.keys if key not in known]
    if not missing:
        return known
    if calibrations.registry is None:
        lacking = Message(
            f"needs  {', '.join(missing)}: there is no calibRegistry.sqlite3 in "
            f"{calibrations.root}; name the directory of calibrations with ",
            Argument("calibRoot"),
        )
        raise IncompleteDataId("Incomplete data ID:", dataset.name, full_id, [lacking])
    wanted = criteria(dataset, known, calibrations.registry)
    there = calibrations.registry.columns(dataset.tables)
    columns = [*missing, *(key for key in _ALSO if key in there and key not in known)]
    rows = _valid(dataset, columns, wanted, calibrations.registry)
    # A registry may have the filter's physical name, or its band, and so have its file names.
    for name in other_names(wanted.where.get("filter"), mapper) if not rows else ():
        known["filter"] = name
        rows = _valid(
            dataset, columns, criteria(dataset, known, calibrations.registry), calibrations.registry
        )
        if rows:
            break
    if len(rows) != 1:
        raise _not_one(dataset, full_id, missing, wanted, rows)
    # NULL is unknown, which is only allowed for `calib_hdu`.
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
    """Return the distinct values of some columns of the valid calibrations.

    Without a time in the data ID, all calibrations that match count.
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
    """Return the time, and perhaps the filter, of an exposure, from its registry.

    Raises
    ------
    IncompleteDataId
        If there is no such exposure.
    AmbiguousDataId
        If several exposures match that differ in them.
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
    """Raise an error without a time or a filter: another exposure's calibration might be chosen."""
    absent = [
        column
        for column in columns
        if column in (dataset.obsTimeName, "filter") and column not in there
    ]
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
    """Return the criteria for a row.

    Raises
    ------
    IncompleteDataId
        If the time of the exposure counts, but is unknown.
    DataIdError
        If it is not a date.
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
            f"needs  {dataset.obsTimeName}, the time of the exposure: add it, or use an "
            "exposure that "
            "is registered"
        )
        raise IncompleteDataId("Incomplete data ID:", dataset.name, known, [reason])
    return Criteria(where, validity.moment(time))


def bounds(dataset: DatasetType) -> tuple[str, str]:
    """Return the columns of the first and the last day."""
    return dataset.validStartName or "validStart", dataset.validEndName or "validEnd"


def _valid(
    dataset: DatasetType, missing: Sequence[str], wanted: Criteria, registry: Registry
) -> list[Any]:
    """Return the distinct values of some keys, from the rows that meet the criteria."""
    if wanted.time is None:
        return registry.lookup(missing, wanted.where, dataset.tables)
    start, end = bounds(dataset)
    day = wanted.time.day.isoformat()
    # The query is for whole days, because ends may be dates or timestamps; the rest is checked
    # here.
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
    """Issue warnings for rows that may be valid, but whose validity ranges are not dates."""
    for row in rows[:_SHOWN]:
        warn_caller(
            f"{registry.path}: {dataset.name} {text(dict(zip(missing, row, strict=False)))} is not "
            f"used, because its validity is {row[-2]!r} to {row[-1]!r}, which are not two "
            "dates; ingest "
            "it again, or with --recompute",
            RegistryWarning,
        )


def other_names(name: str | None, mapper: Mapper) -> list[str]:
    """Return the other names of a filter, as the camera's policy lists them."""
    if name is None:
        return []
    label = mapper.translator.label(name)
    names = (label.name, label.physical, label.band, *label.aliases)
    return [one for one in dict.fromkeys(names) if one is not None and one != name]


def way(keys: Sequence[str]) -> str:
    """Return the hint how to choose one of several: by these keys."""
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
