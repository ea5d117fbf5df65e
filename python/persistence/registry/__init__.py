"""Registries: which data IDs exist, and the keys that a person may leave out.

`Registry` is the promise that each kind keeps; `open_registry` finds the one of a repository.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from persistence.dataids.template import PathTemplate
from persistence.errors import RegistryError, UnknownKey, did_you_mean
from persistence.registry.filesystem import FilesystemRegistry
from persistence.registry.sqlite import SqliteRegistry

# A value, or a pair of them, and the two columns that enclose it.
Between = tuple[Any, str, str]
# How Gen2 called files that say on which server a registry is.
_SERVERS: Mapping[str, str] = {".pgsql": "PostgreSQL", ".mysql": "MySQL"}


class Registry(Protocol):
    """What can be asked of any registry. Asking changes nothing."""

    @property
    def path(self) -> str:
        """The file or directory that it is."""

    @property
    def lists_files(self) -> bool:
        """Whether its rows are the files that exist: it cannot tell where a new one belongs."""

    def lookup(
        self,
        columns: Sequence[str],
        where: Mapping[str, Any],
        tables: Sequence[str] = (),
        between: Between | None = None,
        template: PathTemplate | None = None,
        limit: int | None = None,
    ) -> list[tuple[Any, ...]]:
        """Find the distinct values of some columns.

        Parameters
        ----------
        columns : sequence of `str`
            What to give, in this order.
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

    def columns(
        self, tables: Sequence[str], template: PathTemplate | None = None
    ) -> Mapping[str, str]:
        """Give the columns of some tables with their declared types."""

    def tables(self) -> Sequence[str]:
        """Give the names of the tables."""

    def count(self, table: str) -> int:
        """Count the rows of a table."""

    def close(self) -> None:
        """Let go of files."""


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


def registry_path(root: str, name: str = "registry") -> str:
    """Give where the SQL registry of a repository is, if it has one; see `open_registry`."""
    return os.path.join(root, f"{name}.sqlite3")


def refuse_server(path: str, name: str) -> None:
    """Refuse a file of Gen2's that says on which server a registry is.

    Parameters
    ----------
    path : `str`
        A file that may be one.
    name : `str`
        The argument by which a caller names another: ``registry``, ``calibRegistry``.

    Raises
    ------
    RegistryError
        If it is one.
    """
    server = _SERVERS.get(os.path.splitext(path)[1])
    if server is not None:
        raise RegistryError(
            f"{path} says that the registry is on a server ({server}), which is not read here: "
            f"copy it into a SQLite file, and give that as {name}=FILE; or call that "
            f"{name}.sqlite3, and move {os.path.basename(path)} away"
        )


def open_registry(root: str, name: str = "registry") -> Registry | None:
    """Open the SQL registry of a repository; None if it has none.

    Parameters
    ----------
    root : `str`
        The repository.
    name : `str`
        ``registry`` for images, ``calibRegistry`` for calibrations.

    Raises
    ------
    RegistryError
        If the repository's registry is on a server.
    """
    path = registry_path(root, name)
    for ending in _SERVERS:
        remote = os.path.join(root, name + ending)
        if os.path.lexists(remote):
            refuse_server(remote, name)
    return SqliteRegistry(path) if os.path.exists(path) else None


__all__ = [
    "FilesystemRegistry",
    "Registry",
    "RegistryError",
    "SqliteRegistry",
    "open_registry",
    "refuse_server",
    "refuse_unknown",
    "registry_path",
]
