"""The order in which repositories are asked, and what is said when none of them has the answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler import locate, lookup
from persistence.butler.plan import Leg, Plan
from persistence.butler.repository import Repository
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import (
    AmbiguousDataId,
    IncompleteDataId,
    MultipleResults,
    NoResults,
    UnknownDatasetType,
    UnknownKeyWarning,
    warn_caller,
)
from persistence.files import links
from persistence.policy import storages, suppliers
from persistence.policy.composites import is_keyless_aggregate
from persistence.registry import direct


class Matching(NamedTuple):
    """The data IDs that a partial one stands for: what is known, and the rows of its other keys."""

    data_id: DataId
    keys: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    def data_ids(self) -> Iterator[DataId]:
        """Yield each as a whole, without the keys that the registry does not know: NULL."""
        known, keys = DataId(self.data_id), self.keys
        for row in self.rows:
            full = known.copy()
            dict.update(full, zip(keys, row, strict=True))  # what a registry gives is plain
            if None in row:
                for key, value in zip(keys, row, strict=True):
                    if value is None:
                        del full[key]
            yield full


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
        for repository in self.asked(request, data_id):
            if legs and repository.maps_like(legs[-1].leader):
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

    def bypassing(self, request: Request, data_id: Mapping[str, Any]) -> Repository | None:
        """Return the first repository whose camera makes a dataset without a file.

        None if there is none.
        """
        return next(
            (
                repository
                for repository in self.asked(request, data_id)
                if repository.mapper.hook("bypass", request.name) is not None
            ),
            None,
        )

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

    def keys(
        self, name: str | None, level: str | None, data_id: Mapping[str, Any]
    ) -> dict[str, type] | None:
        """Give the keys of a dataset type, or of the camera, by the first repository that has it.

        None if none.
        """
        for repository in self.tagged(data_id):
            if name is None or repository.has(name):
                return repository.mapper.getKeys(name, level)
        return None

    def matching(self, request: Request, level: str, data_id: DataId) -> Matching:
        """Find the data IDs that a partial one matches, at a level (see `Mapper.getKeys`).

        An aggregate whose definition names no keys is one for every data ID.
        """
        keys = self.keys(request.datasetType, level, data_id)
        if keys is None:  # no repository that the tags let it see has the type
            return Matching(data_id, (), [])
        if is_keyless_aggregate(self.knowing(request).mapper.dataset(request)):
            return Matching(data_id, (), [()])
        if all(key in data_id for key in keys):
            return Matching(data_id, tuple(keys), [tuple(data_id[key] for key in keys)])
        request = self._finder(request, set(keys) - set(data_id))
        rows = self.lookup(request, tuple(keys), data_id, lenient=True)
        return Matching(data_id, tuple(keys), rows)

    def _finder(self, request: Request, missing: set[str]) -> Request:
        """Return the component, or the type itself, whose files have the missing keys.

        Lists are the last to be asked: each of their parts has more keys.
        """
        dataset = self.knowing(request).mapper.dataset(request)
        if dataset.template is None:
            for part in sorted(dataset.composite.values(), key=lambda part: part.subset):
                inner = self._finder(self.request(part.datasetType), missing)
                if missing <= set(self.knowing(inner).mapper.dataset(inner).keys):
                    return inner
        return request

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

    def refuse(self, verb: str, request: Request, data_id: Mapping[str, Any]) -> NoResults:
        """Explain why nothing was found: the paths that were tried, or what is missing.

        And what is near.
        """
        from persistence.butler import nearest  # only who finds nothing needs it

        tried: dict[str, list[str]] = {}
        problems: list[NoResults] = []
        for repository in self.asked(request, data_id):
            try:
                location = locate.expected(repository, request, data_id)
                tried.setdefault(location.path, []).append(os.path.relpath(location.root))
            except NoResults as error:
                problems.append(error)
        reasons = [f"looked for  {path}  in  {', '.join(roots)}" for path, roots in tried.items()]
        reasons += self.dangling(request, data_id)
        reasons += dict.fromkeys(reason for error in problems for reason in error.reasons)
        if not any(isinstance(error, AmbiguousDataId) for error in problems):
            for repository in self.asked(request, data_id):
                reasons += nearest.reasons(repository, request, data_id)
        unread = [one for one in self.outputs if one not in self.inputs and one.knows(request)]
        reasons += [
            f"not looked into  {os.path.relpath(one.root)}, which is only written (mode rw: read, "
            "too)"
            for one in unread
        ]
        reasons += self._strange(request, data_id)
        kinds = {type(error) for error in problems}
        kind = kinds.pop() if len(kinds) == 1 and not tried else NoResults
        cls = (
            kind
            if issubclass(kind, (IncompleteDataId, AmbiguousDataId, MultipleResults))
            else NoResults
        )
        # Repositories of one registry have the same to say.
        return cls(f"No locations for {verb}:", request.name, data_id, list(dict.fromkeys(reasons)))

    def dangling(self, request: Request, data_id: Mapping[str, Any]) -> list[str]:
        """Return where each link leads that stands where a dataset should be, and leads to nothing.

        For messages: ``repo/raw/x.fits is a link to /gone/x.fits, which is not there``. A file that
        is registered outside the repository is told alike.
        """
        faults: dict[str, None] = {}
        for repository in self.asked(request, data_id):
            try:
                location = locate.expected(repository, request, data_id)
            except NoResults:
                continue
            path = os.path.relpath(location.full_path)
            for ending in storages.endings(location.storage):
                faults[links.fault(path + ending)] = None
            outside = repository.direct.locate(location)
            if outside is not None:
                faults[direct.fault(path, outside.full_path)] = None
        return [fault for fault in faults if fault]

    def warn_strange(self, request: Request, data_id: Mapping[str, Any]) -> None:
        """Warn of keys that no repository knows, once, at the line that gave the data ID."""
        for message in self._strange(request, data_id):
            warn_caller(message, UnknownKeyWarning)

    def _strange(self, request: Request, data_id: Mapping[str, Any]) -> list[str]:
        repositories = self.asked(request, data_id) or self.writers(request)
        strange: dict[str, str] = {}
        for number, repository in enumerate(repositories):
            here = lookup.strange(repository, request.datasetType, data_id)
            strange = {key: here[key] for key in here if not number or key in strange}
            if not strange:
                break
        return list(strange.values())

    def lookup(
        self,
        request: Request,
        columns: Sequence[str],
        data_id: Mapping[str, Any],
        lenient: bool = False,
    ) -> list[tuple[Any, ...]]:
        """Return the first answer that is not empty; see `persistence.butler.lookup.lookup`.

        What the files tell is the union of what all repositories have.
        """
        found: dict[tuple[Any, ...], None] = {}
        for repository in self.asked(request, data_id):
            mapper = repository.mapper
            dataset = mapper.dataset(request)
            hook = mapper.hook("query", request.datasetType)
            typed = mapper.typed(dataset, data_id)
            rows = (
                hook(columns, typed)
                if hook
                else lookup.lookup(repository, dataset, columns, typed, lenient)
            )
            lacking = [key for key in columns if key not in data_id]
            if rows and "files" not in suppliers.shares(dataset, mapper.policy, lacking):
                return list(rows)
            found.update(dict.fromkeys(rows))
        return list(found)
