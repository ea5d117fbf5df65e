"""Datasets whose data IDs are not in file names: the registered ones, if they exist.

A camera's ``map_`` hook, or its path mapper, names their files freely; a composite may be a list of
all that matches. Each data ID of the registry is checked, as `Butler.datasetExists` does, which is
slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from persistence.butler import query
from persistence.butler.chain import Chain
from persistence.dataids.dataid import DataId
from persistence.dataids.expression import Expression
from persistence.dataids.request import Request
from persistence.files import mirrors


class Registered(NamedTuple):
    """A dataset that exists; unknown properties are None."""

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
    """Yield the registered datasets of a type that exist, in the order of their keys.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    request : `Request`
        The dataset type.
    keys : sequence of `str`
        The keys of its data IDs.
    where : `Expression`
        A condition on these keys.
    tags : `DataId`
        A data ID whose tags select repositories.
    is_there : callable
        Returns whether a dataset of a complete data ID exists.
    """
    known = {key: value for key, value in where.known().items() if key in keys}
    every = query.matching(chain, request, "", DataId(known, tag=tags.tag)).data_ids()
    rows = {tuple(data_id.get(key) for key in keys) for data_id in every}
    for values in sorted(rows, key=lambda row: [(value is not None, value) for value in row]):
        data_id = dict(zip(keys, values, strict=True))
        present = {key: value for key, value in data_id.items() if value is not None}
        if where.possible(data_id) and is_there(request, DataId(present, tag=tags.tag)):
            yield _described(chain, request, values, DataId(present, tag=tags.tag))


def _described(
    chain: Chain, request: Request, values: tuple[Any, ...], data_id: DataId
) -> Registered:
    """Return the properties of a dataset's file, if it has one."""
    location = None
    if not chain.knowing(request).mapper.dataset(request).composite:
        location = chain.locate(request, data_id)
    if location is None:
        return Registered(values)
    try:
        status = mirrors.stat(location.full_path)
    except OSError:
        return Registered(values, None, None, location.path, location.root)
    return Registered(values, status.st_size, status.st_mtime_ns, location.path, location.root)
