"""The datasets that match partial data IDs, also for very many of them, by one look-up."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler.subset import ButlerDataRef
from persistence.dataids.dataid import DataId
from persistence.policy import suppliers

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

# From this number on, reading all rows that may match costs less than one look-up for each.
_MANY = 2000


def references(
    butler: Butler, name: str, level: str | None, data_ids: Sequence[Mapping[str, Any]]
) -> Iterator[list[ButlerDataRef]]:
    """Return, for each data ID, references to all datasets that match it.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    name : `str`
        The dataset type.
    level : `str`, optional
        The level at which datasets are distinguished. Default: the camera's.
    data_ids : sequence of mapping
        Partial data IDs, with values of their keys' types.

    Returns
    -------
    references : `list` of `list`
        The references for each data ID.
    """
    for keys, group in itertools.groupby(data_ids, key=tuple):
        alike = list(group)
        if len(alike) >= _MANY and _in_one_registry(butler, name, level, keys):
            yield from _at_once(butler, name, level, alike)
        else:
            yield from (list(butler.subset(name, level, dataId=data_id)) for data_id in alike)


def _in_one_registry(butler: Butler, name: str, level: str | None, keys: Sequence[str]) -> bool:
    """Return whether one registry or directory has all that the data IDs match, by their keys."""
    request = butler.request(name)
    repositories = butler.chain.asked(request, {})
    every = butler.getKeys(name, level or "") or {}
    return (
        bool(keys and repositories)
        and suppliers.in_registry(
            repositories[0].mapper.dataset(request), repositories[0].mapper.policy, every
        )
        and len({id(repository.registry) for repository in repositories}) == 1
        and all(
            repository.mapper.hook("query", request.datasetType) is None
            for repository in repositories
        )
        and set(keys) < set(every)
    )


def _at_once(
    butler: Butler, name: str, level: str | None, data_ids: Sequence[Mapping[str, Any]]
) -> Iterator[list[ButlerDataRef]]:
    """Return references for all data IDs, from one look-up by the keys that they share."""
    first = data_ids[0]
    common = {
        key: value
        for key, value in first.items()
        if all(data_id[key] == value for data_id in data_ids)
    }
    telling = operator.itemgetter(*[key for key in first if key not in common] or first)
    subset = butler.subset(name, level, dataId=common)
    rows: dict[Any, list[DataId]] = {}
    for reference in subset:
        rows.setdefault(telling(reference.dataId), []).append(reference.dataId)
    for data_id in data_ids:
        yield [
            ButlerDataRef(subset, DataId({**data_id, **full}))
            for full in rows.get(telling(data_id), ())
        ]
