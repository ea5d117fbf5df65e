"""The order in which repositories are asked, and what is said when none of them has the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler import locate
from persistence.butler.plan import Leg, Plan
from persistence.butler.repository import Repository
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import (
    NoResults,
    UnknownDatasetType,
)
from persistence.registry.source import Source


class Chain:
    """Repositories in the order in which they are searched, and the one that is written to.

    Parameters
    ----------
    inputs : sequence of `Repository`
        Those that are read, in order.
    outputs : sequence of `Repository`
        Those that are written.
    settle : callable
        Does what has to be done before something is written.
    """

    def __init__(
        self,
        inputs: Sequence[Repository],
        outputs: Sequence[Repository],
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.settle = settle
        # Made when they are first asked for; what the repositories know does not change.
        self._requests: dict[str, Request] = {}
        self._knowing: dict[Request, tuple[Repository, ...]] = {}
        self._plans: dict[Request, Plan] = {}

    def renewed(self) -> Chain:
        """Return a chain of the same repositories, which have learned of a dataset type."""
        return Chain(self.inputs, self.outputs, self.settle)

    def asked(self, request: Request, data_id: Mapping[str, Any]) -> Sequence[Repository]:
        """Return the repositories that a data ID's tags allow and that know the dataset type."""
        known = self._knowing.get(request)
        if known is None:
            known = self._knowing[request] = tuple(one for one in self.inputs if one.knows(request))
        return (
            [one for one in known if one.serves(data_id)]
            if getattr(data_id, "tag", None)
            else known
        )

    def legs(self, request: Request, data_id: Mapping[str, Any]) -> list[Leg]:
        """Return the repositories that are asked, neighbours that map alike together."""
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
        """Return the repositories whose cameras make a dataset by themselves, by a hook."""
        return [
            repository
            for repository in self.asked(request, data_id)
            if repository.mapper.hook("bypass", request.name) is not None
        ]

    def request(self, name: str) -> Request:
        """Take a name apart, with the dataset types of the first repository that has it.

        Raises
        ------
        UnknownDatasetType
            If none has it.
        """
        if name in self._requests:
            return self._requests[name]
        problem: UnknownDatasetType | None = None
        for repository in (*self.inputs, *self.outputs):
            try:
                found = repository.mapper.request(name)
            except UnknownDatasetType as error:
                problem = problem or error
            else:
                self._requests[name] = found
                return found
        raise problem or UnknownDatasetType(name, (), "This Butler, which has no repository,")

    def staged(self, request: Request) -> Request:
        """Return what a plain name stands for.

        The stage that the first repository which names one names.
        """
        for repository in (*self.inputs, *self.outputs):
            stage = repository.mapper.policy.settings.get("stages", {}).get(request.datasetType)
            if stage is not None:
                whole = self.request(f"{request.datasetType}:{stage}")
                return whole._replace(view=request.view)
        return request

    def knowing(self, request: Request) -> Repository:
        """Give the first repository whose camera has a dataset type."""
        for repository in self.asked(request, {}):
            return repository
        return next(repository for repository in self.outputs if repository.knows(request))

    def writers(self, request: Request) -> list[Repository]:
        """Return the outputs that know a dataset type, whatever their tags."""
        return [repository for repository in self.outputs if repository.knows(request)]

    def is_written(self, request: Request, data_id: Mapping[str, Any]) -> bool:
        """Check whether a file of a dataset is in every output that knows the dataset type."""
        return all(locate.is_written(output, request, data_id) for output in self.writers(request))

    def tagged(self, data_id: Mapping[str, Any]) -> Iterator[Repository]:
        """Give every repository, inputs first, that a data ID's tags let it see."""
        every = dict.fromkeys((*self.inputs, *self.outputs))
        return (repository for repository in every if repository.serves(data_id))

    def locate(self, request: Request, data_id: Mapping[str, Any]) -> Location | None:
        """Return where a dataset is, in the first repository that has it; None if it is nowhere."""
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
                there = locate.present(repository, location)
                if there is not None:
                    return there
        if any(repository.direct.has_appeared() for repository in self.asked(request, data_id)):
            return self.locate(request, data_id)
        return None
