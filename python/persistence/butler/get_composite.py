"""Read the components of a composite from a chain of repositories, and assemble them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from persistence.butler import query
from persistence.butler.chain import Chain
from persistence.butler.read import read
from persistence.cameras import faces
from persistence.composites import assemble, provenance, reads, stored_data_ids
from persistence.composites.assemble import ComponentInfo
from persistence.composites.handle import Handle
from persistence.composites.provenance import Whence
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import MissingPartWarning, NoResults, warn_caller
from persistence.policy.dataset_type import Component, DatasetType

Options = Mapping[str, Any]
_MOST_SHOWN = 20


class Source(Protocol):
    """The reader of datasets: `persistence.butler.get.Reader`."""

    def dataset(self, request: Request, data_id: Mapping[str, Any]) -> DatasetType: ...

    types: str

    def locate(self, request: Request, data_id: DataId, verb: str) -> Location: ...

    def read(
        self, request: Request, data_id: DataId, options: Options = ..., shared: bool = ...
    ) -> tuple[Any, Whence]: ...


class Assembly:
    """Read composites.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    source : `Source`
        The reader of the components, which may be composites themselves.
    """

    def __init__(self, chain: Chain, source: Source) -> None:
        self._chain = chain
        self._source = source

    def read(
        self, request: Request, dataset: DatasetType, data_id: DataId, options: Options
    ) -> tuple[Any, Mapping[str, Whence]]:
        """Read the components and assemble them; return the requested part.

        Raises
        ------
        UnsafeContent
            If an untrusted repository names the function that assembles them.
        NoResults
            If a component is missing; the message names it.
        """
        repository = self._chain.knowing(request)
        repository.vocabulary.refuse_code(dataset, "assembler", "python")
        full_id, selected = data_id, options
        if dataset.template is not None:
            full_id = DataId(self._source.locate(request, data_id, "get").dataId, tag=data_id.tag)
        # components may differ in size, so the assembled object is cut
        if not dataset.has_own_file:
            selected = {key: value for key, value in options.items() if key == "columns"}
        info, whence = self._components(dataset, full_id, selected)
        for part in info.values():
            part.obj = faces.wrap(part.obj, repository.mapper.objects)
        composite = faces.unwrap(assemble.assemble(dataset, info, full_id))
        composite = repository.mapper.standardise(Request(request.datasetType), composite, full_id)
        provenance.note(composite, provenance.location(composite), whence)
        if selected is not options and "bbox" in options:
            composite = composite[_in_parent(composite, options)]
        if "columns" in options and any(part.deferred for part in dataset.composite.values()):
            composite = composite[list(options["columns"])]
        if request.view not in (None, "sub"):
            composite = assemble.part_of(
                composite, "metadata" if request.view == "md" else request.view
            )
        return composite, whence

    def _components(
        self, dataset: DatasetType, data_id: DataId, options: Options
    ) -> tuple[dict[str, ComponentInfo], dict[str, Whence]]:
        """Read the components of a composite; those with data IDs stored in others come last."""
        info = {name: ComponentInfo(part) for name, part in dataset.composite.items()}
        whence: dict[str, Whence] = dict.fromkeys(info)
        for name, part in sorted(dataset.composite.items(), key=_is_pointed):
            try:
                if part.datasetType == dataset.name:
                    info[name].obj, whence[name] = self._own_file(dataset, data_id, options)
                else:
                    ids = self._ids(part, info, data_id)
                    info[name].obj, whence[name] = self._part(part, ids, options)
            except NoResults as error:
                raise error.within(f"component  {name} of {dataset.name}") from error
        return info, whence

    def _own_file(
        self, dataset: DatasetType, data_id: DataId, options: Options
    ) -> tuple[Any, Location]:
        """Read the file that a composite has in addition to its components."""
        request = Request(dataset.name)
        location = self._source.locate(request, data_id, "get").told(options)
        obj = read(request, location, self._source.types)
        reads.note(location)
        return obj, location

    def _ids(
        self, part: Component, info: Mapping[str, ComponentInfo], data_id: DataId
    ) -> DataId | Sequence[DataId]:
        """Return the data ID of a component, or a list of data IDs.

        It is the composite's data ID, the data IDs that match it, or one stored in another
        component.
        """
        request = self._chain.request(part.datasetType)
        if part.dataIdFrom is None:
            return (
                list(query.matching(self._chain, request, "", data_id).data_ids())
                if part.subset
                else data_id
            )
        name, _, path = part.dataIdFrom.partition(".")
        keys = self._source.dataset(request, data_id).keys
        stored = stored_data_ids.data_ids(info[name].obj, path, keys, part.dataIdFrom)
        whole = [
            DataId({**data_id, **part_id}, tag=data_id.tag)
            for part_id in (stored if isinstance(stored, list) else [stored])
        ]
        return whole if isinstance(stored, list) else whole[0]

    def _part(
        self, part: Component, ids: DataId | Sequence[DataId], options: Options
    ) -> tuple[Any, Whence]:
        """Read one component: one dataset, or a list of datasets."""
        request = (
            Request(part.datasetType, "sub")
            if "bbox" in options
            else self._chain.request(part.datasetType)
        )
        if not isinstance(ids, DataId):
            return self._list(part, request, ids, options)
        try:
            return self._one(part, request, ids, options)
        except NoResults as error:
            if not part.optional:
                raise
            warn_caller(f"a part is missing: {error}", MissingPartWarning)
            return None, None

    def _list(
        self, part: Component, request: Request, ids: Sequence[DataId], options: Options
    ) -> tuple[list[Any], list[Whence]]:
        """Read a list of datasets; one error names all that are missing."""
        if not ids and not part.optional:
            raise NoResults("No dataset matches:", request.name, {})
        objects: list[tuple[Any, Whence]] = []
        missing: list[NoResults] = []
        for data_id in ids:
            try:
                objects.append(self._one(part, request, data_id, options))
            except NoResults as error:
                missing.append(error)
        if missing:
            whole = _missing(request.name, missing, len(ids))
            if not part.optional:
                raise whole
            warn_caller(str(whole), MissingPartWarning)
        return [obj for obj, _ in objects], [whence for _, whence in objects]

    def _one(
        self, part: Component, request: Request, data_id: DataId, options: Options
    ) -> tuple[Any, Whence]:
        if not part.deferred:
            return self._source.read(request, data_id, options, shared=True)
        location = self._source.locate(request, data_id, "get")

        def read(view: str | None, selected: Options) -> Any:
            return self._source.read(Request(request.datasetType, view), data_id, selected)[0]

        return Handle(request.name, location.dataId, read), location


def _is_pointed(item: tuple[str, Component]) -> bool:
    """Return whether a component's data ID is stored in another one, which is read before it."""
    return item[1].dataIdFrom is not None


def _missing(name: str, errors: Sequence[NoResults], number: int) -> NoResults:
    shown = [f"missing  {dict(error.dataId)}" for error in errors[:_MOST_SHOWN]]
    more = [f"... and {len(errors) - _MOST_SHOWN} more"] if len(errors) > _MOST_SHOWN else []
    return NoResults(f"{len(errors)} of {number} parts are missing:", name, {}, [*shown, *more])


def _in_parent(image: Any, options: Options) -> Any:
    """Return the requested box in the pixel coordinates of the parent image (``PARENT``)."""
    from persistence.types.pixels.box import Box

    box = Box.from_any(options["bbox"])
    return box.shifted(*image.origin) if options.get("imageOrigin") == "LOCAL" else box
