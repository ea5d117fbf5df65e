"""The conditions of an expression, each as SQL and as its possible outcomes in Python."""

from __future__ import annotations

import fnmatch
import functools
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from persistence.dataids.expression_operands import (
    ANY,
    NAMES,
    NULL,
    Day,
    Key,
    Kinds,
    Literal,
    Operand,
    Outcomes,
    Range,
    Sql,
    both,
    either,
    fail,
    negated,
    outcome,
)
from persistence.dataids.expression_text import Span

# Longer lists of values are passed as one JSON parameter.
_FEW = 100


class Condition(Protocol):
    """A node of an expression: a condition that rows can match."""

    def check(self, kinds: Kinds) -> None:
        """Raise an error if a key is unknown, or compared with a value of another type."""

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        """Return all possible truth values of the condition, given some of the row's values."""

    def sql(self, kinds: Kinds) -> Sql:
        """Return the condition in SQL, with its parameters."""

    def keys(self) -> Iterator[Key]:
        """Yield the keys in the condition."""

    def equalities(self) -> dict[str, Any]:
        """Return the keys that equal one value wherever the condition is true, with that value."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of a key with an operand, by an operator such as ``<=``."""

    key: Key
    word: str
    operand: Operand

    def check(self, kinds: Kinds) -> None:
        self.key.kind(kinds)
        self.operand.check(self.key, kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        if self.key.name not in values:
            return ANY
        return self.operand.compare(self.word, values[self.key.name], values)

    def sql(self, kinds: Kinds) -> Sql:
        return self.operand.sql(self.word, self.key, kinds)

    def keys(self) -> Iterator[Key]:
        return itertools.chain((self.key,), self.operand.keys())

    def equalities(self) -> dict[str, Any]:
        if self.word == "==" and isinstance(self.operand, Literal):
            return _equality(self.key, self.operand.value)
        return {}


def _equality(key: Key, value: int | float | str) -> dict[str, Any]:
    """Return a key with its value as a dictionary; empty for a fraction: no path contains one."""
    if isinstance(value, float):
        return {key.name: int(value)} if value.is_integer() else {}
    return {key.name: value}


@dataclass(frozen=True)
class Member:
    """A key whose value is in a list of numbers, texts, dates and ranges."""

    key: Key
    items: tuple[Literal | Day | Range, ...]

    @functools.cached_property
    def _values(self) -> frozenset[int | float | str]:
        return frozenset(item.value for item in self.items if isinstance(item, Literal))

    @functools.cached_property
    def _others(self) -> tuple[Day | Range, ...]:
        return tuple(item for item in self.items if not isinstance(item, Literal))

    def check(self, kinds: Kinds) -> None:
        self.key.kind(kinds)
        for item in self.items:
            item.check(self.key, kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        if self.key.name not in values:
            return ANY
        value = values[self.key.name]
        if value is None or value != value:
            return NULL if self.items else outcome(False)
        if value in self._values:
            return outcome(True)
        if any(isinstance(other, str) is not isinstance(value, str) for other in self._values):
            return ANY
        possible = outcome(False)
        for item in self._others:
            its = item.outcomes(value) if isinstance(item, Range) else item.compare("==", value, {})
            possible = either(possible, its)
        return possible

    def sql(self, kinds: Kinds) -> Sql:
        pairs = [self._listed(sorted(self._values, key=_rank))] if self._values else []
        for item in self._others:
            pairs.append(
                item.sql(self.key, kinds)
                if isinstance(item, Range)
                else item.sql("==", self.key, kinds)
            )
        return joined(pairs, "OR") if pairs else ("0", [])

    def _listed(self, values: Sequence[int | float | str]) -> Sql:
        column = self.key.column
        if len(values) <= _FEW or any(isinstance(value, float) for value in values):
            return f"{column} IN ({', '.join('?' * len(values))})", [*values]
        return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(values)]  # noqa: S608  # quoted

    def keys(self) -> Iterator[Key]:
        yield self.key

    def equalities(self) -> dict[str, Any]:
        values = {*self._values}
        return _equality(self.key, values.pop()) if len(values) == 1 and not self._others else {}


def _rank(value: int | float | str) -> tuple[bool, Any]:
    return isinstance(value, str), value


@dataclass(frozen=True, slots=True)
class Like:
    r"""A key whose text matches a pattern: ``%`` is any text, ``_`` a letter, ``\%`` a percent."""

    key: Key
    pattern: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def check(self, kinds: Kinds) -> None:
        kind = self.key.kind(kinds)
        if kind is not str:
            problem = f"{self.key.name} is {NAMES[kind]}: only texts can match a pattern"
            raise fail(self.span, problem)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        if self.key.name not in values:
            return ANY
        value = values[self.key.name]
        if value is None:
            return NULL
        if not isinstance(value, str):
            return ANY
        return outcome(_regex(self.pattern).match(value) is not None)

    def sql(self, kinds: Kinds) -> Sql:
        # SQLite's LIKE ignores case; GLOB does not.
        return f"{self.key.column} GLOB ?", [_glob(self.pattern)]

    def keys(self) -> Iterator[Key]:
        yield self.key

    def equalities(self) -> dict[str, Any]:
        return {}


_PATTERN = re.compile(r"\\([%_\\])|(%+)|(_)|([*?\[])", re.DOTALL)


def _glob(pattern: str) -> str:
    """Return a LIKE pattern as SQLite's GLOB pattern."""

    def piece(match: re.Match[str]) -> str:
        escaped, many, letter, special = match.groups()
        return escaped or (many and "*") or (letter and "?") or f"[{special}]"

    return _PATTERN.sub(piece, pattern)


@functools.lru_cache(maxsize=64)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(_glob(pattern)))


