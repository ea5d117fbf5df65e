"""The interfaces of all registries: for queries, and for writing.

A new kind inherits from both classes, and its tests from those of `persistence.testing`.
"""

from __future__ import annotations

import fnmatch
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from persistence.errors import UnknownKey, did_you_mean

if TYPE_CHECKING:  # imports slow down command-line completion
    from persistence.dataids.template import PathTemplate
    from persistence.registry.tables import Row, TableSpec

# A value, or a pair of values, and the two columns that have to enclose it.
Between = tuple[Any, str, str]
Rows = list[tuple[Any, ...]]


class Registry(Protocol):
    """The interface for queries to any registry. Queries change nothing.

    Attributes
    ----------
    path : `str`
        The registry's file or directory.
    lists_files : `bool`
        Whether its rows are the existing files: such a registry cannot supply the keys of a new
        one.
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
            The columns to return, in this order.
        where : mapping
            Columns and the values that they have to equal.
        tables : sequence of `str`, optional
            The tables to query, joined by their common columns.
        between : `Between` or `None`, optional
            A value and two columns that have to enclose it as texts, inclusive. For a pair of
            values, the first must not precede the first column, and the second must not follow the
            second. A column that cannot be compared this way, because it is NULL or not written as
            ``2015-03-02``, excludes no row: callers have to check those rows.
        template : `PathTemplate` or `None`, optional
            The template of the files, for registries without tables.
        limit : `int` or `None`, optional
            The number of rows that is enough.

        Returns
        -------
        `list` [`tuple`]
            One tuple per row.

        Raises
        ------
        RegistryError
            If the registry cannot be read, or has no such table or column.
        """

    def stream(
        self, columns: Sequence[str], where: Mapping[str, Any], tables: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that `lookup` returns, without holding all of them in memory."""
        return iter(self.lookup(columns, where, tables))

    def prepared(
        self, columns: Sequence[str], keys: Sequence[str], tables: Sequence[str]
    ) -> Callable[[Sequence[Any]], Rows]:
        """Return a look-up function for repeated use with different values.

        Parameters
        ----------
        columns, tables : sequence of `str`
            As for `lookup`.
        keys : sequence of `str`
            The columns that have to equal the values passed, in this order.

        Returns
        -------
        ask : callable
            Takes the values and returns the rows. It may raise `RegistryError` if the registry was
            created anew, perhaps with other columns: it has to be prepared again.
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
        """Return one row per combination of values of some columns, in any order.

        Parameters
        ----------
        table : `str`
            The table.
        by : sequence of `str`
            The columns whose values are equal within a group.
        least : sequence of `str`, optional
            Columns whose minimum in each group is returned; None if there is no value.
        counted : `str` or `None`, optional
            The column whose distinct values are counted; by default, rows are counted.
        patterns : mapping of `str` to `str`, optional
            Columns, and file name patterns that their values have to match, with ``*``, ``?`` and
            ``[abc]``. A column that the table lacks matches nothing.
        ranges : mapping of `str` to sequence of `range`, optional
            Columns of numbers, and ranges, one of which has to contain the value.

        Returns
        -------
        rows : `list` [`tuple`]
            The values of ``by``, the minima, and the count.
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
        """Close files and connections; the next query opens them again."""


class RegistryWriter(Protocol):
    """The interface for writing to any registry. Nothing is created before rows are added.

    Attributes
    ----------
    path : `str`
        The registry's file.
    specs : mapping [`str`, `TableSpec`]
        The tables that are written, each with its visit table.
    """

    path: str
    specs: Mapping[str, TableSpec]

    @abstractmethod
    def find(self, table: str, key: Sequence[Any]) -> dict[str, Any] | None:
        """Return the row with some values of the unique columns; None if there is none.

        Raises
        ------
        RegistryError
            If the registry cannot be read, or its table has another layout.
        """

    @abstractmethod
    def rows(self, table: str) -> list[tuple[int, dict[str, Any]]]:
        """Return all rows of a table, each with the number that `update` takes."""

    @abstractmethod
    def count(self, table: str) -> int:
        """Return the number of rows of a table; 0 if the table does not exist."""

    @abstractmethod
    def transaction(self, anew: Collection[str] = ()) -> AbstractContextManager[None]:
        """Return a context in which all changes are one transaction, undone after an exception.

        Parameters
        ----------
        anew : collection of `str`, optional
            Tables that are created again, without their present rows. Missing tables are created in
            any case; other tables are kept.

        Raises
        ------
        RegistryError
            If a table has another layout, the registry cannot be written, or another process locks
            it for too long.
        """

    @abstractmethod
    def add(
        self, table: str, rows: Sequence[Row], replace: bool = False, ignore: bool = False
    ) -> None:
        """Add rows to a table, and new visits to its visit table, in a `transaction`.

        Parameters
        ----------
        table : `str`
            The table.
        rows : sequence of `Row`
            Rows with a value for each column.
        replace : `bool`, optional
            Whether to replace rows with the same unique columns.
        ignore : `bool`, optional
            Whether to keep existing rows with the same unique columns.

        Raises
        ------
        RowExists
            If a row exists already; perhaps only at the end of the transaction.
        RegistryError
            If there is no transaction.
        """

    @abstractmethod
    def update(self, table: str, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Change values of rows of a table, in a `transaction`.

        Parameters
        ----------
        table : `str`
            The table.
        changes : iterable of `tuple` [`int`, mapping]
            The number of a row, and its columns with new values.
        """

    def close(self) -> None:
        """Close files and connections."""


def refuse_unknown(
    wanted: Iterable[str], known: Collection[str], name: str, registry: Registry
) -> None:
    """Raise an error for keys that a registry does not have.

    Parameters
    ----------
    wanted : iterable of `str`
        The keys.
    known : collection of `str`
        The existing columns.
    name : `str`
        The dataset type, for the message.
    registry : `Registry`
        The registry, for the message.

    Raises
    ------
    UnknownKey
        Naming the first unknown key.
    """
    for column in wanted:
        if column not in known:
            raise UnknownKey(
                f"{name}: {column!r} is not a column of "
                f"{registry.path}{did_you_mean(column, known)} "
                f"(it has {', '.join(known)})"
            )


def _matches(value: Any, pattern: str) -> bool:
    return value is not None and fnmatch.fnmatchcase(str(value), pattern)


def _absent_last(value: Any) -> tuple[bool, bool, Any]:
    """Return a sort key for values of any type: numbers, texts, None."""
    return value is None, isinstance(value, str), value
