"""A file of the index: its tables, and the SQL that reads and changes them.

Each template of paths has a table: its keys are the columns, in their order, and the primary key.
There are no paths in it. Directories have theirs, with what tells whether they changed since they
were listed.
"""

from __future__ import annotations

import functools
import itertools
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from persistence.dataids.inversion import Inverter
from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError, TemplateError
from persistence.files.content import COMPRESSED
from persistence.files.sqlite import leave_to_parent, quoted

Row = tuple[Any, ...]

# Of the tables; a file of another version is made anew.
VERSION = 1
MEMORY = ":memory:"
# What each row has beside its keys.
ENDING, SIZE, TIME = "_ending", "_size", "_time"
# The only column of a template without keys.
ALONE = "_alone"
_PATIENCE = 10.0  # seconds that another process may take for what it writes at once
_PAGES = 32  # MiB of the file in memory
_SCHEMA = (
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
# Of two files of one dataset, the one whose ending comes first in the order of the search.
_ORDER = "|".join(("", *reversed(COMPRESSED), "", ""))
_BETTER = (
    f"UPDATE SET {ENDING} = excluded.{ENDING}, {SIZE} = excluded.{SIZE}, {TIME} = excluded.{TIME} "
    f"WHERE instr('{_ORDER}', '|' || excluded.{ENDING} || '|') > "
    f"instr('{_ORDER}', '|' || {ENDING} || '|')"
)
# What is not known of each row is not known of all.
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
        Of a file, without an HDU.
    keys : mapping [`str`, `type`]
        Its keys, in their order; the columns of the primary key.
    endings : `tuple` [`str`]
        What may follow a file's name, in the order of the search.
    """

    number: int
    template: PathTemplate
    keys: Mapping[str, type]
    endings: tuple[str, ...]

    @property
    def literals(self) -> int:
        """How many characters of a path are the template's own."""
        pieces = itertools.chain.from_iterable(self.template.components)
        return sum(len(piece) for piece in pieces if isinstance(piece, str))

    @property
    def name(self) -> str:
        return f"t{self.number}"

    @property
    def ddl(self) -> str:
        """The statement that creates it."""
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
        """Return the condition that the first keys have some values, of a directory."""
        return " AND ".join(f"{quoted(key)} = ?" for key, _ in zip(self.keys, values)) or "1"  # noqa: B905  # of the first ones

    def types(self) -> str:
        """Return the condition that all values are of the types that a path gives."""
        kinds = self.keys or {ALONE: int}
        whole = [f"typeof({quoted(key)}) = '{_KINDS[kind]}'" for key, kind in kinds.items()]
        optional = [f"typeof({key}) IN ('integer', 'null')" for key in (SIZE, TIME)]
        endings = ", ".join(f"'{ending}'" for ending in ("", *COMPRESSED))
        return " AND ".join((*whole, *optional, f"{ENDING} IN ({endings})"))

    @property
    def texts(self) -> list[str]:
        """The keys that are text, quoted."""
        return [quoted(key) for key, kind in self.keys.items() if kind is str]


class Store:
    """A file of the index, or one in memory.

    Parameters
    ----------
    path : `str`
        The file; it is created if need be. `MEMORY` for none.

    Raises
    ------
    RegistryError
        If it is of another version, or no index.
    sqlite3.Error
        If it cannot be opened, or is damaged.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.process = os.getpid()
        self.connection = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, uri=True
        )
        self._tables: dict[str, Table] = {}
        self._created: set[int] = set()
        try:
            self._prepare()
            self._file = self._identity()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        execute = self.connection.execute
        # Readers and a writer do not wait for each other; where that cannot be, they do.
        execute("PRAGMA journal_mode = WAL").fetchall()
        execute("PRAGMA synchronous = NORMAL")
        execute(f"PRAGMA cache_size = -{_PAGES * 1024}")
        if execute("PRAGMA user_version").fetchone() == (0,):
            with self.transaction():
                if not execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall():
                    for statement in _SCHEMA:
                        execute(statement)
                    execute(f"PRAGMA user_version = {VERSION}")
        problem = difference(self.connection, "main")
        if problem:
            raise RegistryError(f"{self.path} {problem}")

    def is_current(self) -> bool:
        """Return whether the file is still the one that was opened, in this process."""
        if self.process != os.getpid():  # a fork's memory is its own
            return self.is_in_memory
        return self._identity() == self._file

    @property
    def is_in_memory(self) -> bool:
        """Whether it is of this process alone."""
        return self.path == MEMORY

    def _identity(self) -> tuple[int, int] | None:
        if self.is_in_memory:
            return None
        try:
            status = os.stat(self.path)
        except OSError:
            return (0, 0)
        return status.st_dev, status.st_ino

    def __del__(self) -> None:
        # Closed when nobody reads it any more: threads may, while one opens another.
        connection = getattr(self, "connection", None)
        if connection is None:
            return
        if self.process == os.getpid() or self.is_in_memory:
            connection.close()
        else:
            leave_to_parent(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change the file all at once, or not at all."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:  # an interrupt too must end the transaction
            self._created.clear()
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    # -- templates ---------------------------------------------------------------------------------

    def tables(self) -> list[Table]:
        """Return the tables of all templates that the file knows, by their numbers."""
        rows = self.connection.execute("SELECT number, text, endings FROM templates ORDER BY 1")
        return [_table(*row) for row in rows]

    def add_templates(self, templates: Mapping[str, tuple[str, ...]]) -> list[Table]:
        """Make templates known, and have the directories listed again in which files may lie.

        Parameters
        ----------
        templates : mapping
            The text of each, and what may follow the names of its files.

        Returns
        -------
        new : `list` [`Table`]
            Those that were not known, or not with all these endings.
        """
        if not self._lacking(templates):
            return []
        with self.transaction():
            lacking = self._lacking(templates)
            self.connection.executemany(
                "INSERT INTO templates (text, endings) VALUES (?, ?) "
                "ON CONFLICT (text) DO UPDATE SET endings = excluded.endings",
                ((text, "|".join(endings)) for text, endings in lacking.items()),
            )
            new = [table for table in self.tables() if table.template.text in lacking]
            # Their files were not known as such when their directories were listed.
            inverter = Inverter([table.template for table in new], [("",)] * len(new))
            self.spoil(path for _, path in self.below("") if inverter.directory(path).values)
        return new

    def _lacking(self, templates: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """Return the templates that are not known, or not with all endings; with all of these."""
        known = {table.template.text: table.endings for table in self.tables()}
        return {
            text: tuple(dict.fromkeys((*known.get(text, ()), *endings)))
            for text, endings in templates.items()
            if not set(endings) <= set(known.get(text, ()))
        }

    def has(self, table: Table) -> bool:
        """Return whether the table of a template was created: it is when a first row comes."""
        if table.number in self._created:
            return True
        rows = self.connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table.name,)
        ).fetchall()
        if rows:
            self._created.add(table.number)
        return bool(rows)

    def insert(self, table: Table, rows: Sequence[Row], replace: bool = True) -> None:
        """Insert rows: keys, ending, size and time.

        Of two endings, the first in the order of the search stays; without ``replace``, what is
        there.
        """
        if not self.has(table):
            self.connection.execute(table.ddl)  # `has` finds it, unless this is rolled back
        marks = ", ".join("?" * (max(1, len(table.keys)) + 3))
        conflict = _BETTER if replace else "NOTHING"
        self.connection.executemany(
            f"INSERT INTO {table.name} VALUES ({marks}) ON CONFLICT DO {conflict}",  # noqa: S608
            rows,
        )

    def delete(self, table: Table, values: Row) -> None:
        """Delete the rows of a directory, by the values of the keys that are in its path."""
        if self.has(table):
            self.connection.execute(
                f"DELETE FROM {table.name} WHERE {table.where(values)}",  # noqa: S608  # quoted
                values,
            )

    def count(self, table: Table, values: Row) -> tuple[int, int | None, int | None, int | None]:
        """Count the rows of a directory; with their bytes, the newest and the oldest time."""
        if not self.has(table):
            return 0, None, None, None
        row: tuple[int, int | None, int | None, int | None] = self.connection.execute(
            f"SELECT {TALLY} FROM {table.name} WHERE {table.where(values)}",  # noqa: S608  # quoted
            values,
        ).fetchone()
        return row

    # -- directories -------------------------------------------------------------------------------

    def directories(self, paths: Sequence[str]) -> dict[str, Row]:
        """Return rows of directories by path: id, mtime, ctime, inode, listed, sized, direct."""
        rows: dict[str, Row] = {}
        for start in range(0, len(paths), 500):
            some = paths[start : start + 500]
            marks = ", ".join("?" * len(some))
            columns = "path, id, mtime, ctime, inode, listed, sized, direct"
            query = f"SELECT {columns} FROM dirs WHERE path IN ({marks})"  # noqa: S608  # ours
            rows.update((row[0], row[1:]) for row in self.connection.execute(query, some))
        return rows

    def add_directory(self, path: str) -> int:
        """Make a directory known, with those above it, and return its number."""
        rows = self.connection.execute("SELECT id FROM dirs WHERE path = ?", (path,)).fetchall()
        if rows:
            return int(rows[0][0])
        parent = self.add_directory(path.rpartition("/")[0]) if path else None
        added = self.connection.execute(
            "INSERT INTO dirs (path, parent) VALUES (?, ?)", (path, parent)
        )
        return int(added.lastrowid or 0)

    def children(self, path: str) -> list[str]:
        """Return the paths of the directories that are known in one, sorted."""
        query = (
            "SELECT path FROM dirs WHERE parent = (SELECT id FROM dirs WHERE path = ?) ORDER BY 1"
        )
        return [row[0] for row in self.connection.execute(query, (path,))]

    def below(self, path: str) -> list[tuple[int, str]]:
        """Return the numbers and paths of a directory and of all that are known below it."""
        query, values = "SELECT id, path FROM dirs", tuple[str, ...]()
        if path:
            # '0' is the character behind the slash.
            query += " WHERE path = ? OR (path > ? AND path < ?)"
            values = path, f"{path}/", f"{path}0"
        return self.connection.execute(query, values).fetchall()

    def spoil(self, paths: Iterable[str]) -> None:
        """Have directories listed again when somebody asks."""
        self.connection.executemany(
            "UPDATE dirs SET listed = NULL WHERE path = ?", ((path,) for path in paths)
        )


def is_damage(error: sqlite3.Error) -> bool | None:
    """Return whether an error says that a file is damaged, so that it is of no more use.

    None if it says nothing of the file: the statement is wrong.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return True
    return False if code in _UNUSABLE else None


# What does not let a file be used now: locks, the disk, permissions.
_UNUSABLE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)


