"""Pins: the repositories in which some dataset types are looked up, and nowhere else.

A caller's pins hold for the whole chain. Those in the settings of a repository say what that one
shows: the pinned repositories are searched in its place, also where it is a parent, so that a child
sees what its parent shows. Pins of a repository that is only pinned are not followed: the order is
found in one step, and there are no loops.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from persistence.butler.members import Member, Members
from persistence.butler.repository import Repository
from persistence.butler.repository_args import RepositoryArgs
from persistence.errors import (
    PersistenceError,
    PolicyError,
    RepositoryError,
    UnknownArgument,
    UnknownDatasetType,
)
from persistence.files import settings
from persistence.policy.dataset_type import DatasetType

# What callers pass: repositories by dataset type, or by pattern; False for none whatsoever.
Given = Mapping[str, Any] | Literal[False] | None
# The source of the caller's pins.
GIVEN = "pins="


class Pin(NamedTuple):
    """The repositories in which some dataset types are looked up.

    Attributes
    ----------
    pattern : `str`
        A dataset type, or a shell pattern of some.
    roots : `tuple` [`str`]
        The repositories, in search order: absolute paths.
    source : `str`
        Where it is written: ``pins=``, or a file.
    """

    pattern: str
    roots: tuple[str, ...]
    source: str

    def __str__(self) -> str:
        return f"{self.pattern} is pinned to {', '.join(self.roots)} ({self.source})"


class Pinned(NamedTuple):
    """A pin, and its repositories in search order: themselves, then their parents."""

    pin: Pin
    repositories: tuple[Repository, ...]


class Pins:
    """The pins of a chain, with their repositories.

    Parameters
    ----------
    given : sequence of `Pinned`
        The caller's, which hold for the whole chain.
    kept : mapping [`Repository`, sequence of `Pinned`]
        Those in the settings of repositories.
    """

    def __init__(
        self,
        given: Sequence[Pinned] = (),
        kept: Mapping[Repository, Sequence[Pinned]] = {},
    ) -> None:
        self.given = tuple(given)
        self.kept = {repository: tuple(some) for repository, some in kept.items() if some}
        every = (*self.given, *(one for some in self.kept.values() for one in some))
        self.repositories = tuple(
            dict.fromkeys(repository for one in every for repository in one.repositories)
        )

    def __bool__(self) -> bool:
        return bool(self.repositories)

    def __str__(self) -> str:
        kept = (pinned for some in self.kept.values() for pinned in some)
        return "; ".join(str(pinned.pin) for pinned in (*self.given, *kept))

    def search(
        self, name: str, inputs: Sequence[Repository]
    ) -> tuple[tuple[Repository, ...], tuple[Pin, ...]]:
        """Return the repositories to search for a dataset type, and the pins that say so.

        Parameters
        ----------
        name : `str`
            The dataset type. A pin of ``calexp`` holds for ``calexp:jointcal``, too, unless that
            has one of its own; a name precedes patterns, and the first pattern counts.
        inputs : sequence of `Repository`
            The repositories of the chain, in search order.
        """
        pinned = _chosen(self.given, name)
        if pinned is not None:
            return pinned.repositories, (pinned.pin,)
        if not self.kept:
            return tuple(inputs), ()
        order: dict[Repository, None] = {}
        applied: dict[Pin, None] = {}
        parents = {parent for repository in inputs for parent in repository.parents}
        waiting = [repository for repository in inputs if repository not in parents]
        seen = set[Repository]()
        while waiting:
            repository = waiting.pop(0)
            if repository in seen:
                continue
            seen.add(repository)
            pinned = _chosen(self.kept.get(repository, ()), name)
            if pinned is None:
                order[repository] = None
                waiting[:0] = repository.parents
            else:
                order |= dict.fromkeys(pinned.repositories)
                applied[pinned.pin] = None
        return (tuple(order), tuple(applied)) if applied else (tuple(inputs), ())


def _chosen(some: Sequence[Pinned], name: str) -> Pinned | None:
    """Return the pin of a dataset type: by its name, that without a stage, or the first pattern."""
    by_name = {pinned.pin.pattern: pinned for pinned in some}
    for exact in name, name.partition(":")[0]:
        if exact in by_name:
            return by_name[exact]
    fitting = (pinned for pinned in some if fnmatch.fnmatchcase(name, pinned.pin.pattern))
    return next(fitting, None)


class Pinning:
    """Pins whose repositories are found, but not opened yet.

    Parameters
    ----------
    members : `Members`
        The repositories of the chain; those that are only pinned are added to it.
    given : mapping, False or None
        The caller's pins; False also ignores those of the repositories.

    Raises
    ------
    RepositoryError
        If a pinned directory is not a repository, or the settings of one cannot be read.
    UnknownArgument
        If the caller's pins are not repositories by dataset type.
    """

    def __init__(self, members: Members, given: Given) -> None:
        self._members = members
        self._found: dict[str, Member] = {}
        self._given = of_caller(given)
        passed = {pin.pattern for pin in self._given}
        self._kept = {
            member: [pin for pin in of_settings(member.cfg.root) if pin.pattern not in passed]
            for member in (() if given is False else members.readable)
        }
        for pin in self._every():
            for root in pin.roots:
                self._found[root] = self._find(pin, root)

    def _every(self) -> Iterator[Pin]:
        yield from self._given
        for some in self._kept.values():
            yield from some

    def _find(self, pin: Pin, root: str) -> Member:
        """Return the repository that a pin names; one that is only pinned has all tags."""
        try:
            found = self._members.add_pinned(root)
        except PersistenceError as error:
            raise RepositoryError(f"{_whole(pin)}: {error}") from error
        others = [one for one in found.ancestry() if one not in self._members.readable]
        for one in others:
            one.tags |= {tag for first in self._members.asked for tag in first.args.tags}
        return found

    def open(self, opener: Callable[[Member], Repository]) -> None:
        """Open the pinned repositories and their parents, but for outputs.

        Raises
        ------
        RepositoryError
            If one cannot be opened; the message names the pin.
        """
        for pin in self._every():
            for member in self._order(pin):
                if member not in self._members.outputs:
                    try:
                        opener(member)
                    except (PolicyError, RepositoryError) as error:
                        raise RepositoryError(f"{_whole(pin)}: {error}") from error

    def _order(self, pin: Pin) -> list[Member]:
        """Return the repositories of a pin in search order: themselves, then their parents."""
        tops = [self._found[root] for root in pin.roots]
        return list(dict.fromkeys((*tops, *(one for top in tops for one in top.ancestry()))))

    def opened(self, opener: Callable[[Member], Repository]) -> Pins:
        """Return the pins with their repositories, which are opened.

        Raises
        ------
        RepositoryError
            If a repository has a camera that no repository of the chain has.
        """
        if not self._found:
            return Pins()
        cameras = {type(opener(member).mapper) for member in self._members.readable}
        cameras |= {type(opener(member).mapper) for member in self._members.outputs}

        def pinned(pin: Pin) -> Pinned:
            for root in pin.roots:
                own = type(opener(self._found[root]).mapper)
                if own not in cameras:
                    names = ", ".join(sorted(camera.__name__ for camera in cameras))
                    raise RepositoryError(
                        f"{_whole(pin)}: its camera is {own.__name__}, and the data IDs here are "
                        f"those of {names}"
                    )
            return Pinned(pin, tuple(map(opener, self._order(pin))))

        return Pins(
            [pinned(pin) for pin in self._given],
            {
                opener(member): [pinned(pin) for pin in some]
                for member, some in self._kept.items()
                if some
            },
        )

    def check(self, repositories: Iterable[Repository], calibs: Mapping[str, str]) -> None:
        """Raise an error for pins that would have no effect.

        Raises
        ------
        UnknownDatasetType
            If no camera has the dataset type.
        PolicyError
            If it is put together from other dataset types, or has a directory of its own.
        """
        every = list(self._every())
        types: dict[str, DatasetType] = {}
        for repository in repositories if every else ():
            types = {**repository.mapper.types, **types}
        for pin in every:
            fitting = [name for name in types if fnmatch.fnmatchcase(name, pin.pattern)]
            if not fitting:
                raise UnknownDatasetType(pin.pattern, types, f"{_whole(pin)}: the camera")
            dataset = types.get(pin.pattern)
            if dataset is not None and dataset.composite and dataset.template is None:
                parts = dict.fromkeys(part.datasetType for part in dataset.composite.values())
                raise PolicyError(
                    f"{_whole(pin)}: it is put together from {', '.join(parts)}: pin these"
                )
            if pin.pattern in calibs:
                raise PolicyError(
                    f"{_whole(pin)}, and calibs names {calibs[pin.pattern]}: pass only one of them"
                )


def _whole(pin: Pin) -> str:
    """Return a pin for errors of opening, with what opens the repository all the same."""
    source = pin.source if pin.source == GIVEN else f"{pin.source}; pins=False ignores it"
    return str(pin._replace(source=source))


def of_caller(given: Given) -> tuple[Pin, ...]:
    """Return the pins that a caller passed.

    Raises
    ------
    UnknownArgument
        If they are not repositories by dataset type.
    """
    if given is None or given is False:
        return ()
    if not isinstance(given, Mapping):
        raise UnknownArgument(
            f"pins={given!r}: expected repositories by dataset type, {{'src': 'repo/rerun/a'}}, or "
            "False for none"
        )
    pins = []
    for pattern, value in given.items():
        roots = [value] if isinstance(value, str | os.PathLike) else value
        is_well = isinstance(pattern, str) and isinstance(roots, Sequence) and roots
        if not is_well or not all(isinstance(root, str | os.PathLike) and root for root in roots):
            raise UnknownArgument(
                f"pins[{pattern!r}] = {value!r}: expected the path of a repository, or several"
            )
        paths = [str(RepositoryArgs(os.fspath(root)).root) for root in roots]
        pins.append(Pin(pattern, tuple(paths), GIVEN))
    return tuple(pins)


def of_settings(root: str) -> tuple[Pin, ...]:
    """Return the pins that a repository keeps; their paths are relative to it.

    Raises
    ------
    RepositoryError
        If its settings cannot be read.
    """
    known, source = settings.pins(root), os.path.join(root, settings.FILE)
    # relative to where the repository is, whatever link leads to it
    base = os.path.realpath(root) if known else root
    return tuple(
        Pin(pattern, tuple(os.path.normpath(os.path.join(base, path)) for path in paths), source)
        for pattern, paths in known.items()
    )
