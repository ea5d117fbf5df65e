"""How a dataset is read out of a chain of repositories: from one file, by a hook, or from its components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence import composite
from persistence.chain import Chain
from persistence.dataid import DataId
from persistence.datasettype import Component, DatasetType
from persistence.errors import NoResults, PolicyError, UnknownDatasetType
from persistence.location import Location
from persistence.names import Request
from persistence.repository import Repository


class Reader:
    """Reads datasets out of a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    # -- names ---------------------------------------------------------------------------------------

    def request(self, name: str, data_id: Mapping[str, Any] | None = None) -> Request:
        """Take a name apart; ``pair.left`` is the component ``left`` of the composite ``pair``."""
        if "." not in name or data_id is None:
            return self._chain.request(name)
        name, *components = name.split(".")
        for component in components:
            parts = self.dataset(self._chain.request(name), data_id).composite
            if not parts:
                raise PolicyError(f"The location for a dotted datasetType must be a composite; {name} is none")
            if component not in parts:
                raise UnknownDatasetType(f"{name}.{component}", [f"{name}.{part}" for part in parts], "The policy")
            name = parts[component].datasetType
        return self._chain.request(name)

    def dataset(self, request: Request, data_id: Mapping[str, Any]) -> DatasetType:
        """Give what the first repository that knows a dataset type says of it."""
        return self._chain.knowing(request).mapper.dataset(request, data_id)

    # -- where it is ---------------------------------------------------------------------------------

    def exists(self, request: Request, data_id: DataId) -> bool:
        """Say whether a dataset is there: of a composite, all components."""
        dataset = self.dataset(request, data_id)
        if dataset.composite and dataset.template is None:
            parts = dataset.composite.values()
            return all(self.exists(self.request(part.datasetType), data_id) for part in parts)
        return self._chain.find(request, data_id) is not None

    def find(
        self, request: Request, data_id: DataId, verb: str, options: Mapping[str, Any] = {}
    ) -> tuple[Repository, Location]:
        """Find a dataset's file.

        Raises
        ------
        NoResults
            If it is nowhere; the message says where it was looked for.
        """
        found = self._chain.find(request, data_id, options)
        if found is None:
            raise self._chain.refuse(verb, request, data_id)
        return found

    def _expect(self, request: Request, data_id: DataId) -> Location:
        """Say where the first repository that can tell would look; gen2-core, trap T7."""
        for repository in self._chain.asked(request, data_id):
            try:
                return repository.expect(request, data_id)
            except NoResults:
                continue
        raise self._chain.refuse("get", request, data_id)

    # -- reading -------------------------------------------------------------------------------------

    def get(self, request: Request, data_id: DataId, options: Mapping[str, Any] = {}) -> Any:
        """Read a dataset, or a view of one; ``options`` are for the reader of its file."""
        maker = self._chain.bypassing(request, data_id)
        if maker is not None:
            return maker.mapper.standardise(request, maker.bypass(request, data_id), data_id)
        if request.view == "filename":
            return [self._expect(request, data_id).uri]
        if request.view in (None, "sub") and self.dataset(request, data_id).composite:
            assembled, full_id = self._assembled(request, data_id, options)
            return self._chain.knowing(request).mapper.standardise(request, assembled, full_id)
        repository, location = self.find(request, data_id, "get", options)
        return repository.mapper.standardise(request, repository.read(request, location), location.dataId)

    def _assembled(
        self, request: Request, data_id: DataId, options: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        """Read the components, and put them together. A component of the type itself is its own file."""
        dataset = self.dataset(request, data_id)
        full_id = data_id
        if dataset.template is not None:
            full_id = DataId(self.find(request, data_id, "get")[1].dataId, tag=data_id.tag)

        def fetch(part: Component) -> Any:
            if part.datasetType == dataset.name:
                repository, location = self.find(request, full_id, "get", options)
                return repository.read(request, location)
            if part.subset:
                component = self.request(part.datasetType)
                return [self.get(component, one) for one in self._chain.matching(component, "", full_id).data_ids()]
            return self.get(Request(part.datasetType, request.view), full_id, options)

        return composite.assemble(dataset, fetch, full_id), full_id
