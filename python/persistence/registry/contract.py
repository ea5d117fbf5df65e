"""What every registry keeps, whatever is behind it: how it is asked, and how it is written.

A kind of your own inherits from both classes, and its tests from those of `persistence.testing`.
"""

from __future__ import annotations

import fnmatch
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from persistence.errors import UnknownKey, did_you_mean

if TYPE_CHECKING:  # who completes a command line waits for what is imported
    from persistence.dataids.template import PathTemplate
    from persistence.registry.tables import Row, TableSpec

# A value, or a pair of them, and the two columns that enclose it.
Between = tuple[Any, str, str]
Rows = list[tuple[Any, ...]]


class Registry(Protocol):
    """What can be asked of any registry. Asking changes nothing.

    Attributes
    ----------
    path : `str`
        The file or directory that it is.
    lists_files : `bool`
        Whether its rows are the files that exist: it cannot tell where a new one belongs.
    """

    path: str
    lists_files: bool

    @abstractmethod
    def lookup(
        self,
        columns: Sequence[str],
        where: Mapping[str, Any],
        tables: Sequence[str] = (),
        between: Between | None = None,
        template: PathTemplate | None = None,
        limit: int | None = None,
    ) -> Rows:
        """Return the distinct values of some columns.

        Parameters
        ----------
        columns : sequence of `str`
            What to return, in this order.
        where : mapping
            Columns and the values that they have to have.
        tables : sequence of `str`
            The tables to ask, joined by the columns that they share.
        between : `tuple`, optional
            A value and two columns that have to enclose it as texts, both ends included; of a pair
            of values, the first one must not be before the first column, and the second one not
            behind the second. A column that cannot be compared so, for it is NULL or not written as
            ``2015-03-02`` is, excludes no row: the caller has to judge.
        template : `PathTemplate`, optional
            How the files are called: what a registry without tables asks.
        limit : `int`, optional
            How many rows are enough.

        Raises
        ------
        RegistryError
            If the registry cannot be read, or has no such table or column.
        """

    def stream(
        self, columns: Sequence[str], where: Mapping[str, Any], tables: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield what `lookup` returns, of however many rows, without all of them in memory."""
        return iter(self.lookup(columns, where, tables))

    def prepared(
        self, columns: Sequence[str], keys: Sequence[str], tables: Sequence[str]
    ) -> Callable[[Sequence[Any]], Rows]:
        """Return a look-up of which only the values are to be given, again and again.

        Parameters
        ----------
        columns, tables : sequence of `str`
            As `lookup` takes them.
        keys : sequence of `str`
            The columns whose values are given, in this order.

        Returns
        -------
        ask : callable
            It may raise `RegistryError` when the registry was made anew, perhaps with other
            columns: it has to be prepared again.
        """
        return lambda values: self.lookup(columns, dict(zip(keys, values, strict=True)), tables)

    @abstractmethod
    def columns(
        self, tables: Sequence[str], template: PathTemplate | None = None
    ) -> Mapping[str, str]:
        """Return the columns of some tables with their declared types."""

    @abstractmethod
    def tables(self) -> Sequence[str]:
        """Return the names of the tables."""

    @abstractmethod
    def count(self, table: str) -> int:
        """Return the number of rows of a table."""

    def grouped(
        self,
        table: str,
        by: Sequence[str],
        least: Sequence[str] = (),
        counted: str | None = None,
        patterns: Mapping[str, str] = {},
        ranges: Mapping[str, Sequence[range]] = {},
    ) -> Rows:
        """Return a row for each combination of values that some columns have, in any order.

        Parameters
        ----------
        table : `str`
            The table.
        by : sequence of `str`
            The columns that are alike in the rows of a group.
        least : sequence of `str`
            Columns of which the least value in a group is returned; None if it has none.
        counted : `str`, optional
            The column whose distinct values are counted; by default, rows are.
        patterns : mapping
            Columns, and what their values have to match: as of file names, with ``*``, ``?`` and
            ``[abc]``. A column that the table lacks matches nothing.
        ranges : mapping
            Columns of numbers, and the ranges of which one has to hold the value.

        Returns
        -------
        rows : `list` [`tuple`]
            The values of ``by``, the least values, and the number.
        """
        names = list(self.columns([table]))
        if not set(patterns) <= set(names):
            return []
        groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for values in self.lookup(names, {}, [table]):
            row = dict(zip(names, values, strict=True))
            if all(_matches(row[name], pattern) for name, pattern in patterns.items()) and all(
                any(row[name] in part for part in parts) for name, parts in ranges.items()
            ):
                groups.setdefault(tuple(row[name] for name in by), []).append(row)
        return [
            (
                *values,
                *(min((row[name] for row in rows), key=_absent_last) for name in least),
                len(rows) if counted is None else len({row[counted] for row in rows} - {None}),
            )
            for values, rows in groups.items()
        ]

    def close(self) -> None:
        """Let go of files and connections; the next question opens them again."""


class RegistryWriter(Protocol):
    """What can be done to any registry that is written. Nothing is made before rows come.

    Attributes
    ----------
    path : `str`
        The file that it is.
    specs : mapping [`str`, `TableSpec`]
        The tables that are written, each with its visit table.
    """

    path: str
    specs: Mapping[str, TableSpec]

    @abstractmethod
    def find(self, table: str, key: Sequence[Any]) -> dict[str, Any] | None:
        """Return the row that has these values of the unique columns; None if there is none.

        Raises
        ------
        RegistryError
            If the registry cannot be read, or its table is of another layout.
        """

    @abstractmethod
    def rows(self, table: str) -> list[tuple[int, dict[str, Any]]]:
        """Return each row of a table, with the number by which `update` knows it."""

    @abstractmethod
    def count(self, table: str) -> int:
        """Return the number of rows of a table; 0 if there is no such table."""

    @abstractmethod
    def transaction(self, anew: Collection[str] = ()) -> AbstractContextManager[None]:
        """Do all that follows at once: it is seen whole, or, after an exception, not at all.

        Parameters
        ----------
        anew : collection of `str`
            Tables that are created anew, without the rows that they have. Those that are missing
            are created in any case; what else is in the registry stays.

        Raises
        ------
        RegistryError
            If a table is of another layout, the registry cannot be written, or another process
            holds it for too long.
        """

    @abstractmethod
    def add(
        self, table: str, rows: Sequence[Row], replace: bool = False, ignore: bool = False
    ) -> None:
        """Add rows to a table, and what is new of their visits to its visit table.

        Within a `transaction`.

        Parameters
        ----------
        table : `str`
            The table.
        rows : sequence of mapping
            A value for each column.
        replace : `bool`
            Rows with the same unique columns give way.
        ignore : `bool`
            Rows with the same unique columns stay.

        Raises
        ------
        RowExists
            If a row is there already; perhaps only when the transaction ends.
        RegistryError
            If no transaction has begun.
        """

    @abstractmethod
    def update(self, table: str, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Change values of rows of a table: a row's number, and columns with their new values.

        Within a `transaction`.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def refuse_unknown(
    wanted: Iterable[str], known: Collection[str], name: str, registry: Registry
) -> None:
    """Refuse keys that a registry does not have.

    Parameters
    ----------
    wanted : iterable of `str`
        The keys.
    known : collection of `str`
        The columns that there are.
    name : `str`
        The dataset type, for the message.
    registry : `Registry`
        Who is asked.

    Raises
    ------
    UnknownKey
        With the first of them.
    """
    for column in wanted:
        if column not in known:
            raise UnknownKey(
                f"{name}: {column!r} is not known to {registry.path}{did_you_mean(column, known)} "
                f"(it knows {', '.join(known)})"
            )


def _matches(value: Any, pattern: str) -> bool:
    return value is not None and fnmatch.fnmatchcase(str(value), pattern)


def _absent_last(value: Any) -> tuple[bool, bool, Any]:
    """Return by what values of any type are ordered: numbers, texts, None."""
    return value is None, isinstance(value, str), value
