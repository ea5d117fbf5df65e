"""Read a dataset from a chain of repositories: from a file, a hook, or its components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.butler import locate, query
from persistence.butler.chain import Chain
from persistence.butler.get_composite import Assembly, Options
from persistence.butler.read import read
from persistence.butler.refusal import refuse
from persistence.composites import provenance, reads
from persistence.composites.cache import ComponentCache
from persistence.composites.provenance import Whence
from persistence.dataids import request as names
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import COMPONENTS, Request, part_name
from persistence.errors import NoResults, PolicyError, UnknownDatasetType
from persistence.files import mirrors
from persistence.policy.dataset_type import Component, DatasetType

# Views that depend on the pixel layout of a composite.
_LAID_OUT = frozenset({"bbox", "wcs", "detector"})


class Reader:
    """Read datasets from a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    cache : `ComponentCache`
        The shared components.
    types : `str`
        The classes of the returned objects; see `persistence.butler.read.read`.
    """

    def __init__(self, chain: Chain, cache: ComponentCache, types: str = "astropy") -> None:
        self._chain = chain
        self.cache = cache
        self.types = types
        self._assembly = Assembly(chain, self)

    # -- names
    # ---------------------------------------------------------------------------------------

    def request(self, name: str, data_id: Mapping[str, Any] = {}) -> Request:
        """Parse the name of a dataset type, view or component.

        ``pair.left`` is the component ``left`` of the composite ``pair``. ``calexp:jointcal`` is a
        stage of ``calexp``, to which the plain name may refer; ``calexp.wcs:jointcal`` is the
        ``wcs`` of that stage.

        Raises
        ------
        UnknownDatasetType
            If there is no such dataset type, or it has no such component.
        PolicyError
            If the name has a dot, and the dataset type has no components.
        """
        if "." not in name:
            return self._chain.staged(self._chain.request(name))
        head, _, stage = name.partition(":")
        if "." in head and stage:
            first, _, rest = head.partition(".")
            name = f"{first}:{stage}.{rest}"
        name, *components = name.split(".")
        request = self._chain.staged(self._chain.request(name))
        for component in components:
            request = self._component_of(request, component, data_id)
        return request

    def _component_of(
        self, request: Request, component: str, data_id: Mapping[str, Any]
    ) -> Request:
        dataset = self.dataset(request, data_id)
        if component in dataset.composite:
            return self._chain.request(dataset.composite[component].datasetType)
        parts = COMPONENTS if names.is_exposure(dataset) and request.view is None else {}
        if component in parts:
            own = Request(f"{request.datasetType}_{parts[component]}")
            # As for a view, a type of exactly this name precedes: a file of its own has the part.
            is_type = own.datasetType in self._chain.knowing(request).mapper.types
            if is_type and (not data_id or self.exists(own, DataId(data_id))):
                return own
            return Request(request.datasetType, parts[component])
        if not dataset.composite and not parts:
            raise PolicyError(
                f"The location for a dotted datasetType must be a composite; {request.name} is none"
            )
        known = [f"{request.name}.{part}" for part in dict.fromkeys((*dataset.composite, *parts))]
        raise UnknownDatasetType(f"{request.name}.{component}", known, "The policy")

    def dataset(self, request: Request, data_id: Mapping[str, Any]) -> DatasetType:
        """Return the definition of a dataset type in the first repository that knows it."""
        return self._chain.knowing(request).mapper.dataset(request, data_id)

    # -- existence and location
    # ---------------------------------------------------------------------------------

    def exists(self, request: Request, data_id: DataId, written: bool = False) -> bool:
        """Check whether a dataset exists; for a composite, whether all required components do.

        With ``written``, it must be in every output, and components that are only read are ignored.
        """
        dataset = self.dataset(request, data_id)
        if dataset.composite and dataset.template is None:
            parts = [
                part for part in dataset.composite.values() if not (written and part.inputOnly)
            ]
            return bool(parts) and all(self._part_exists(part, data_id, written) for part in parts)
        if written:
            return self._chain.is_written(request, data_id)
        return self._chain.locate(request, data_id) is not None

    def _has_file(self, request: Request, data_id: DataId) -> bool:
        """Check whether there is a file of a dataset that a hook creates."""
        dataset = self.dataset(request, data_id)
        is_mapped = self._chain.knowing(request).mapper.hook("map", request.datasetType) is not None
        return (is_mapped or dataset.template is not None) and self.exists(request, data_id)

    def _part_exists(self, part: Component, data_id: DataId, written: bool) -> bool:
        # where the latter is, is only known after reading the former
        if part.optional or part.dataIdFrom is not None:
            return True
        request = self._chain.request(part.datasetType)
        every = (
            list(query.matching(self._chain, request, "", data_id).data_ids())
            if part.subset
            else [data_id]
        )
        return bool(every) and all(self.exists(request, part_id, written) for part_id in every)

    def locate(self, request: Request, data_id: DataId, verb: str) -> Location:
        """Return the location of a dataset.

        Raises
        ------
        NoResults
            If it does not exist; the message lists the paths that were searched.
        """
        location = self._chain.locate(request, data_id)
        if location is None:
            raise refuse(self._chain, verb, request, data_id)
        return location

    def _expect(self, request: Request, data_id: DataId) -> Location:
        """Return the location in the first repository that can map the data ID.

        For a dataset that nobody has, Gen2's ``get`` raised the error of reading this file
        (doc/gen2/gen2-core.md, trap T7).
        """
        for repository in self._chain.asked(request, data_id):
            try:
                return locate.lying(repository, locate.expected(repository, request, data_id))
            except NoResults:
                continue
        raise refuse(self._chain, "get", request, data_id)

    def is_missing(self, request: Request, data_id: DataId) -> bool:
        """Return whether a dataset is known to be missing before reading; False for composites."""
        dataset = self.dataset(request, data_id)
        assembled = dataset.composite and dataset.template is None
        return (
            not assembled
            and not self._chain.bypassing(request, data_id)
            and not self.exists(request, data_id)
        )

    # -- reading
    # -------------------------------------------------------------------------------------

    def get(
        self, request: Request, data_id: DataId, options: Options = {}, shared: bool = False
    ) -> Any:
        """Read a dataset, or a view of one; see `read`."""
        return self.read(request, data_id, options, shared)[0]

    def read(
        self, request: Request, data_id: DataId, options: Options = {}, shared: bool = False
    ) -> tuple[Any, Whence]:
        """Read a dataset, or a view of one.

        Parameters
        ----------
        request : `Request`
            The dataset type and view.
        data_id : `DataId`
            The data ID.
        options : mapping
            Options for the reader of the file, such as ``bbox``.
        shared : `bool`
            Whether the object may be shared with other callers: it is a component.

        Returns
        -------
        dataset : object
            The dataset.
        whence : `Whence`
            Its source: the location of its file, or those of its components.
        """
        unmade: Exception | None = None
        for maker in self._chain.bypassing(request, data_id):
            try:
                return locate.bypass(maker, request, data_id), None
            # Gen2 went on to the next repository, and to the file
            except (NoResults, OSError) as error:
                unmade = unmade or error
        if unmade is not None and not self._has_file(request, data_id):
            raise unmade
        if request.view == "filename":
            location = self._expect(request, data_id)
            if mirrors.lists(location.full_path):  # the caller opens the file
                mirrors.fetch(location.full_path)
            return [location.uri], None
        dataset = self.dataset(request, data_id)
        if dataset.composite and not _is_own_file(request, dataset):
            return self._assembly.read(request, dataset, data_id, options)
        location = self.locate(request, data_id, "get").told(options)
        return self.from_file(request, location, shared), location

    def from_file(self, request: Request, location: Location, shared: bool = False) -> Any:
        """Read the file of a dataset, or a view of it, and standardise it; see `read`."""
        if shared:
            part = request.view or part_name(location.python)
            item = self.cache.get(location, part, lambda: read(request, location, self.types))
        else:
            item = read(request, location, self.types)
        reads.note(location)
        standardised = location.options["mapper"].standardise(request, item, location.dataId)
        if shared and hasattr(standardised, "share_through"):
            standardised.share_through(lambda name, make: self.cache.get(location, name, make))
        if standardised is item and request.view is None and "columns" not in location.options:
            provenance.note(standardised, location)
        return standardised


def _is_own_file(request: Request, dataset: DatasetType) -> bool:
    """Return whether a view of a composite is read from the file that it has beside its components.

    If that file is not a component, as the one with all amplifiers of a raw, its header does not
    describe the pixel layout of the assembled object.
    """
    if dataset.template is None or request.view not in names.VIEWS or request.view == "sub":
        return False
    return dataset.has_own_file or request.view not in _LAID_OUT
