"""A condition that several keys together have one of many combinations of values."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.dataids.expression_operands import (
    ANY,
    NULL,
    Key,
    Kinds,
    Literal,
    Outcomes,
    Sql,
    outcome,
)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class AmongRows:
    """Keys whose values are one of many rows, such as the exposures on a region.

    In SQL it is one parameter, which SQLite makes a table of, and in Python one look-up: an ``or``
    of 100,000 data IDs would be neither.

    Parameters
    ----------
    columns : `tuple` [`Key`, ...]
        The keys.
    rows : `frozenset` [`tuple`]
        Their values: numbers and texts.
    """

    columns: tuple[Key, ...]
    rows: frozenset[Row]

    @functools.cached_property
    def _parts(self) -> dict[tuple[str, ...], frozenset[Row]]:
        return {}

    def _known(self, names: tuple[str, ...]) -> frozenset[Row]:
        """Return the combinations of values of some of the keys."""
        if names not in self._parts:
            places = [place for place, key in enumerate(self.columns) if key.name in names]
            self._parts[names] = frozenset(tuple([row[at] for at in places]) for row in self.rows)
        return self._parts[names]

    def check(self, kinds: Kinds) -> None:
        """Raise an error if a key is unknown, or its values in a row are of another type."""
        for place, key in enumerate(self.columns):
            key.kind(kinds)
            for value in {type(row[place]): row[place] for row in self.rows}.values():
                Literal(value).check(key, kinds)

    def outcomes(self, values: Mapping[str, Any]) -> Outcomes:
        """Return all possible truth values of the condition, given some of the row's values."""
        names = tuple([key.name for key in self.columns if key.name in values])
        if not names:
            return ANY if self.rows else outcome(False)
        row = tuple([values[name] for name in names])
        if None in row:
            return NULL if self.rows else outcome(False)
        if row not in self._known(names):
            return outcome(False)
        return outcome(True) if len(names) == len(self.columns) else ANY

    def sql(self, kinds: Kinds) -> Sql:
        """Return the condition in SQL, with its parameter."""
        names = ", ".join(key.column for key in self.columns)
        parts = ", ".join(f"json_extract(value, '$[{at}]')" for at in range(len(self.columns)))
        rows = json.dumps(sorted(self.rows, key=repr))
        return f"({names}) IN (SELECT {parts} FROM json_each(?))", [rows]  # noqa: S608  # quoted

    def keys(self) -> Iterator[Key]:
        """Yield the keys in the condition."""
        yield from self.columns

    def equalities(self) -> dict[str, Any]:
        """Return the keys that have one value in all rows."""
        first = next(iter(self.rows), None)
        return {
            key.name: first[place]
            for place, key in enumerate(self.columns)
            if first is not None
            and isinstance(first[place], int | str)
            and all(row[place] == first[place] for row in self.rows)
        }
