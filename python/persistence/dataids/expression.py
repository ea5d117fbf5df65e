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
from persistence.errors import DataIdError, ExpressionError

# What may be given for several values of a key.
_LISTS = (list, tuple, set, frozenset, range)


class Expression:
    """A condition on the keys of a dataset, and on what else a query knows of it.

    Parameters
    ----------
    condition : `persistence.dataids.expression_nodes.Condition`
        What it says. `parse` and `of_data_ids` make expressions.

    Notes
    -----
    Where a value is NULL, a comparison with it is neither true nor false, as in SQL, and so is the
    contrary of the comparison: ``filter != 'g'`` leaves out what has no filter.
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
        """The keys that it names, in their order."""
        return tuple(dict.fromkeys(key.name for key in self._condition.keys()))  # noqa: SIM118

    def check(self, kinds: Kinds) -> None:
        """Check it against the keys that there are.

        Parameters
        ----------
        kinds : mapping [`str`, `type`]
            The keys, with their types: `int`, `float`, `str`; `datetime.datetime` for times of
            files, which are integers: nanoseconds since 1970, UTC; `bool` for what is a condition
            by itself.

        Raises
        ------
        UnknownKey
            If it names another key.
        ExpressionError
            If it compares a key with what is of another type.
        """
        self._condition.check(kinds)

    def sql(self, kinds: Kinds) -> tuple[str, Sequence[Any]]:
        """Return it in SQLite's SQL, with the parameters in it; see `check` for the rest."""
        self.check(kinds)
        return self._condition.sql(kinds)

    def parted(self, names: Collection[str]) -> tuple[Expression, Expression]:
        """Return the part of it that is about some keys alone, and the rest.

        It is true where both are.
        """
        parts = _parts(self._condition)
        its = [part for part in parts if all(key.name in names for key in part.keys())]  # noqa: SIM118
        others = [part for part in parts if part not in its]
        return Expression(And(tuple(its))), Expression(And(tuple(others)))

    def renamed(self, aliases: Mapping[str, str]) -> Expression:
        """Return it with other names of some keys."""
        return Expression(_renamed(self._condition, aliases))

    @property
    def is_everything(self) -> bool:
        """Whether it has no condition at all."""
        return not _parts(self._condition)

    def possible(self, values: Mapping[str, Any]) -> bool:
        """Return whether it can be true of a row of which only some values are known.

        False only if it cannot, whatever the others are; of a row of which all is known, whether
        it is true. The values have the types that it was checked for; None is NULL.
        """
        return True in self._condition.outcomes(values)

    def known(self) -> dict[str, Any]:
        """Return the keys that have to be equal to one value, with that value."""
        return self._condition.equalities()


def _parts(condition: Condition) -> tuple[Condition, ...]:
    if not isinstance(condition, And):
        return (condition,)
    return tuple(inner for part in condition.parts for inner in _parts(part))


def _renamed(part: Any, aliases: Mapping[str, str]) -> Any:
    """Return a condition, or what is in one, with other names of some keys."""
    if isinstance(part, Key):
        return dataclasses.replace(part, name=aliases.get(part.name, part.name))
    if isinstance(part, tuple):
        return tuple(_renamed(inner, aliases) for inner in part)
    names = ("key", "operand", "part", "parts")
    inner = {name: getattr(part, name) for name in names if hasattr(part, name)}
    changed = {name: _renamed(value, aliases) for name, value in inner.items()}
    return dataclasses.replace(part, **changed) if changed else part


# True of everything.
EVERYTHING = Expression(And(()))


def parse(text: str) -> Expression:
    """Read an expression; of an empty text, one that is true of everything.

    Raises
    ------
    ExpressionError
        If it cannot be read; the message points at the column.
    """
    if not isinstance(text, str):
        raise ExpressionError(f"where: a condition belongs here, as a text, not {text!r}")
    return Expression(Parser(text).whole()) if text.strip() else EVERYTHING


def of_data_ids(data_ids: Iterable[Mapping[str, Any]]) -> Expression:
    """Return what is true of the datasets that one of some partial data IDs matches.

    A key may have several values: a list, a tuple, a set, a range or an array of them. None is
    that there is no value.
    """
    every = [And(tuple(_has(key, value) for key, value in one.items())) for one in data_ids]
    return Expression(every[0] if len(every) == 1 else Or(tuple(every)))


def of_words(
    options: Iterable[Sequence[str]], keys: Mapping[str, type], aliases: Mapping[str, str] = {}
) -> Expression:
    """Return what is true of the datasets that ``--id`` options stand for; without any, of all.

    Parameters
    ----------
    options : iterable of sequence of `str`
        The words of each option, ``visit=1^5..9:2``.
    keys, aliases : mapping
        As `persistence.dataids.grammar.alternatives` takes them, which raises the errors.
    """
    chosen = [grammar.alternatives(words, keys, aliases) for words in options]
    return of_data_ids(chosen) if chosen else EVERYTHING


def flags(names: Iterable[str]) -> Expression:
    """Return what is true where each of some keys is that are conditions by themselves."""
    return Expression(And(tuple(Truth(Key(name)) for name in names)))


def unless(names: Iterable[str]) -> Expression:
    """Return what is true where none of some keys is that are conditions by themselves."""
    return Expression(And(tuple(Not(Truth(Key(name))) for name in names)))


def every(expressions: Iterable[Expression]) -> Expression:
    """Return what is true where all of some expressions are."""
    parts = tuple(part for one in expressions for part in _parts(one._condition))
    return Expression(parts[0] if len(parts) == 1 else And(parts))


def _has(key: str, value: Any) -> Condition:
    """Return the condition that a key has a value, or one of several."""
    value = value.tolist() if getattr(value, "shape", None) else value
    if not isinstance(value, _LISTS):
        return (
            IsNull(Key(key)) if value is None else Comparison(Key(key), "==", _literal(key, value))
        )
    literals = tuple(_literal(key, one) for one in value if one is not None)
    member = Member(Key(key), literals)
    return Or((member, IsNull(Key(key)))) if None in value else member


def date(text: str) -> Any:
    """Return a date to be a value in `of_data_ids`; a text that is none, as it is."""
    written = dates.read(text)
    return text if written is None or dates.problem(written) else Day(written)


def _literal(key: str, value: Any) -> Literal | Day:
    if isinstance(value, Day):
        return value
    value = plain(value)
    if not isinstance(value, int | float | str):
        raise DataIdError(f"{key}={value!r}: a number or a text belongs here, or a list of them")
    return Literal(value)
