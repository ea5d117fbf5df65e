"""Queries of a chain of repositories: which data IDs of a dataset type exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler import lookup as one
from persistence.butler.chain import Chain
from persistence.dataids.dataid import DataId
from persistence.dataids.request import Request
from persistence.policy.composites import is_keyless_aggregate


class Matching(NamedTuple):
    """The data IDs that match a partial one: its known keys, and rows of its other keys."""

    data_id: DataId
    keys: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    def data_ids(self) -> Iterator[DataId]:
        """Yield each data ID, without the keys that are NULL in the registry."""
        known, keys = DataId(self.data_id), self.keys
        for row in self.rows:
            full = known.copy()
            items: Iterable[tuple[str, Any]] = zip(keys, row, strict=True)
            if None in row:
                items = [(key, value) for key, value in items if value is not None]
            dict.update(full, items)  # values from a registry are plain
            yield full


def keys(
    chain: Chain, name: str | None, level: str | None, data_id: Mapping[str, Any]
) -> dict[str, type] | None:
    """Return the keys of a dataset type, or of the camera, from the first repository.

    None if no repository knows the dataset type.
    """
    for repository in chain.tagged(data_id, name):
        if name is None or repository.has(name):
            return repository.mapper.getKeys(name, level)
    return None


def matching(chain: Chain, request: Request, level: str, data_id: DataId) -> Matching:
    """Return the data IDs that a partial one matches, at a level (see `Mapper.getKeys`).

    An aggregate whose definition names no keys matches every data ID.
    """
    wanted = keys(chain, request.datasetType, level, data_id)
    if wanted is None:  # no repository with these tags has the type
        return Matching(data_id, (), [])
    if is_keyless_aggregate(chain.knowing(request).mapper.dataset(request)):
        return Matching(data_id, (), [()])
    if all(key in data_id for key in wanted):
        return Matching(data_id, tuple(wanted), [tuple(data_id[key] for key in wanted)])
    rows = lookup(chain, request, tuple(wanted), data_id, lenient=True)
    return Matching(data_id, tuple(wanted), rows)


def _finder(chain: Chain, request: Request, missing: set[str]) -> Request:
    """Return the component, or the type itself, whose files have the missing keys.

    Lists come last: each of their elements has more keys.
    """
    mapper = chain.knowing(request).mapper
    dataset = mapper.dataset(request)
    if dataset.template is None and mapper.hook("query", request.datasetType) is None:
        for part in sorted(dataset.composite.values(), key=lambda part: part.subset):
            inner = _finder(chain, chain.request(part.datasetType), missing)
            if missing <= set(chain.knowing(inner).mapper.dataset(inner).keys):
                return inner
    return request


def lookup(
    chain: Chain,
    request: Request,
    columns: Sequence[str],
    data_id: Mapping[str, Any],
    lenient: bool = False,
) -> list[tuple[Any, ...]]:
    """Return the first answer that is not empty; see `persistence.butler.lookup.lookup`.

    Answers from file names are merged over all repositories. The keys of a composite are those of
    its components, one of which is queried for them.
    """
    request = _finder(chain, request, set(columns) - set(data_id))
    merged: dict[tuple[Any, ...], None] = {}
    for repository in chain.asked(request, data_id):
        mapper = repository.mapper
        dataset = mapper.dataset(request)
        hook = mapper.hook("query", request.datasetType)
        typed = mapper.typed(dataset, data_id)
        rows = (
            hook(columns, typed)
            if hook
            else one.lookup(repository, dataset, columns, typed, lenient)
        )
        lacking = [key for key in columns if key not in data_id]
        if rows and not one.lists_files(repository, dataset, lacking):
            return list(rows)
        merged.update(dict.fromkeys(rows))
    return list(merged)
