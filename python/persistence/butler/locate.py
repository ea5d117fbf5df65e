"""Locate a dataset in one repository: where it is, or would be, and whether it exists.

This is the general look-up: it calls hooks, supplies missing keys, and raises the errors.
`persistence.butler.plan` is a faster one for complete data IDs of plain dataset types.
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
from persistence.files import listings, mirrors
from persistence.formatters import choose_hdu, extensions
from persistence.policy import storages

_SHOWN = 3


def expected(
    repository: Repository, request: Request, data_id: Mapping[str, Any], write: bool = False
) -> Location:
    """Return where a dataset would be, whether or not it exists.

    Raises
    ------
    NoResults
        If its location cannot be determined.
    """
    mapped = repository.mapper.hook("map", request.datasetType)
    if mapped is not None:
        result = mapped(repository.mapper.validated(data_id), write)
        return _of_hook(repository, request, result, data_id)
    dataset = repository.mapper.dataset(request)
    full_id = lookup.complete(repository, dataset, data_id)
    root = repository.root if write else repository.root_of(dataset)
    location = repository.mapper.locate(dataset, full_id, root, repository.reader_options)
    hdu_keys = dataset.template.hdu_keys if dataset.template is not None else ()
    if hdu_keys and not full_id.keys() >= set(hdu_keys):
        located = present(repository, location)  # the HDU was only guessed
        location = (
            location if located is None else extensions.of_detector(located, repository.mapper)
        )
    return choose_hdu(location, repository.mapper.policy.keys)


def _of_hook(
    repository: Repository, request: Request, result: Any, data_id: Mapping[str, Any]
) -> Location:
    """Return the location that a ``map_`` hook returns; its type may be created from a pickle."""
    if not result:
        name = type(repository.mapper).__name__
        raise NoResults("No locations:", request.name, data_id, [f"{name} returns none"])
    location: Location = (
        result if isinstance(result, Location) else result.located(repository.root, request.name)
    )
    trust = {location.python, *repository.trust} - {None}
    return location._replace(
        options={**repository.reader_options, **location.options, "trust": trust}
    )


def moved(repository: Repository, request: Request, location: Location) -> Location:
    """Return a location in a repository with the same layout as the location's; see `maps_like`."""
    dataset = repository.mapper.dataset(request)
    return location._replace(root=repository.root_of(dataset), options=repository.reader_options)


def present(repository: Repository, location: Location) -> Location | None:
    """Return a location if its file exists, perhaps compressed; else None.

    Raises
    ------
    SourceChanged
        If the file refers to a source that is gone, or has changed.
    """
    if storages.find(location.storage, location.python) is None:
        return None
    path: str | None
    if location.path in repository.redirects:
        path = repository.redirects[location.path]
    else:
        path = listings.find(location.root, location.path, storages.endings(location.storage))
    if path is None:
        references.refuse_gone(location.full_path)
        direct = repository.direct.locate(location) if repository.direct.is_there else None
        return direct if direct and os.access(direct.full_path, os.F_OK) else None
    if path != location.path:
        location = location._replace(path=path)
    references.check(location.full_path)
    return location


def lying(repository: Repository, location: Location) -> Location:
    """Return the location of a file registered outside the repository; others unchanged.

    The file need not exist.
    """
    if not (repository.direct.is_there or repository.direct.has_appeared()):
        return location
    if listings.find(location.root, location.path) is not None:
        return location
    return repository.direct.locate(location) or location


def is_written(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> bool:
    """Check whether a dataset is in the file to which it would be written."""
    try:
        location = expected(repository, request, data_id, write=True)
    except NoResults:
        return False
    return present(repository, location) is not None


def bypass(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Any:
    """Return the object that the camera's ``bypass_`` hook creates, standardised.

    Raises
    ------
    NoResults
        If the dataset type has files, and the location of this one cannot be determined.
    """
    mapper, name = repository.mapper, request.name
    hook = mapper.hook("bypass", name)
    assert hook is not None
    dataset = mapper.dataset(request)
    location = (
        _of_bypass(repository, request, data_id) if ("bypass", name) in mapper.hooks else None
    )
    full_ids = _completed(repository, request, mapper.typed(dataset, data_id))
    objects = [hook(name, dataset.python, location, full_id) for full_id in full_ids]
    if any(other is not objects[0] for other in objects):
        reasons = [
            f"several match: {', '.join(str(dict(match)) for match in full_ids[:_SHOWN])}, ..."
        ]
        raise AmbiguousDataId("No unique lookup for:", name, data_id, reasons)
    if location is not None and dataset.template is not None:
        located = present(repository, expected(repository, request, data_id))
        if located is not None:
            reads.note(located)
    return mapper.standardise(request, faces.unwrap(objects[0]), data_id)


def _completed(
    repository: Repository, request: Request, data_id: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return the data IDs, completed with the keys by which the camera creates a dataset.

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
    """Return the location of a dataset that a hook creates: of its file, if the type has files."""
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
    located = present(repository, location)
    if located is not None:
        mirrors.fetch(located.full_path)  # the hook opens the file
    return ButlerLocation.of(located or location, mapper)
