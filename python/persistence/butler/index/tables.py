"""The tables of an index.

Each path template has a table whose columns, and primary key, are its keys, in their order. It
contains no paths. The table of directories contains what shows whether they changed since they were
listed.
"""

from __future__ import annotations

import functools
import itertools
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence.dataids.template import PathTemplate
from persistence.errors import TemplateError
from persistence.files.content import COMPRESSED
from persistence.files.sqlite import quoted

Row = tuple[Any, ...]

# The version of the tables; a file of another version is created anew.
VERSION = 1
# The columns in addition to the keys.
ENDING, SIZE, TIME = "_ending", "_size", "_time"
# The only column of a template without keys.
ALONE = "_alone"
SCHEMA = (
    "CREATE TABLE dangling (dir INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (dir, name)) "
    "WITHOUT ROWID",
    "CREATE TABLE dirs (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, parent INTEGER, "
    "mtime INTEGER, ctime INTEGER, inode INTEGER, listed INTEGER, sized INTEGER, direct INTEGER, "
    "problem TEXT)",
    "CREATE INDEX dirs_parent ON dirs (parent)",
    "CREATE TABLE foreigners (dir INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER, "
    "time INTEGER, PRIMARY KEY (dir, name)) WITHOUT ROWID",
    "CREATE TABLE journals (name TEXT PRIMARY KEY, inode INTEGER, position INTEGER) WITHOUT ROWID",
    "CREATE TABLE stamps (name TEXT PRIMARY KEY, stamp TEXT) WITHOUT ROWID",
    "CREATE TABLE tally (template INTEGER NOT NULL, dir INTEGER NOT NULL, n INTEGER NOT NULL, "
    "bytes INTEGER, newest INTEGER, oldest INTEGER, PRIMARY KEY (template, dir)) WITHOUT ROWID",
    "CREATE INDEX tally_dir ON tally (dir)",
    "CREATE TABLE templates (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, "
    "endings TEXT NOT NULL)",
)
# Of two files of one dataset, the one whose ending comes first in the search order is kept.
_ORDER = "|".join(("", *reversed(COMPRESSED), "", ""))
BETTER = (
    f"UPDATE SET {ENDING} = excluded.{ENDING}, {SIZE} = excluded.{SIZE}, {TIME} = excluded.{TIME} "
    f"WHERE instr('{_ORDER}', '|' || excluded.{ENDING} || '|') > "
    f"instr('{_ORDER}', '|' || {ENDING} || '|')"
)
# A total is NULL unless the value is known for each row.
TALLY = "count(*), " + ", ".join(
    f"CASE WHEN count(*) = count({column}) THEN {function}({column}) END"
    for function, column in (("sum", SIZE), ("max", TIME), ("min", TIME))
)
_WORDS = {int: "INTEGER", float: "REAL", str: "TEXT"}
_KINDS = {int: "integer", float: "real", str: "text"}


class Table(NamedTuple):
    """The table of a template.

    Attributes
    ----------
    number : `int`
        The template's number in the file.
    template : `PathTemplate`
        The template of a file, without an HDU.
    keys : mapping [`str`, `type`]
        Its keys, in their order; the columns of the primary key.
    endings : `tuple` [`str`]
        The endings that may follow a file's name, in search order.
    """

    number: int
    template: PathTemplate
    keys: Mapping[str, type]
    endings: tuple[str, ...]

    @property
    def literals(self) -> int:
        """The number of literal characters in a path of the template."""
        return _literals(self.template)

    @property
    def name(self) -> str:
        return f"t{self.number}"

    @property
    def ddl(self) -> str:
        """The SQL statement that creates the table."""
        keys = self.keys or {ALONE: int}
        columns = ", ".join(f"{quoted(key)} {_WORDS[kind]} NOT NULL" for key, kind in keys.items())
        primary = ", ".join(map(quoted, keys))
        return (
            f"CREATE TABLE {self.name} ({columns}, {ENDING} TEXT NOT NULL, {SIZE} INTEGER, "
            f"{TIME} INTEGER, PRIMARY KEY ({primary})) WITHOUT ROWID"
        )

    def row(self, values: Row) -> Row:
        """Return the values of the primary key."""
        return values or (0,)

    def where(self, values: Row) -> str:
        """Return the SQL condition for the first keys to have certain values."""
        return " AND ".join(f"{quoted(key)} = ?" for key, _ in zip(self.keys, values)) or "1"  # noqa: B905  # of the first ones

    def types(self) -> str:
        """Return the SQL condition for all values to have the types that paths have."""
        kinds = self.keys or {ALONE: int}
        whole = [f"typeof({quoted(key)}) = '{_KINDS[kind]}'" for key, kind in kinds.items()]
        optional = [f"typeof({key}) IN ('integer', 'null')" for key in (SIZE, TIME)]
        endings = ", ".join(f"'{ending}'" for ending in ("", *COMPRESSED))
        return " AND ".join((*whole, *optional, f"{ENDING} IN ({endings})"))

    @property
    def texts(self) -> list[str]:
        """The keys that are text, quoted."""
        return [quoted(key) for key, kind in self.keys.items() if kind is str]


@functools.lru_cache(maxsize=4096)
def table_of(number: int, text: str, endings: str) -> Table:
    """Return the table described by a row of ``templates``."""
    template = PathTemplate(text)
    return Table(number, template, template.keys, tuple(endings.split("|")))


def difference(connection: sqlite3.Connection, name: str) -> str:
    """Return why a file is not an index of this version; an empty text if it is.

    Parameters
    ----------
    connection : `sqlite3.Connection`
        The connection to the file.
    name : `str`
        ``main``, or the name under which the file was attached.

    Returns
    -------
    problem : `str`
        The reason.
    """
    (version,) = connection.execute(f"PRAGMA {name}.user_version").fetchone()
    if version != VERSION:
        return f"is an index of version {version}, and this is version {VERSION}"
    rows = connection.execute(f"SELECT sql FROM {name}.sqlite_master WHERE sql IS NOT NULL")  # noqa: S608
    statements = {row[0] for row in rows}
    extra = statements.difference(SCHEMA)
    if len(statements) - len(extra) != len(SCHEMA):
        return "has not the tables of an index"
    if extra:
        query = f"SELECT number, text, endings FROM {name}.templates"  # noqa: S608  # ours
        try:
            extra -= {table_of(*row).ddl for row in connection.execute(query)}
        except (TemplateError, TypeError, ValueError, AttributeError):
            return "has a template that is none"
    return "has other tables, too" if extra else ""


@functools.lru_cache(maxsize=4096)
def _literals(template: PathTemplate) -> int:
    pieces = itertools.chain.from_iterable(template.components)
    return sum(len(piece) for piece in pieces if isinstance(piece, str))