@functools.lru_cache(maxsize=4096)
def _table(number: int, text: str, endings: str) -> Table:
    template = PathTemplate(text)
    return Table(number, template, template.keys, tuple(endings.split("|")))


def difference(connection: sqlite3.Connection, name: str) -> str:
    """Return what keeps a file from being an index of this version; an empty text if nothing.

    Parameters
    ----------
    connection : `sqlite3.Connection`
        To which the file belongs.
    name : `str`
        ``main``, or under which name it was attached.
    """
    (version,) = connection.execute(f"PRAGMA {name}.user_version").fetchone()
    if version != VERSION:
        return f"is an index of version {version}, and this is version {VERSION}"
    rows = connection.execute(f"SELECT sql FROM {name}.sqlite_master WHERE sql IS NOT NULL")  # noqa: S608
    statements = {row[0] for row in rows}
    extra = statements.difference(_SCHEMA)
    if len(statements) - len(extra) != len(_SCHEMA):
        return "has not the tables of an index"
    if extra:
        query = f"SELECT number, text, endings FROM {name}.templates"  # noqa: S608  # ours
        try:
            extra -= {_table(*row).ddl for row in connection.execute(query)}
        except (TemplateError, TypeError, ValueError, AttributeError):
            return "has a template that is none"
    return "has other tables, too" if extra else ""
