"""Operands of expressions: numbers, texts, dates, ranges and other keys, to compare a key with.

Each compares in SQL and in Python. In Python the result is the set of possible truth values while
some values are unknown: true, false, or NULL, as in SQL.
"""

from __future__ import annotations

import datetime
import functools
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from persistence.dataids import expression_dates as dates
from persistence.dataids.expression_text import Span
from persistence.errors import ExpressionError, PersistenceError, UnknownKey, did_you_mean

Outcomes = frozenset[bool | None]
Sql = tuple[str, list[Any]]
# The types of keys. `datetime` is the time of a file, stored as integer nanoseconds since 1970.
Kinds = Mapping[str, type]

ANY: Outcomes = frozenset({True, False, None})
NULL: Outcomes = frozenset({None})
NAMES = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    datetime.datetime: "a time",
    bool: "true or false",
}
_NUMBERS = (int, float)
_OPERATORS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "==": ("=", operator.eq),
    "!=": ("<>", operator.ne),
    "<": ("<", operator.lt),
    "<=": ("<=", operator.le),
    ">": (">", operator.gt),
    ">=": (">=", operator.ge),
}
# SQLite's integers.
_INTEGERS = range(-(2**63), 2**63)


def outcome(value: bool | None) -> Outcomes:
    """Return the set of possible truth values that has only this one."""
    return frozenset({value})


def fail(
    span: Span | None, problem: str, kind: type[PersistenceError] = ExpressionError
) -> PersistenceError:
    """Return an error that points at its cause, if that was written in an expression."""
    return kind(problem) if span is None else span.error(problem, kind)


# -- operands
# ---------------------------------------------------------------------------------------


class Operand(Protocol):
    """The other side of a key's comparison."""

    @property
    def span(self) -> Span | None: ...

    def check(self, key: Key, kinds: Kinds) -> None:
        """Raise `ExpressionError` if a key's values cannot be compared with this operand."""

    def compare(self, word: str, value: Any, values: Mapping[str, Any]) -> Outcomes:
        """Return the possible outcomes of comparing a value with this operand."""

    def sql(self, word: str, key: Key, kinds: Kinds) -> Sql:
        """Return the comparison of a key with this operand in SQL, with its parameters."""

    def keys(self) -> Iterator[Key]:
        """Yield the keys in the operand."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the data ID, or another column of the query."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def column(self) -> str:
        """The name quoted for SQL."""
        return '"' + self.name.replace('"', '""') + '"'

    def kind(self, kinds: Kinds, hint: str = "") -> type:
        """Return the type of the key's values.

        Parameters
        ----------
        kinds : `Kinds`
            The known keys and their types.
        hint : `str`, optional
            The end of the message if the key is unknown.

        Raises
        ------
        UnknownKey
            If the key is not known.
        """
        try:
            return kinds[self.name]
        except KeyError:
            near = did_you_mean(self.name, kinds) or f" (known: {', '.join(kinds) or 'none'})"
            problem = f"unknown key {self.name!r}{near}{hint}"
            raise fail(self.span, problem, UnknownKey) from None

    def check(self, key: Key, kinds: Kinds) -> None:
        ours = self.kind(kinds, f"; texts are quoted: '{self.name}'")
        others = key.kind(kinds)
        if ours is not others and not (ours in _NUMBERS and others in _NUMBERS):
            raise fail(
                self.span,
                f"{self.name} is {NAMES[ours]}, but {key.name} is {NAMES[others]}",
            )

    def compare(self, word: str, value: Any, values: Mapping[str, Any]) -> Outcomes:
        return ANY if self.name not in values else _compared(word, value, values[self.name])

    def sql(self, word: str, key: Key, kinds: Kinds) -> Sql:
        return f"{key.column} {_OPERATORS[word][0]} {self.column}", []

    def keys(self) -> Iterator[Key]:
        yield self


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text."""

    value: int | float | str
    span: Span | None = field(default=None, compare=False, repr=False)

    def check(self, key: Key, kinds: Kinds) -> None:
        kind = key.kind(kinds)
        if isinstance(self.value, int) and self.value not in _INTEGERS:
            raise fail(self.span, f"{self.value} has more than 64 bits")
        if isinstance(self.value, str) is (kind is str) and kind in (*_NUMBERS, str):
            return
        raise fail(
            self.span,
            f"{key.name} is {NAMES[kind]}, but {self.value!r} is "
            f"{NAMES[type(self.value)]}{self._hint(kind)}",
        )

    def _hint(self, kind: type) -> str:
        if kind is bool:
            return ": it is a condition by itself"
        if kind is datetime.datetime:
            return ": write a date, such as 2026-01-31 or 2026-01-31T18:30"
        try:
            other = str(self.value) if kind is str else kind(self.value)
        except ValueError:
            return ""
        return f": write {other!r}"

    def compare(self, word: str, value: Any, values: Mapping[str, Any]) -> Outcomes:
        return _compared(word, value, self.value)

    def sql(self, word: str, key: Key, kinds: Kinds) -> Sql:
        return f"{key.column} {_OPERATORS[word][0]} ?", [self.value]

    def keys(self) -> Iterator[Key]:
        return iter(())


