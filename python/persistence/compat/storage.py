"""Gen2's `Storage`: find the kind of storage for a URI."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from persistence.compat.posixstorage import PosixStorage
from persistence.compat.repositorycfg import RepositoryCfg
from persistence.compat.storageinterface import StorageInterface
from persistence.errors import NoRepositoryAtRoot, RepositoryError

# Gen2's name, with its spelling error.
NoRepositroyAtRoot = NoRepositoryAtRoot


class Storage:
    """Find the kind of storage for a URI; `PosixStorage` for paths and ``file:`` URIs.

    Attributes
    ----------
    repositoryCfgs : `dict`
        The configurations read so far, by URI.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.Storage``; methods without a description of
    parameters have Gen2's.

    Examples
    --------
    >>> from persistence import Storage
    >>> Storage.isPosix("/data/repo"), Storage.isPosix("swift://host/repo")
    (True, False)
    """

    storages: ClassVar[dict[str, Any]] = {"": PosixStorage, "file": PosixStorage}

    def __init__(self) -> None:
        self.repositoryCfgs: dict[str, RepositoryCfg] = {}

    @staticmethod
    def registerStorageClass(scheme: str, cls: type[StorageInterface]) -> None:
        """Register a class for the URIs of a scheme, for the functions of this class.

        A Butler does not use it: its repositories are directories, with ``file:`` URIs.

        Parameters
        ----------
        scheme : `str`
            The scheme, such as ``file``.
        cls : `type`
            The class.

        Raises
        ------
        RepositoryError
            If the scheme has a class already, or the arguments are not a scheme and a storage.
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
        """Return the configuration of a repository, read once; None if it has none.

        Parameters
        ----------
        uri : `str`
            The repository.

        Returns
        -------
        cfg : `RepositoryCfg` or None
            The configuration.
        """
        if uri not in self.repositoryCfgs:
            cfg: RepositoryCfg | None = _class_for(uri).getRepositoryCfg(uri)
            if cfg is None:
                return None
            self.repositoryCfgs[uri] = cfg
        return self.repositoryCfgs[uri]

    @staticmethod
    def putRepositoryCfg(cfg: RepositoryCfg, uri: str) -> None:
        """Write the configuration of a repository.

        Parameters
        ----------
        cfg : `RepositoryCfg`
            The configuration.
        uri : `str`
            The repository.
        """
        _class_for(uri).putRepositoryCfg(cfg, uri)

    @staticmethod
    def getMapperClass(uri: str) -> Any:
        """Return the mapper of a repository; None if it has none.

        Parameters
        ----------
        uri : `str`
            The repository.

        Returns
        -------
        mapper : `type` or None
            The class.
        """
        return _class_for(uri).getMapperClass(uri)

    @staticmethod
    def makeFromURI(uri: str, create: bool = True) -> StorageInterface | None:
        """Return a storage; None if it does not exist, and is not created.

        Parameters
        ----------
        uri : `str`
            The storage.
        create : `bool`
            Whether to create it if it is missing.

        Returns
        -------
        storage : `StorageInterface` or None
            The storage.
        """
        try:
            storage: StorageInterface = _class_for(uri)(uri, create)
        except NoRepositoryAtRoot:
            return None
        return storage

    @staticmethod
    def isPosix(uri: str) -> bool:
        """Check whether a URI is a path, or a ``file:`` URI.

        Parameters
        ----------
        uri : `str`
            The URI or path.

        Returns
        -------
        posix : `bool`
            Whether it is.
        """
        return urlsplit(uri).scheme in ("", "file")

    @staticmethod
    def relativePath(fromUri: str, toUri: str) -> str:
        """Return a path relative to another; unchanged, if they are in different storages.

        Parameters
        ----------
        fromUri : `str`
            The directory from which the path leads.
        toUri : `str`
            The path.

        Returns
        -------
        path : `str`
            The relative path.
        """
        kind = _both(fromUri, toUri)
        return str(kind.relativePath(fromUri, toUri)) if kind else toUri

    @staticmethod
    def absolutePath(fromUri: str, toUri: str) -> str:
        """Return the path for a result of `relativePath`.

        Parameters
        ----------
        fromUri : `str`
            The directory from which the path leads.
        toUri : `str`
            The relative path.

        Returns
        -------
        path : `str`
            The path.
        """
        kind = _both(fromUri, toUri)
        return str(kind.absolutePath(fromUri, toUri)) if kind else toUri

    @staticmethod
    def search(uri: str, path: str, searchParents: bool = False) -> list[str] | None:
        """Find files; None if there are none, or the kind of storage is unknown.

        Parameters
        ----------
        uri : `str`
            The storage.
        path : `str`
            The path or pattern.
        searchParents : `bool`
            Whether to search parents.

        Returns
        -------
        paths : `list` of `str` or None
            The files.
        """
        cls = Storage.storages.get(urlsplit(uri).scheme)
        storage: list[str] | None = None if cls is None else cls.search(uri, path, searchParents)
        return storage

    @staticmethod
    def storageExists(uri: str) -> bool:
        """Check whether a storage exists.

        Parameters
        ----------
        uri : `str`
            The storage.

        Returns
        -------
        exists : `bool`
            Whether it does.
        """
        return bool(_class_for(uri).storageExists(uri))


def _class_for(uri: str) -> Any:
    scheme = urlsplit(uri).scheme
    if scheme not in Storage.storages:
        raise RepositoryError(f"No storage registered for scheme {scheme!r}")
    return Storage.storages[scheme]


def _both(one: str, other: str) -> Any:
    """Return the kind of storage that two URIs share; a bare path may be relative to either."""
    schemes = [urlsplit(one).scheme, urlsplit(other).scheme]
    kinds = [Storage.storages.get(scheme) for scheme in schemes]
    return kinds[0] if kinds[0] is kinds[1] else None
