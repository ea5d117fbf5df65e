"""A question: which datasets of a type exist in a chain of repositories, with which properties."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from persistence.butler.asking import files, registered
from persistence.butler.asking.columns import FILE, Columns
from persistence.butler.asking.files import Choice, Source
from persistence.butler.asking.scratch import Row
from persistence.butler.chain import Chain
from persistence.butler.get import Reader
from persistence.dataids.dataid import DataId
from persistence.dataids.expression import EVERYTHING, Expression
from persistence.dataids.request import Request
from persistence.errors import DataIdError, UnknownKey, did_you_mean


class Question(NamedTuple):
    """A query of a dataset type.

    Attributes
    ----------
    chain : `Chain`
        The repositories.
    reader : `Reader`
        Checks the existence of datasets whose data IDs are not in file names.
    request : `Request`
        The dataset type.
    columns : `Columns`
        Its columns.
    sources : list of `Source` or None
        The trees of its files; None if file names do not contain the data IDs.
    where : `Expression`
        The condition.
    others : mapping [`str`, `Question`]
        Further dataset types whose existence is reported.
    fresh : `bool`
        Whether directories are compared with the index first.
    tags : `DataId`
        A data ID whose tags select repositories.
    """

    chain: Chain
    reader: Reader
    request: Request
    columns: Columns
    sources: Sequence[Source] | None
    where: Expression = EVERYTHING
    others: Mapping[str, Question] = {}
    fresh: bool = True
    tags: DataId = DataId()

    @property
    def kinds(self) -> dict[str, type]:
        """The columns that can be requested, with their types."""
        return {**self.columns.kinds, **dict.fromkeys(self.others, bool)}

    def check(self, *names: str) -> None:
        """Raise an error if a column is unknown, or the condition uses one."""
        kinds = self.kinds
        for name in names:
            if name not in kinds:
                known = ", ".join(kinds)
                raise UnknownKey(
                    f"{self.request.datasetType} has no column {name!r}"
                    f"{did_you_mean(name, kinds) or f' (it has {known})'}"
                )
        self.where.check(kinds)
        for other in self.others.values():
            self.common(other)

    def common(self, other: Question) -> list[str]:
        """Return the keys that join datasets of another type to those of this question.

        Raises
        ------
        DataIdError
            If they have no key in common.
        """
        its = [key for key in other.columns.keys if key in other.columns.supplied]
        for ours in (self.columns.keys, self.columns.registry):
            keys = [key for key in its if key in ours and key in self.columns.supplied]
            if keys:
                return keys
        raise DataIdError(
            f"{self.request.datasetType} and {other.request.datasetType} have no key in common"
        )

    def is_of_files(self, names: Collection[str]) -> bool:
        """Return whether file names, or the files themselves, suffice for some columns."""
        return set(names) <= {*self.columns.in_names, *self.columns.of_file}

    def of_files(self, names: Sequence[str], limit: int | None) -> Iterator[Row]:
        """Yield rows of columns for which `is_of_files`, in the order of the keys in file names."""
        keys = tuple(self.columns.in_names)
        shown = {*names, *self.where.keys}.intersection(self.columns.of_file)
        is_one = self.sources is not None and len(self.sources) == 1
        where, rest = self.where.parted([*keys, *(files.OWN if is_one else ())])
        choice = Choice(
            where, where.possible, not shown.isdisjoint(("size", "written")), "path" in shown,
            self.fresh,
        )  # fmt: skip
        columns = (*keys, *self.columns.of_file)
        positions = [columns.index(name) for name in names]
        all_of = None if not rest.is_everything else limit
        for row in self.winners(choice, all_of):
            if rest.is_everything or rest.possible(dict(zip(columns, row, strict=True))):
                yield tuple([row[position] for position in positions])

    def winners(self, choice: Choice, limit: int | None = None) -> Iterator[Row]:
        """Yield a row for each dataset, from the first repository that has it.

        It contains the keys in file names, and the columns of every file that no key hides.
        """
        keys = tuple(self.columns.in_names)
        hidden = [position for position, name in enumerate(FILE) if name in self.columns.keys]
        if self.sources is None:
            datasets = registered.datasets(
                self.chain, self.request, keys, choice.where, self.tags, self.reader.exists
            )
            rows = (
                (dataset.values, (dataset.size, dataset.time, dataset.root, dataset.path))
                for dataset in datasets
            )
        else:
            groups = files.ordered(self.sources, choice, keys, limit)
            rows = (
                (
                    dataset.values,
                    (dataset.size, dataset.time, dataset.source.tree.root, dataset.path),
                )
                for dataset in map(next, groups)
            )
        for values, file in rows:
            yield *values, *(its for position, its in enumerate(file) if position not in hidden)
