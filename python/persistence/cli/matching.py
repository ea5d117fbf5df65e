"""The data that partial data IDs stand for, also of very many data IDs, by one look-up."""

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

# From so many on, reading all rows that they may stand for costs less than one look-up for each.
_MANY = 2000


def references(
    butler: Butler, name: str, level: str | None, data_ids: Sequence[Mapping[str, Any]]
) -> Iterator[list[ButlerDataRef]]:
    """Give, for each data ID, references to all data that it stands for.

    Parameters
    ----------
    butler : `Butler`
        Who is asked.
    name : `str`
        The dataset type.
    level : `str`, optional
        The level at which data are told apart; by default the camera's.
    data_ids : sequence of mapping
        Partial data IDs, whose values have the types of their keys.
    """
    for keys, group in itertools.groupby(data_ids, key=tuple):
        alike = list(group)
        if len(alike) >= _MANY and _in_one_registry(butler, name, level, keys):
            yield from _at_once(butler, name, level, alike)
        else:
            yield from (list(butler.subset(name, level, dataId=one)) for one in alike)


def _in_one_registry(butler: Butler, name: str, level: str | None, keys: Sequence[str]) -> bool:
    """Return whether one registry or directory has all that the data IDs match, by their keys."""
    request = butler.request(name)
    asked = butler.chain.asked(request, {})
    every = butler.getKeys(name, level or "") or {}
    return (
        bool(keys and asked)
        and suppliers.in_registry(asked[0].mapper.dataset(request), asked[0].mapper.policy, every)
        and len({id(one.registry) for one in asked}) == 1
        and all(one.mapper.hook("query", request.datasetType) is None for one in asked)
        and set(keys) < set(every)
    )


def _at_once(
    butler: Butler, name: str, level: str | None, data_ids: Sequence[Mapping[str, Any]]
) -> Iterator[list[ButlerDataRef]]:
    """Read what all the data IDs may match, by the keys they share, and distribute it."""
    first = data_ids[0]
    common = {
        key: value for key, value in first.items() if all(one[key] == value for one in data_ids)
    }
    telling = operator.itemgetter(*[key for key in first if key not in common] or first)
    subset = butler.subset(name, level, dataId=common)
    found: dict[Any, list[DataId]] = {}
    for reference in subset:
        found.setdefault(telling(reference.dataId), []).append(reference.dataId)
    for one in data_ids:
        yield [
            ButlerDataRef(subset, DataId({**one, **full})) for full in found.get(telling(one), ())
        ]
