"""The members of a federation: their names of keys, and queries of all of them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.butler.asking import columns as asked_columns
from persistence.butler.asking.rows import ConvertedRows, Rows, ordered
from persistence.butler.butler import Butler
from persistence.dataids import expression
from persistence.dataids.dataid import DataId
from persistence.dataids.expression import Expression
from persistence.errors import DataIdError, UnknownKey, did_you_mean

INSTRUMENT = "instrument"
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The columns that a camera has for a dataset type.

    Attributes
    ----------
    kinds : mapping [`str`, `type`]
        The camera's names of the columns, with the types of their values.
    aliases : mapping [`str`, `str`]
        Other names of columns -> the camera's names.
    """

    kinds: Mapping[str, type]
    aliases: Mapping[str, str]

    def __contains__(self, name: object) -> bool:
        return name in self.kinds or name in self.aliases

    def own(self, name: str) -> str:
        """Return the camera's name of a column."""
        return name if name in self.kinds else self.aliases[name]


@dataclass(frozen=True)
class Member:
    """An instrument and its Butler.

    Attributes
    ----------
    name : `str`
        The value of ``instrument`` in data IDs.
    butler : `Butler`
        The Butler of its data.
    """

    name: str
    butler: Butler

    def knows(self, datasetType: str) -> bool:
        """Check whether the camera has a dataset type, or a view."""
        return any(
            repository.mapper.knows(datasetType)
            or datasetType in repository.mapper.getDatasetTypes()
            for repository in self.butler.chain.inputs
        )

    def has_place(self, datasetType: str) -> bool:
        """Check whether the camera defines a path, or components, for a dataset type."""
        name = self.butler.request(datasetType).datasetType
        for repository in self.butler.chain.inputs:
            dataset = repository.mapper.types.get(name)
            is_said = dataset is not None and (dataset.template is not None or dataset.composite)
            if is_said or repository.mapper.hook("map", name) is not None:
                return True
        return False

    def vocabulary(self, datasetType: str) -> Vocabulary:
        """Return the columns that a query of a dataset type may name."""
        kinds = {**asked_columns.FILE, **(self.butler.getKeys(datasetType) or {})}
        aliases: dict[str, str] = {}
        request = self.butler.request(datasetType)._replace(view=None)
        name, chain = request.datasetType, self.butler.chain
        searched = chain.searched(name)
        knowing = [repository for repository in searched if name in repository.mapper.types]
        if knowing:
            its = asked_columns.of(knowing, knowing[0].mapper.dataset(request))
            kinds = {**its.kinds, **kinds}
        for repository in searched:
            policy = repository.mapper.policy
            aliases = {**policy.aliases, **aliases}
            if name not in policy.types:
                continue
            existing = set(repository.registry.tables())
            tables = [table for table in policy.types[name].tables if table in existing]
            for column in repository.registry.columns(tables) if tables else ():
                kinds.setdefault(column, policy.keys.get(column, str))
        known = {old: key for old, key in aliases.items() if key in kinds and old not in kinds}
        return Vocabulary(kinds, known)

    def row(self, names: Sequence[str], columns: Vocabulary, values: Mapping[str, Any]) -> Row:
        """Return a row for some names, from the values of the camera's columns."""
        return tuple(
            self.name
            if name == INSTRUMENT
            else values[columns.own(name)]
            if name in columns
            else None
            for name in names
        )


def common(key: str, own: Vocabulary, every: Sequence[Vocabulary]) -> str:
    """Return a name of a camera's key that all cameras know; the key itself if there is none."""
    names = [key, *(name for name, own_name in own.aliases.items() if own_name == key)]
    return next((name for name in names if all(name in keys for keys in every)), key)


def refuse_unknown(datasetType: str, names: Iterable[str], members: Sequence[Member]) -> None:
    """Raise an error if no camera knows a name.

    Raises
    ------
    UnknownKey
        For the first unknown name, with similar names.
    """
    known = {INSTRUMENT: None}
    for member in members:
        columns = member.vocabulary(datasetType)
        known |= dict.fromkeys([*columns.kinds, *columns.aliases])
    for name in names:
        if name not in known:
            raise UnknownKey(
                f"{datasetType} has no key {name!r} in any of "
                f"{', '.join(member.name for member in members)}{did_you_mean(name, known)} "
                f"(known: {', '.join(known)})"
            )


def registered(
    member: Member, datasetType: str, keys: Sequence[str], data_id: Mapping[str, Any]
) -> Iterator[Row]:
    """Yield the rows of a member's registry; None for keys that it does not know."""
    columns = member.vocabulary(datasetType)
    if not all(key in columns for key in data_id):
        return
    own_keys = list(dict.fromkeys(columns.own(key) for key in keys if key in columns))
    rows = member.butler.query_rows(datasetType, own_keys, DataId(data_id)) if own_keys else [()]
    for row in rows:
        yield member.row(keys, columns, dict(zip(own_keys, row, strict=True)))


