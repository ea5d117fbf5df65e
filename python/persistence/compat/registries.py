"""Gen2's registry classes, with its signatures, based on `persistence.registry`."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence.compat.fsscanner import FsScanner
from persistence.compat.utils import sequencify
from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError, UnknownKey, did_you_mean
from persistence.files import fits_headers
from persistence.files import sqlite as sqlitefile
from persistence.files.sqlite import explained, quoted
from persistence.registry import sqlite
from persistence.registry.sqlite import joined

haveSqlite3 = True  # noqa: N816  # Gen2's spelling
havePgsql = False  # noqa: N816

_WAIT = 60.0


class Registry:
    """The base of Gen2's registries, which look up data IDs.

    Examples
    --------
    >>> from persistence import Registry
    >>> Registry.create("/no/such/registry.sqlite3") is None
    True
    """

    @staticmethod
    def create(location: str | None) -> Registry | None:
        """Open the registry at a location.

        Parameters
        ----------
        location : `str` or None
            A SQLite file or a directory.

        Returns
        -------
        registry : `Registry` or None
            The registry; None if the file does not exist.

        Raises
        ------
        RegistryError
            If it is neither.
        """
        if location is None:
            return None
        location = os.fspath(location)
        if location.endswith(".pgsql"):
            return PgsqlRegistry(location)
        if ".sqlite3" in location:
            return SqliteRegistry(location) if os.path.isfile(location) else None
        if os.path.isdir(location):
            return PosixRegistry(location)
        raise RegistryError(f"Unable to create registry using location: {location}")

    def lookup(
        self, lookupProperties: Any, reference: Any, dataId: Mapping[Any, Any] | None, **kwargs: Any
    ) -> list[tuple[Any, ...]] | None:
        """Return values; implemented by subclasses.

        Parameters
        ----------
        lookupProperties : `str` or iterable of `str`
            The columns.
        reference : `str` or iterable of `str`
            The tables.
        dataId : mapping or None
            Columns with required values.
        **kwargs
            For some subclasses.

        Returns
        -------
        rows : `list` of `tuple` or None
            The values.
        """
        raise NotImplementedError(f"{type(self).__name__} has no lookup")


class SqlRegistry(Registry):
    """A registry in an SQL database.

    Parameters
    ----------
    conn : `sqlite3.Connection` or None
        The connection.

    Attributes
    ----------
    conn : `sqlite3.Connection` or None
        The connection; without one, every result is None.

    Examples
    --------
    >>> import sqlite3
    >>> from persistence import SqlRegistry
    >>> SqlRegistry(None).lookup("visit", "raw", {"filter": "g"}) is None
    True
    """

    placeHolder = "?"

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.root = ""

    def lookup(
        self, lookupProperties: Any, reference: Any, dataId: Mapping[Any, Any] | None, **kwargs: Any
    ) -> list[tuple[Any, ...]] | None:
        """Return the distinct values of some columns.

        Parameters
        ----------
        lookupProperties, reference : `str` or iterable of `str`
            The columns, and the tables, which are joined by their common columns.
        dataId : mapping or None
            Columns with required values. For a pair of columns instead of one, the value must be
            between theirs, both included. Columns that the tables lack are ignored.
        **kwargs
            Not used.

        Returns
        -------
        rows : `list` of `tuple` or None
            The values.

        Raises
        ------
        UnknownKey
            If the tables lack a requested column, or all of those in ``dataId``.
        """
        if self.conn is None:
            return None
        if not reference:
            raise RegistryError(f"{self.root}: no table to look {lookupProperties} up in")
        tables, columns = tuple(sequencify(reference)), tuple(sequencify(lookupProperties))
        known = self._columns(tables)
        self._need(columns, known)
        conditions = [self._condition(key, known) for key in dataId or ()]
        values = [
            value for value, said in zip((dataId or {}).values(), conditions, strict=True) if said
        ]
        if dataId and not values:
            self._need(dataId, known)
        return self._select(columns, tables, [said for said in conditions if said], values)

    def executeQuery(
        self,
        returnFields: Iterable[str],
        joinClause: Iterable[str],
        whereFields: Iterable[tuple[str, str]] | None,
        range: tuple[str, str, str] | None,
        values: Sequence[Any] | None,
    ) -> list[tuple[Any, ...]] | None:
        """Return the distinct values of some columns of joined tables.

        Parameters
        ----------
        returnFields, joinClause : iterable of `str`
            The columns, and the tables.
        whereFields : iterable of `tuple`
            Columns with required values: ``?``, or a column.
        range : `tuple` of three `str`
            A value (``?`` or a column) that must be between two columns, both included.
        values : sequence
            The values of each ``?``, in order.

        Returns
        -------
        rows : `list` of `tuple` or None
            The values.
        """
        if self.conn is None:
            return None
        conditions = [
            f"{quoted(column)} = {self._operand(value)}" for column, value in whereFields or ()
        ]
        if range is not None:
            value, low, high = range
            conditions.append(f"{self._operand(value)} BETWEEN {quoted(low)} AND {quoted(high)}")
        return self._select(list(returnFields), list(joinClause), conditions, list(values or ()))

    def _select(
        self,
        columns: Sequence[str],
        tables: Sequence[str],
        conditions: Sequence[str],
        values: Sequence[Any],
    ) -> list[tuple[Any, ...]]:
        query = f"SELECT DISTINCT {', '.join(map(quoted, columns))} FROM {joined(tables)}"  # noqa: S608  # all quoted
        if conditions:
            query += f" WHERE {' AND '.join(conditions)}"
        assert self.conn is not None
        try:
            rows: list[tuple[Any, ...]] = self.conn.execute(query, values).fetchall()
            return rows
        except sqlite3.OperationalError as error:
            if "no such column" in str(error):
                raise UnknownKey(f"{self.root}: {error}") from error
            raise explained(error, self.root, 0.0) from error
        except sqlite3.Error as error:
            raise explained(error, self.root, 0.0) from error

    def _condition(self, key: Any, known: Mapping[str, str]) -> str | None:
        """Return the SQL condition for a key of a data ID; None if it is not a column."""
        if not isinstance(key, tuple):
            return f"{quoted(key)} = {self.placeHolder}" if key in known else None
        if len(key) != 2:
            raise RegistryError(f"Wrong number of keys for range:{key}")
        self._need(key, known)
        return f"{self.placeHolder} BETWEEN {quoted(key[0])} AND {quoted(key[1])}"

    def _columns(self, tables: Sequence[str]) -> Mapping[str, str]:
        raise NotImplementedError(f"{type(self).__name__} cannot list its columns")

    def _need(self, columns: Iterable[Any], known: Mapping[str, str]) -> None:
        for column in columns:
            if column not in known:
                hint = did_you_mean(str(column), known)
                raise UnknownKey(
                    f"{self.root} has no column {column!r}{hint} (it has {', '.join(known)})"
                )

    def _operand(self, text: str) -> str:
        return text if text == self.placeHolder else quoted(text)


class SqliteRegistry(SqlRegistry):
    """A read-only registry in a SQLite file.

    Parameters
    ----------
    location : `str`
        The file.

    Attributes
    ----------
    root : `str`
        The file.

    Examples
    --------
    >>> from persistence import SqliteRegistry
    >>> SqliteRegistry("registry.sqlite3").lookup("visit", "raw", {"filter": "g"})  # doctest: +SKIP
    [(123456,), (234567,)]
    """

    def __init__(self, location: str) -> None:
        super().__init__(sqlitefile.connect(location, _WAIT) if os.path.isfile(location) else None)
        self._process = os.getpid()
        self.root = location
        self._reader = sqlite.SqliteRegistry(location, _WAIT)

    def __reduce__(self) -> tuple[Any, ...]:
        return SqliteRegistry, (self.root,)

    def _select(
        self,
        columns: Sequence[str],
        tables: Sequence[str],
        conditions: Sequence[str],
        values: Sequence[Any],
    ) -> list[tuple[Any, ...]]:
        if self.conn is not None and self._process != os.getpid():
            sqlitefile.leave_to_parent(self.conn)
            self.conn, self._process = sqlitefile.connect(self.root, _WAIT), os.getpid()
        return super()._select(columns, tables, conditions, values)

    def _columns(self, tables: Sequence[str]) -> Mapping[str, str]:
        return self._reader.columns(tables)


class PgsqlRegistry(SqlRegistry):
    """A registry in PostgreSQL, which raises an error: it is not supported.

    Parameters
    ----------
    location : `str`
        The location of the registry.

    Raises
    ------
    RegistryError
        Always.

    Examples
    --------
    >>> from persistence import PgsqlRegistry, RegistryError
    >>> try:
    ...     PgsqlRegistry("registry.pgsql")
    ... except RegistryError as error:
    ...     print(error)
    registry.pgsql: registries in PostgreSQL are not supported; ingest into SQLite instead
    """

    def __init__(self, location: str) -> None:
        raise RegistryError(
            f"{location}: registries in PostgreSQL are not supported; ingest into SQLite instead"
        )


class PosixRegistry(Registry):
    """A registry that parses the names of the files below a directory.

    Parameters
    ----------
    root : `str`
        The directory.

    Examples
    --------
    >>> from persistence import PosixRegistry
    >>> PosixRegistry("/no/directory").lookup("visit", None, {}, template="%(visit)d.fits")
    []
    """

    def __init__(self, root: str) -> None:
        self.root = root

    def lookup(
        self, lookupProperties: Any, reference: Any, dataId: Mapping[Any, Any] | None, **kwargs: Any
    ) -> list[tuple[Any, ...]]:
        """Return values, one tuple for each file.

        Parameters
        ----------
        lookupProperties : `str` or iterable of `str`
            The keys.
        reference : object
            Not used: there are no tables.
        dataId : mapping or None
            Keys with required values of the required type: ``'7'`` is not 7. Keys that the template
            lacks are ignored.
        **kwargs
            ``template``, the path template, without which nothing is found; and ``storage``: for
            ``FitsStorage``, keys that the template lacks are read from the files' headers, and
            missing keywords are None.

        Returns
        -------
        rows : `list` of `tuple`
            The values.
        """
        if not kwargs.get("template"):
            return []
        template, known = str(kwargs["template"]), dict(dataId or {})
        columns = tuple(sequencify(lookupProperties))
        scanner = FsScanner(template)
        missing = [column for column in columns if column not in scanner.getFields()]
        if missing and kwargs.get("storage") != "FitsStorage":
            return []
        rows = []
        for path, values in scanner.processPath(self.root).items():
            if missing:
                values |= _from_header(
                    os.path.join(self.root, path), PathTemplate(template), missing, known | values
                )
            if all(values[key] == value for key, value in known.items() if key in values):
                rows.append(tuple(values[column] for column in columns))
        return rows


def _from_header(
    path: str, template: PathTemplate, keys: Sequence[str], data_id: Mapping[str, Any]
) -> dict[str, Any]:
    """Return keywords of the HDU that the template names, or else of the primary HDU."""
    hdu = template.locate(data_id)[1] if all(key in data_id for key in template.keys) else None
    cards = list(itertools.islice(fits_headers.scan(path), (hdu or 0) + 1))
    chosen = [cards[-1], cards[0]] if cards else []
    return {
        key: next((one[key.upper()] for one in chosen if key.upper() in one), None) for key in keys
    }
