"""The search order of repositories, and the errors when none of them has the answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler import locate
from persistence.butler.pins import Pin, Pins
from persistence.butler.plan import Leg, Plan
from persistence.butler.repository import Repository
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import (
    NoResults,
    RepositoryError,
    UnknownDatasetType,
    did_you_mean,
)
from persistence.files import mirrors
from persistence.policy import flavours
from persistence.registry.source import Source


class Chain:
    """Repositories in the order in which they are searched, and those that are written to.

    Parameters
    ----------
    inputs : sequence of `Repository`
        The repositories to read, in search order.
    outputs : sequence of `Repository`
        The repositories to write.
    settle : callable
        Called before anything is written; writes the configuration of new repositories.
    pins : `Pins`
        The repositories in which some dataset types are looked up instead of the inputs.
    """

    def __init__(
        self,
        inputs: Sequence[Repository],
        outputs: Sequence[Repository],
        settle: Callable[[], None] = lambda: None,
        pins: Pins = Pins(),  # noqa: B008  # a value: nothing changes it
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.settle = settle
        self.pins = pins
        # Whether the caller chose one repository, by ``repo=``.
        self.is_single = False
        # Created when first needed; what a repository knows does not change.
        self._requests: dict[str, Request] = {}
        self._knowing: dict[Request, tuple[Repository, ...]] = {}
        self._plans: dict[Request, Plan] = {}
        self._families: dict[str, Mapping[str, str]] = {}

    def named(self, name: Any) -> Repository:
        """Return a repository by its path, the last part of its path, or its tag.

        Parameters
        ----------
        name : `str`, path or tag
            The name. Of a repository and its parents, which have its tags, the first one is meant.

        Raises
        ------
        RepositoryError
            If there is no such repository here, or several.
        """
        every = self.every
        named = [each for each in every if name == os.path.basename(each.root) or name in each.tags]
        tagged = {parent for each in named if name in each.tags for parent in each.parents}
        named = [
            each for each in named if each not in tagged or name == os.path.basename(each.root)
        ]
        if isinstance(name, str | os.PathLike) and not named:
            path = os.path.realpath(mirrors.directory(os.fspath(name)))
            named = [each for each in every if os.path.realpath(each.root) == path]
        if len(named) != 1:
            hint = did_you_mean(str(name), {os.path.basename(each.root) for each in every})
            reason = "is several" if named else f"is none of the repositories here{hint}"
            roots = ", ".join(each.root for each in named or every)
            raise RepositoryError(f"repo={name!r} {reason} (known: {roots})")
        return named[0]

    def only(self, repository: Repository) -> Chain:
        """Return a chain that reads one repository alone, with the same outputs."""
        single = Chain((repository,), self.outputs, self.settle)
        single.is_single = True
        return single

    def renewed(self) -> Chain:
        """Return a chain of the same repositories, after they registered new dataset types."""
        return Chain(self.inputs, self.outputs, self.settle, self.pins)

    @property
    def read(self) -> tuple[Repository, ...]:
        """The repositories that are read: the inputs, then those that are only pinned."""
        return tuple(dict.fromkeys((*self.inputs, *self.pins.repositories)))

    @property
    def every(self) -> tuple[Repository, ...]:
        """All repositories: inputs, outputs, then those that are only pinned."""
        return tuple(dict.fromkeys((*self.inputs, *self.outputs, *self.pins.repositories)))

    def searched(self, name: str) -> tuple[Repository, ...]:
        """Return the repositories in which a dataset type is looked up: inputs, or pinned ones."""
        return self.pins.search(name, self.inputs)[0] if self.pins else self.inputs

    def pinned(self, request: Request) -> tuple[Pin, ...]:
        """Return the pins by which a dataset type is looked up elsewhere than in the inputs."""
        return self.pins.search(request.datasetType, self.inputs)[1] if self.pins else ()

    def asked(self, request: Request, data_id: Mapping[str, Any]) -> Sequence[Repository]:
        """Return the repositories to search: they know the type, and have the data ID's tags."""
        known = self._knowing.get(request)
        if known is None:
            known = self._knowing[request] = tuple(
                repository
                for repository in self.searched(request.datasetType)
                if repository.knows(request)
            )
        return (
            [repository for repository in known if repository.serves(data_id)]
            if getattr(data_id, "tag", None)
            else known
        )

    def legs(self, request: Request, data_id: Mapping[str, Any]) -> list[Leg]:
        """Return the repositories to search, in groups of neighbours with the same layout."""
        legs: list[Leg] = []
        known: dict[Source, Source | None] = {}
        for repository in self.asked(request, data_id):
            hook = repository.mapper.hook("map", request.datasetType)
            if legs and hook is None and repository.maps_like(legs[-1].leader, known):
                legs[-1] = legs[-1]._replace(members=(*legs[-1].members, repository))
            else:
                legs.append(Leg(repository, (repository,)))
        return legs

    def plan(self, request: Request) -> Plan:
        """Return the compiled look-up of a dataset type, or of a view of it."""
        plan = self._plans.get(request)
        if plan is None:
            plan = self._plans[request] = Plan(request, self.legs(request, {}))
        return plan

    def bypassing(self, request: Request, data_id: Mapping[str, Any]) -> list[Repository]:
        """Return the repositories whose cameras create a dataset themselves (``bypass_`` hook)."""
        return [
            repository
            for repository in self.asked(request, data_id)
            if repository.mapper.hook("bypass", request.name) is not None
        ]

    def request(self, name: str) -> Request:
        """Parse a name, with the dataset types of the first repository that knows it.

        Raises
        ------
        UnknownDatasetType
            If no repository knows it.
        """
        if name in self._requests:
            return self._requests[name]
        problem: UnknownDatasetType | None = None
        for repository in self.every:
            try:
                request = repository.mapper.request(name)
            except UnknownDatasetType as error:
                problem = problem or error
            else:
                self._requests[name] = request
                return request
        raise problem or UnknownDatasetType(name, (), "This Butler, which has no repository,")

    def family(self, name: str) -> Mapping[str, str]:
        """Return the names that the name of a family stands for, by flavour; see `flavours`.

        Empty for a name that any repository knows by itself.
        """
        if name not in self._families:
            policies = dict.fromkeys(repository.mapper.policy for repository in self.every)
            names = [flavours.of(policy, name) for policy in policies]
            merged = {flavour: each for some in reversed(names) for flavour, each in some.items()}
            self._families[name] = merged if all(names) else {}
        return self._families[name]

    def staged(self, request: Request) -> Request:
        """Return the request with the stage of a plain name that `Butler.defineStage` defined.

        The first repository that defines a stage for the name decides.
        """
        for repository in (*self.searched(request.datasetType), *self.every):
            stage = repository.mapper.policy.settings.get("stages", {}).get(request.datasetType)
            if stage is not None:
                whole = self.request(f"{request.datasetType}:{stage}")
                return whole._replace(view=request.view)
        return request

    def knowing(self, request: Request) -> Repository:
        """Return the first repository whose camera has a dataset type."""
        for repository in self.asked(request, {}):
            return repository
        others = (*self.outputs, *self.every)
        return next(repository for repository in others if repository.knows(request))

    def writers(self, request: Request) -> list[Repository]:
        """Return the outputs that know a dataset type, whatever their tags."""
        return [repository for repository in self.outputs if repository.knows(request)]

    def hidden(self, request: Request) -> list[Repository]:
        """Return the outputs that are searched, but not for a dataset type: it is pinned."""
        searched = self.searched(request.datasetType)
        return [
            repository
            for repository in self.writers(request)
            if repository in self.inputs and repository not in searched
        ]

    def is_written(self, request: Request, data_id: Mapping[str, Any]) -> bool:
        """Check whether a file of a dataset is in every output that knows the dataset type."""
        return all(locate.is_written(output, request, data_id) for output in self.writers(request))

    def tagged(self, data_id: Mapping[str, Any], name: str | None = None) -> Iterator[Repository]:
        """Yield the repositories, inputs first, that the tags of a data ID allow.

        For a dataset type, those in which it is looked up come first.
        """
        every = dict.fromkeys((*(self.searched(name) if name else ()), *self.every))
        return (repository for repository in every if repository.serves(data_id))

    def locate(self, request: Request, data_id: Mapping[str, Any]) -> Location | None:
        """Return the location of a dataset in the first repository that has it, or None."""
        location = self.plan(request).locate(data_id)
        if location is not None:
            return location
        for leg in self.legs(request, data_id):
            try:
                location = locate.expected(leg.leader, request, data_id)
            except NoResults:
                continue
            for repository in leg.members:
                if repository is not leg.leader:
                    location = locate.moved(repository, request, location)
                present = locate.present(repository, location)
                if present is not None:
                    return present
        if any(repository.direct.has_appeared() for repository in self.asked(request, data_id)):
            return self.locate(request, data_id)
        return None
