"""Containers for the data IDs of an ID argument, and for references to existing data.

Source: doc/gen2/gen2-cli.md, 3.7.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler import refusal
from persistence.butler.exists import Existence
from persistence.cli import keys, matching
from persistence.dataids.dataid import DataId, cast
from persistence.errors import DataIdError, PersistenceError, UsageError, did_you_mean

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

Filter = Callable[[Sequence[Any]], list[Any]]


class DataIdContainer:
    """The data IDs of an ID argument, and the datasets that match them.

    Parameters
    ----------
    level : `str`, optional
        The level at which datasets are distinguished. Default: the camera's.

    Attributes
    ----------
    datasetType : `str` or None
        The dataset type.
    idList : `list` [`dict`]
        The data IDs, as typed: their values are text until they are cast.
    refList : `list`
        References to existing datasets, in the order of the data IDs, and of the registry for
        each. A dataset that matches two data IDs is listed twice.
    """

    def __init__(self, level: str | None = None) -> None:
        self.level = level
        self.datasetType: str | None = None
        self.idList: list[dict[str, Any]] = []
        self.refList: list[Any] = []

    def setDatasetType(self, datasetType: str | None) -> None:
        """Set the dataset type."""
        self.datasetType = datasetType

    def castDataIds(self, butler: Butler) -> None:
        """Convert each key to the camera's name, and each value to the type of its key.

        Parameters
        ----------
        butler : `Butler`
            The Butler.

        Raises
        ------
        RuntimeError
            If there is no dataset type.
        UsageError
            If the dataset type or a key is unknown, a key is repeated, or a value is of another
            type.
        """
        if self.datasetType is None:
            raise RuntimeError("the dataset type must be set before data IDs are cast")
        try:
            known, aliases = keys.known(
                butler, self.datasetType, (key for typed_id in self.idList for key in typed_id)
            )
            self.idList = [_cast(data_id, known, aliases) for data_id in self.idList]
        except PersistenceError as error:
            raise UsageError(str(error)) from error

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create references to existing datasets; warn of data IDs that match none.

        Parameters
        ----------
        namespace : `argparse.Namespace`
            With ``butler`` and ``log``.

        Raises
        ------
        RuntimeError
            If there is no dataset type.
        UsageError
            If the data IDs cannot be looked up.
        """
        if self.datasetType is None:
            raise RuntimeError("the dataset type must be set before references are created")
        empty = []
        those_there = present(namespace.butler, self.datasetType)
        try:
            every = list(
                matching.references(
                    namespace.butler, str(self.datasetType), self.level, self.idList
                )
            )
            # All at once: there may be a data ID for each of 10^5 datasets.
            self.refList += those_there(list(itertools.chain.from_iterable(every)))
            existing = set(map(id, self.refList))
            for data_id, references in zip(self.idList, every, strict=True):
                if existing.isdisjoint(map(id, references)):
                    empty.append((data_id, len(references)))
        except PersistenceError as error:
            raise UsageError(str(error)) from error
        if empty:
            namespace.log.warning("%s", told_missing(namespace.butler, self.datasetType, empty))


def _cast(
    data_id: Mapping[str, Any], known: Mapping[str, type], aliases: Mapping[str, str]
) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for item, value in data_id.items():
        key = aliases.get(item, item)
        if key in typed:
            raise DataIdError(f"key {key!r} is repeated; write {key}=A^B")
        if key not in known:
            raise DataIdError(
                f"unknown key {key!r}{did_you_mean(key, [*known, *aliases])} (known: "
                f"{', '.join(known)})"
            )
        typed[key] = cast(key, value, known[key])
    return typed


def present(butler: Butler, name: str) -> Filter:
    """Return a function that selects the references to existing datasets.

    At a higher level, it selects those of which any part exists.
    """
    existence, every = Existence(butler, name), frozenset(butler.getKeys(name) or ())

    def those_there(references: Sequence[Any]) -> list[Any]:
        flags = existence.of([reference.dataId for reference in references])
        return [
            reference
            for reference, flag in zip(references, flags, strict=True)
            if (flag if every <= reference.dataId.keys() else is_part_there(reference.dataId))
        ]

    def is_part_there(data_id: Mapping[str, Any]) -> bool:
        return any(existence.of(butler.subset(name, dataId=data_id)))

    return those_there


def told_missing(
    butler: Butler, name: str, missing: Sequence[tuple[Mapping[str, Any], int]]
) -> str:
    """Return a message about data IDs that match nothing: why, and which others exist.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    name : `str`
        The dataset type.
    missing : sequence of tuple
        Each data ID, with the number of its registered datasets without a file.

    Returns
    -------
    message : `str`
        The message.
    """
    (first, registered), *others = missing
    lines = [
        f"No data found for {name} {dict(first)}",
        *(f"  {reason}" for reason in _reasons(butler, name, first, registered)),
    ]
    if others:
        from persistence.dataids import shorthand  # lazy: only needed for messages

        lines += [
            "Nor for",
            *(f"  {option}" for option in shorthand.typed(data_id for data_id, _ in others)),
        ]
    return "\n".join(lines)


def _reasons(
    butler: Butler, name: str, data_id: Mapping[str, Any], registered: int
) -> Iterator[str]:
    if registered:
        yield f"{registered} are registered, but their files are not there"
        return
    request = butler.chain.request(name.partition(".")[0])
    yield from map(str, refusal.refuse(butler.chain, "--id", request, DataId(data_id)).reasons)
