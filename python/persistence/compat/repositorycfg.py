"""Gen2's `RepositoryCfg`: the configuration of a repository, as a mutable object."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.repository_args import RepositoryArgs
from persistence.cameras import installed
from persistence.compat.utils import iterify
from persistence.errors import CameraNotFound, ParentsMismatch, RepositoryError


class RepositoryCfg:
    """The configuration of a repository.

    Parameters
    ----------
    root : `str` or None
        Its directory.
    mapper : `type`, `str`, `CameraMapper` or None
        The camera.
    mapperArgs : mapping or None
        Arguments for the mapper.
    parents : iterable of `str` or `RepositoryCfg`, optional
        Their paths, or their configurations.
    policy : mapping or None
        Policy entries that take precedence over the camera's.

    Attributes
    ----------
    dirty : `bool`
        Whether it has changed since it was read or written.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.RepositoryCfg`` (doc/gen2/gen2-core.md).

    Examples
    --------
    >>> from persistence import RepositoryCfg
    >>> cfg = RepositoryCfg("/data/repo/rerun/a", None, None, parents=["/data/repo"])
    >>> cfg.parents
    ['/data/repo']
    """

    def __init__(
        self,
        root: str | None,
        mapper: Any,
        mapperArgs: Mapping[str, Any] | None,
        parents: Any = None,
        policy: Mapping[str, Any] | None = None,
    ) -> None:
        self._root = root
        self._mapper = mapper
        self._mapperArgs = dict(mapperArgs or {})
        self._parents: list[Any] = []
        self.policy = policy
        self.addParents(iterify(parents))
        self.dirty = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RepositoryCfg) and self._compared() == other._compared()

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return (
            f"RepositoryCfg(root={self.root!r}, mapper={self.mapper!r}, "
            f"mapperArgs={self.mapperArgs!r}, "
            f"parents={self.parents!r}, policy={self.policy!r})"
        )

    @property
    def root(self) -> str | None:
        """The directory of the repository; only None can be replaced by another one.

        Raises
        ------
        RepositoryError
            If it is set to another directory while it has a value: set it to None first.
        """
        return self._root

    @root.setter
    def root(self, root: str | None) -> None:
        if root is not None and self._root is not None and root != self._root:
            raise RepositoryError(
                "Explicity clear root (set to None) before changing the value of root."
            )
        self._root = root

    @property
    def mapper(self) -> Any:
        """The camera, which can be set once.

        Raises
        ------
        RepositoryError
            If it is set while it has a value.
        """
        return self._mapper

    @mapper.setter
    def mapper(self, mapper: Any) -> None:
        if self._mapper is not None:
            raise RepositoryError("Should not set mapper over previous not-None value.")
        self._mapper = mapper
        self.dirty = True

    @property
    def mapperArgs(self) -> dict[str, Any]:
        """The arguments for the mapper; setting them sets `dirty`."""
        return self._mapperArgs

    @mapperArgs.setter
    def mapperArgs(self, mapperArgs: Mapping[str, Any] | None) -> None:
        self._mapperArgs = dict(mapperArgs or {})
        self.dirty = True

    # -- parents
    # -------------------------------------------------------------------------------------

    @property
    def parents(self) -> list[Any]:
        """The parents: absolute paths, and configurations.

        They are stored relative, so that a tree can be moved.
        """
        return [self._absolute(parent) for parent in self._parents]

    def addParents(self, newParents: Any) -> None:
        """Add parents that are not yet listed.

        Parameters
        ----------
        newParents : `str`, `RepositoryCfg` or iterable of these
            The parents.
        """
        for parent in _each(newParents):
            relative = self._relative(parent)
            if relative not in self._parents:
                self._parents.append(relative)
                self.dirty = True

    def extendParents(self, newParents: Any) -> None:
        """Replace the parents by a list that begins with them.

        Parameters
        ----------
        newParents : `str`, `RepositoryCfg` or iterable of these
            The new list.

        Raises
        ------
        ParentsMismatch
            If the new list does not begin with the present parents.
        """
        wanted = [self._relative(parent) for parent in _each(newParents)]
        if wanted[: len(self._parents)] != self._parents:
            raise ParentsMismatch(
                f"The beginning of the passed-in parents list: {wanted} does not match the "
                f"existing parents list in this RepositoryCfg: {self._parents}"
            )
        if len(wanted) > len(self._parents):
            self._parents = wanted
            self.dirty = True

    def extend(self, other: RepositoryCfg) -> None:
        """Add another configuration's parents; everything else must be equal.

        Parameters
        ----------
        other : `RepositoryCfg`
            The other configuration.

        Raises
        ------
        RepositoryError
            If it is not.
        """
        if self._compared()[:-1] != other._compared()[:-1]:
            raise RepositoryError(f"{self} can not be extended with cfg:{other}")
        self.extendParents(other.parents)

    # -- conversions
    # --------------------------------------------------------------------------

    @staticmethod
    def makeFromArgs(repositoryArgs: RepositoryArgs) -> RepositoryCfg:
        """Return a configuration without parents, from a caller's arguments.

        Parameters
        ----------
        repositoryArgs : `RepositoryArgs`
            The arguments.

        Returns
        -------
        cfg : `RepositoryCfg`
            The configuration.
        """
        args = repositoryArgs
        return RepositoryCfg(args.root, args.mapper, args.mapperArgs, None, args.policy)

    def matchesArgs(self, repositoryArgs: RepositoryArgs) -> bool:
        """Check whether a caller's arguments are consistent with this configuration.

        Parameters
        ----------
        repositoryArgs : `RepositoryArgs`
            The arguments.

        Returns
        -------
        matches : `bool`
            Whether all values present in both agree.
        """
        args = repositoryArgs
        requested = repository_cfg.placed(args.mapperArgs or {}, self.root or os.curdir)
        present = repository_cfg.placed(self._mapperArgs, self.root or os.curdir)
        return (
            (args.root is None or args.root == self._root)
            and (args.mapper is None or _name(args.mapper) == _name(self._mapper))
            and all(requested[key] == present[key] for key in requested.keys() & present.keys())
            and (not args.policy or args.policy == self.policy)
        )

    @classmethod
    def from_config(cls, cfg: repository_cfg.RepositoryCfg) -> RepositoryCfg:
        """Return the configuration that `persistence.butler.repository_cfg` read.

        Parameters
        ----------
        cfg : `persistence.butler.repository_cfg.RepositoryCfg`
            The configuration, as that module reads it.

        Returns
        -------
        cfg : `RepositoryCfg`
            The same configuration.
        """
        parents = [
            cls.from_config(parent) if isinstance(parent, repository_cfg.RepositoryCfg) else parent
            for parent in cfg.parents
        ]
        converted = cls(cfg.root, cfg.mapper, cfg.mapperArgs, parents, cfg.policy)
        converted.dirty = False
        return converted

    def to_config(self, cfg_root: str) -> repository_cfg.RepositoryCfg:
        """Return the configuration in the form of `persistence.butler.repository_cfg`.

        Parameters
        ----------
        cfg_root : `str`
            The directory of the configuration.

        Returns
        -------
        cfg : `persistence.butler.repository_cfg.RepositoryCfg`
            The configuration, as that module writes it.
        """
        directory = os.path.abspath(cfg_root)
        root = os.path.abspath((self._root or directory).removeprefix("file://"))
        parents = [
            parent.to_config(parent.root or "") if isinstance(parent, RepositoryCfg) else parent
            for parent in self.parents
        ]
        mapper = None if self._mapper is None else installed.gen2_name(self._mapper)
        return repository_cfg.RepositoryCfg(
            directory, root, mapper, self._mapperArgs, tuple(parents), self.policy
        )

    def _compared(self) -> tuple[Any, ...]:
        return self._root, self._mapper, self._mapperArgs, self.policy, self.parents

    def _relative(self, parent: Any) -> Any:
        if isinstance(parent, RepositoryCfg):
            return parent._moved(self._relative(parent.root))
        if self._root is None or parent is None or "://" in self._root or "://" in parent:
            return parent
        return os.path.relpath(parent, os.path.realpath(self._root))

    def _absolute(self, parent: Any) -> Any:
        if isinstance(parent, RepositoryCfg):
            return parent._moved(self._absolute(parent.root))
        if self._root is None or parent is None or "://" in self._root or "://" in parent:
            return parent
        return os.path.normpath(os.path.join(os.path.realpath(self._root), parent))

    def _moved(self, root: str | None) -> RepositoryCfg:
        """Return a copy with another root, so that access does not change the original."""
        moved = copy.copy(self)
        moved._root = root
        return moved


def _each(parents: Any) -> Iterable[Any]:
    return [parents] if isinstance(parents, RepositoryCfg) else iterify(parents)


def _name(mapper: Any) -> str | None:
    """Return the name of a camera passed as a class, an instance, or any of its names."""
    if mapper is None:
        return None
    try:
        is_name = isinstance(mapper, str)  # it may come from a repository, so it is not imported
        return installed.gen2_name(installed.find(mapper) if is_name else installed.camera(mapper))
    except CameraNotFound:
        return str(mapper)
