"""The answer of `Butler.query`."""

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

# What is shown of datasets that have no keys.
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
    """Return rows; see `Butler.query`.

    Parameters
    ----------
    butler, reader : `Butler`, `Reader`
        What is asked.
    names : sequence of `str`
        The dataset type, and others of which is asked whether they are there.
    where : `str` or `Expression`, optional
        What has to be true.
    data_id : mapping
        What else has to be.
    columns : `str` or sequence of `str`, optional
        What is shown; by default the keys of the data ID, and whether the others are there.
    limit, order, distinct, fresh
        As there.
    """
    name, *others = names
    question = ask.question(butler.chain, reader, name, where, data_id, others, fresh)
    order = words("order", order)
    shown = [*(keys(question) or _PLACE), *others]
    if columns is not None:
        shown = list(dict.fromkeys(words("columns", columns)))
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise DataIdError(f"limit={limit!r}: a number of rows belongs here, 0 or more")
    question.check(*shown, *(column.removeprefix("-") for column in order))
    return rows_of(butler, question, shown, limit, order, distinct)


def words(name: str, given: str | Sequence[str]) -> list[str]:
    """Return an argument that is one name, or several.

    Raises
    ------
    DataIdError
        If it is neither.
    """
    found = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    for one in found:
        if not isinstance(one, str):
            raise DataIdError(f"{name}: names belong here, not {one!r}")
    return found


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
        raise DataIdError("columns: no column is asked for")
    kinds = {name: question.kinds[name] for name in shown}
    return Rows(
        title or question.request.datasetType,
        kinds,
        functools.partial(join.rows, question, shown, order, limit, distinct),
        functools.partial(_references, butler, question, limit, order),
    )


def keys(question: Question) -> list[str]:
    """Return the keys of a data ID that somebody knows."""
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
