"""Where a repository's registry and its calibrations come from.

The caller, the policy, or beside the data.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from persistence.calibs.choose import Calibrations
from persistence.cameras.mapper import Mapper
from persistence.errors import RepositoryError
from persistence.registry import (
    Registry,
    SqliteRegistry,
    open_registry,
    refuse_server,
    registry_path,
)


def own_registry(root: str, mapper: Mapper) -> Registry | None:
    """Open the repository's own registry: where the caller says, or beside the data.

    None if it has none.

    Raises
    ------
    RepositoryError
        If the caller names one that is not there.
    """
    if not mapper.mapperArgs.get("registry"):
        return open_registry(root)
    path = place_of_registry(root, mapper)
    if not os.path.isfile(path):
        raise RepositoryError(f"registry: there is no file {path}")
    refuse_server(path, "registry")
    return SqliteRegistry(path)


def place_of_registry(root: str, mapper: Mapper) -> str:
    """Give where the repository's own registry is, if it has one; see `own_registry`."""
    said = mapper.mapperArgs.get("registry")
    return os.path.join(root, _path(said, "registry")) if said else registry_path(root)


def calibrations(root: str, mapper: Mapper, inherited: Calibrations | None) -> Calibrations:
    """Return where calibrations lie.

    Where the caller says, or the policy, or with the other data, or a parent's.

    Raises
    ------
    RepositoryError
        If the caller names a directory, or a registry in it, that is not there. (Gen2 looked in the
        data root instead: trap T11.)
    """
    configured = mapper.mapperArgs.get("calibRoot") or mapper.policy.settings.get("calibRoot")
    registry = mapper.mapperArgs.get("calibRegistry")
    if configured:
        path = os.path.join(os.path.realpath(root), _path(configured, "calibRoot"))
        return calibrations_at(path, registry)
    if registry:
        return calibrations_at(root, registry)
    own = open_registry(root, "calibRegistry")
    return Calibrations(root, own) if own is not None or inherited is None else inherited


def calibrations_at(place: str, registry: Any = None) -> Calibrations:
    """Return the calibrations of a directory.

    Parameters
    ----------
    place : `str`
        The directory.
    registry : `str`, optional
        Their registry, relative to the directory; by default ``calibRegistry.sqlite3`` in it.

    Raises
    ------
    RepositoryError
        If there is no such directory, or no such registry.
    """
    place = os.path.normpath(place)
    if not os.path.isdir(place):
        raise RepositoryError(f"calibRoot: there is no directory {place}")
    if not registry:
        return Calibrations(place, open_registry(place, "calibRegistry"))
    path = os.path.join(place, _path(registry, "calibRegistry"))
    if not os.path.isfile(path):
        raise RepositoryError(f"calibRegistry: there is no file {path}")
    refuse_server(path, "calibRegistry")
    return Calibrations(place, SqliteRegistry(path))


def find(given: Any, roots: Iterable[str | None], name: str) -> list[str]:
    """Return the directories that a caller may mean by one of calibrations.

    A relative one is looked for in the repositories, as Gen2 did, and in the current directory.

    Parameters
    ----------
    given : path
        What the caller says.
    roots : iterable of `str`
        The repositories.
    name : `str`
        The argument, for messages.

    Returns
    -------
    directories : `list` [`str`]
        Absolute paths: the one that is there, or, if none is, those that were looked for.

    Raises
    ------
    RepositoryError
        If it is no path, or there are two such directories.
    """
    path = _path(given, name)
    bases = [*dict.fromkeys(os.path.realpath(root) for root in (*roots, os.curdir) if root)]
    looked_for = list(dict.fromkeys(os.path.normpath(os.path.join(base, path)) for base in bases))
    there = {os.path.realpath(one): one for one in looked_for if os.path.isdir(one)}
    if len(there) > 1:
        raise RepositoryError(
            f"{name} {path!r} may be {' or '.join(there.values())}: give its whole path"
        )
    return list(there.values()) or looked_for


def directory(given: Any, roots: Iterable[str | None], name: str) -> str:
    """Return the directory of calibrations that a caller names; see `find`.

    Raises
    ------
    RepositoryError
        If it is not there, or there are two.
    """
    found = find(given, roots, name)
    if not os.path.isdir(found[0]):
        raise RepositoryError(f"{name}: there is no directory {', nor '.join(found)}")
    return found[0]


def _path(given: Any, name: str) -> str:
    if not isinstance(given, str | os.PathLike):
        raise RepositoryError(f"{name} has to be a path, not {given!r}")
    return os.fspath(given)
