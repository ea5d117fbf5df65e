"""What a caller says of a repository that a Butler is to use."""

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

# What a repository asks its mapper for, of all that a caller gives the mapper.
TAKEN = ("calibRoot", "calibRegistry", "registry")
_NAMES = ("cfgRoot", "root", "mapper", "mapperArgs", "tags", "mode", "policy")


class Arguments(NamedTuple):
    """What a caller said of a repository, when the Butler was made; see `RepositoryArgs`."""

    cfgRoot: str | None
    root: str | None
    mapper: Any
    mapperArgs: Mapping[str, Any] | None
    tags: frozenset[Any]
    mode: str
    policy: Mapping[str, Any] | None
    names_root: bool


class RepositoryArgs:
    """What a caller says of a repository.

    Parameters
    ----------
    cfgRoot, root : `str`
        Where its configuration lies, and where its data do; one stands for the other. A mapping in
        the first place holds all of these by name.
    mapper : `type`, `str` or `Mapper`, optional
        The camera.
    mapperArgs : mapping, optional
        For the mapper.
    tags : `str` or iterable, optional
        Tagged data IDs see only repositories that carry one of their tags.
    mode : `str`, optional
        ``r``, ``w`` or ``rw``; inputs are read and outputs written if nothing is said.
    policy : mapping, optional
        Laid over the camera's policy.
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
        return self._cfg_root or self._root

    @property
    def root(self) -> str | None:
        return self._root or self._cfg_root

    @property
    def mapper(self) -> Any:
        """The camera.

        Raises
        ------
        RepositoryError
            When it is set, if there is one: set it to None first.
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
        """Whether the caller says where data lie, besides where the configuration does."""
        return self._root is not None and self._cfg_root is not None

    def tag(self, tags: Any) -> None:
        """Add one tag, or many."""
        self.tags = self.tags | as_tags(tags)  # a copy of these arguments keeps its own

    def frozen(self, mode: str) -> Arguments:
        """Return these arguments as they are now, with a mode: whatever is done to them later."""
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
        """Make a calibration root absolute that lies in the current directory: that may change.

        Raises
        ------
        RepositoryError
            If it is not there, in the repository or in the current directory; or in both.
        """
        given = (self.mapperArgs or {}).get("calibRoot")
        if self.mapperArgs is None or not given:
            return
        path = roots.directory(given, [self.root], "calibRoot")
        in_root = os.path.join(os.path.realpath(self.root or os.curdir), os.fspath(given))
        if path != os.path.normpath(in_root):
            self.mapperArgs = {**self.mapperArgs, "calibRoot": path}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RepositoryArgs) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # tags may be added

    def __repr__(self) -> str:
        said = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in _NAMES if getattr(self, name)
        )
        return f"RepositoryArgs({said})"


def as_args(given: Any) -> list[RepositoryArgs]:
    """Take one repository or many: arguments, mappings of them, or paths.

    The caller's are not changed.
    """
    if given is None:
        return []
    if isinstance(given, RepositoryArgs | Mapping | str | os.PathLike) or not isinstance(
        given, Iterable
    ):
        given = [given]
    return [
        copy.copy(one) if isinstance(one, RepositoryArgs) else RepositoryArgs(one) for one in given
    ]


def refuse_untaken(mapper: Mapper, given: Iterable[str], others: Iterable[str] = ()) -> None:
    """Refuse arguments for a mapper that neither its class nor the repository takes.

    Parameters
    ----------
    mapper : `Mapper`
        Made with the arguments; its class took what is not left in ``mapperArgs``.
    given : iterable of `str`
        The names of the arguments.
    others : iterable of `str`
        What else they may have been meant for, to be suggested.

    Raises
    ------
    UnknownArgument
        With the first of them, and its neighbours.
    """
    known = [*TAKEN, *others]
    for name in given:
        if name in mapper.mapperArgs and name not in TAKEN:
            raise UnknownArgument(
                f"{type(mapper).__name__} and its repository take no argument {name!r}"
                f"{did_you_mean(name, known)} (known: {', '.join(known)})"
            )


def _absolute(path: Any) -> str | None:
    """Make a path absolute against the real current directory; a ``file:`` URI is its path."""
    if path is None:
        return None
    text = os.fspath(path).removeprefix("file://")
    if "://" in text:
        raise RepositoryError(f"{text}: only directories and file: URIs can be repositories")
    return os.path.normpath(os.path.join(os.path.realpath(os.curdir), text.rstrip("/") or "/"))
