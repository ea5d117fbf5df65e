"""Read the rows of a template page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persistence.butler.index.store import Store
from persistence.butler.index.tables import Row, Table
from persistence.files.sqlite import quoted

# A parameter of more characters is a table, which SQLite makes anew for each page; then pages have
# so many times more rows.
_LONG, _MORE = 100_000, 20


class Query:
    """A query of the rows of a template in pages: memory stays small, and locks short.

    Parameters
    ----------
    table : `Table`
        The template's table.
    columns : sequence of `str`
        The first columns of each row; the keys of the template follow.
    sql : `tuple` or None
        A condition in SQL, and its parameters. The table is called ``dataset`` in it.
    known : mapping
        Required values of keys; keys that the template lacks are ignored.

    Attributes
    ----------
    factor : `int`
        How many times more rows than usual a page should have.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        sql: tuple[str, Sequence[Any]] | None,
        known: Mapping[str, Any],
    ) -> None:
        required = {key: value for key, value in known.items() if key in table.keys}
        conditions = [f"dataset.{quoted(key)} = ?" for key in required]
        self._values = list(required.values())
        if sql is not None:
            conditions.append(f"({sql[0]})")
            self._values += sql[1]
        texts = [value for value in self._values if isinstance(value, str)]
        self.factor = _MORE if any(len(text) > _LONG for text in texts) else 1
        self._table = table
        keys = [f"dataset.{quoted(key)}" for key in table.keys]
        wanted = [f"dataset.{quoted(column)}" for column in columns]
        self._start = (
            f"SELECT {', '.join([*wanted, *keys]) or '1'} FROM main.{table.name} AS dataset "  # noqa: S608
            f"WHERE {' AND '.join(conditions) or '1'}"
        )
        self._behind = f" AND ({', '.join(keys)}) > ({', '.join('?' * len(keys))})"
        self._order = f" ORDER BY {', '.join(keys) or '1'} LIMIT ?"

    def page(self, store: Store, last: Row | None, size: int) -> list[Row]:
        """Return a number of rows that follow the keys of the last one."""
        if not store.has(self._table):
            return []
        behind, keys = (self._behind, last) if last is not None else ("", ())
        query = self._start + behind + self._order
        try:
            return store.connection.execute(query, [*self._values, *keys, size]).fetchall()
        except OverflowError:  # no row has such an integer
            return []
