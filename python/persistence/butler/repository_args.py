"""A caller's arguments for a repository that a Butler uses."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from persistence.calibs import roots
from persistence.cameras.mapper import Mapper
from persistence.dataids.dataid import as_tags
from persistence.errors import RepositoryError, UnknownArgument, did_you_mean
from persistence.files import mirrors

# The arguments of a mapper that the repository uses, too.
TAKEN = ("calibRoot", "calibRegistry", "registry")
_NAMES = ("cfgRoot", "root", "mapper", "mapperArgs", "tags", "mode", "policy")


class Arguments(NamedTuple):
    """A caller's arguments for a repository, as they were when the Butler was created."""

    cfgRoot: str | None
    root: str | None
    mapper: Any
    mapperArgs: Mapping[str, Any] | None
    tags: frozenset[Any]
    mode: str
    policy: Mapping[str, Any] | None
    names_root: bool


class RepositoryArgs:
    """The arguments for one repository of a Butler's ``inputs`` or ``outputs``.

    Parameters
    ----------
    cfgRoot, root : `str`
        The directory of its configuration, and that of its data; each defaults to the other. A
        mapping as first argument holds all arguments by name.
    mapper : `type`, `str` or `Mapper`, optional
        The camera.
    mapperArgs : mapping, optional
        Arguments for the mapper.
    tags : `str` or iterable, optional
        A data ID with tags only uses repositories that share a tag.
    mode : `str`, optional
        ``r``, ``w`` or ``rw``. Default: ``r`` for inputs, ``w`` for outputs.
    policy : mapping, optional
        Policy entries that take precedence over the camera's policy.

    Raises
    ------
    RepositoryError
        If an argument is unknown, or the directory is not a path or ``file:`` URI.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.RepositoryArgs`` (doc/gen2/gen2-core.md).

    Examples
    --------
    >>> from persistence import RepositoryArgs
    >>> RepositoryArgs("/data/repo", tags="deep").mode is None
    True
    """

    def __init__(
        self,
        cfgRoot: Any = None,
        root: Any = None,
        mapper: Any = None,
        mapperArgs: Mapping[str, Any] | None = None,
        tags: Any = None,
        mode: str | None = None,
        policy: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(cfgRoot, Mapping):
            for name in cfgRoot:
                if name not in _NAMES:
                    hint = did_you_mean(name, _NAMES)
                    raise RepositoryError(
                        f"unknown repository argument {name!r}{hint} (known: {', '.join(_NAMES)})"
                    )
            self.__init__(**cfgRoot)  # type: ignore[misc]  # Gen2 allowed a mapping in the first place
            return
        self._cfg_root, self._root = _absolute(cfgRoot), _absolute(root)
        self._mapper = mapper
        self.mapperArgs = None if mapperArgs is None else dict(mapperArgs)
        self.tags = as_tags(tags)
        self.mode = mode
        self.policy = policy

    @property
    def cfgRoot(self) -> str | None:
        """The directory of the repository's configuration; by default that of its data."""
        return self._cfg_root or self._root

    @property
    def root(self) -> str | None:
        """The directory of the repository's data; by default that of its configuration."""
        return self._root or self._cfg_root

    @property
    def mapper(self) -> Any:
        """The camera.

        Raises
        ------
        RepositoryError
            If it is set while it has a value: set it to None first.
        """
        return self._mapper

    @mapper.setter
    def mapper(self, mapper: Any) -> None:
        if mapper is not None and self._mapper:
            raise RepositoryError(
                f"Explicity clear mapper (set to None) before changing its value: it is "
                f"{self._mapper!r}, and would become {mapper!r}"
            )
        self._mapper = mapper

    @property
    def names_root(self) -> bool:
        """Whether the caller names the directory of the data in addition to the configuration's."""
        return self._root is not None and self._cfg_root is not None

    def tag(self, tags: Any) -> None:
        """Add one or several tags.

        Parameters
        ----------
        tags : object or iterable
            A tag, or several.
        """
        self.tags = self.tags | as_tags(tags)  # a copy of these arguments keeps its own

    def frozen(self, mode: str) -> Arguments:
        """Return a copy of these arguments with a mode; later changes do not affect it.

        Parameters
        ----------
        mode : `str`
            The mode, if these arguments have none.

        Returns
        -------
        arguments : `Arguments`
            The copy.
        """
        return Arguments(
            self.cfgRoot,
            self.root,
            self.mapper,
            None if self.mapperArgs is None else MappingProxyType(dict(self.mapperArgs)),
            frozenset(self.tags),
            mode,
            self.policy,
            self.names_root,
        )

    def settle(self) -> None:
        """Convert a relative ``calibRoot`` to an absolute one: the current directory may change.

        Raises
        ------
        RepositoryError
            If it exists neither in the repository nor in the current directory, or in both.
        """
        calib_root = (self.mapperArgs or {}).get("calibRoot")
        if self.mapperArgs is None or not calib_root:
            return
        path = roots.directory(calib_root, [self.root], "calibRoot")
        in_root = os.path.join(os.path.realpath(self.root or os.curdir), os.fspath(calib_root))
        if path != os.path.normpath(in_root):
            self.mapperArgs = {**self.mapperArgs, "calibRoot": path}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RepositoryArgs) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # tags may be added

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in _NAMES if getattr(self, name)
        )
        return f"RepositoryArgs({arguments})"


def as_args(given: Any) -> list[RepositoryArgs]:
    """Return a list of arguments from one repository or many: arguments, mappings, or paths.

    The caller's objects are not changed.
    """
    if given is None:
        return []
    if isinstance(given, RepositoryArgs | Mapping | str | os.PathLike) or not isinstance(
        given, Iterable
    ):
        given = [given]
    return [
        copy.copy(item) if isinstance(item, RepositoryArgs) else RepositoryArgs(item)
        for item in given
    ]


def refuse_untaken(mapper: Mapper, given: Iterable[str], others: Iterable[str] = ()) -> None:
    """Raise an error for mapper arguments that neither its class nor the repository accepts.

    Parameters
    ----------
    mapper : `Mapper`
        The mapper created with the arguments; those left in its ``mapperArgs`` were not used.
    given : iterable of `str`
        The names of the arguments.
    others : iterable of `str`
        Further valid names, for suggestions.

    Raises
    ------
    UnknownArgument
        For the first unused argument, with similar names.
    """
    known = [*TAKEN, *others]
    for name in given:
        if name in mapper.mapperArgs and name not in TAKEN:
            raise UnknownArgument(
                f"{type(mapper).__name__} and its repository take no argument {name!r}"
                f"{did_you_mean(name, known)} (known: {', '.join(known)})"
            )


def _absolute(path: Any) -> str | None:
    """Return an absolute path, resolving a relative one against the real current directory.

    A ``file:`` URI is its path, and a name of the user's configuration file what that says.
    """
    if path is None:
        return None
    text = mirrors.directory(os.fspath(path).removeprefix("file://"))
    if "://" in text:
        raise RepositoryError(f"{text}: only directories and file: URIs can be repositories")
    return os.path.normpath(os.path.join(os.path.realpath(os.curdir), text.rstrip("/") or "/"))
