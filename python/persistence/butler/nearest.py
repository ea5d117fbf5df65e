"""Find the datasets nearest to a data ID that matches nothing, for error messages."""

from __future__ import annotations

import difflib
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from persistence.butler import file_keys
from persistence.butler.lookup import explained
from persistence.butler.repository import Repository
from persistence.dataids.dataid import text
from persistence.dataids.request import Request
from persistence.errors import PersistenceError
from persistence.files import mirrors
from persistence.policy.dataset_type import DatasetType
from persistence.registry import Registry

# Error messages must not take long: no more files or values than these are searched.
_ENOUGH = 2000
# Numbers are compared quickly.
_ENOUGH_NUMBERS = 200_000
_CANDIDATES = 3
_PATCH = re.compile(r"\d+,\d+", re.ASCII)


def reasons(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines about the datasets nearest to a data ID: registered ones first, else files."""
    try:
        if repository.mapper.dataset(request).section == "calibrations":
            yield from _calibrations(repository, request, data_id)
            return
        registered = list(_registered(repository, request, data_id))
        yield from registered
        near = None if registered else _on_disk(repository, request, data_id)
        if near is not None:
            yield f"nearest     {text(near)}  in  {os.path.relpath(mirrors.shown(repository.root))}"
    except (PersistenceError, OSError):
        return  # the original error matters more than its explanation


def _calibrations(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the nearest calibrations, with the criteria that exclude them."""
    for candidate in explained(repository, request, data_id).candidates[:_CANDIDATES]:
        yield f"nearest     {candidate}"


def _on_disk(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the data ID of a file that differs in one key only."""
    dataset = repository.mapper.dataset(request)
    if dataset.template is None:
        return None
    known = repository.mapper.typed(dataset, data_id)
    fixed = {key: known[key] for key in dataset.template.keys if key in known}
    for key in reversed(fixed):
        others = {name: value for name, value in fixed.items() if name != key}
        limit = _ENOUGH if isinstance(fixed[key], str) else _ENOUGH_NUMBERS
        near = file_keys.data_ids(repository, dataset, others, [key])
        values = {
            neighbour[key]: None for neighbour in itertools.islice(near, limit) if key in neighbour
        }
        if values:
            others[key] = closest(fixed[key], values)
            return next(file_keys.data_ids(repository, dataset, others), None)
    return None


def _registered(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> Iterator[str]:
    """Yield, for each key in turn, its values in the registry when all other keys match."""
    dataset = repository.mapper.dataset(request)
    registry = repository.registry
    if registry.lists_files or not dataset.tables:
        return
    columns = registry.columns(dataset.tables)
    known = repository.mapper.typed(dataset, data_id)
    where = {key: value for key, value in known.items() if key in columns}
    if not where or registry.lookup(list(where), where, dataset.tables, limit=1):
        return
    is_explained = False
    for key in where:
        others = {name: value for name, value in where.items() if name != key}
        near = _value(registry, dataset, key, where[key], others)
        if near is not None:
            is_explained = True
            yield f"registered  {text({**others, key: near})}, but not {key}={where[key]}"
    if not is_explained:  # no single key explains it
        yield from _strangers(registry, dataset, where)


def _strangers(registry: Registry, dataset: DatasetType, where: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys whose values are not in the registry, each with the nearest value that is."""
    for key, value in where.items():
        if not registry.lookup([key], {key: value}, dataset.tables, limit=1):
            near = _value(registry, dataset, key, value, {})
            if near is not None:
                yield f"registered  {key}={near}, but no {key}={value}"


def _value(
    registry: Registry, dataset: DatasetType, key: str, value: Any, others: Mapping[str, Any]
) -> Any:
    """Return the registry's value of a key nearest to a value, for other keys; None if none."""
    limit = _ENOUGH if isinstance(value, str) else _ENOUGH_NUMBERS
    values = [row[0] for row in registry.lookup([key], others, dataset.tables, limit=limit)]
    values = [candidate for candidate in values if candidate is not None]
    return closest(value, values) if values else None


def closest(value: Any, values: Iterable[Any]) -> Any:
    """Return the nearest value: by difference for numbers and patches, by similarity for text."""
    pool = list(values)
    if _PATCH.fullmatch(str(value)) and all(_PATCH.fullmatch(str(known)) for known in pool):
        x, y = map(int, value.split(","))
        places = {known: tuple(map(int, known.split(","))) for known in pool}
        return min(
            pool, key=lambda known: (places[known][0] - x) ** 2 + (places[known][1] - y) ** 2
        )
    if isinstance(value, int | float) and all(
        isinstance(candidate, int | float) for candidate in pool
    ):
        return min(pool, key=lambda candidate: abs(candidate - value))
    words = [str(candidate) for candidate in pool]
    close = difflib.get_close_matches(str(value), words, n=1, cutoff=0.0)
    return pool[words.index(close[0])] if close else pool[0]


def _pair(patch: str) -> tuple[int, ...]:
    return tuple(map(int, patch.split(",")))
