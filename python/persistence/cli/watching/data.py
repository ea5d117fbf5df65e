"""What is there: the data of a type for which a command may be run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler.exists import Existence
from persistence.cli.usage import WrongUse
from persistence.cli.watching.loop import DataId, Datum
from persistence.dataids.expression import EVERYTHING, Expression
from persistence.errors import did_you_mean
from persistence.policy import suppliers

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.dataid import DataId as FullId

# Number of data IDs whose existence is checked at once.
_AT_ONCE = 10_000


class Data:
    """The data of a type.

    Parameters
    ----------
    butler : `Butler`
        The Butler whose repositories are watched.
    name : `str`
        The dataset type.
    wanted : sequence of `DataId`
        Partial data IDs of the data.
    by : sequence of `str`, optional
        The keys that identify data. Default: those that identify each dataset.
    since : `float`, optional
        The earliest time at which the file, or the link to it, was written; in seconds since 1970.
    where : `Expression`, optional
        A condition on the keys of a data ID.

    Raises
    ------
    WrongUse, UnknownKey, ExpressionError
        If the dataset type lacks one of the keys, or the condition uses another one.
    """

    def __init__(
        self,
        butler: Butler,
        name: str,
        wanted: Sequence[FullId],
        by: Sequence[str] | None = None,
        since: float | None = None,
        where: Expression = EVERYTHING,
    ) -> None:
        self._butler, self._name, self._wanted, self._since = butler, name, wanted, since
        self.keys: Mapping[str, type] = butler.getKeys(name, "") or {}
        where.check(self.keys)
        self._where = where
        for key in by or ():
            if key not in self.keys:
                raise WrongUse(
                    f"--by {key}: {name} has no such key{did_you_mean(key, self.keys)} (known: "
                    f"{', '.join(self.keys)})"
                )
        mapper = butler.chain.inputs[0].mapper
        self._identify: Callable[[FullId], dict[str, Any]] = (
            mapper.telling
            if by is None
            else lambda data_id: {key: data_id[key] for key in by if key in data_id}
        )

    def look(self, is_known: Callable[[DataId], bool]) -> Iterator[Datum]:
        """Yield existing data, except those already known, with their identifying data IDs."""
        existence = Existence(self._butler, self._name)
        for partial in self._wanted:
            every = (
                reference.dataId for reference in self._butler.subset(self._name, dataId=partial)
            )
            unknown = (
                full
                for full in every
                if not is_known(self._identify(full)) and self._is_meant(full)
            )
            while some := list(itertools.islice(unknown, _AT_ONCE)):
                for full, is_there in zip(some, existence.of(some), strict=True):
                    data_id = self._identify(full)
                    if is_there and not is_known(data_id) and self._is_new(full):
                        yield Datum(data_id, full)

    def _is_meant(self, full: FullId) -> bool:
        return self._where.possible({key: full.get(key) for key in self.keys})

    def _is_new(self, full: FullId) -> bool:
        if self._since is None:
            return True
        path = self.path(full)
        try:
            return path is not None and os.lstat(path).st_mtime >= self._since
        except FileNotFoundError:  # it is gone again
            return False

    def path(self, full: Mapping[str, Any]) -> str | None:
        """Return the file of a dataset, or None."""
        location = self._butler.chain.locate(self._butler.request(self._name), full)
        return None if location is None else location.full_path

    def directories(self) -> tuple[list[str], bool]:
        """Return the directories where data appear, and whether their subdirectories matter, too.

        Registered data appear with their row.
        """
        request = self._butler.request(self._name)
        repositories = self._butler.chain.asked(request, {})
        mapper = repositories[0].mapper
        registries = [repository.registry for repository in repositories]
        if suppliers.in_registry(mapper.dataset(request), mapper.policy, self.keys) and not any(
            registry.lists_files for registry in registries
        ):
            return list(dict.fromkeys(os.path.dirname(each.path) for each in registries)), False
        return [repository.root for repository in repositories], True
