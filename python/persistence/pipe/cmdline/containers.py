"""What an ID argument becomes.

Data IDs, then references to the data that there are (gen2-cli 3.7).
"""

from __future__ import annotations

import argparse
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
    """The data IDs of an ID argument, and the data that they stand for.

    Parameters
    ----------
    level : `str`, optional
        The level at which data are told apart; by default the camera's.

    Attributes
    ----------
    datasetType : `str` or None
        The dataset type.
    idList : `list` [`dict`]
        The data IDs, as typed: their values are text until they are cast.
    refList : `list`
        References to the data that there are, in the order of the data IDs, and of the registry
        within each. What two data IDs stand for is there twice.
    """

    def __init__(self, level: str | None = None) -> None:
        self.level = level
        self.datasetType: str | None = None
        self.idList: list[dict[str, Any]] = []
        self.refList: list[Any] = []

    def setDatasetType(self, datasetType: str | None) -> None:
        """Say of which dataset type the data are."""
        self.datasetType = datasetType

    def castDataIds(self, butler: Butler) -> None:
        """Give each key the name, and each value the type, that the camera or the registry says.

        Raises
        ------
        RuntimeError
            If there is no dataset type.
        UsageError
            If the dataset type or a key is unknown, a key is there twice, or a value is of another
            type.
        """
        if self.datasetType is None:
            raise RuntimeError("the dataset type has to be set before data IDs are cast")
        try:
            known, aliases = keys.known(
                butler, self.datasetType, (key for one in self.idList for key in one)
            )
            self.idList = [_cast(data_id, known, aliases) for data_id in self.idList]
        except PersistenceError as error:
            raise UsageError(str(error)) from error

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Make references to the data that there are; warn of data IDs that stand for none.

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
            raise RuntimeError("the dataset type has to be set before references are made")
        empty = []
        those_there = present(namespace.butler, self.datasetType)
        try:
            every = matching.references(
                namespace.butler, str(self.datasetType), self.level, self.idList
            )
            for data_id, references in zip(self.idList, every, strict=True):
                found = those_there(references)
                self.refList += found
                if not found:
                    empty.append((data_id, len(references)))
        except PersistenceError as error:
            raise UsageError(str(error)) from error
        if empty:
            namespace.log.warning("%s", told_missing(namespace.butler, self.datasetType, empty))


def _cast(
    data_id: Mapping[str, Any], known: Mapping[str, type], aliases: Mapping[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for said, value in data_id.items():
        key = aliases.get(said, said)
        if key in found:
            raise DataIdError(f"key {key!r} is given twice; write {key}=A^B")
        if key not in known:
            raise DataIdError(
                f"unknown key {key!r}{did_you_mean(key, [*known, *aliases])} (known: "
                f"{', '.join(known)})"
            )
        found[key] = cast(key, value, known[key])
    return found


def present(butler: Butler, name: str) -> Filter:
    """Return what leaves of references those to datasets that are there.

    At a higher level, those of which any dataset is there that they are made of.
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
    """Tell of data IDs that stand for nothing: why the first does, and which others there are.

    Parameters
    ----------
    butler : `Butler`
        Who was asked.
    name : `str`
        The dataset type.
    missing : sequence of tuple
        Each data ID, with how many it stands for of which no file is there.
    """
    (first, registered), *others = missing
    lines = [
        f"No data found for {name} {dict(first)}",
        *(f"  {reason}" for reason in _reasons(butler, name, first, registered)),
    ]
    if others:
        from persistence.dataids import shorthand  # only who prints them needs it

        lines += [
            "Nor for",
            *(f"  {option}" for option in shorthand.typed(one for one, _ in others)),
        ]
    return "\n".join(lines)


def _reasons(
    butler: Butler, name: str, data_id: Mapping[str, Any], registered: int
) -> Iterator[str]:
    if registered:
        yield f"{registered} are registered, but their files are not there"
        return
    request = butler.chain.request(name.partition(".")[0])
    yield from refusal.refuse(butler.chain, "--id", request, DataId(data_id)).reasons
