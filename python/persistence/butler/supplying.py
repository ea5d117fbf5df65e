"""Keys that many data IDs lack, supplied by a registry at once."""

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

# From so many questions on, they are asked together.
_MANY = 200
# SQLite takes no more than 32766 parameters.
_AT_ONCE = 10_000

Row = tuple[Any, ...]


def typed(mapper: Mapper, dataset: DatasetType, table: IdTable) -> IdTable:
    """Return data IDs with the camera's names of keys, and values of their keys' types.

    Those with a value that is of another type are left out; see `Mapper.typed`.
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
    """Return data IDs of which some keys have another name here."""
    rows, places = [], []
    for place, data_id in zip(table.places, table.data_ids(), strict=True):
        try:
            rows.append(mapper.typed(dataset, data_id))
        except DataIdError:
            continue
        places.append(place)
    keys = tuple(rows[0]) if rows else table.keys
    columns = [[row[key] for row in rows] for key in keys]
    return table._replace(keys=keys, columns=columns, places=places)


def completed(repository: Repository, dataset: DatasetType, table: IdTable) -> IdTable:
    """Return data IDs with the keys that the registry supplies.

    Those are left out to which it has no plain answer.

    Parameters
    ----------
    repository : `Repository`
        Whose registry is asked.
    dataset : `DatasetType`
        The dataset type.
    table : `IdTable`
        Data IDs of values that are of their keys' types.
    """
    if dataset.keys.keys() <= set(table.keys):
        return table
    try:
        supply = supply_of(repository, dataset, table.keys)
        if supply is None or not _is_enough(dataset, (*table.keys, *supply.columns)):
            return table.chosen([])
        given = [table.columns[table.keys.index(key)] for key in supply.where]
        rows = list(zip(*given, strict=True))
        answers = _answers(repository, dataset, supply, set(rows))
    except PersistenceError:  # who asks for one of them is told
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
    """Return the one row that has each values, where there is one, and it is whole."""
    numbers = _numbers(supply, questions)
    if len(questions) < _MANY or len(dataset.tables) != 1 or not numbers:
        found: Mapping[Row, Sequence[Row]] = {
            question: supply.ask(question) for question in questions
        }
    else:
        found = _in_ranges(repository.registry, dataset.tables[0], supply, questions, numbers)
    return {
        question: rows[0]
        for question, rows in found.items()
        if len(rows) == 1 and [*map(type, rows[0])] == supply.kinds
    }


def _numbers(supply: Supply, questions: set[Row]) -> Mapping[str, Sequence[int]]:
    """Return the key of the most different integers, and these: an index of it helps the most."""
    most: dict[str, Sequence[int]] = {}
    for place, key in enumerate(supply.where):
        values = {row[place] for row in questions}
        if set(map(type, values)) == {int} and all(len(values) > len(one) for one in most.values()):
            most = {key: sorted(values)}
    return most


def _in_ranges(
    registry: Registry,
    table: str,
    supply: Supply,
    questions: set[Row],
    numbers: Mapping[str, Sequence[int]],
) -> Mapping[Row, Sequence[Row]]:
    """Ask for the rows of many numbers at once, and keep those of the questions."""
    found: dict[Row, list[Row]] = {}
    columns, split = (*supply.where, *supply.columns), len(supply.where)
    ((key, values),) = numbers.items()
    for start in range(0, len(values), _AT_ONCE):
        ranges = {key: [range(one, one + 1) for one in values[start : start + _AT_ONCE]]}
        for row in registry.grouped(table, columns, ranges=ranges):
            if row[:split] in questions:
                found.setdefault(row[:split], []).append(row[split:-1])
    return found
