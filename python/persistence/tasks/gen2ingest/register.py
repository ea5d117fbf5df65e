"""`RegisterTask`: the registry's tables, as Gen2's camera packages extend it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from persistence.errors import PolicyError
from persistence.files.sqlite import quoted
from persistence.pipe.task import Later, Task

_CONFIGS = "persistence.tasks.gen2ingest.configs"
_TYPES = {"text": str, "int": int, "double": float}
# Methods replaced by our own writer of registries: overrides would not be called.
OURS = ("openRegistry", "createTable", "check", "addRow", "addVisits")


class RegisterTask(Task):
    """The tables of a registry.

    `persistence.ingest` writes the rows itself, a file's in one transaction. These methods do the
    same for programs that call them.
    """

    ConfigClass: ClassVar[Any] = Later(_CONFIGS, "RegisterConfig")
    _DefaultName = "register"
    placeHolder = "?"

    def refuse_overridden(self) -> None:
        """Raise an error if a subclass overrides methods that would not be called.

        Raises
        ------
        PolicyError
            With the name of the method.
        """
        for name in OURS:
            if getattr(type(self), name) not in (
                getattr(RegisterTask, name),
                getattr(CalibsRegisterTask, name),
            ):
                raise PolicyError(
                    f"{type(self).__name__}.{name}: rows are written as registries of Gen2 have "
                    "them; a method of its own for that is not asked here"
                )

    @contextlib.contextmanager
    def openRegistry(
        self, directory: Any, create: bool = False, dryrun: bool = False,
        name: str = "registry.sqlite3",
    ) -> Iterator[sqlite3.Connection | None]:  # fmt: skip
        """Open the registry of a directory, and create missing tables; None for a dry run."""
        if dryrun:
            yield None
            return
        root = directory if isinstance(directory, str) else directory.getRepository().root
        with contextlib.closing(sqlite3.connect(os.path.join(root, name))) as connection:
            self.createTable(connection, forceCreateTables=create)
            with connection:
                yield connection

    def createTable(
        self, conn: sqlite3.Connection, table: str | None = None, forceCreateTables: bool = False
    ) -> None:
        """Create a table, and that of its visits, unless they exist."""
        name, columns = table or self.config.table, dict(self.config.columns)
        there = {row[0] for row in conn.execute("SELECT name FROM sqlite_master")}
        if name in there and not forceCreateTables:
            return
        for table_name in (name, f"{name}_visit"):
            conn.execute(f"DROP TABLE IF EXISTS {quoted(table_name)}")
        unique, visit = list(self.config.unique), list(self.config.visit)
        parts = ["id integer primary key autoincrement", *_declared(columns, columns)]
        conn.execute(f"CREATE TABLE {quoted(name)} ({', '.join([*parts, *_unique(unique)])})")
        both = [column for column in visit if column in unique]
        parts = [*_declared(columns, visit), *_unique(both)]
        conn.execute(f"CREATE TABLE {quoted(f'{name}_visit')} ({', '.join(parts)})")

    def check(
        self, conn: sqlite3.Connection, info: Mapping[str, Any], table: str | None = None
    ) -> bool:
        """Check if there is a row with the values of the unique columns."""
        unique = list(self.config.unique)
        if self.config.ignore or not unique:
            return False
        where = " AND ".join(f"{quoted(column)} = ?" for column in unique)
        query = f"SELECT 1 FROM {quoted(table or self.config.table)} WHERE {where}"  # noqa: S608  # quoted
        return conn.execute(query, [info[column] for column in unique]).fetchone() is not None

    def addRow(
        self,
        conn: sqlite3.Connection,
        info: Mapping[str, Any],
        dryrun: bool = False,
        create: bool = False,
        table: str | None = None,
    ) -> None:
        """Add a row, and that of its visit."""
        name, verb = (
            table or self.config.table,
            "INSERT OR IGNORE" if self.config.ignore else "INSERT",
        )
        values = {
            column: _TYPES[word](info[column]) for column, word in self.config.columns.items()
        }
        if dryrun:
            print(f"Would add to {name}: {values}")
            return
        visit = {column: values[column] for column in self.config.visit}
        for target, how, row in (
            (name, verb, values),
            (f"{name}_visit", "INSERT OR IGNORE", visit),
        ):
            columns = ", ".join(map(quoted, row))
            marks = ", ".join("?" * len(row))
            conn.execute(
                f"{how} INTO {quoted(target)} ({columns}) VALUES ({marks})",  # quoted
                [*row.values()],
            )

    def addVisits(
        self, conn: sqlite3.Connection, dryrun: bool = False, table: str | None = None
    ) -> None:
        """Add the visits of the table's rows, as ingest did before 2020."""
        name = table or self.config.table
        columns = ", ".join(map(quoted, self.config.visit))
        if not dryrun:
            conn.execute(
                f"INSERT OR IGNORE INTO {quoted(f'{name}_visit')} SELECT DISTINCT {columns} "  # noqa: S608  # quoted
                f"FROM {quoted(name)}"
            )


class CalibsRegisterTask(RegisterTask):
    """The tables of a registry of calibrations."""

    ConfigClass: ClassVar[Any] = Later(_CONFIGS, "CalibsRegisterConfig")


def _declared(columns: Mapping[str, str], names: Any) -> list[str]:
    return [f"{quoted(name)} {columns[name]}" for name in names]


def _unique(names: list[str]) -> list[str]:
    return [f"unique({', '.join(map(quoted, names))})"] if names else []
