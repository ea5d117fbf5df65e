"""What Gen2's Butler was set up of inside.

Nothing here acts: the names are kept for scripts that mention them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from persistence.butler.butler import Butler
from persistence.cameras.mapper import Mapper


class RepoData:
    """What Gen2's Butler noted of one repository: its arguments and its role. It only holds them.

    Parameters
    ----------
    args : `RepositoryArgs`
        What a caller says of it.
    role : `str`
        ``input``, ``output`` or ``parent``.
    """

    def __init__(self, args: Any, role: str) -> None:
        if role not in ("input", "output", "parent"):
            raise ValueError(f"role has to be input, output or parent, not {role!r}")
        self.repoArgs = args
        self.role = role
        self.tags = set(getattr(args, "tags", ()))

    def __repr__(self) -> str:
        return f"RepoData({self.repoArgs!r}, {self.role!r})"


class RepoDataContainer:
    """The repositories of Gen2's Butler, by their roles. It only holds them."""

    def __init__(self, repoDataList: Sequence[RepoData]) -> None:
        self._all = list(repoDataList)

    def all(self) -> list[RepoData]:
        return list(self._all)

    def inputs(self) -> list[RepoData]:
        return [one for one in self._all if one.role == "input"]

    def outputs(self) -> list[RepoData]:
        return [one for one in self._all if one.role == "output"]


class ButlerCfg:
    """Left over in Gen2 from an earlier design; it only holds its arguments."""

    def __init__(self, cls: Any, repoCfg: Any) -> None:
        self.cls = cls
        self.repoCfg = repoCfg


class AccessCfg:
    """Left over in Gen2 from an earlier design; it only holds its arguments."""

    def __init__(self, cls: Any, storageCfg: Any) -> None:
        self.cls = cls
        self.storageCfg = storageCfg


class Access:
    """Left over in Gen2 from an earlier design; it only holds its argument."""

    def __init__(self, accessCfg: Any) -> None:
        self.accessCfg = accessCfg


class RepositoryMapper(Mapper):
    """Left over in Gen2 from an earlier design; it only holds its arguments."""

    def __init__(self, storage: Any = None, policy: Any = None, **_: Any) -> None:
        self.storage = storage
        self.said = policy


class ButlerFactory:
    """Makes a Butler of a mapper that is there already; so does ``Butler(root, mapper)``.

    Parameters
    ----------
    mapper : `CameraMapper`
        The mapper.
    """

    def __init__(self, mapper: Any) -> None:
        self.mapper = mapper

    def create(self) -> Butler:
        """Make a Butler for the mapper's root, or the current directory if it names none."""
        return Butler(root=getattr(self.mapper, "root", None), mapper=self.mapper)