@dataclass(frozen=True)
class Question:
    """A query of all members; see `Butler.query`."""

    datasetType: str
    where: str | Expression | None
    data_id: Mapping[str, Any]
    order: str | Sequence[str]
    distinct: bool
    fresh: bool
    limit: int | None

    def rows(
        self,
        selected: Sequence[Member],
        members: Sequence[Member],
        columns: str | Sequence[str] | None,
    ) -> Rows:
        """Return the rows of some members; columns are names that all members know."""
        where = self.where
        if not isinstance(where, Expression):
            where = expression.parse(where or "")
        order = [self.order] if isinstance(self.order, str) else list(self.order)
        order = [word for word in order if word]
        names = [columns] if isinstance(columns, str) else list(columns or ())
        names = names or self._default(selected, members)
        sorting = [word.removeprefix("-") for word in order]
        refuse_unknown(self.datasetType, [*names, *where.keys, *self.data_id, *sorting], members)
        kinds = {name: _kind(self.datasetType, name, members) for name in names}
        needed = list(dict.fromkeys([*names, *sorting]))

        def ask() -> Iterator[Row]:
            rows: Iterable[Row] = itertools.chain.from_iterable(
                self._of(member, where, needed, is_whole=bool(order or self.distinct))
                for member in selected
            )
            rows = ordered(list(rows), needed, order) if order else rows
            shown = (row[: len(names)] for row in rows)
            distinct = iter(dict.fromkeys(shown)) if self.distinct else shown
            return itertools.islice(distinct, self.limit)

        def refer() -> list[Any]:
            rows = [row for member in selected for row in self._refer(member, where, sorting)]
            rows = ordered(rows, sorting, order)
            return [reference for *_, reference in rows[: self.limit]]

        return ConvertedRows(self.datasetType, kinds, ask, refer)

    def _default(self, selected: Sequence[Member], members: Sequence[Member]) -> list[str]:
        every = [member.vocabulary(self.datasetType) for member in members]
        keys: dict[str, None] = {INSTRUMENT: None}
        for member in selected:
            for key in member.butler.getKeys(self.datasetType) or ():
                keys[common(key, member.vocabulary(self.datasetType), every)] = None
        return list(keys)

    def _rest(self, member: Member, where: Expression) -> Expression | None:
        """Return the part of a condition on a member's own keys; None if it is never true."""
        columns = member.vocabulary(self.datasetType)
        named = [name for name in (*where.keys, *self.data_id) if name != INSTRUMENT]
        if not all(name in columns for name in named):
            return None
        its, rest = where.parted([INSTRUMENT])
        if not its.possible({INSTRUMENT: member.name}):
            return None
        return rest.renamed({name: columns.own(name) for name in named})

    def _refer(self, member: Member, where: Expression, names: Sequence[str]) -> list[Row]:
        """Return a member's references, each preceded by the values of some columns."""
        rest = self._rest(member, where)
        if rest is None:
            return []
        if INSTRUMENT in rest.keys:
            raise DataIdError(f"references need a condition in which {INSTRUMENT} stands by itself")
        ask = functools.partial(
            member.butler.query,
            self.datasetType,
            rest,
            dataId=dict(self.data_id),
            fresh=self.fresh,
        )
        if not names:
            return [(reference,) for reference in ask(limit=self.limit).refs()]
        columns = member.vocabulary(self.datasetType)
        own = list(dict.fromkeys(columns.own(name) for name in names if name in columns))
        keys = ask().columns
        # A dataset has several rows if a column of the registry has several values for it.
        known: dict[Row, dict[str, Any]] = {}
        for row in ask([*keys, *own]):
            known.setdefault(tuple(row[key] for key in keys), row)
        nothing = dict.fromkeys(own)  # of a dataset without keys
        return [
            (
                *member.row(names, columns, known.get(_identity(ref, keys), nothing)),
                ref,
            )
            for ref in ask().refs()
        ]

    def _of(
        self, member: Member, where: Expression, names: Sequence[str], is_whole: bool
    ) -> Iterator[Row]:
        """Yield a member's rows."""
        rest = self._rest(member, where)
        if rest is None:
            return
        columns = member.vocabulary(self.datasetType)
        # a condition on both the instrument and other keys is evaluated here
        mixed = INSTRUMENT in rest.keys
        needed = [*names, *(rest.keys if mixed else ())]
        own = dict.fromkeys(columns.own(name) for name in needed if name in columns)
        rows = member.butler.query(
            self.datasetType,
            None if mixed else rest,
            list(own) or None,
            dict(self.data_id),
            limit=None if mixed or is_whole else self.limit,
            fresh=self.fresh,
        )
        for row in rows.tuples():
            values = dict(zip(rows.columns, row, strict=True))
            if not mixed or rest.possible({**values, INSTRUMENT: member.name}):
                yield member.row(names, columns, values)


def _kind(datasetType: str, name: str, members: Sequence[Member]) -> type:
    if name == INSTRUMENT:
        return str
    every = [member.vocabulary(datasetType) for member in members]
    kinds = {columns.kinds[columns.own(name)] for columns in every if name in columns}
    if kinds == {int, float}:
        return float
    return kinds.pop() if len(kinds) == 1 else str


def _identity(reference: Any, keys: Sequence[str]) -> Row:
    return tuple(reference.dataId.get(key) for key in keys)
