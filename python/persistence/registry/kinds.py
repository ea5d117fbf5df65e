"""Kinds of registries: the files that a repository may have, and their readers and writers.

A registry is a file ``registry.<kind>``, or ``calibRegistry.<kind>`` for calibrations. This is the
one table of kinds. Scripts register more in their process; packages announce them as entry points
of a group, which is searched only for files of unknown kinds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from persistence.errors import RegistryError, RepositoryError
from persistence.files import entry_points
from persistence.files.content import has_content
from persistence.registry.contract import Registry, RegistryWriter

if TYPE_CHECKING:
    from persistence.registry.tables import TableSpec

GROUP = "persistence.registries"

# Kind -> module, or module:object, with ``read`` and ``write``.
OWN: Mapping[str, str] = {"sqlite3": "persistence.registry.sqlite"}
# Kinds of Gen2 that name a server, which we cannot read.
_SERVERS: Mapping[str, str] = {"pgsql": "PostgreSQL", "mysql": "MySQL"}
# Kind -> the object that a script registered for it in this process.
registered: dict[str, Any] = {}


class Kind(Protocol):
    """A reader and writer of registries of one kind."""

    def read(self, path: str) -> Registry:
        """Return the registry of a file, for queries; the file is accessed on the first query."""

    def write(
        self,
        path: str,
        specs: Mapping[str, TableSpec],
        permissions: int,
        wait: float,
        dry_run: bool,
    ) -> RegistryWriter:
        """Return the registry of a file, for writing.

        Parameters
        ----------
        path : `str`
            The file, which need not exist.
        specs : mapping of `str` to `TableSpec`
            The tables.
        permissions : `int`
            The mode of a new file, before the umask.
        wait : `float`
            Seconds to wait for another writer.
        dry_run : `bool`
            Whether it will only be read.
        """


def register(kind: str, its: Kind) -> None:
    """Register the reader and writer of files ``registry.<kind>`` in this process."""
    registered[kind] = its


def path_of(root: str, arguments: Mapping[str, Any] = {}, name: str = "registry") -> str:
    """Return the path of a directory's registry, whether it exists or not.

    Parameters
    ----------
    root : `str`
        The directory.
    arguments : mapping, optional
        A mapper's arguments; ``registry`` or ``calibRegistry`` may be the path.
    name : `str`, optional
        Which of the two registries.

    Returns
    -------
    `str`
        The path.

    Raises
    ------
    RepositoryError
        If the argument is not a path.
    RegistryError
        If there are two registries, or one of an unreadable kind.
    """
    given = arguments.get(name)
    if given:
        return os.path.join(root, as_path(given, name))
    known = dict.fromkeys((*OWN, *_SERVERS, *registered))
    paths = [os.path.join(root, f"{name}.{kind}") for kind in known]
    paths = list(filter(os.path.lexists, paths)) or list(_announced(root, name))
    for path in paths:
        _refuse_server(path, name)
    if len(paths) > 1:
        raise RegistryError(
            f"{' and '.join(paths)} exist: move one away, or choose one with {name}=FILE"
        )
    return paths[0] if paths else os.path.join(root, f"{name}.sqlite3")


def open_registry(
    root: str, arguments: Mapping[str, Any] = {}, name: str = "registry"
) -> Registry | None:
    """Open the registry of a directory for queries; None if it has none. See `path_of`.

    Raises
    ------
    RepositoryError
        If the arguments name a registry that does not exist.
    RegistryError
        If nothing can read it.
    """
    path = path_of(root, arguments, name)
    if arguments.get(name) and not os.path.isfile(path):
        raise RepositoryError(f"{name}: there is no file {path}")
    return _kind(path, name).read(path) if os.path.exists(path) else None


def open_writer(
    root: str,
    specs: Mapping[str, TableSpec],
    name: str = "registry",
    permissions: int = 0o664,
    wait: float = 60.0,
    dry_run: bool = False,
) -> RegistryWriter:
    """Open the registry of a directory for writing: SQLite's if it has none yet.

    For the parameters, see `path_of` and `Kind.write`.
    """
    path = path_of(root, {}, name)
    return _kind(path, name).write(path, specs, permissions, wait, dry_run)


def of_files(root: str) -> Registry:
    """Return a registry without tables that queries the names of the files in a directory."""
    from persistence.registry.filesystem import (
        FilesystemRegistry,
    )  # lazy: not needed for completion

    return FilesystemRegistry(root)


def appeared(root: str, name: str = "registry") -> bool:
    """Return whether a directory has a non-empty registry.

    Only kinds that need no search of entry points count.
    """
    return any(has_content(os.path.join(root, f"{name}.{kind}")) for kind in (*OWN, *registered))


def as_path(given: Any, name: str) -> str:
    """Return an argument that has to be a path as a text.

    Raises
    ------
    RepositoryError
        If it is not a path.
    """
    if not isinstance(given, str | os.PathLike):
        raise RepositoryError(f"{name} has to be a path, not {given!r}")
    return os.fspath(given)


def _announced(root: str, name: str) -> Iterator[str]:
    """Yield the registries in a directory whose kinds packages announce."""
    try:
        files = [file for file in os.listdir(root) if file.startswith(f"{name}.")]
    except OSError:
        return
    for file in files:
        if file.partition(".")[2] in entry_points.announced(GROUP):
            yield os.path.join(root, file)


def _kind(path: str, name: str) -> Kind:
    """Return the reader and writer of a registry.

    Files with other names are treated as SQLite's.
    """
    kind = os.path.splitext(path)[1][1:]
    target = registered.get(kind) or OWN.get(kind) or entry_points.announced(GROUP).get(kind)
    if target is None:
        _refuse_server(path, name)
        target = OWN["sqlite3"]
    return _load(kind, target) if isinstance(target, str) else target


def _load(kind: str, target: str) -> Kind:
    is_announced = kind not in OWN and kind in entry_points.announced(GROUP)
    words = f"registries {kind!r}", f"registries {kind!r}"
    loaded: Kind = entry_points.load_reader_and_writer(
        target, GROUP if is_announced else None, kind, words, RegistryError
    )
    return loaded


def _refuse_server(path: str, name: str) -> None:
    """Raise an error for a file that names the server of a registry, unless something reads it."""
    kind = os.path.splitext(path)[1][1:]
    if kind in _SERVERS and kind not in {*registered, *entry_points.announced(GROUP)}:
        raise RegistryError(
            f"{path} names a registry on a server ({_SERVERS[kind]}), which cannot be read "
            f"here: copy it into an SQLite file, and choose that with {name}=FILE; or name that "
            f"{name}.sqlite3, and move {os.path.basename(path)} away"
        )
