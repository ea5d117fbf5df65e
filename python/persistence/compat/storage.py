"""Gen2's `Storage`: from a URI to the kind of storage that knows it."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from persistence.compat.posixstorage import PosixStorage
from persistence.compat.repositorycfg import RepositoryCfg
from persistence.compat.storageinterface import StorageInterface
from persistence.errors import NoRepositoryAtRoot, RepositoryError

# The original's name, misspelt as it was.
NoRepositroyAtRoot = NoRepositoryAtRoot


class Storage:
    """Finds the kind of storage that a URI is for. Paths and ``file:`` URIs are for `PosixStorage`.

    Attributes
    ----------
    repositoryCfgs : `dict`
        The configurations that were read, by URI.
    """

    storages: ClassVar[dict[str, Any]] = {"": PosixStorage, "file": PosixStorage}

    def __init__(self) -> None:
        self.repositoryCfgs: dict[str, RepositoryCfg] = {}

    @staticmethod
    def registerStorageClass(scheme: str, cls: type[StorageInterface]) -> None:
        """Let a class serve the URIs of a scheme, for the functions of this class.

        A Butler does not ask it: repositories are directories, and their URIs ``file:`` ones.

        Raises
        ------
        RepositoryError
            If the scheme has one already, or what is given is not a scheme or not a storage.
        """
        if not scheme or urlsplit(f"{scheme}://host").scheme != scheme:
            raise RepositoryError(f"{scheme!r} is not a scheme of URIs, such as 'file'")
        if not isinstance(cls, type) or not issubclass(cls, StorageInterface):
            raise RepositoryError(
                f"{cls!r} is not a kind of storage: a subclass of StorageInterface"
            )
        if scheme in Storage.storages:
            raise RepositoryError(
                f"Scheme '{scheme}' already registered:{Storage.storages[scheme]}"
            )
        Storage.storages[scheme] = cls

    def getRepositoryCfg(self, uri: str) -> RepositoryCfg | None:
        """Read the configuration of a repository, once; None if it has none."""
        if uri not in self.repositoryCfgs:
            cfg: RepositoryCfg | None = _class_for(uri).getRepositoryCfg(uri)
            if cfg is None:
                return None
            self.repositoryCfgs[uri] = cfg
        return self.repositoryCfgs[uri]

    @staticmethod
    def putRepositoryCfg(cfg: RepositoryCfg, uri: str) -> None:
        """Write the configuration of a repository."""
        _class_for(uri).putRepositoryCfg(cfg, uri)

    @staticmethod
    def getMapperClass(uri: str) -> Any:
        """Give the mapper of a repository; None if it has none."""
        return _class_for(uri).getMapperClass(uri)

    @staticmethod
    def makeFromURI(uri: str, create: bool = True) -> StorageInterface | None:
        """Open a storage; None if it is not there, and is not to be made."""
        try:
            storage: StorageInterface = _class_for(uri)(uri, create)
        except NoRepositoryAtRoot:
            return None
        return storage

    @staticmethod
    def isPosix(uri: str) -> bool:
        """Say whether a URI is a path, or a ``file:`` URI."""
        return urlsplit(uri).scheme in ("", "file")

    @staticmethod
    def relativePath(fromUri: str, toUri: str) -> str:
        """Give a path relative to another; as it is, if they are of different storages."""
        kind = _both(fromUri, toUri)
        return str(kind.relativePath(fromUri, toUri)) if kind else toUri

    @staticmethod
    def absolutePath(fromUri: str, toUri: str) -> str:
        """Turn what `relativePath` gave into a path again."""
        kind = _both(fromUri, toUri)
        return str(kind.absolutePath(fromUri, toUri)) if kind else toUri

    @staticmethod
    def search(uri: str, path: str, searchParents: bool = False) -> list[str] | None:
        """Find files; None if there are none, or the storage is of no kind that we know."""
        cls = Storage.storages.get(urlsplit(uri).scheme)
        found: list[str] | None = None if cls is None else cls.search(uri, path, searchParents)
        return found

    @staticmethod
    def storageExists(uri: str) -> bool:
        """Say whether a storage is there."""
        return bool(_class_for(uri).storageExists(uri))


def _class_for(uri: str) -> Any:
    scheme = urlsplit(uri).scheme
    if scheme not in Storage.storages:
        raise RepositoryError(f"No storage registered for scheme {scheme!r}")
    return Storage.storages[scheme]


def _both(one: str, other: str) -> Any:
    """Give the kind of storage that two URIs have in common.

    A bare path may be relative to either.
    """
    schemes = [urlsplit(one).scheme, urlsplit(other).scheme]
    kinds = [Storage.storages.get(scheme) for scheme in schemes]
    return kinds[0] if kinds[0] is kinds[1] else None
