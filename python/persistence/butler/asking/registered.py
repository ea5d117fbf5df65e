"""Datasets whose data IDs no name of a file tells: those that are registered, if they are there.

A camera's ``map_`` hook, or its path-mapper, calls their files as it likes; a composite may be a
list of whatever matches. Each data ID that the registry has is looked for, as
`Butler.datasetExists` does: that takes its time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from persistence.butler import query
from persistence.butler.chain import Chain
from persistence.dataids.dataid import DataId
from persistence.dataids.expression import Expression
from persistence.dataids.request import Request


class Registered(NamedTuple):
    """A dataset that is there; what is not known of it is None."""

    values: tuple[Any, ...]
    size: int | None = None
    time: int | None = None
    path: str | None = None
    root: str | None = None


def datasets(
    chain: Chain,
    request: Request,
    keys: Sequence[str],
    where: Expression,
    tags: DataId,
    is_there: Callable[[Request, DataId], bool],
) -> Iterator[Registered]:
    """Yield the datasets of a type that are registered and there, in the order of their keys.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    request : `Request`
        The dataset type.
    keys : sequence of `str`
        The keys of its data IDs.
    where : `Expression`
        What has to be true of these keys.
    tags : `DataId`
        Its tags say which repositories are asked.
    is_there : callable
        Whether a dataset of a complete data ID is there.
    """
    known = {key: value for key, value in where.known().items() if key in keys}
    every = query.matching(chain, request, "", DataId(known, tag=tags.tag)).data_ids()
    rows = {tuple(data_id.get(key) for key in keys) for data_id in every}
    for values in sorted(rows, key=lambda row: [(value is not None, value) for value in row]):
        data_id = dict(zip(keys, values, strict=True))
        given = {key: value for key, value in data_id.items() if value is not None}
        if where.possible(data_id) and is_there(request, DataId(given, tag=tags.tag)):
            yield _described(chain, request, values, DataId(given, tag=tags.tag))


def _described(
    chain: Chain, request: Request, values: tuple[Any, ...], data_id: DataId
) -> Registered:
    """Return what is known of a dataset's file, if it has one."""
    location = None
    if not chain.knowing(request).mapper.dataset(request).composite:
        location = chain.locate(request, data_id)
    if location is None:
        return Registered(values)
    try:
        status = os.stat(location.full_path)
    except OSError:
        return Registered(values, None, None, location.path, location.root)
    return Registered(values, status.st_size, status.st_mtime_ns, location.path, location.root)
