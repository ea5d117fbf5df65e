"""Write a dataset into one repository: to which path, with which writer, and when not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from persistence.butler import locate
from persistence.butler.repository import Repository
from persistence.composites import references
from persistence.dataids.location import Location
from persistence.dataids.request import Request, is_exposure, part_name
from persistence.errors import (
    DataIdError,
    FormatterError,
    IncompleteDataId,
    PersistenceError,
    RepositoryError,
)
from persistence.files import atomic, intents, links
from persistence.formatters import formatter
from persistence.policy.dataset_type import DatasetType


class Prepared(NamedTuple):
    """A dataset about to be written: its location, and the function that writes an object."""

    location: Location
    write: Callable[[Any, str], None]


def write(
    repository: Repository,
    request: Request,
    obj: Any,
    data_id: Mapping[str, Any],
    backup: bool = False,
    durable: bool = True,
) -> Location:
    """Write a dataset completely or not at all; with ``durable``, flush it to the disk.

    Raises
    ------
    RepositoryError
        If the directory cannot be written to, or is full.
    FormatterError
        If the policy's storage cannot hold the object.
    """
    location, write_to = prepare(repository, request, data_id)
    target = location.full_path
    with naming(location):
        if backup:
            atomic.back_up(target)
        was_reference = os.path.islink(target)
        intents.sweep_once(os.path.dirname(target), (repository.root,))
        with atomic.atomic_write(target, durable) as temporary:
            write_to(obj, temporary)
        if was_reference:
            references.forget(target)
    return location


def refuse(repository: Repository) -> None:
    """Raise an error if nothing may be written into a repository.

    Raises
    ------
    RepositoryError
        If its data are outside the repository, or it belongs to another user.
    """
    refusal = "" if repository.is_allowed else repository.refusal()
    if refusal:
        raise RepositoryError(refusal)
    repository.is_allowed = True


def finish_abandoned(repository: Repository) -> None:
    """Finish, or undo, the interrupted writes of killed processes in a repository."""
    intents.recover(repository.root)
    repository.redirects.clear()


def prepare(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Prepared:
    """Return where and how a dataset would be written."""
    dataset = repository.mapper.dataset(request)
    location = _place(repository, request, data_id)
    options = {**location.options, **repository.mapper.write_options(dataset, location.dataId)}
    trust = repository.trust | set(options.get("trust", ()))
    location = location._replace(options={**options, "trust": trust})
    writer = formatter(location.storage, location.python)
    return Prepared(location, lambda obj, path: writer.write(obj, path, location))


@contextlib.contextmanager
def naming(location: Location) -> Iterator[None]:
    """Re-raise OSError as RepositoryError naming the file."""
    try:
        yield
    except OSError as error:
        if isinstance(error, PersistenceError):
            raise
        raise RepositoryError(
            f"cannot write {location.full_path}: {error.strerror or error}"
        ) from error


def _place(repository: Repository, request: Request, data_id: Mapping[str, Any]) -> Location:
    refuse(repository)
    dataset = repository.mapper.dataset(request)
    if request.view is not None:
        raise DataIdError(f"{request.name} is a view: put {request.datasetType} itself")
    if part_name(dataset.python) is not None:
        _refuse_part(repository, dataset)
    known = repository.mapper.typed(dataset, data_id)
    missing = [
        key for key in (dataset.template.keys if dataset.template else ()) if key not in known
    ]
    if missing and repository.registry.lists_files:
        # Otherwise the only file that matches would be found, and overwritten
        # (doc/gen2/gen2-core.md, trap T17).
        reason = f"needs  {', '.join(missing)}; to write, file names do not supply it"
        raise IncompleteDataId("Incomplete data ID:", dataset.name, data_id, [reason])
    location = locate.expected(repository, request, data_id, write=True)
    if location.hdu is not None:
        raise FormatterError(
            f"{dataset.name} is one HDU ({location.hdu}) of {location.path}, which holds "
            "others too: it cannot be put alone"
        )
    if os.path.isdir(location.full_path):
        raise FormatterError(
            f"{dataset.name}: {location.full_path} is a directory; nothing can be put there"
        )
    _refuse_outside(repository, os.path.dirname(location.full_path), location.root)
    return location


def _refuse_outside(repository: Repository, directory: str, root: str) -> None:
    """Raise an error if a link leads to a directory outside the repository."""
    if directory in repository.inside:
        return
    if not links.lies_in(directory, root):
        raise RepositoryError(
            f"{directory} leads to {os.path.realpath(directory)}, outside of the repository "
            f"{root}: nothing is written there"
        )
    repository.inside.add(directory)


def _refuse_part(repository: Repository, dataset: DatasetType) -> None:
    """Raise an error if a part of an exposure would replace the file of the exposure."""
    for other in repository.mapper.types.values():
        if other.template == dataset.template and is_exposure(other):
            raise FormatterError(
                f"{dataset.name} is a part of {other.name}, whose file it would replace: put "
                f"{other.name}, or give {dataset.name} a template of its own ({dataset.source})"
            )
