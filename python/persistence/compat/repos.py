"""Internal classes of Gen2's Butler, kept for scripts that mention them; they only hold data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from persistence.butler.butler import Butler
from persistence.cameras.mapper import Mapper


class RepoData:
    """Gen2's record of one repository: its arguments and its role.

    Parameters
    ----------
    args : `RepositoryArgs`
        The caller's arguments.
    role : `str`
        ``input``, ``output`` or ``parent``.

    Raises
    ------
    ValueError
        If the role is another one.

    Examples
    --------
    >>> from persistence import RepoData, RepositoryArgs
    >>> RepoData(RepositoryArgs("/data/repo"), "input").role
    'input'
    """

    def __init__(self, args: Any, role: str) -> None:
        if role not in ("input", "output", "parent"):
            raise ValueError(f"role must be input, output or parent, not {role!r}")
        self.repoArgs = args
        self.role = role
        self.tags = set(getattr(args, "tags", ()))

    def __repr__(self) -> str:
        return f"RepoData({self.repoArgs!r}, {self.role!r})"


class RepoDataContainer:
    """Gen2's list of a Butler's repositories, by role.

    Parameters
    ----------
    repoDataList : sequence of `RepoData`
        The repositories.

    Examples
    --------
    >>> from persistence import RepoDataContainer
    >>> RepoDataContainer([]).all()
    []
    """

    def __init__(self, repoDataList: Sequence[RepoData]) -> None:
        self._all = list(repoDataList)

    def all(self) -> list[RepoData]:
        """Return all repositories."""
        return list(self._all)

    def inputs(self) -> list[RepoData]:
        """Return the inputs."""
        return [repo for repo in self._all if repo.role == "input"]

    def outputs(self) -> list[RepoData]:
        """Return the outputs."""
        return [repo for repo in self._all if repo.role == "output"]


class ButlerCfg:
    """A remnant of an earlier design of Gen2; it only holds its arguments.

    Parameters
    ----------
    cls : `type`
        The Butler's class.
    repoCfg : object
        The repository's configuration.

    Examples
    --------
    >>> from persistence import ButlerCfg
    >>> ButlerCfg(None, {"root": "repo"}).repoCfg
    {'root': 'repo'}
    """

    def __init__(self, cls: Any, repoCfg: Any) -> None:
        self.cls = cls
        self.repoCfg = repoCfg


class AccessCfg:
    """A remnant of an earlier design of Gen2; it only holds its arguments.

    Parameters
    ----------
    cls : `type`
        The class of the access.
    storageCfg : object
        The storage's configuration.

    Examples
    --------
    >>> from persistence import AccessCfg
    >>> AccessCfg(None, {"root": "repo"}).storageCfg
    {'root': 'repo'}
    """

    def __init__(self, cls: Any, storageCfg: Any) -> None:
        self.cls = cls
        self.storageCfg = storageCfg


class Access:
    """A remnant of an earlier design of Gen2; it only holds its argument.

    Parameters
    ----------
    accessCfg : `AccessCfg`
        The configuration of the access.

    Examples
    --------
    >>> from persistence import Access
    >>> Access("configuration").accessCfg
    'configuration'
    """

    def __init__(self, accessCfg: Any) -> None:
        self.accessCfg = accessCfg


class RepositoryMapper(Mapper):
    """A remnant of an earlier design of Gen2; it only holds its arguments.

    Parameters
    ----------
    storage : object, optional
        The storage.
    policy : object, optional
        The policy.
    **_
        Not used.

    Examples
    --------
    >>> from persistence import RepositoryMapper
    >>> RepositoryMapper(storage="a storage").storage
    'a storage'
    """

    def __init__(self, storage: Any = None, policy: Any = None, **_: Any) -> None:
        self.storage = storage
        self.said = policy


class ButlerFactory:
    """Creates a Butler for an existing mapper, as ``Butler(root, mapper)`` does.

    Parameters
    ----------
    mapper : `CameraMapper`
        The mapper.

    Examples
    --------
    >>> from persistence import ButlerFactory
    >>> from lsst.obs.decam import DecamMapper
    >>> ButlerFactory(DecamMapper(root="/data/repo")).create()  # doctest: +SKIP
    """

    def __init__(self, mapper: Any) -> None:
        self.mapper = mapper

    def create(self) -> Butler:
        """Return a Butler for the mapper's root, or for the current directory if it has none."""
        return Butler(root=getattr(self.mapper, "root", None), mapper=self.mapper)
