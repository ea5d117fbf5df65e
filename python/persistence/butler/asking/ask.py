"""Turn the arguments of a query into a `Question`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from persistence.butler.asking import columns, files
from persistence.butler.asking.question import Question
from persistence.butler.chain import Chain
from persistence.butler.get import Reader
from persistence.dataids import expression
from persistence.dataids.dataid import DataId, cast
from persistence.dataids.expression import Expression
from persistence.dataids.request import Request
from persistence.errors import DataIdError, TemplateUndefined
from persistence.policy.composites import is_keyless_aggregate

Where = str | Expression | None
_KINDS = (int, float, str)


def question(
    chain: Chain,
    reader: Reader,
    name: str,
    where: Where = None,
    data_id: Mapping[str, Any] = {},
    others: Iterable[str] = (),
    fresh: bool = True,
) -> Question:
    """Return the question of a query.

    Parameters
    ----------
    chain, reader : `Chain`, `Reader`
        The repositories and their reader.
    name : `str`
        The dataset type.
    where : `str` or `Expression`, optional
        The condition.
    data_id : mapping
        Further conditions: values of keys, or lists of values.
    others : iterable of `str`
        Further dataset types whose existence is reported.
    fresh : `bool`
        Whether directories are compared with the index first.

    Returns
    -------
    question : `Question`
        The question.

    Raises
    ------
    UnknownDatasetType, UnknownKey
        If there is no such type, or no such key.
    ExpressionError
        If the condition cannot be parsed, or compares values of different types.
    """
    tags = DataId(tag=getattr(data_id, "tag", None))
    bare = _bare(chain, reader, name, tags, fresh)
    others_of = {other: _bare(chain, reader, other, tags, fresh) for other in others}
    bare = bare._replace(others={**bare.others, **others_of})
    aliases = chain.knowing(bare.request).mapper.policy.aliases
    if not isinstance(where, Expression):
        where = expression.parse("" if where is None else where)
    by_key = {aliases.get(key, key): value for key, value in data_id.items()}
    kinds = bare.kinds
    typed = {key: _typed(key, value, kinds.get(key)) for key, value in by_key.items()}
    whole = [
        bare.where,
        where.renamed(aliases),
        *([expression.of_data_ids([typed])] if typed else []),
    ]
    restricted = bare._replace(where=expression.every(whole))
    restricted.check()
    return restricted


def _typed(key: str, value: Any, kind: type | None) -> Any:
    """Return a value of a data ID, or a list of values, converted to the type of its key."""
    value = value.tolist() if getattr(value, "shape", None) else value
    if isinstance(value, list | tuple | set | frozenset):
        return [_typed(key, item, kind) for item in value]
    if kind is datetime.datetime and isinstance(value, str):
        return expression.date(value)
    if kind not in _KINDS or value is None or isinstance(value, range):
        return value
    return cast(key, value, kind)


def _bare(chain: Chain, reader: Reader, name: str, tags: DataId, fresh: bool) -> Question:
    """Return a question about all datasets of a type."""
    request = reader.request(name)._replace(view=None)
    repositories = chain.asked(request, tags) or [chain.knowing(request)]
    dataset = repositories[0].mapper.dataset(request)
    if is_keyless_aggregate(dataset):
        raise DataIdError(
            f"{name} has no data IDs of its own: it consists of whatever a data ID matches"
        )
    if dataset.template is None and dataset.composite:
        parts = [
            part
            for part in dataset.composite.values()
            if not part.optional and part.dataIdFrom is None
        ]
        if parts and not any(part.subset for part in parts):
            names = list(dict.fromkeys(part.datasetType for part in parts))
            return _composite(chain, reader, request, names, tags, fresh)
    sources = files.sources(chain, request, tags)
    is_mapped = repositories[0].mapper.hook("map", request.datasetType) is not None
    if dataset.template is None and not dataset.composite and not is_mapped:
        raise TemplateUndefined(
            f"Template is not defined for the {name} dataset type ({dataset.source})"
        )
    its = columns.of(repositories, dataset)
    if sources is None:  # the data IDs are those of the registry
        its = its._replace(in_names=its.keys)
    return Question(chain, reader, request, its, sources, fresh=fresh, tags=tags)


def _composite(
    chain: Chain, reader: Reader, request: Request, names: list[str], tags: DataId, fresh: bool
) -> Question:
    """Return a question about a composite, which exists if all its components exist."""
    parts = {name: _bare(chain, reader, name, tags, fresh) for name in names}
    first = max(names, key=lambda name: len(parts[name].columns.keys))
    others = {name: part for name, part in parts.items() if name != first}
    bare = parts[first]
    where = expression.every([bare.where, expression.flags(others)])
    return bare._replace(request=request, others={**bare.others, **others}, where=where)
