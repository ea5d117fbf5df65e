"""Calibrations of many detectors that are alike, as one: ``ccdnum 1-60,62  filter g``."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from persistence.calibs.series import Series

T = TypeVar("T")
# Of longer lists of names, so many are shown.
_NAMES = 6
_FILTER = "filter"  # is always told: no detector's number says it


class Group(NamedTuple):
    """Series that are alike but for the detector, or for another key.

    Attributes
    ----------
    keys : mapping
        What tells them from the others: one value of each key, or the values as text (``1-60,62``).
    members : `list` [`Series`]
        The series.
    """

    keys: Mapping[str, Any]
    members: list[Series]

    @property
    def label(self) -> str:
        """The name that users see: ``bias  ccdnum 1-60,62``."""
        named = (f"{key} {value}" for key, value in self.keys.items())
        return "  ".join([self.members[0].datasetType, *named])


def of_series(found: Iterable[Series]) -> list[Group]:
    """Return series of one type that have the same windows together, in the order of the first."""
    alike: dict[Hashable, list[Series]] = {}
    for one in found:
        told = (one.datasetType, tuple(one.windows.items()), one.broken, one.timeless)
        alike.setdefault(told, []).append(one)
    return [
        Group(keys, some)
        for members in alike.values()
        for keys, some in parted([(one.key, one) for one in members])
    ]


def of_rows(rows: Iterable[Mapping[str, Any]], same: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows that are alike together: a row for each group.

    Parameters
    ----------
    rows : iterable of mapping
        The rows.
    same : sequence of `str`
        The columns that have to be the same; by the others, which are of one data ID, detectors
        and filters are told apart.
    """
    alike: dict[Hashable, list[Mapping[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(row.get(column) for column in same), []).append(row)
    return [
        {
            column: keys.get(column, row[column])
            for column in row
            if column in same or column in keys
        }
        for members in alike.values()
        for keys, (row, *_) in parted([(_key(row, same), row) for row in members])
    ]


def _key(row: Mapping[str, Any], same: Sequence[str]) -> Mapping[str, Any]:
    return {column: value for column, value in row.items() if column not in same}


def parted(
    members: Sequence[tuple[Mapping[str, Any], T]],
) -> Iterator[tuple[Mapping[str, Any], list[T]]]:
    """Yield groups in which one key has many values, and each other key has one.

    Parameters
    ----------
    members : sequence of `tuple`
        The key of each member, and the member.

    Yields
    ------
    keys : mapping
        One value of each key, or several as text; keys that only repeat what another one tells,
        such as the name of a detector beside its number, are left out.
    members : `list`
        The members.
    """
    columns = list(dict.fromkeys(column for key, _ in members for column in key))
    values = {column: dict.fromkeys(key.get(column) for key, _ in members) for column in columns}
    varying = [column for column in columns if len(values[column]) > 1]
    constant = {column: next(iter(values[column])) for column in columns if column not in varying}
    single = [column for column in varying if len(values[column]) == len(members)]
    if not varying or (single and _FILTER not in varying):
        telling = min(single, key=lambda column: not _is_number(values[column]), default=None)
        shown = {column: _listed(values[column]) for column in single if column == telling}
        keys = {**constant, **shown}
        yield (
            {column: keys[column] for column in columns if column in keys},
            [m for _, m in members],
        )
        return
    coarse = min(varying, key=lambda column: (column != _FILTER, len(values[column])))
    for value in values[coarse]:
        yield from parted([each for each in members if each[0].get(coarse) == value])


def _is_number(values: Iterable[Any]) -> bool:
    return all(type(value) is int for value in values)


def _listed(values: Iterable[Any]) -> str:
    """Return values on one line: numbers as ``1-60,62``, and the first of many names."""
    if _is_number(values):
        return ",".join(_runs(sorted(values)))
    texts = [str(value) for value in values]
    more = f", ... ({len(texts)})" if len(texts) > _NAMES else ""
    return f"{', '.join(texts[:_NAMES])}{more}"


def _runs(numbers: Sequence[int]) -> Iterator[str]:
    for _, run in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        some = [number for _, number in run]
        yield str(some[0]) if len(some) == 1 else f"{some[0]}-{some[-1]}"