def _compared(word: str, value: Any, other: Any) -> Outcomes:
    if value is None or other is None or value != value or other != other:  # NaN, which is NULL
        return NULL
    if isinstance(value, str) is not isinstance(other, str):
        return ANY  # values of unchecked types may compare either way
    return outcome(_OPERATORS[word][1](value, other))


@dataclass(frozen=True, slots=True)
class Day:
    """A date or a time of some precision, which matches all that begins with it."""

    text: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def check(self, key: Key, kinds: Kinds) -> None:
        kind = key.kind(kinds)
        if kind not in (str, datetime.datetime):
            number = self.text[:10].replace("-", "")
            hint = f": write {number}, if its values are dates" if kind is int else ""
            raise fail(
                self.span,
                f"{key.name} is {NAMES[kind]}, but {self.text} is a date{hint}",
            )
        if kind is str and self.text.endswith("Z"):
            raise fail(
                self.span,
                f"{key.name} is a text, which has no time scale: omit the Z",
            )

    def compare(self, word: str, value: Any, values: Mapping[str, Any]) -> Outcomes:
        if isinstance(value, str):
            return _compared(word, dates.prefix(value, self.text), self.text)
        if value is None:
            return NULL
        first, after = dates.interval(self.text)
        return outcome(_WITHIN[word][1](value, first, after))

    def sql(self, word: str, key: Key, kinds: Kinds) -> Sql:
        if key.kind(kinds) is str:
            return f"{dates.prefix_sql(key.column, self.text)} {_OPERATORS[word][0]} ?", [self.text]
        first, after = dates.interval(self.text)
        text, chosen = _WITHIN[word][0], _WITHIN[word][2]
        return text.format(key.column), [(first, after)[number] for number in chosen]

    def keys(self) -> Iterator[Key]:
        return iter(())


# Comparisons of an instant with an interval: in SQL, in Python, and the bounds that SQL needs.
_Within = tuple[str, Callable[[int, int, int], bool], tuple[int, ...]]
_WITHIN: Mapping[str, _Within] = {
    "==": ("{0} >= ? AND {0} < ?", lambda t, first, after: first <= t < after, (0, 1)),
    "!=": ("({0} < ? OR {0} >= ?)", lambda t, first, after: not first <= t < after, (0, 1)),
    "<": ("{0} < ?", lambda t, first, after: t < first, (0,)),
    "<=": ("{0} < ?", lambda t, first, after: t < after, (1,)),
    ">": ("{0} >= ?", lambda t, first, after: t >= after, (1,)),
    ">=": ("{0} >= ?", lambda t, first, after: t >= first, (0,)),
}

Bound = Literal | Day


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers, texts or dates from ``first`` to ``last``, inclusive; integers may have a step."""

    first: Bound
    last: Bound
    step: int = 1
    span: Span | None = field(default=None, compare=False, repr=False)

    def check(self, key: Key, kinds: Kinds) -> None:
        self.first.check(key, kinds)
        self.last.check(key, kinds)
        whole = isinstance(getattr(self.first, "value", None), int)
        if self.step != 1 and not (whole and key.kind(kinds) is int):
            raise fail(self.span, "only ranges of whole numbers can have a step")

    def outcomes(self, value: Any) -> Outcomes:
        """Return the possible outcomes of the test whether a value is in the range."""
        ends = both(self.first.compare(">=", value, {}), self.last.compare("<=", value, {}))
        if self.step == 1 or True not in ends:
            return ends
        return outcome((value - self._origin) % self.step == 0) if len(ends) == 1 else ANY

    @property
    def _origin(self) -> Any:
        return self.first.value if isinstance(self.first, Literal) else 0

    def sql(self, key: Key, kinds: Kinds) -> Sql:
        """Return the SQL condition that a key's value is in the range, with its parameters."""
        above, first = self.first.sql(">=", key, kinds)
        below, last = self.last.sql("<=", key, kinds)
        text, values = f"{above} AND {below}", [*first, *last]
        if self.step != 1:
            text += f" AND ({key.column} - ?) % ? = 0"
            values += [self._origin, self.step]
        return f"({text})", values


# -- three-valued logic
# ----------------------------------------------------------------------------


def negated(value: bool | None) -> bool | None:
    """Return the negation of a truth value; NULL (None) stays NULL."""
    return None if value is None else not value


def _and(value: bool | None, other: bool | None) -> bool | None:
    if value is False or other is False:
        return False
    return None if value is None or other is None else True


@functools.cache
def both(some: Outcomes, others: Outcomes) -> Outcomes:
    """Return the possible outcomes of ``and`` of two conditions."""
    return frozenset(_and(value, other) for value in some for other in others)


@functools.cache
def either(some: Outcomes, others: Outcomes) -> Outcomes:
    """Return the possible outcomes of ``or`` of two conditions."""
    return frozenset(
        negated(_and(negated(value), negated(other))) for value in some for other in others
    )