@dataclass(frozen=True, slots=True)
class Truth:
    """A key that is a condition by itself: whether a related dataset exists."""

    key: Key

    def check(self, kinds: Kinds) -> None:
        if self.key.kind(kinds) is not bool:
            name = self.key.name
            problem = f"{name} is not a condition: write {name} == ..., or {name} is not null"
            raise fail(self.key.span, problem)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        if self.key.name not in values:
            return ANY
        value = values[self.key.name]
        return NULL if value is None else outcome(bool(value))

    def sql(self, kinds: Kinds) -> Sql:
        return self.key.column, []

    def keys(self) -> Iterator[Key]:
        yield self.key

    def equalities(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class IsNull:
    """A key without a value: the registry or the header does not have it."""

    key: Key

    def check(self, kinds: Kinds) -> None:
        self.key.kind(kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        if self.key.name not in values:
            return frozenset({True, False})
        value = values[self.key.name]
        return outcome(value is None or value != value)

    def sql(self, kinds: Kinds) -> Sql:
        return f"{self.key.column} IS NULL", []

    def keys(self) -> Iterator[Key]:
        yield self.key

    def equalities(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition; NULL stays NULL."""

    part: Condition

    def check(self, kinds: Kinds) -> None:
        self.part.check(kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        return frozenset(negated(value) for value in self.part.outcomes(values))

    def sql(self, kinds: Kinds) -> Sql:
        text, parameters = self.part.sql(kinds)
        return f"NOT ({text})", parameters

    def keys(self) -> Iterator[Key]:
        return self.part.keys()

    def equalities(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class And:
    """The conjunction of conditions; true if there are none."""

    parts: tuple[Condition, ...]

    def check(self, kinds: Kinds) -> None:
        for part in self.parts:
            part.check(kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        possible = outcome(True)
        for part in self.parts:
            possible = both(possible, part.outcomes(values))
        return possible

    def sql(self, kinds: Kinds) -> Sql:
        return joined([part.sql(kinds) for part in self.parts], "AND") if self.parts else ("1", [])

    def keys(self) -> Iterator[Key]:
        return itertools.chain.from_iterable(part.keys() for part in self.parts)

    def equalities(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in self.parts:
            values = part.equalities() | values
        return values


@dataclass(frozen=True, slots=True)
class Or:
    """The disjunction of conditions; false if there are none."""

    parts: tuple[Condition, ...]

    def check(self, kinds: Kinds) -> None:
        for part in self.parts:
            part.check(kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        possible = outcome(False)
        for part in self.parts:
            possible = either(possible, part.outcomes(values))
        return possible

    def sql(self, kinds: Kinds) -> Sql:
        return joined([part.sql(kinds) for part in self.parts], "OR") if self.parts else ("0", [])

    def keys(self) -> Iterator[Key]:
        return itertools.chain.from_iterable(part.keys() for part in self.parts)

    def equalities(self) -> dict[str, Any]:
        every = [part.equalities() for part in self.parts]
        common = every[0] if every else {}
        return {
            key: value
            for key, value in common.items()
            if all(key in some and some[key] == value for some in every)
        }


def joined(pairs: Sequence[Sql], word: str) -> Sql:
    """Join conditions in SQL as a balanced tree: SQLite refuses a thousand levels of nesting."""
    if len(pairs) == 1:
        return pairs[0]
    middle = len(pairs) // 2
    left, its = joined(pairs[:middle], word)
    right, others = joined(pairs[middle:], word)
    return f"({left}) {word} ({right})", [*its, *others]
