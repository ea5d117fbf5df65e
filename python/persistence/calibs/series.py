"""The series of a calibration registry: one per detector and filter, over time, with their gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.calibs import choose, validity
from persistence.calibs.validity import Window
from persistence.cameras.mapper import Mapper
from persistence.errors import DataIdError
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry


class Series(NamedTuple):
    """The calibrations of one type, detector and filter.

    Attributes
    ----------
    datasetType : `str`
        The type.
    key : mapping
        The keys that distinguish the series: ``{'ccdnum': 28, 'filter': 'g'}``.
    windows : mapping
        The date of each calibration, and its validity range.
    broken : `tuple` [`str`]
        The dates of calibrations whose validity was never computed.
    timeless : `tuple` [`str`]
        The dates of calibrations of a type without validity: one is chosen by its date.
    """

    datasetType: str
    key: Mapping[str, Any]
    windows: Mapping[str, Window]
    broken: tuple[str, ...] = ()
    timeless: tuple[str, ...] = ()


def types(mapper: Mapper, registry: Registry) -> Iterator[DatasetType]:
    """Yield the types of calibrations that have a table in a registry; the first one per table."""
    tables, seen = set(registry.tables()), set()
    for dataset in mapper.types.values():
        listed = dataset.section == "calibrations" and dataset.tables
        if listed and dataset.tables not in seen and tables.issuperset(dataset.tables):
            seen.add(dataset.tables)
            yield dataset


def of(dataset: DatasetType, registry: Registry) -> list[Series]:
    """Return the series of a type, sorted by their keys."""
    there = registry.columns(dataset.tables)
    bounds = choose.bounds(dataset) if dataset.validRange else ("calibDate", "calibDate")
    keys = [
        key
        for key in (*dataset.keys, *(dataset.columns or ()))
        if key in there and key != "calibDate"
    ]
    keys = list(dict.fromkeys(keys))
    found: dict[tuple[Any, ...], list[tuple[str, str, str]]] = {}
    for row in registry.lookup([*keys, "calibDate", *bounds], {}, dataset.tables):
        found.setdefault(row[:-3], []).append(row[-3:])
    ordered = sorted(found.items(), key=lambda item: [str(value).rjust(9) for value in item[0]])
    return [
        _series(dataset, dict(zip(keys, values, strict=True)), rows) for values, rows in ordered
    ]


def gaps(
    found: Sequence[Series], mapper: Mapper, wanted: Window
) -> Iterator[tuple[Mapping[str, Any], Window]]:
    """Yield the days of a period that each series lacks, and the detectors without any series.

    Parameters
    ----------
    found : sequence of `Series`
        The series of one type.
    mapper : `Mapper`
        The mapper, for the camera's detectors.
    wanted : `Window`
        The period.
    """
    for one in found:
        for window in () if one.timeless else validity.missing(one.windows.values(), wanted):
            yield one.key, window
    number = mapper.policy.settings.get("detectors", {}).get("key")
    if number is not None and found and number in found[0].key:
        present = {one.key[number] for one in found}
        for absent in sorted(set(mapper.detector_names) - present):
            yield {number: absent}, wanted


def _series(
    dataset: DatasetType, key: Mapping[str, Any], rows: Sequence[tuple[str, str, str]]
) -> Series:
    if not dataset.validRange:
        dates = sorted({str(row[0]) for row in rows})
        return Series(dataset.name, key, {}, timeless=tuple(dates))
    windows: dict[str, Window] = {}
    broken: list[str] = []
    for date, start, end in sorted(rows, key=lambda row: str(row[0])):
        try:
            windows[date] = validity.window(start, end)
        except DataIdError:
            broken.append(date)
    return Series(dataset.name, key, windows, tuple(broken))
