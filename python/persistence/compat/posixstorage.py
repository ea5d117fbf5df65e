"""Gen2's `PosixStorage`: a directory that is searched, read and written."""

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
    """A directory with datasets.

    Parameters
    ----------
    uri : `str`
        The directory, or a ``file:`` URI.
    create : `bool`
        Whether to create it if it is missing.

    Raises
    ------
    NoRepositroyAtRoot
        If it is missing, and is not created.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.PosixStorage``; methods without a description
    of parameters have Gen2's.

    Examples
    --------
    >>> from persistence import PosixStorage
    >>> PosixStorage.storageExists("/no/such/directory")
    False
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
        """Read a repository's configuration; None for repositories of the older kind.

        Parameters
        ----------
        uri : `str`
            The directory, or a ``file:`` URI.

        Returns
        -------
        cfg : `RepositoryCfg` or None
            The configuration.
        """
        cfg = repository_cfg.read(path_of(uri))
        return None if cfg is None or cfg.old else RepositoryCfg.from_config(cfg)

    @staticmethod
    def putRepositoryCfg(cfg: RepositoryCfg, loc: str | None = None) -> None:
        """Write a repository's configuration; see `persistence.butler.repository_cfg.write`.

        Parameters
        ----------
        cfg : `RepositoryCfg`
            The configuration.
        loc : `str`, optional
            The directory. Default: the configuration's root.
        """
        repository_cfg.write(cfg.to_config(path_of(loc if loc is not None else cfg.root or "")))
        cfg.dirty = False

    @staticmethod
    def getMapperClass(root: str) -> type | None:
        """Return the mapper of the repository at ``root``; None if there is none.

        Parameters
        ----------
        root : `str`
            The directory.

        Returns
        -------
        mapper : `type` or None
            The class.
        """
        cfg = repository_cfg.read(path_of(root)) if root else None
        return None if cfg is None or cfg.mapper is None else installed.find(cfg.mapper)

    @staticmethod
    def v1RepoExists(root: str) -> bool:
        """Check whether a directory is a repository of the older kind, without a configuration.

        Parameters
        ----------
        root : `str`
            The directory.

        Returns
        -------
        exists : `bool`
            Whether it is one.
        """
        cfg = repository_cfg.read(path_of(root))
        return cfg is not None and cfg.old

    @staticmethod
    def getParentSymlinkPath(root: str) -> str | None:
        """Return the target of the link ``_parent``, or its own path if it is a directory.

        Parameters
        ----------
        root : `str`
            The directory.

        Returns
        -------
        path : `str` or None
            The target, as written in the link; None without a parent.
        """
        path = os.path.join(path_of(root), "_parent")
        if os.path.islink(path):
            return os.readlink(path)
        return path if os.path.isdir(path) else None

    # -- paths
    # ---------------------------------------------------------------------------------------

    @staticmethod
    def relativePath(fromPath: str, toPath: str) -> str:
        """Return a path relative to the real directory of another.

        Parameters
        ----------
        fromPath : `str`
            The directory from which the path leads.
        toPath : `str`
            The path.

        Returns
        -------
        path : `str`
            The relative path.
        """
        return os.path.relpath(path_of(toPath), os.path.realpath(path_of(fromPath)))

    @staticmethod
    def absolutePath(fromPath: str, relativePath: str) -> str:
        """Return the path for a result of `relativePath`.

        Parameters
        ----------
        fromPath : `str`
            The directory from which the path leads.
        relativePath : `str`
            The relative path.

        Returns
        -------
        path : `str`
            The absolute path.
        """
        return os.path.normpath(
            os.path.join(os.path.realpath(path_of(fromPath)), path_of(relativePath))
        )

    @staticmethod
    def storageExists(uri: str) -> bool:
        """Check whether a directory exists.

        Parameters
        ----------
        uri : `str`
            The directory, or a ``file:`` URI.

        Returns
        -------
        exists : `bool`
            Whether it exists.
        """
        return os.path.exists(path_of(uri))

    def locationWithRoot(self, location: str) -> str:
        """Return a path with the root prepended.

        Parameters
        ----------
        location : `str`
            The path, relative to the root.

        Returns
        -------
        path : `str`
            The path.
        """
        return os.path.join(self.root, location)

    def instanceSearch(self, path: str) -> list[str] | None:
        """Search this directory; see `search`.

        Parameters
        ----------
        path : `str`
            The path or pattern.

        Returns
        -------
        paths : `list` of `str` or None
            The files; None if there are none.
        """
        return self.search(self.root, path)

    @staticmethod
    def search(root: str, path: str, searchParents: bool = False) -> list[str] | None:
        """Find files by a path or a pattern.

        Parameters
        ----------
        root : `str`
            The directory to search.
        path : `str`
            The path in it, or an absolute one. Text from the first ``[`` on is not part of the
            file's name, and is appended to each result. If there is no file of that name, it is
            used as a shell pattern.
        searchParents : `bool`
            Search ``_parent``, and its ``_parent``, if there are none here.

        Returns
        -------
        paths : `list` of `str` or None
            The files; None if there are none.
        """
        root = path_of(root).rstrip("/") or "/"
        prefix, inside = _inside(root, path)
        name, bracket, rest = inside.partition("[")
        folder = ""
        while True:
            matches = _matching(os.path.join(root, folder), name)
            if matches:
                return [
                    f"{prefix}{os.path.join(folder, match)}{bracket}{rest}" for match in matches
                ]
            folder = os.path.join(folder, "_parent")
            if not searchParents or not os.path.exists(os.path.join(root, folder)):
                return None

    # -- datasets
    # ----------------------------------------------------------------------------------------

    def exists(self, location: str | Located) -> bool:
        """Check whether a file exists, by its path, a pattern, or a location.

        Parameters
        ----------
        location : `str` or `ButlerLocation`
            A path, a pattern, or a location.

        Returns
        -------
        exists : `bool`
            Whether there is a file.
        """
        if isinstance(location, str):
            return self.instanceSearch(location) is not None
        if storages.find(location.getStorageName(), location.getPythonType()) is None:
            return False
        return any(self.instanceSearch(path) for path in location.getLocations())

    def read(self, location: Located) -> list[Any]:
        """Read the dataset at each path of a location.

        Parameters
        ----------
        location : `ButlerLocation`
            The location.

        Returns
        -------
        datasets : `list`
            A dataset for each path.
        """
        formatter = _formatter(location, location.getPythonType())
        if isinstance(formatter, Registered):
            return formatter.read_all(location)
        return [formatter.read(self._place(location, path)) for path in location.getLocations()]

    def write(self, location: Located, obj: Any) -> None:
        """Write an object to the first path of a location, completely or not at all.

        Parameters
        ----------
        location : `ButlerLocation`
            The location.
        obj : object
            The object.
        """
        formatter = _formatter(location, location.getPythonType() or type(obj))
        if isinstance(formatter, Registered):
            formatter.write_first(location, obj)
            return
        location_ = self._place(location, location.getLocations()[0])
        with atomic.atomic_write(location_.full_path) as temporary:
            formatter.write(obj, temporary, location_)
        journal.append(location_.root, "put", location_.path)

    def copyFile(self, fromLocation: str, toLocation: str) -> None:
        """Copy a file; both paths are relative to the root.

        Parameters
        ----------
        fromLocation : `str`
            The file.
        toLocation : `str`
            The copy.
        """
        with atomic.atomic_write(self.locationWithRoot(toLocation)) as temporary:
            atomic.copy(self.locationWithRoot(fromLocation), temporary)
        journal.append(self.root, "put", toLocation)

    def getLocalFile(self, path: str) -> TextIO | None:
        """Open a text file for reading; None if it does not exist.

        Parameters
        ----------
        path : `str`
            The path, relative to the root.

        Returns
        -------
        file : file object or None
            The open file.
        """
        full = self.locationWithRoot(path)
        return open(full, encoding="utf-8") if os.path.isfile(full) else None

    def _place(self, location: Located, path: str) -> Location:
        match = _HDU.match(path)
        path, hdu = (match[1], int(match[2])) if match else (path, None)
        options = dict(location.getAdditionalData() or {})
        return Location(
            self.root, path, hdu, location.getStorageName(), None, "a location", {}, options
        )


def path_of(uri: str) -> str:
    """Return the path of a ``file:`` URI, or a path unchanged."""
    return uri.removeprefix("file://")


def _formatter(location: Located, python: Any) -> Any:
    formatter = storages.find(location.getStorageName(), python)
    if formatter is None:
        raise FormatterError(f"No formatter for location:{location}")
    return (
        formatters.formatter(location.getStorageName()) if isinstance(formatter, str) else formatter
    )


def _inside(root: str, path: str) -> tuple[str, str]:
    """Return the prefix of all results, and the path below the root.

    The prefix is only used for absolute paths that begin with the root as it is written.
    """
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
