"""Kinds of registries: what a repository's directory may hold, and what reads and writes each.

A registry is a file ``registry.<kind>``, or ``calibRegistry.<kind>`` for calibrations. This is the
one table of kinds. A script registers further ones in its process; a package announces them as
entry points of a group, which are looked for only where a file is of no kind that is known without.
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
# Kinds of Gen2 that name a server, which nothing here reads.
_SERVERS: Mapping[str, str] = {"pgsql": "PostgreSQL", "mysql": "MySQL"}
# Kind -> what a script of this process registered for it.
registered: dict[str, Any] = {}


class Kind(Protocol):
    """What reads and writes the registries of a kind."""

    def read(self, path: str) -> Registry:
        """Return the registry of a file, to be asked; nothing is asked of the file before that."""

    def write(
        self,
        path: str,
        specs: Mapping[str, TableSpec],
        permissions: int,
        wait: float,
        dry_run: bool,
    ) -> RegistryWriter:
        """Return the registry of a file, to be written.

        Parameters
        ----------
        path : `str`
            The file, which need not be there.
        specs : mapping [`str`, `TableSpec`]
            The tables.
        permissions : `int`
            The mode of a file that is created, less what the umask takes.
        wait : `float`
            For how many seconds to wait for another writer.
        dry_run : `bool`
            It will only be read.
        """


def register(kind: str, its: Kind) -> None:
    """Let registries ``registry.<kind>`` be read and written by an object, in this process."""
    registered[kind] = its


def path_of(root: str, arguments: Mapping[str, Any] = {}, name: str = "registry") -> str:
    """Return where the registry of a directory is, or would be; it need not be there.

    Parameters
    ----------
    root : `str`
        The directory.
    arguments : mapping
        A mapper's arguments, of which one may say where: ``registry``, or ``calibRegistry``.
    name : `str`
        Which of the two.

    Raises
    ------
    RepositoryError
        If the argument is no path.
    RegistryError
        If there are two, or one that nothing reads.
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
            f"{' and '.join(paths)} are there: move one away, or give the other as {name}=FILE"
        )
    return paths[0] if paths else os.path.join(root, f"{name}.sqlite3")


def open_registry(
    root: str, arguments: Mapping[str, Any] = {}, name: str = "registry"
) -> Registry | None:
    """Open the registry of a directory, to be asked; None if it has none. See `path_of`.

    Raises
    ------
    RepositoryError
        If the arguments name one that is not there.
    RegistryError
        If nothing reads it.
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
    """Open the registry that lies in a directory, to be written: SQLite's if it has none yet.

    For the parameters, see `path_of` and `Kind.write`.
    """
    path = path_of(root, {}, name)
    return _kind(path, name).write(path, specs, permissions, wait, dry_run)


def of_files(root: str) -> Registry:
    """Return what the names of the files in a directory say, as a registry without tables."""
    from persistence.registry.filesystem import FilesystemRegistry  # lazy: TAB asks no files

    return FilesystemRegistry(root)


def appeared(root: str, name: str = "registry") -> bool:
    """Check whether a directory that had no registry has one now, with something in it.

    Only kinds that need no search are looked for.
    """
    return any(has_content(os.path.join(root, f"{name}.{kind}")) for kind in (*OWN, *registered))


def as_path(given: Any, name: str) -> str:
    """Return an argument that has to be a path.

    Raises
    ------
    RepositoryError
        If it is none.
    """
    if not isinstance(given, str | os.PathLike):
        raise RepositoryError(f"{name} has to be a path, not {given!r}")
    return os.fspath(given)


def _announced(root: str, name: str) -> Iterator[str]:
    """Yield the registries of a directory whose kinds a package announces."""
    try:
        files = [file for file in os.listdir(root) if file.startswith(f"{name}.")]
    except OSError:
        return
    for file in files:
        if file.partition(".")[2] in entry_points.announced(GROUP):
            yield os.path.join(root, file)


def _kind(path: str, name: str) -> Kind:
    """Return what reads and writes a registry; a file of any other name is taken for SQLite's."""
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
    """Refuse a file that says on which server a registry is, unless something reads that."""
    kind = os.path.splitext(path)[1][1:]
    if kind in _SERVERS and kind not in {*registered, *entry_points.announced(GROUP)}:
        raise RegistryError(
            f"{path} says that the registry is on a server ({_SERVERS[kind]}), which is not read "
            f"here: copy it into a SQLite file, and give that as {name}=FILE; or call that "
            f"{name}.sqlite3, and move {os.path.basename(path)} away"
        )
