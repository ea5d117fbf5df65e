"""Where a repository's calibrations come from: the caller, the policy, or beside the data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence.calibs.choose import Calibrations
from persistence.cameras.mapper import Mapper
from persistence.errors import RepositoryError
from persistence.registry.kinds import as_path
from persistence.registry.source import Source


class CalibrationSource:
    """Finds where the calibrations of a repository lie: its own, or a parent's.

    What has no registry of them looks for one at each question; see `Source`.

    Parameters
    ----------
    root : `str`
        The directory that its own calibrations lie in.
    arguments : mapping
        May name their registry: ``calibRegistry``.
    parents : sequence of `CalibrationSource`
        Those of the parents, in order.
    """

    def __init__(
        self,
        root: str,
        arguments: Mapping[str, Any] = {},
        parents: Sequence[CalibrationSource] = (),
    ) -> None:
        sources = [parent._source for parent in parents]
        self._source: Source = Source(root, arguments, "calibRegistry", sources)

    def owner(self, known: dict[Source, Source | None]) -> Source | None:
        """Return whose registry of calibrations it is; see `Source.owner`."""
        return self._source.owner(known)

    def find(self) -> Calibrations:
        """Return where calibrations lie now, with their registry."""
        owner = self._source.owner() or self._source
        return Calibrations(owner.root, self._source.find())


def calibrations(
    root: str, mapper: Mapper, parents: Sequence[CalibrationSource] = ()
) -> CalibrationSource:
    """Return where to find the calibrations of a repository.

    Where the caller says, or the policy, or with the other data, or a parent's.

    Raises
    ------
    RepositoryError
        If the caller names a directory, or a registry in it, that is not there. (Gen2 looked in the
        data root instead: trap T11.)
    """
    arguments = mapper.mapperArgs
    configured = arguments.get("calibRoot") or mapper.policy.settings.get("calibRoot")
    if configured:
        path = os.path.join(os.path.realpath(root), as_path(configured, "calibRoot"))
        return calibrations_at(path, arguments)
    if arguments.get("calibRegistry"):
        return calibrations_at(root, arguments)
    return CalibrationSource(root, {}, parents)


def calibrations_at(directory: str, arguments: Mapping[str, Any] = {}) -> CalibrationSource:
    """Return where to find the calibrations of a directory.

    Parameters
    ----------
    directory : `str`
        The directory.
    arguments : mapping
        May name their registry, relative to the directory: ``calibRegistry``. By default it is
        ``calibRegistry.sqlite3`` in it.

    Raises
    ------
    RepositoryError
        If there is no such directory, or no such registry.
    """
    directory = os.path.normpath(directory)
    if not os.path.isdir(directory):
        raise RepositoryError(f"calibRoot: there is no directory {directory}")
    return CalibrationSource(directory, arguments)


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
    path = as_path(given, name)
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
