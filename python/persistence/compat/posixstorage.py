"""Gen2's `PosixStorage`: a directory, searched, read and written."""

from __future__ import annotations

import glob
import os
import re
from typing import Any, TextIO

from persistence import formatters
from persistence.butler import repository_cfg
from persistence.cameras import installed
from persistence.compat.repositorycfg import RepositoryCfg
from persistence.compat.storageinterface import Located, Registered, StorageInterface, second
from persistence.dataids.location import Location
from persistence.errors import FormatterError, NoRepositoryAtRoot
from persistence.files import atomic, journal
from persistence.policy import storages

_HDU = re.compile(r"(.*)\[(\d+)\]$")


class PosixStorage(StorageInterface):
    """A directory that holds datasets.

    Parameters
    ----------
    uri : `str`
        The directory, or a ``file:`` URI.
    create : `bool`
        Make it if it is not there.

    Raises
    ------
    NoRepositroyAtRoot
        If it is not there, and is not to be made.
    """

    _registered = storages.registered

    def __init__(self, uri: str, create: bool) -> None:
        self.root = path_of(uri)
        if not os.path.exists(self.root):
            if not create:
                raise NoRepositoryAtRoot(f"No repository at {uri}")
            os.makedirs(self.root, exist_ok=True)

    def __repr__(self) -> str:
        return f"PosixStorage({self.root!r})"

    @classmethod
    def _register(cls, kind: Any, functions: Registered) -> None:
        if isinstance(kind, str):
            if storages.is_empty(kind):
                raise FormatterError(storages.problem(kind))
            target = storages.find(kind)
            # Gen2 had no formatter for texts, so that a script may have registered its own.
            if isinstance(target, str) and kind != "TextStorage":
                raise second(kind, cls, f"{target} reads and writes it")
        formatters.register(kind, functions)

    # -- repositories
    # --------------------------------------------------------------------------------

    @staticmethod
    def getRepositoryCfg(uri: str) -> RepositoryCfg | None:
        """Read a repository's configuration.

        None if it has none, as those of the older kind do not.
        """
        cfg = repository_cfg.read(path_of(uri))
        return None if cfg is None or cfg.old else RepositoryCfg.from_config(cfg)

    @staticmethod
    def putRepositoryCfg(cfg: RepositoryCfg, loc: str | None = None) -> None:
        """Write a repository's configuration; see `persistence.butler.repository_cfg.write`."""
        repository_cfg.write(cfg.to_config(path_of(loc if loc is not None else cfg.root or "")))
        cfg.dirty = False

    @staticmethod
    def getMapperClass(root: str) -> type | None:
        """Give the mapper of the repository at ``root``; None if there is none."""
        cfg = repository_cfg.read(path_of(root)) if root else None
        return None if cfg is None or cfg.mapper is None else installed.find(cfg.mapper)

    @staticmethod
    def v1RepoExists(root: str) -> bool:
        """Return whether a directory is a repository of the older kind, without a configuration."""
        cfg = repository_cfg.read(path_of(root))
        return cfg is not None and cfg.old

    @staticmethod
    def getParentSymlinkPath(root: str) -> str | None:
        """Return what ``_parent`` links to, as the link has it, or its own path if a directory."""
        path = os.path.join(path_of(root), "_parent")
        if os.path.islink(path):
            return os.readlink(path)
        return path if os.path.isdir(path) else None

    # -- paths
    # ---------------------------------------------------------------------------------------

    @staticmethod
    def relativePath(fromPath: str, toPath: str) -> str:
        """Give a path relative to the real directory of another."""
        return os.path.relpath(path_of(toPath), os.path.realpath(path_of(fromPath)))

    @staticmethod
    def absolutePath(fromPath: str, relativePath: str) -> str:
        """Turn what `relativePath` gave into a path again."""
        return os.path.normpath(
            os.path.join(os.path.realpath(path_of(fromPath)), path_of(relativePath))
        )

    @staticmethod
    def storageExists(uri: str) -> bool:
        """Say whether the directory is there."""
        return os.path.exists(path_of(uri))

    def locationWithRoot(self, location: str) -> str:
        """Give a path with the root before it."""
        return os.path.join(self.root, location)

    def instanceSearch(self, path: str) -> list[str] | None:
        """Search here; see `search`."""
        return self.search(self.root, path)

    @staticmethod
    def search(root: str, path: str, searchParents: bool = False) -> list[str] | None:
        """Find files by a path or a pattern; None if there are none.

        Parameters
        ----------
        root : `str`
            The directory to search.
        path : `str`
            The path in it, or an absolute one. What stands from the first ``[`` on is no part of
            the file's name, and is given back behind each result. If no file is called so, it is
            taken as a pattern of the shell.
        searchParents : `bool`
            Look in ``_parent``, and in its ``_parent``, if there is none here.
        """
        root = path_of(root).rstrip("/") or "/"
        prefix, inside = _inside(root, path)
        name, bracket, rest = inside.partition("[")
        place = ""
        while True:
            found = _matching(os.path.join(root, place), name)
            if found:
                return [f"{prefix}{os.path.join(place, one)}{bracket}{rest}" for one in found]
            place = os.path.join(place, "_parent")
            if not searchParents or not os.path.exists(os.path.join(root, place)):
                return None

    # -- data
    # ----------------------------------------------------------------------------------------

    def exists(self, location: str | Located) -> bool:
        """Say whether a file is there: by its path or a pattern, or by a location."""
        if isinstance(location, str):
            return self.instanceSearch(location) is not None
        if storages.find(location.getStorageName(), location.getPythonType()) is None:
            return False
        return any(self.instanceSearch(one) for one in location.getLocations())

    def read(self, location: Located) -> list[Any]:
        """Read what lies at each path of a location."""
        found = _formatter(location, location.getPythonType())
        if isinstance(found, Registered):
            return found.read_all(location)
        return [found.read(self._place(location, path)) for path in location.getLocations()]

    def write(self, location: Located, obj: Any) -> None:
        """Write an object to the first path of a location: whole, or not at all."""
        found = _formatter(location, location.getPythonType() or type(obj))
        if isinstance(found, Registered):
            found.write_first(location, obj)
            return
        place = self._place(location, location.getLocations()[0])
        with atomic.atomic_write(place.full_path) as temporary:
            found.write(obj, temporary, place)
        journal.append(place.root, "put", place.path)

    def copyFile(self, fromLocation: str, toLocation: str) -> None:
        """Copy a file, both paths being relative to the root."""
        with atomic.atomic_write(self.locationWithRoot(toLocation)) as temporary:
            atomic.copy(self.locationWithRoot(fromLocation), temporary)
        journal.append(self.root, "put", toLocation)

    def getLocalFile(self, path: str) -> TextIO | None:
        """Open a text file to read; None if it is not there."""
        full = self.locationWithRoot(path)
        return open(full, encoding="utf-8") if os.path.isfile(full) else None

    def _place(self, location: Located, path: str) -> Location:
        match = _HDU.match(path)
        path, hdu = (match[1], int(match[2])) if match else (path, None)
        told = dict(location.getAdditionalData() or {})
        return Location(
            self.root, path, hdu, location.getStorageName(), None, "a location", {}, told
        )


def path_of(uri: str) -> str:
    """Give the path that a ``file:`` URI is, or that is one already."""
    return uri.removeprefix("file://")


def _formatter(location: Located, python: Any) -> Any:
    found = storages.find(location.getStorageName(), python)
    if found is None:
        raise FormatterError(f"No formatter for location:{location}")
    return formatters.formatter(location.getStorageName()) if isinstance(found, str) else found


def _inside(root: str, path: str) -> tuple[str, str]:
    """Split a path into what belongs before each result, and the path below the root."""
    above = root if root == "/" else f"{root}/"
    if not os.path.isabs(path):
        return "", path
    if path.startswith(above):
        return ("", path[1:]) if root == "/" else (above, path[len(above) :])
    parts = path.split("/")
    for end in range(len(parts), 1, -1):
        if os.path.realpath("/".join(parts[:end])) == os.path.realpath(root):
            return "", "/".join(parts[end:])
    return "", path.lstrip("/")


def _matching(directory: str, name: str) -> list[str]:
    if os.path.exists(os.path.join(directory, name)):
        return [name]
    return sorted(glob.glob(name, root_dir=directory))
