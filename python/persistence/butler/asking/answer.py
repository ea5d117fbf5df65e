"""The result of `Butler.query`."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler.asking import ask, join
from persistence.butler.asking.ask import Where
from persistence.butler.asking.question import Question
from persistence.butler.asking.rows import Rows
from persistence.butler.query import Matching
from persistence.butler.subset import ButlerDataRef, ButlerSubset
from persistence.dataids.dataid import DataId
from persistence.errors import DataIdError

if TYPE_CHECKING:
    from persistence.butler.get import Reader
    from persistence.butler.subset import Asked

# The columns shown for datasets without keys.
_PLACE = ("repository", "path")


def query(
    butler: Asked,
    reader: Reader,
    names: Sequence[str],
    where: Where,
    data_id: Mapping[str, Any],
    columns: str | Sequence[str] | None = None,
    limit: int | None = None,
    order: str | Sequence[str] = (),
    distinct: bool = False,
    fresh: bool = True,
) -> Rows:
    """Return the rows of a query; see `Butler.query`.

    Parameters
    ----------
    butler, reader : `Butler`, `Reader`
        The Butler and its reader.
    names : sequence of `str`
        The dataset type, and further types whose existence is reported.
    where : `str` or `Expression`, optional
        The condition.
    data_id : mapping
        Required values.
    columns : `str` or sequence of `str`, optional
        The columns of the result. Default: the keys of the data ID, and the existence of the
        further types.
    limit, order, distinct, fresh
        As for `Butler.query`.

    Returns
    -------
    rows : `Rows`
        The rows.
    """
    name, *others = names
    question = ask.question(butler.chain, reader, name, where, data_id, others, fresh)
    order = words("order", order)
    shown = [*(keys(question) or _PLACE), *others]
    if columns is not None:
        shown = list(dict.fromkeys(words("columns", columns)))
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise DataIdError(f"limit={limit!r}: expected a number of rows, 0 or more")
    question.check(*shown, *(column.removeprefix("-") for column in order))
    return rows_of(butler, question, shown, limit, order, distinct)


def words(name: str, value: str | Sequence[str]) -> list[str]:
    """Return an argument that is one name, or several, as a list.

    Raises
    ------
    DataIdError
        If it is neither.
    """
    names = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    for item in names:
        if not isinstance(item, str):
            raise DataIdError(f"{name}: expected names, not {item!r}")
    return names


def rows_of(
    butler: Asked,
    question: Question,
    shown: Sequence[str],
    limit: int | None = None,
    order: Sequence[str] = (),
    distinct: bool = False,
    title: str | None = None,
) -> Rows:
    """Return the rows of a question, with a title; for the parameters, see `query`."""
    if not shown:
        raise DataIdError("columns: no column is requested")
    kinds = {name: question.kinds[name] for name in shown}
    return Rows(
        title or question.request.datasetType,
        kinds,
        functools.partial(join.rows, question, shown, order, limit, distinct),
        functools.partial(_references, butler, question, limit, order),
    )


def keys(question: Question) -> list[str]:
    """Return the keys of a data ID whose values are known."""
    return [key for key in question.columns.keys if key in question.columns.supplied]


def _references(
    butler: Asked, question: Question, limit: int | None, order: Sequence[str]
) -> list[ButlerDataRef]:
    its = tuple(keys(question))
    rows = list(join.rows(question, its or _PLACE, order, limit))
    rows = rows if its else [()] * len(rows)
    matching = Matching(DataId(), its, rows)
    subset = ButlerSubset.of(butler, question.request.datasetType, matching)
    return list(subset)
