"""The values of a key in an SQLite registry, for command-line completion.

Few values, in little time. Registries of other kinds complete nothing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from persistence.dataids import grammar
from persistence.files.sqlite import connect, quoted

# SQLite reads ten thousand rows in a millisecond. People notice a tenth of a second, half of which
# is Python's start.
_LONG = 50_000
_PART = 20_000
# The longest time of a query, in seconds; and the number of SQLite's instructions between checks of
# the clock.
_SECONDS = 0.03
_STEPS = 2000
# More than the detectors of any camera; bash asks before it lists more than 100.
_MOST = 250
# Characters of prefixes beyond the common one: 100 prefixes, if they are digits.
_DEEPER = 2


def values(path: str, key: str, chosen: Mapping[str, str], begin: str) -> list[str]:
    """Return the values of a key as texts, or, if there are too many, their prefixes.

    Parameters
    ----------
    path : `str`
        The registry.
    key : `str`
        The column.
    chosen : mapping of `str` to `str`
        Other columns, and the alternatives typed for each: ``1..5^7``. If reading all rows would
        take too long, fewer of them count.
    begin : `str`
        The beginning of the values.

    Returns
    -------
    values : `list` [`str`]
        Empty if no table has the column, or if all values that were read have the same beginning,
        which others may not have.

    Raises
    ------
    RegistryError
        If the registry cannot be read.
    sqlite3.Error
        If it cannot be read, or not in time.
    """
    with contextlib.closing(connect(path, 0.0)) as connection:
        end = time.monotonic() + _SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        return _values(connection, key, chosen, begin)


def _values(
    connection: sqlite3.Connection, key: str, chosen: Mapping[str, str], begin: str
) -> list[str]:
    found: set[str] = set()
    for table, columns in _tables(connection, key, chosen):
        known = {name: text for name, text in chosen.items() if name in columns}
        question = _Question(
            connection, quoted(table), quoted(key), *_conditions(key, known, begin), begin
        )
        if not question.takes_long():
            return _ordered(question.few())
        found = question.of_first_rows()
    # Shells insert the common prefix of all answers; that of a part of the values may not be common
    # to all.
    return _ordered(found) if len({text[: len(begin) + 1] for text in found}) > 1 else []


def _ordered(found: Collection[str]) -> list[str]:
    return sorted(found, key=lambda text: (len(text), text) if text.isdigit() else (0, text))


def _tables(
    connection: sqlite3.Connection, key: str, chosen: Mapping[str, str]
) -> Iterator[tuple[str, Collection[str]]]:
    """Yield the table with most of the chosen columns, then the smallest one, that of visits."""
    columns: dict[str, list[str]] = {}
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
    ).fetchall():
        columns[name] = [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(name)})")]
    having = [name for name in columns if key in columns[name]]
    having.sort(key=lambda name: len(columns[name]))
    if having:
        best = max(having, key=lambda name: len(chosen.keys() & columns[name]))
        for name in dict.fromkeys([best, having[0]]):
            yield name, columns[name]


def _conditions(key: str, chosen: Mapping[str, str], begin: str) -> tuple[str, list[str]]:
    """Return the SQL conditions on the rows, with their parameters."""
    told = [f"substr({quoted(key)}, 1, {len(begin):d}) = ?"] if begin else []
    parameters = [begin] if begin else []
    for column, text in chosen.items():
        pieces = []  # joined by OR; the step of a range is ignored here
        for piece in text.split("^"):
            match = grammar.RANGE.fullmatch(piece)
            pieces.append(
                f"{quoted(column)} = ?" if match is None else f"{quoted(column)} BETWEEN ? AND ?"
            )
            parameters += [piece] if match is None else [match[1], match[2]]
        told.append(f"({' OR '.join(pieces)})")
    return f"WHERE {' AND '.join(told)}" if told else "", parameters


class _Question(NamedTuple):
    """A query for the values of a key in a table on some conditions. Names are quoted."""

    connection: sqlite3.Connection
    table: str
    key: str
    where: str
    parameters: Sequence[str]
    begin: str

    def takes_long(self) -> bool:
        """Return whether many rows have to be read: no index helps, and the table is large."""
        query = f"EXPLAIN QUERY PLAN SELECT {self.key} FROM {self.table} {self.where}"  # noqa: S608  # quoted
        plan = self.connection.execute(query, self.parameters).fetchall()
        ((last,),) = self.connection.execute(f"SELECT max(rowid) FROM {self.table}")  # noqa: S608
        return (last or 0) > _LONG and any(row[3].startswith("SCAN") for row in plan)

    def few(self) -> set[str]:
        """Return the distinct values, or, if there are too many, common prefixes."""
        found = self._distinct(self.key, f"LIMIT {_MOST + 1}")
        if len(found) <= _MOST:
            return found
        ends = sorted(self._distinct(f"min({self.key})") | self._distinct(f"max({self.key})"))
        # The common prefix of the first and last text is common to all; for numbers, only if they
        # have equally many digits.
        are_alike = len(ends) == 2 and (len(ends[0]) == len(ends[1]) or not ends[0].isdigit())
        shared = os.path.commonprefix(ends) if are_alike else self.begin  # noqa: RUF071  # no paths
        length = len(shared) + _DEEPER
        return _shortened(self._distinct(f"substr({self.key}, 1, {length:d})"), length)

    def of_first_rows(self) -> set[str]:
        """Return the values in the first rows, regardless of the conditions."""
        some = f"(SELECT {self.key} FROM {self.table} LIMIT {_PART})"  # noqa: S608  # quoted
        found = self._replace(table=some, where="", parameters=())._distinct(self.key)
        fitting = {one for one in found if one.startswith(self.begin)}
        return _shortened(fitting, max(map(len, fitting), default=0))

    def _distinct(self, what: str, limit: str = "") -> set[str]:
        query = f"SELECT DISTINCT {what} FROM {self.table} {self.where} {limit}"  # noqa: S608  # quoted
        values = [value for (value,) in self.connection.execute(query, self.parameters)]
        texts = (str(value) for value in values if isinstance(value, int | float | str))
        # these can be typed
        return {text for text in texts if text and "^" not in text and text.isprintable()}


def _shortened(texts: set[str], length: int) -> set[str]:
    """Return the longest prefixes of one length that are not too many."""
    fewer = texts
    while len(fewer) > _MOST:
        length -= 1
        fewer = {text[:length] for text in texts}
    return fewer
