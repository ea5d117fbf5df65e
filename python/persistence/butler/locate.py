"""Where a dataset lies in one repository, or would lie, and whether it is there.

The long way: it asks hooks, supplies missing keys, and has the errors. `persistence.butler.plan`
answers complete data IDs of plain dataset types alike, and quicker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.butler import lookup
from persistence.butler.repository import Repository
from persistence.cameras import faces
from persistence.cameras.hook_results import ButlerLocation
from persistence.composites import reads, references
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import AmbiguousDataId, NoResults
from persistence.files import atomic
from persistence.formatters import choose_hdu, extensions
from persistence.policy import storages

_SHOWN = 3


def expected(
    repository: Repository, request: Request, data_id: Mapping[str, Any], write: bool = False
) -> Location:
    """Say where a dataset would lie, whether or not it is there.

    Raises
    ------
    NoResults
        If nothing tells.
    """
    mapped = repository.mapper.hook("map", request.datasetType)
    if mapped is not None:
        result = mapped(repository.mapper.validated(data_id), write)
        return _of_hook(repository, request, result, data_id)
    dataset = repository.mapper.dataset(request)
    full_id = lookup.complete(repository, dataset, data_id)
    root = repository.root if write else repository.root_of(dataset)
    location = repository.mapper.locate(dataset, full_id, root, repository.told)
    hdu_keys = dataset.template.hdu_keys if dataset.template is not None else ()
    if hdu_keys and not full_id.keys() >= set(hdu_keys):
        there = present(repository, location)  # the HDU was only guessed
        location = location if there is None else extensions.of_detector(there, repository.mapper)
    return choose_hdu(location, repository.mapper.policy.keys)


def _of_hook(
    repository: Repository, request: Request, result: Any, data_id: Mapping[str, Any]
) -> Location:
    """Take what a ``map_`` hook gives; the type that it names may be made from a pickle."""
    if not result:
        name = type(repository.mapper).__name__
        raise NoResults("No locations:", request.name, data_id, [f"{name} gives none"])
    location: Location = (
        result if isinstance(result, Location) else result.located(repository.root, request.name)
    )
    trust = {location.python, *repository.trust} - {None}
    return location._replace(options={**repository.told, **location.options, "trust": trust})


def moved(repository: Repository, request: Request, location: Location) -> Location:
    """Return what a repository expects that maps as the one of a location; see `maps_like`."""
    dataset = repository.mapper.dataset(request)
    return location._replace(root=repository.root_of(dataset), options=repository.told)


def present(repository: Repository, location: Location) -> Location | None:
    """Return a location if its file is there, perhaps compressed.

    Raises
    ------
    SourceChanged
        If it is a reference to a file that is gone, or has changed.
    """
    if storages.find(location.storage, location.python) is None:
        return None
    path: str | None
    if location.path in repository.redirects:
        path = repository.redirects[location.path]
    else:
        path = atomic.find(location.root, location.path, storages.endings(location.storage))
    if path is None:
        references.refuse_gone(location.full_path)
        direct = repository.direct.locate(location) if repository.direct.is_there else None
        return direct if direct and os.access(direct.full_path, os.F_OK) else None
    if path != location.path:
        location = location._replace(path=path)
    references.check(location.full_path)
    return location


def lying(repository: Repository, location: Location) -> Location:
    """Return where a file lies that is registered outside the repository; others as they are.

    It need not be there.
    """
    if not (repository.direct.is_there or repository.direct.has_appeared()):
        return location
    if atomic.find(location.root, location.path) is not None:
        return location
    return repository.direct.locate(location) or location


def is_written(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> bool:
    """Check whether a dataset is in the file that it would be written to."""
    try:
        location = expected(repository, request, data_id, write=True)
    except NoResults:
        return False
    return present(repository, location) is not None


def bypass(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Any:
    """Ask the camera's ``bypass_`` hook, which has to be there: it makes an object by itself.

    It is standardised, as what is read from a file is.

    Raises
    ------
    NoResults
        If the hook is of a type with files, and nothing tells where this one would be.
    """
    mapper, name = repository.mapper, request.name
    made = mapper.hook("bypass", name)
    assert made is not None
    dataset = mapper.dataset(request)
    location = (
        _of_bypass(repository, request, data_id) if ("bypass", name) in mapper.hooks else None
    )
    full_ids = _completed(repository, request, mapper.typed(dataset, data_id))
    objects = [made(name, dataset.python, location, full_id) for full_id in full_ids]
    if any(other is not objects[0] for other in objects):
        reasons = [f"several match: {', '.join(str(dict(one)) for one in full_ids[:_SHOWN])}, ..."]
        raise AmbiguousDataId("No unique lookup for:", name, data_id, reasons)
    if location is not None and dataset.template is not None:
        there = present(repository, expected(repository, request, data_id))
        if there is not None:
            reads.note(there)
    return mapper.standardise(request, faces.unwrap(objects[0]), data_id)


def _completed(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return a data ID with the keys by which the camera makes a dataset: one for each value.

    Raises
    ------
    NoResults
        If no exposure matches the data ID.
    """
    mapper = repository.mapper
    missing = [key for key in mapper.hook_keys(request.name) if key not in data_id]
    if not missing or not data_id or "raw" not in mapper.types:
        return [data_id]
    rows = lookup.lookup(repository, mapper.types["raw"], missing, data_id)
    if not rows:
        raise NoResults("No exposure matches:", request.name, data_id)
    return [{**data_id, **dict(zip(missing, row, strict=True))} for row in rows]


def _of_bypass(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> ButlerLocation:
    """Return where a dataset is that a hook makes: of the file, if the type has any."""
    mapper = repository.mapper
    mapped = mapper.hook("map", request.datasetType)
    if mapped is not None:
        location = mapped(mapper.validated(data_id), False)
        if isinstance(location, ButlerLocation):
            return location.at(repository.root, request.datasetType)
        return ButlerLocation.of(location, mapper)
    dataset = mapper.dataset(request)
    if dataset.template is None:
        nowhere = Location(
            repository.root, "ignored", None, "ignored", dataset.python, request.name,
            mapper.typed(dataset, data_id),
        )  # fmt: skip
        return ButlerLocation.of(nowhere, mapper)
    location = expected(repository, request, data_id)
    return ButlerLocation.of(present(repository, location) or location, mapper)
