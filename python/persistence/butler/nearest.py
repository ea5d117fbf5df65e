"""What a person may have meant: the datasets nearest to a data ID that nothing answers to."""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from persistence.butler import file_keys
from persistence.butler.lookup import explained
from persistence.butler.repository import Repository
from persistence.dataids.dataid import text
from persistence.dataids.request import Request
from persistence.errors import PersistenceError
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry

# An error has to come soon: no more files or values than these are looked at for it.
_ENOUGH = 2000
# But numbers are compared in no time.
_ENOUGH_NUMBERS = 200_000
_CANDIDATES = 3


def reasons(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Iterator[str]:
    """Give lines that tell what is near a data ID in a repository.

    Registered IDs first, else files.
    """
    try:
        if repository.mapper.dataset(request).section == "calibrations":
            yield from _calibrations(repository, request, data_id)
            return
        registered = list(_registered(repository, request, data_id))
        yield from registered
        near = None if registered else _on_disk(repository, request, data_id)
        if near is not None:
            yield f"nearest     {text(near)}  in  {os.path.relpath(repository.root)}"
    except (PersistenceError, OSError):
        return  # the error that is being explained matters more than its explanation


def _calibrations(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> Iterator[str]:
    """Show the calibrations that come nearest to what was wanted, with what rules them out."""
    for candidate in explained(repository, request, data_id).candidates[:_CANDIDATES]:
        yield f"nearest     {candidate}"


def _on_disk(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Free one key after the other, and see which file of the dataset type is there then."""
    dataset = repository.mapper.dataset(request)
    if dataset.template is None:
        return None
    known = repository.mapper.typed(dataset, data_id)
    fixed = {key: known[key] for key in dataset.template.keys if key in known}
    for key in reversed(fixed):
        others = {name: value for name, value in fixed.items() if name != key}
        limit = _ENOUGH if isinstance(fixed[key], str) else _ENOUGH_NUMBERS
        near = file_keys.data_ids(repository, dataset, others, [key])
        values = {one[key]: None for one in itertools.islice(near, limit) if key in one}
        if values:
            others[key] = closest(fixed[key], values)
            return next(file_keys.data_ids(repository, dataset, others), None)
    return None


def _registered(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> Iterator[str]:
    """Free one key after the other, and see which of its values the registry has then."""
    dataset = repository.mapper.dataset(request)
    registry = repository.registry
    if registry.lists_files or not dataset.tables:
        return
    columns = registry.columns(dataset.tables)
    known = repository.mapper.typed(dataset, data_id)
    where = {key: value for key, value in known.items() if key in columns}
    if not where or registry.lookup(list(where), where, dataset.tables, limit=1):
        return
    found = False
    for key in where:
        others = {name: value for name, value in where.items() if name != key}
        near = _value(registry, dataset, key, where[key], others)
        if near is not None:
            found = True
            yield f"registered  {text({**others, key: near})}, but not {key}={where[key]}"
    if not found:  # no single key is to blame
        yield from _strangers(registry, dataset, where)


def _strangers(registry: Registry, dataset: DatasetType, where: Mapping[str, Any]) -> Iterator[str]:
    """Show the keys whose values the registry does not have, each with the nearest it has."""
    for key, value in where.items():
        if not registry.lookup([key], {key: value}, dataset.tables, limit=1):
            near = _value(registry, dataset, key, value, {})
            if near is not None:
                yield f"registered  {key}={near}, but no {key}={value}"


def _value(
    registry: Registry, dataset: DatasetType, key: str, value: Any, others: Mapping[str, Any]
) -> Any:
    """Give the nearest value of a key that the registry has for other values.

    None if it has none.
    """
    limit = _ENOUGH if isinstance(value, str) else _ENOUGH_NUMBERS
    values = [row[0] for row in registry.lookup([key], others, dataset.tables, limit=limit)]
    values = [one for one in values if one is not None]
    return closest(value, values) if values else None


def closest(value: Any, values: Iterable[Any]) -> Any:
    """Choose the value that is nearest: by distance for numbers, by likeness for text."""
    pool = list(values)
    if isinstance(value, int | float) and all(isinstance(one, int | float) for one in pool):
        return min(pool, key=lambda one: abs(one - value))
    words = [str(one) for one in pool]
    close = difflib.get_close_matches(str(value), words, n=1, cutoff=0.0)
    return pool[words.index(close[0])] if close else pool[0]
