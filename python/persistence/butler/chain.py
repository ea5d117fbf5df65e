"""The order in which repositories are asked, and what is said when none of them has the answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
from persistence.files import atomic, links
from persistence.policy.composites import SKYMAP_KEYS, is_keyless_aggregate
from persistence.registry import FilesystemRegistry, direct


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
        # Asked at every look-up; what a camera knows does not change.
        self._knowing: dict[Request, tuple[Repository, ...]] = {}
        self._bypassing: dict[Request, tuple[Repository, ...]] = {}
        self._likeness: dict[tuple[int, int], bool] = {}
        self._requests: dict[str, Request] = {}
        self._staged: dict[Request, Request] = {}

    def forget(self) -> None:
        """Ask every repository again what it knows: one has learned of a dataset type."""
        for remembered in (
            self._knowing,
            self._bypassing,
            self._likeness,
            self._requests,
            self._staged,
        ):
            remembered.clear()

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

    def bypassing(self, request: Request, data_id: Mapping[str, Any]) -> Repository | None:
        """Give the first repository whose camera makes a dataset without a file.

        None if there is none.
        """
        able = self._bypassing.get(request)
        if able is None:
            asked = self.asked(request, {})
            able = tuple(
                one for one in asked if one.mapper.hook("bypass", request.name) is not None
            )
            self._bypassing[request] = able
        return (
            next((repository for repository in able if repository.serves(data_id)), None)
            if able
            else None
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
                self._requests[name] = found = repository.mapper.request(name)
                return found
            except UnknownDatasetType as error:
                problem = problem or error
        raise problem or UnknownDatasetType(name, (), "This Butler, which has no repository,")

    def staged(self, request: Request) -> Request:
        """Give what a plain name stands for.

        The stage that the first repository which names one names.
        """
        found = self._staged.get(request)
        if found is None:
            said = (
                repository.mapper.policy.settings.get("stages", {})
                for repository in (*self.inputs, *self.outputs)
            )
            stage = next(
                (stages[request.datasetType] for stages in said if request.datasetType in stages),
                None,
            )
            found = request if stage is None else self.request(f"{request.datasetType}:{stage}")
            found = found._replace(view=request.view)
            self._staged[request] = found
        return found

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
        return all(output.is_written(request, data_id) for output in self.writers(request))

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
        if SKYMAP_KEYS.isdisjoint(set(keys) - set(data_id)):
            rows = self.lookup(request, tuple(keys), data_id, lenient=True)
            return Matching(data_id, tuple(keys), rows)
        return Matching(data_id, tuple(keys), self._in_files(request, tuple(keys), data_id))

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

    def _in_files(
        self, request: Request, keys: Sequence[str], data_id: DataId
    ) -> list[tuple[Any, ...]]:
        """Find values of keys, of which tract or patch is one, from the files that exist."""
        found: dict[tuple[Any, ...], None] = {}
        for repository in self.asked(request, data_id):
            dataset = repository.mapper.dataset(request)
            files = FilesystemRegistry(repository.root)
            where = repository.mapper.typed(dataset, data_id)
            found.update(dict.fromkeys(files.lookup(keys, where, template=dataset.template)))
        return list(found)

    def find(
        self, request: Request, data_id: Mapping[str, Any], options: Mapping[str, Any] = {}
    ) -> tuple[Repository, Location] | None:
        """Find a dataset in the first repository that has it; ``options`` are for its reader."""
        mapped: Location | None = None
        before: Repository | None = None
        for repository in self.asked(request, data_id):
            if before is None or not self._alike(before, repository):
                mapped = _mapped(repository, request, data_id, options)
            elif mapped is not None:
                mapped = repository.adopted(request, mapped, options)
            before = repository
            location = None if mapped is None else repository.found(mapped)
            if location is not None:
                return repository, location
        if any(repository.direct.has_appeared() for repository in self.asked(request, data_id)):
            return self.find(request, data_id, options)
        return None

    def _alike(self, one: Repository, other: Repository) -> bool:
        """Say whether two repositories differ in their roots only.

        Mostly so in a chain of reruns.
        """
        alike = self._likeness.get((id(one), id(other)))
        if alike is None:
            alike = self._likeness[id(one), id(other)] = other.maps_like(one)
        return alike

    def refuse(self, verb: str, request: Request, data_id: Mapping[str, Any]) -> NoResults:
        """Explain why nothing was found: the paths that were tried, or what is missing.

        And what is near.
        """
        from persistence.butler import nearest  # only who finds nothing needs it

        tried: dict[str, list[str]] = {}
        problems: list[NoResults] = []
        for repository in self.asked(request, data_id):
            try:
                location = repository.expect(request, data_id)
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
                location = repository.expect(request, data_id)
            except NoResults:
                continue
            path = os.path.relpath(location.full_path)
            for ending in ("", *atomic.COMPRESSED):
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
            here = repository.strange(request.datasetType, data_id)
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
        """Return the first answer of a registry that is not empty; see `Repository.lookup`."""
        for repository in self.asked(request, data_id):
            dataset = repository.mapper.dataset(request)
            hook = repository.mapper.hook("query", request.datasetType)
            typed = repository.mapper.typed(dataset, data_id)
            rows = (
                hook(columns, typed)
                if hook
                else repository.lookup(dataset, columns, typed, lenient)
            )
            if rows:
                return list(rows)
        return []


def _mapped(
    repository: Repository, request: Request, data_id: Mapping[str, Any], options: Mapping[str, Any]
) -> Location | None:
    try:
        return repository.mapped(request, data_id, options)
    except NoResults:
        return None
