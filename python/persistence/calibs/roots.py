"""Where a repository's registry and its calibrations come from.

The caller, the policy, or beside the data.
"""

from __future__ import annotations

import os
from typing import Any

from persistence.calibs.choose import Calibrations
from persistence.cameras.mapper import Mapper
from persistence.errors import RepositoryError
from persistence.registry import Registry, SqliteRegistry, open_registry, registry_path


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
    return SqliteRegistry(path)


def place_of_registry(root: str, mapper: Mapper) -> str:
    """Give where the repository's own registry is, if it has one; see `own_registry`."""
    said = mapper.mapperArgs.get("registry")
    return os.path.join(root, _path(said, "registry")) if said else registry_path(root)


def calibrations(root: str, mapper: Mapper, inherited: Calibrations | None) -> Calibrations:
    """Say where calibrations lie.

    Where the caller says, or the policy, or with the other data, or a parent's.

    Raises
    ------
    RepositoryError
        If the caller names a directory that is not there. (Gen2 looked in the data root instead:
        trap T11.)
    """
    said = mapper.mapperArgs.get("calibRoot") or mapper.policy.settings.get("calibRoot")
    if said:
        return calibrations_at(os.path.join(os.path.realpath(root), _path(said, "calibRoot")))
    own = open_registry(root, "calibRegistry")
    return Calibrations(root, own) if own is not None or inherited is None else inherited


def calibrations_at(place: str) -> Calibrations:
    """Give the calibrations of a directory.

    Raises
    ------
    RepositoryError
        If there is no such directory.
    """
    place = os.path.normpath(place)
    if not os.path.isdir(place):
        raise RepositoryError(f"calibRoot: there is no directory {place}")
    return Calibrations(place, open_registry(place, "calibRegistry"))


def _path(said: Any, name: str) -> str:
    if not isinstance(said, str | os.PathLike):
        raise RepositoryError(f"{name} has to be a path, not {said!r}")
    return os.fspath(said)
