"""Conditions on datasets: ``visit in (1..100) and filter == "r"``, parsed and never evaluated.

The language has comparisons (``== != < <= > >=``, also ``1 < visit <= 5``), lists and ranges
(``visit in (1..100, 205, 300..400:10)``, ``between``), patterns (``object like 'COSMOS%'``), ``is
null``, dates (``date == 2014-02-20``), ``and``, ``or``, ``not`` and parentheses. Texts stand in
quotes, of either kind; a key that is not a word in backticks: ```DATE-OBS```. It has no functions
and no arithmetic. doc/finding.rst tells what it means.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from persistence.dataids import expression_dates as dates
from persistence.dataids import grammar
from persistence.dataids.dataid import plain
from persistence.dataids.expression_nodes import (
    And,
    Comparison,
    Condition,
    IsNull,
    Member,
    Not,
    Or,
    Truth,
)
from persistence.dataids.expression_operands import Day, Key, Kinds, Literal
from persistence.dataids.expression_parser import Parser
from persistence.dataids.expression_rows import AmongRows
from persistence.errors import DataIdError, ExpressionError

# The types that hold several values of a key.
_LISTS = (list, tuple, set, frozenset, range)


class Expression:
    """A condition on the keys of datasets and on the other columns of a query.

    Parameters
    ----------
    condition : `persistence.dataids.expression_nodes.Condition`
        The parsed condition. `parse` and `of_data_ids` create expressions.

    Notes
    -----
    As in SQL, a comparison with NULL is neither true nor false, and nor is its negation: ``filter
    != 'g'`` does not match rows without a filter.

    Examples
    --------
    >>> from persistence.dataids.expression import parse
    >>> condition = parse("visit in (1..100) and filter == 'r'")
    >>> condition.keys
    ('visit', 'filter')
    >>> condition.sql({"visit": int, "filter": str})
    ('(("visit" >= ? AND "visit" <= ?)) AND ("filter" = ?)', [1, 100, 'r'])
    """

    def __init__(self, condition: Condition) -> None:
        self._condition = condition

    def __repr__(self) -> str:
        return f"Expression({self._condition!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other._condition == self._condition

    def __hash__(self) -> int:
        return hash(self._condition)

    def __and__(self, other: Expression) -> Expression:
        return every((self, other))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the expression, in order of appearance."""
        return tuple(dict.fromkeys(key.name for key in self._condition.keys()))  # noqa: SIM118

    def check(self, kinds: Kinds) -> None:
        """Check the expression against the keys that exist.

        Parameters
        ----------
        kinds : `Kinds`
            The known keys and their types: `int`, `float`, `str`; `datetime.datetime` for times of
            files, which are stored as integers (nanoseconds since 1970, UTC); `bool` for keys that
            are conditions by themselves.

        Raises
        ------
        UnknownKey
            If the expression has a key that is not known.
        ExpressionError
            If it compares a key with a value of another type.
        """
        self._condition.check(kinds)

    def sql(self, kinds: Kinds) -> tuple[str, Sequence[Any]]:
        """Return the condition in SQLite's SQL, with the values of its ``?`` placeholders.

        Parameters
        ----------
        kinds : `Kinds`
            The known keys and their types, as for `check`, which raises the errors.

        Returns
        -------
        `tuple` [`str`, sequence]
            The text of the condition, and its parameters.
        """
        self.check(kinds)
        return self._condition.sql(kinds)

    def parted(self, names: Collection[str]) -> tuple[Expression, Expression]:
        """Return the part of the expression that uses only some keys, and the rest.

        Parameters
        ----------
        names : collection of `str`
            The keys that the first part may use.

        Returns
        -------
        `tuple` [`Expression`, `Expression`]
            The part with these keys alone, and the rest. The whole expression is true where both
            are.
        """
        parts = _parts(self._condition)
        its = [part for part in parts if all(key.name in names for key in part.keys())]  # noqa: SIM118
        others = [part for part in parts if part not in its]
        return Expression(And(tuple(its))), Expression(And(tuple(others)))

    def renamed(self, aliases: Mapping[str, str]) -> Expression:
        """Return the expression with keys renamed.

        Parameters
        ----------
        aliases : mapping of `str` to `str`
            Old name to new name.

        Returns
        -------
        `Expression`
            The same condition on the renamed keys.
        """
        return Expression(_renamed(self._condition, aliases))

    @property
    def is_everything(self) -> bool:
        """Whether there is no condition at all, so that every row matches."""
        return not _parts(self._condition)

    def possible(self, values: Mapping[str, Any]) -> bool:
        """Return whether a row of which only some values are known can match.

        Parameters
        ----------
        values : mapping
            The known values by key, of the types that the expression was checked for; None is NULL.

        Returns
        -------
        `bool`
            False only if the row cannot match, whatever its other values are. If all values are
            known, whether it matches.
        """
        return True in self._condition.outcomes(values)

    def known(self) -> dict[str, Any]:
        """Return the keys that have to equal one value, with that value."""
        return self._condition.equalities()


