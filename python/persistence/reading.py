"""How a dataset is read out of a chain of repositories: from one file, by a hook, or from its components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence import composite, names, pointers, provenance
from persistence.cache import ComponentCache
from persistence.chain import Chain
from persistence.composite import ComponentInfo
from persistence.dataid import DataId
from persistence.datasettype import Component, DatasetType
from persistence.errors import (
    DataIdError,
    MissingPartWarning,
    NoResults,
    PolicyError,
    UnknownDatasetType,
    warn_caller,
)
from persistence.handle import Handle
from persistence.location import Location
from persistence.names import COMPONENTS, Request, part_name
from persistence.provenance import Whence
from persistence.repository import Repository

Options = Mapping[str, Any]


class Reader:
    """Reads datasets out of a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    cache : `ComponentCache`
        The components that are shared.
    """

    def __init__(self, chain: Chain, cache: ComponentCache) -> None:
        self._chain = chain
        self.cache = cache

    # -- names ---------------------------------------------------------------------------------------

    def request(self, name: str, data_id: Mapping[str, Any] | None = None) -> Request:
        """Take a name that a user typed apart.

        ``pair.left`` is the component ``left`` of the composite ``pair``. ``calexp:jointcal`` is a stage of
        ``calexp``, for which the plain name may stand; ``calexp.wcs:jointcal`` is the same as the stage's ``wcs``.

        Raises
        ------
        UnknownDatasetType
            If there is no such dataset type, or no such component of it.
        PolicyError
            If the name has a dot, and the dataset type has no components.
        """
        if "." not in name or data_id is None:
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

    def _component_of(self, request: Request, component: str, data_id: Mapping[str, Any]) -> Request:
        dataset = self.dataset(request, data_id)
        if component in dataset.composite:
            return self._chain.request(dataset.composite[component].datasetType)
        parts = COMPONENTS if names.is_exposure(dataset) and request.view is None else {}
        if component in parts:
            return Request(request.datasetType, parts[component])
        if not dataset.composite and not parts:
            raise PolicyError(f"The location for a dotted datasetType must be a composite; {request.name} is none")
        known = [f"{request.name}.{part}" for part in dict.fromkeys((*dataset.composite, *parts))]
        raise UnknownDatasetType(f"{request.name}.{component}", known, "The policy")

    def dataset(self, request: Request, data_id: Mapping[str, Any]) -> DatasetType:
        """Give what the first repository that knows a dataset type says of it."""
        return self._chain.knowing(request).mapper.dataset(request, data_id)

    # -- where it is ---------------------------------------------------------------------------------

    def exists(self, request: Request, data_id: DataId) -> bool:
        """Say whether a dataset is there: of a composite, all components that it cannot do without."""
        dataset = self.dataset(request, data_id)
        if dataset.composite and dataset.template is None:
            return all(self._part_exists(part, data_id) for part in dataset.composite.values())
        return self._chain.find(request, data_id) is not None

    def _part_exists(self, part: Component, data_id: DataId) -> bool:
        if part.optional or part.dataIdFrom is not None:  # where the latter is, only reading tells
            return True
        request = self._chain.request(part.datasetType)
        every = self._chain.matching(request, "", data_id).data_ids() if part.subset else [data_id]
        return any(self.exists(request, one) for one in every)

    def find(
        self, request: Request, data_id: DataId, verb: str, options: Options = {}
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

    def is_missing(self, request: Request, data_id: DataId) -> bool:
        """Say whether it is known before reading that a dataset is missing; of a composite, only reading tells."""
        dataset = self.dataset(request, data_id)
        assembled = dataset.composite and dataset.template is None
        return not assembled and self._chain.bypassing(request, data_id) is None and not self.exists(request, data_id)

    # -- reading -------------------------------------------------------------------------------------

    def columns(self, request: Request, data_id: DataId) -> dict[str, Any]:
        """Take the columns that are asked for out of a data ID, if it is a catalog's, or a composite's."""
        if "columns" not in data_id:
            return {}
        dataset = self.dataset(request, data_id)
        if dataset.storage != "FitsCatalogStorage" and not dataset.composite:
            return {}
        columns = data_id.pop("columns")
        if columns is None:
            return {}
        names = (columns,) if isinstance(columns, str) else columns
        if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
            raise DataIdError(f"columns={columns!r}: the names of columns belong here, or one of them")
        return {"columns": tuple(names)}

    def get(self, request: Request, data_id: DataId, options: Options = {}, shared: bool = False) -> Any:
        """Read a dataset, or a view of one; see `read`."""
        return self.read(request, data_id, options, shared)[0]

    def read(
        self, request: Request, data_id: DataId, options: Options = {}, shared: bool = False
    ) -> tuple[Any, Whence]:
        """Read a dataset, or a view of one, and say where it came from.

        Parameters
        ----------
        request : `Request`
            What is read.
        data_id : `DataId`
            Of which data ID.
        options : mapping
            For the reader of the file.
        shared : `bool`
            Whether the object may be one that others have: it is a component.
        """
        maker = self._chain.bypassing(request, data_id)
        if maker is not None:
            return maker.mapper.standardise(request, maker.bypass(request, data_id), data_id), None
        if request.view == "filename":
            return [self._expect(request, data_id).uri], None
        dataset = self.dataset(request, data_id)
        if dataset.composite and not _is_own_file(request, dataset):
            return self._composite(request, dataset, data_id, options)
        repository, location = self.find(request, data_id, "get", options)
        return self._from_file(repository, request, location, shared), location

    def _from_file(self, repository: Repository, request: Request, location: Location, shared: bool) -> Any:
        if shared:
            part = request.view or part_name(location.python)
            item = self.cache.get(location, part, lambda: repository.read(request, location))
        else:
            item = repository.read(request, location)
        made = repository.mapper.standardise(request, item, location.dataId)
        if hasattr(made, "share_through"):
            made.share_through(lambda name, make: self.cache.get(location, name, make))
        if made is item and request.view is None and "columns" not in location.options:
            provenance.note(made, location)
        return made

    # -- composites ----------------------------------------------------------------------------------

    def _composite(
        self, request: Request, dataset: DatasetType, data_id: DataId, options: Options
    ) -> tuple[Any, Whence]:
        """Read the components, and put them together; cut, or take out, what is asked for."""
        repository = self._chain.knowing(request)
        repository.refuse_code(dataset, "assembler", "python")
        full_id, told = data_id, options
        if dataset.template is not None:
            full_id = DataId(self.find(request, data_id, "get")[1].dataId, tag=data_id.tag)
        else:
            told = {key: value for key, value in options.items() if key == "columns"}
        info, whence = self._components(dataset, full_id, told)
        made = composite.assemble(dataset, info, full_id)
        made = repository.mapper.standardise(Request(request.datasetType), made, full_id)
        provenance.note(made, provenance.location(made), whence)
        if told is not options and "bbox" in options:
            made = made[_in_parent(made, options)]
        if "columns" in options and any(part.deferred for part in dataset.composite.values()):
            made = made[list(options["columns"])]
        if request.view not in (None, "sub"):
            made = composite.part_of(made, "metadata" if request.view == "md" else request.view)
        return made, whence

    def _components(
        self, dataset: DatasetType, data_id: DataId, options: Options
    ) -> tuple[dict[str, ComponentInfo], dict[str, Whence]]:
        """Read the components of a composite; those whose data IDs are in others, after these."""
        info = {name: ComponentInfo(part) for name, part in dataset.composite.items()}
        whence: dict[str, Whence] = dict.fromkeys(info)
        for name, part in sorted(dataset.composite.items(), key=lambda item: item[1].dataIdFrom is not None):
            try:
                if part.datasetType == dataset.name:  # its own file
                    repository, location = self.find(Request(dataset.name), data_id, "get", options)
                    info[name].obj, whence[name] = repository.read(Request(dataset.name), location), location
                elif part.dataIdFrom is not None:
                    ids = self._pointed(part, info, data_id)
                    info[name].obj, whence[name] = self._part(part, ids, options)
                elif part.subset:
                    ids = list(self._chain.matching(self._chain.request(part.datasetType), "", data_id).data_ids())
                    info[name].obj, whence[name] = self._part(part, ids, options)
                else:
                    info[name].obj, whence[name] = self._part(part, data_id, options)
            except NoResults as error:
                error.add(f"component  {name} of {dataset.name}")
                raise
        return info, whence

    def _pointed(self, part: Component, info: Mapping[str, ComponentInfo], data_id: DataId) -> Any:
        """Give the data IDs that another component holds: one, or a list."""
        name, _, path = str(part.dataIdFrom).partition(".")
        dataset = self.dataset(self._chain.request(part.datasetType), data_id)
        found = pointers.data_ids(info[name].obj, path, dataset.keys, str(part.dataIdFrom))
        return [DataId({**data_id, **one}, tag=data_id.tag) for one in found] if isinstance(found, list) else found

    def _part(self, part: Component, ids: DataId | Sequence[DataId], options: Options) -> tuple[Any, Whence]:
        """Read one component: one dataset, or a list of them."""
        request = self._chain.request(part.datasetType)
        if "bbox" in options:
            request = Request(request.datasetType, "sub")
        if isinstance(ids, DataId):
            try:
                return self._read_part(part, request, ids, options)
            except NoResults as error:
                if not part.optional:
                    raise
                warn_caller(f"a part is missing: {error}", MissingPartWarning)
                return None, None
        return self._list(part, request, ids, options)

    def _list(
        self, part: Component, request: Request, ids: Sequence[DataId], options: Options
    ) -> tuple[list[Any], list[Whence]]:
        """Read a list of datasets; those that are missing are named, all at once."""
        if not ids and not part.optional:
            raise NoResults("No dataset matches:", request.name, {})
        found: list[tuple[Any, Whence]] = []
        missing: list[NoResults] = []
        for data_id in ids:
            try:
                found.append(self._read_part(part, request, data_id, options))
            except NoResults as error:
                missing.append(error)
        if missing:
            shown = [f"missing  {dict(error.dataId)}" for error in missing]
            told = f"{len(missing)} of {len(ids)} parts are missing:"
            whole = NoResults(told, request.name, {}, [*shown[:20], *(["..."] if len(shown) > 20 else [])])
            if not part.optional:
                raise whole
            warn_caller(str(whole), MissingPartWarning)
        return [obj for obj, _ in found], [whence for _, whence in found]

    def _read_part(self, part: Component, request: Request, data_id: DataId, options: Options) -> tuple[Any, Whence]:
        if not part.deferred:
            return self.read(request, data_id, options, shared=True)
        location = self.find(request, data_id, "get")[1]

        def read(view: str | None, told: Options) -> Any:
            return self.get(Request(request.datasetType, view), data_id, told)

        return Handle(request.name, location.dataId, read), location


def _in_parent(image: Any, options: Options) -> Any:
    """Give the box that is asked for in the pixel numbers of the parent image."""
    from persistence.types.box import Box

    box = Box.from_any(options["bbox"])
    return box.shifted(*image.origin) if options.get("imageOrigin") == "LOCAL" else box


def _is_own_file(request: Request, dataset: DatasetType) -> bool:
    """Say whether a view of a composite is read from a file that the composite has besides its components."""
    return dataset.template is not None and request.view in names.VIEWS and request.view != "sub"
