"""The directory of a repository's calibrations: from the caller, the policy, or beside the data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence.calibs.choose import Calibrations
from persistence.cameras.mapper import Mapper
from persistence.errors import RepositoryError
from persistence.files import mirrors
from persistence.registry.kinds import as_path
from persistence.registry.source import Source


class CalibrationSource:
    """The calibrations of a repository: its own, or a parent's.

    Without a registry of calibrations, one is looked for at each query; see `Source`.

    Parameters
    ----------
    root : `str`
        The directory of its own calibrations.
    arguments : mapping, optional
        May name their registry: ``calibRegistry``.
    parents : sequence of `CalibrationSource`, optional
        The sources of the parents, in order.
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
        """Return the source of the registry of calibrations; see `Source.owner`."""
        return self._source.owner(known)

    def find(self) -> Calibrations:
        """Return the current directory of calibrations, with their registry."""
        owner = self._source.owner() or self._source
        return Calibrations(owner.root, self._source.find())


def calibrations(
    root: str, mapper: Mapper, parents: Sequence[CalibrationSource] = ()
) -> CalibrationSource:
    """Return the source of a repository's calibrations.

    It is named by the caller or the policy, or is beside the data, or a parent's.

    Raises
    ------
    RepositoryError
        If the caller names a directory, or a registry in it, that does not exist. (Gen2 used the
        data root instead: trap T11 in doc/gen2/gen2-core.md.)
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
    """Return the source of the calibrations in a directory.

    Parameters
    ----------
    directory : `str`
        The directory.
    arguments : mapping, optional
        May name their registry, relative to the directory: ``calibRegistry``. The default is
        ``calibRegistry.sqlite3``.

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
    """Return the directories that a caller may mean by a path of calibrations.

    A relative path is tried in the repositories, as in Gen2, and in the current directory.

    Parameters
    ----------
    given : object
        The path.
    roots : iterable of `str` or `None`
        The repositories.
    name : `str`
        The name of the argument, for messages.

    Returns
    -------
    directories : `list` [`str`]
        Absolute paths: the one that exists, or, if none does, those that were tried.

    Raises
    ------
    RepositoryError
        If it is not a path, or two such directories exist.
    """
    path = as_path(given, name)
    bases = [*dict.fromkeys(os.path.realpath(root) for root in (*roots, os.curdir) if root)]
    paths = (os.path.normpath(os.path.join(base, path)) for base in bases)
    looked_for = list(dict.fromkeys(map(mirrors.directory, paths)))
    there = {os.path.realpath(one): one for one in looked_for if os.path.isdir(one)}
    if len(there) > 1:
        raise RepositoryError(
            f"{name} {path!r} may be {' or '.join(there.values())}: use its absolute path"
        )
    return list(there.values()) or looked_for


def directory(given: Any, roots: Iterable[str | None], name: str) -> str:
    """Return the directory of calibrations that a caller names; see `find`.

    Raises
    ------
    RepositoryError
        If it does not exist, or there are two.
    """
    found = find(given, roots, name)
    if not os.path.isdir(found[0]):
        raise RepositoryError(f"{name}: there is no directory {', nor '.join(found)}")
    return found[0]