def _parts(condition: Condition) -> tuple[Condition, ...]:
    if not isinstance(condition, And):
        return (condition,)
    return tuple(inner for part in condition.parts for inner in _parts(part))


def _renamed(part: Any, aliases: Mapping[str, str]) -> Any:
    """Return a condition, or a part of one, with keys renamed."""
    if isinstance(part, Key):
        return dataclasses.replace(part, name=aliases.get(part.name, part.name))
    if isinstance(part, tuple):
        return tuple(_renamed(inner, aliases) for inner in part)
    names = ("key", "operand", "part", "parts", "columns")
    inner = {name: getattr(part, name) for name in names if hasattr(part, name)}
    changed = {name: _renamed(value, aliases) for name, value in inner.items()}
    return dataclasses.replace(part, **changed) if changed else part


# Matches every row.
EVERYTHING = Expression(And(()))


def parse(text: str) -> Expression:
    """Parse the text of an expression; an empty text matches everything.

    Parameters
    ----------
    text : `str`
        The expression, such as ``visit > 100 and filter == 'r'``.

    Returns
    -------
    `Expression`
        The parsed expression.

    Raises
    ------
    ExpressionError
        If the text is not an expression; the message points at the column.
    """
    if not isinstance(text, str):
        raise ExpressionError(f"where: expected the text of a condition, not {text!r}")
    return Expression(Parser(text).whole()) if text.strip() else EVERYTHING


def of_data_ids(data_ids: Iterable[Mapping[str, Any]]) -> Expression:
    """Return the expression that matches the datasets of any of some partial data IDs.

    A key may have several values (a list, tuple, set, range or array); None matches a missing
    value.
    """
    conditions = [
        And(tuple(_has(key, value) for key, value in data_id.items())) for data_id in data_ids
    ]
    return Expression(conditions[0] if len(conditions) == 1 else Or(tuple(conditions)))


def of_rows(keys: Iterable[str], rows: Iterable[Sequence[Any]]) -> Expression:
    """Return the expression that some keys together have one of many combinations of values.

    Parameters
    ----------
    keys : iterable of `str`
        The keys.
    rows : iterable of sequence
        Numbers and texts, one for each key. However many there are, a query takes them as a table.
    """
    known = frozenset(tuple(map(plain, row)) for row in rows)
    return Expression(AmongRows(tuple(map(Key, keys)), known))


def of_words(
    options: Iterable[Sequence[str]], keys: Mapping[str, type], aliases: Mapping[str, str] = {}
) -> Expression:
    """Return the expression that matches the datasets that ``--id`` options select.

    Parameters
    ----------
    options : iterable of sequence of `str`
        The words of each option, ``visit=1^5..9:2``. No options select every dataset.
    keys, aliases : mapping
        As for `persistence.dataids.grammar.alternatives`, which raises the errors.
    """
    chosen = [grammar.alternatives(words, keys, aliases) for words in options]
    return of_data_ids(chosen) if chosen else EVERYTHING


def flags(names: Iterable[str]) -> Expression:
    """Return the expression that is true where all of some boolean keys are true."""
    return Expression(And(tuple(Truth(Key(name)) for name in names)))


def unless(names: Iterable[str]) -> Expression:
    """Return the expression that is true where none of some boolean keys is true."""
    return Expression(And(tuple(Not(Truth(Key(name))) for name in names)))


def every(expressions: Iterable[Expression]) -> Expression:
    """Return the expression that is true where all of some expressions are."""
    parts = tuple(part for expression in expressions for part in _parts(expression._condition))
    return Expression(parts[0] if len(parts) == 1 else And(parts))


def _has(key: str, value: Any) -> Condition:
    """Return the condition that a key equals a value, or one of several values."""
    value = value.tolist() if getattr(value, "shape", None) else value
    if not isinstance(value, _LISTS):
        return (
            IsNull(Key(key)) if value is None else Comparison(Key(key), "==", _literal(key, value))
        )
    literals = tuple(_literal(key, item) for item in value if item is not None)
    member = Member(Key(key), literals)
    return Or((member, IsNull(Key(key)))) if None in value else member


def date(text: str) -> Any:
    """Return a date as an operand for `of_data_ids`; a text that is not a date is kept as it is."""
    written = dates.read(text)
    return text if written is None or dates.problem(written) else Day(written)


def _literal(key: str, value: Any) -> Literal | Day:
    if isinstance(value, Day):
        return value
    value = plain(value)
    if not isinstance(value, int | float | str):
        raise DataIdError(f"{key}={value!r}: expected a number, a text, or a list of them")
    return Literal(value)
