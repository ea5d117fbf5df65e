"""Supply missing keys of many data IDs with few queries of a registry."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from persistence.butler.id_table import IdTable
from persistence.butler.plan import Supply, supply_of
from persistence.butler.repository import Repository
from persistence.cameras.mapper import Mapper
from persistence.dataids.dataid import cast
from persistence.errors import DataIdError, PersistenceError
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry

# From this number on, questions are combined into range queries.
_MANY = 200
# SQLite accepts at most 32766 parameters.
_AT_ONCE = 10_000

Row = tuple[Any, ...]


def typed(mapper: Mapper, dataset: DatasetType, table: IdTable) -> IdTable:
    """Return data IDs with the camera's names of keys, and values of the keys' types.

    Data IDs with a value of another type are omitted; see `Mapper.typed`.
    """
    aliases = mapper.policy.aliases
    if not aliases.keys().isdisjoint(table.keys):
        return _each_typed(mapper, dataset, table)
    columns: dict[str, list[Any]] = {}
    wrong: set[int] = set()
    for key, column in zip(table.keys, table.columns, strict=True):
        kind = dataset.keys.get(key)
        if kind is None or set(map(type, column)) <= {kind}:
            continue
        columns[key] = []
        for number, value in enumerate(column):
            try:
                columns[key].append(cast(key, value, kind))
            except DataIdError:
                columns[key].append(None)
                wrong.add(number)
    whole = table.extended(columns) if columns else table
    right = [number for number in range(len(table.places)) if number not in wrong]
    return whole.chosen(right) if wrong else whole


def _each_typed(mapper: Mapper, dataset: DatasetType, table: IdTable) -> IdTable:
    """Return typed data IDs of which some keys have other names in this camera."""
    rows, positions = [], []
    for position, data_id in zip(table.places, table.data_ids(), strict=True):
        try:
            rows.append(mapper.typed(dataset, data_id))
        except DataIdError:
            continue
        positions.append(position)
    keys = tuple(rows[0]) if rows else table.keys
    columns = [[row[key] for row in rows] for key in keys]
    return table._replace(keys=keys, columns=columns, places=positions)


def completed(repository: Repository, dataset: DatasetType, table: IdTable) -> IdTable:
    """Return data IDs with the keys that the registry supplies.

    Data IDs without a unique answer are omitted.

    Parameters
    ----------
    repository : `Repository`
        The repository whose registry is used.
    dataset : `DatasetType`
        The dataset type.
    table : `IdTable`
        Data IDs with values of their keys' types.

    Returns
    -------
    table : `IdTable`
        The completed data IDs.
    """
    if dataset.keys.keys() <= set(table.keys):
        return table
    try:
        supply = supply_of(repository, dataset, table.keys)
        if supply is None or not _is_enough(dataset, (*table.keys, *supply.columns)):
            return table.chosen([])
        known = [table.columns[table.keys.index(key)] for key in supply.where]
        rows = list(zip(*known, strict=True))
        answers = _answers(repository, dataset, supply, set(rows))
    except PersistenceError:  # looking up a single one of them raises the error
        return table.chosen([])
    numbers = [number for number, row in enumerate(rows) if row in answers]
    values = [answers[rows[number]] for number in numbers]
    columns: list[list[Any]] = [[*column] for column in zip(*values, strict=True)]
    more = dict(zip(supply.columns, columns or [[] for _ in supply.columns], strict=True))
    return table.chosen(numbers).extended(more)


def _is_enough(dataset: DatasetType, keys: Collection[str]) -> bool:
    return dataset.template is not None and dataset.template.keys.keys() <= set(keys)


def _answers(
    repository: Repository, dataset: DatasetType, supply: Supply, questions: set[Row]
) -> Mapping[Row, Row]:
    """Return the one row that matches each question, where it is unique and complete."""
    numbers = _numbers(supply, questions)
    if len(questions) < _MANY or len(dataset.tables) != 1 or not numbers:
        matches: Mapping[Row, Sequence[Row]] = {
            question: supply.ask(question) for question in questions
        }
    else:
        matches = _in_ranges(repository.registry, dataset.tables[0], supply, questions, numbers)
    return {
        question: rows[0]
        for question, rows in matches.items()
        if len(rows) == 1 and [*map(type, rows[0])] == supply.kinds
    }


def _numbers(supply: Supply, questions: set[Row]) -> Mapping[str, Sequence[int]]:
    """Return the key with the most distinct integers, and these: its index helps the most."""
    most: dict[str, Sequence[int]] = {}
    for position, key in enumerate(supply.where):
        values = {row[position] for row in questions}
        if set(map(type, values)) == {int} and all(
            len(values) > len(distinct) for distinct in most.values()
        ):
            most = {key: sorted(values)}
    return most


def _in_ranges(
    registry: Registry,
    table: str,
    supply: Supply,
    questions: set[Row],
    numbers: Mapping[str, Sequence[int]],
) -> Mapping[Row, Sequence[Row]]:
    """Return the rows for many numbers at once, restricted to those of the questions."""
    matches: dict[Row, list[Row]] = {}
    columns, split = (*supply.where, *supply.columns), len(supply.where)
    ((key, values),) = numbers.items()
    for start in range(0, len(values), _AT_ONCE):
        ranges = {key: [range(number, number + 1) for number in values[start : start + _AT_ONCE]]}
        for row in registry.grouped(table, columns, ranges=ranges):
            if row[:split] in questions:
                matches.setdefault(row[:split], []).append(row[split:-1])
    return matches
