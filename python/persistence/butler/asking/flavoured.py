"""Queries of a family of dataset types, of all flavours: ``query('coadd_calexp')``."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.asking import answer, ask
from persistence.butler.asking.ask import Where
from persistence.butler.asking.question import Question
from persistence.butler.asking.rows import ConvertedRows, Rows, ordered
from persistence.butler.query import Matching
from persistence.butler.subset import ButlerDataRef, ButlerSubset
from persistence.dataids import expression
from persistence.dataids.dataid import DataId
from persistence.dataids.expression import Expression
from persistence.errors import DataIdError, UnknownKey, did_you_mean

if TYPE_CHECKING:
    from persistence.butler.get import Reader
    from persistence.butler.subset import Asked

FLAVOUR = "flavour"
Row = tuple[Any, ...]


class Flavoured(NamedTuple):
    """A query of a family; the fields are those of `Butler.query`.

    Attributes
    ----------
    butler : `Butler`
        The Butler.
    name : `str`
        The name of the family.
    questions : mapping [`str`, `Question`]
        A question about each flavour's dataset type, without conditions.
    rows_of : callable
        Returns the rows of one dataset type: of its name, a condition, and columns.
    """

    butler: Asked
    name: str
    questions: Mapping[str, Question]
    rows_of: Callable[..., Rows]
    where: Expression
    limit: int | None
    order: Sequence[str]
    distinct: bool

    def rows(self, columns: Sequence[str] = ()) -> Rows:
        """Return the rows, flavour by flavour unless sorted; None in columns that a type lacks."""
        keys = self._keys()
        names = list(dict.fromkeys(columns)) or keys
        sorting = [word.removeprefix("-") for word in self.order]
        kinds: dict[str, type] = {FLAVOUR: str}
        for question in self.questions.values():
            kinds = {**question.kinds, **kinds}
        for name in (*names, *sorting, *self.where.keys):
            if name not in kinds:
                raise UnknownKey(f"{self.name} has no key {name!r}{did_you_mean(name, kinds)}")
        return ConvertedRows(
            self.name,
            {name: kinds[name] for name in names},
            functools.partial(self._limited, names, sorting),
            functools.partial(self._references, keys, sorting),
        )

    def _keys(self) -> list[str]:
        every = (answer.keys(question) for question in self.questions.values())
        return list(dict.fromkeys((FLAVOUR, *itertools.chain.from_iterable(every))))

    def _limited(self, names: Sequence[str], sorting: Sequence[str]) -> Iterator[Row]:
        needed = list(dict.fromkeys((*names, *sorting)))
        rows: Iterable[Row] = self._every(needed)
        rows = ordered(list(rows), needed, self.order) if self.order else rows
        shown = (row[: len(names)] for row in rows)
        return itertools.islice(iter(dict.fromkeys(shown)) if self.distinct else shown, self.limit)

    def _every(self, names: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of each flavour that the condition allows."""
        its, rest = self.where.parted([FLAVOUR])
        # a condition on both the flavour and other keys is evaluated here
        mixed = FLAVOUR in rest.keys
        for flavour, question in self.questions.items():
            known = {*question.kinds, FLAVOUR}
            if not known.issuperset(rest.keys) or not its.possible({FLAVOUR: flavour}):
                continue
            wanted = dict.fromkeys(n for n in (*names, *(rest.keys if mixed else ())) if n in known)
            own = [name for name in wanted if name != FLAVOUR] or answer.keys(question) or ["path"]
            sub = self.rows_of(question.request.datasetType, None if mixed else rest, own)
            for row in sub.tuples():
                values = {**dict(zip(sub.columns, row, strict=True)), FLAVOUR: flavour}
                if not mixed or rest.possible(values):
                    yield tuple(values.get(name) for name in names)

    def _references(self, keys: Sequence[str], sorting: Sequence[str]) -> list[ButlerDataRef]:
        rows = list(self._limited(keys, sorting))
        return list(ButlerSubset.of(self.butler, self.name, Matching(DataId(), tuple(keys), rows)))


def of(
    butler: Asked,
    reader: Reader,
    names: Sequence[str],
    where: Where,
    limit: int | None,
    order: str | Sequence[str],
    distinct: bool,
    rows_of: Callable[..., Rows],
) -> Flavoured:
    """Return a query of all flavours of a family.

    Parameters
    ----------
    butler, reader : `Butler`, `Reader`
        The Butler and its reader.
    names : sequence of `str`
        The name of the family, alone.
    where, limit, order, distinct
        As for `Butler.query`.
    rows_of : callable
        Returns the rows of one dataset type, as `Butler.query` does.

    Raises
    ------
    DataIdError
        If there are further names.
    """
    name, *others = names
    if others:
        raise DataIdError(f"{name}: pass a flavour, to query {', '.join(others)}, too")
    questions = {
        flavour: ask.question(butler.chain, reader, butler.request(each).datasetType)
        for flavour, each in butler.chain.family(name).items()
    }
    its = where if isinstance(where, Expression) else expression.parse(where or "")
    return Flavoured(
        butler, name, questions, rows_of, its, limit, answer.words("order", order), distinct
    )


def matching(every: Mapping[str, Matching], data_id: DataId) -> Matching:
    """Return the data IDs of all flavours as one: with the flavour, and None for keys they lack."""
    keys = dict.fromkeys(key for one in every.values() for key in one.keys)
    rows = [
        (flavour, *map(dict(zip(one.keys, row, strict=True)).get, keys))
        for flavour, one in every.items()
        for row in one.rows
    ]
    return Matching(data_id, (FLAVOUR, *keys), rows)
