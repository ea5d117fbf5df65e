"""``persistence.keep.remove``: move datasets into the trash, after what depends on them is told."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persistence.butler import repository_cfg
from persistence.butler.butler import Butler
from persistence.butler.provenance.origin import Origin
from persistence.dataids.template import PathTemplate
from persistence.errors import PersistenceError, RepositoryError, UsageError
from persistence.files import journal, marks, ownership
from persistence.keep import rows
from persistence.keep.contents import Dataset
from persistence.keep.registered import delivered, is_registered
from persistence.keep.survey import CALIBRATIONS, survey
from persistence.keep.trash import Trash

_OWN = ("repository", "path")


class Dependent(NamedTuple):
    """A dataset that was computed from a dataset that is to be removed.

    Attributes
    ----------
    name : `str`
        The dataset, or the rerun.
    path : `str`
        Its file or directory.
    of : `str`
        What it depends on.
    """

    name: str
    path: str
    of: str


@dataclass
class Removed:
    """The result of `remove`, or of a dry run.

    Attributes
    ----------
    paths : `list` [`str`]
        What was moved away.
    dependents : `list` [`Dependent`]
        What depends on it, and stays.
    refused : `list` [`str`]
        What stays although it was chosen, with the reason.
    trash : `str`
        The session, which ``persistence trash --undo`` puts back; empty if nothing was moved.
    bytes : `int`
        The size of what was moved.
    rows : `int`
        The rows of registries that were moved, too.
    """

    paths: list[str] = field(default_factory=list)
    dependents: list[Dependent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    trash: str = ""
    bytes: int = 0
    rows: int = 0


def remove(
    root: str | os.PathLike[str],
    types: Collection[str],
    where: Any = None,
    force: bool = False,
    dry_run: bool = False,
    **arguments: Any,
) -> Removed:
    """Move datasets of a repository into its trash.

    Parameters
    ----------
    root : path
        The repository. Datasets of its parents are not removed.
    types : collection of `str`
        The dataset types. Rows of what ingest registers, raws and calibrations, go with the files.
    where : `str` or `Expression`, optional
        A condition on their columns, as of `Butler.query`.
    force : `bool`, optional
        Whether they are removed although others depend on them.
    dry_run : `bool`, optional
        Whether to change nothing.
    **arguments
        Further arguments of `Butler`.

    Returns
    -------
    removed : `Removed`
        What was done. If there are dependents, and no ``force``, nothing is moved.

    Raises
    ------
    UsageError
        If a type is a part of another, or shares its files with others.
    RepositoryError
        If the repository belongs to another user.
    """
    return remove_from(
        Butler(root, **arguments), types, dict.fromkeys(types, where), force, dry_run
    )


def remove_from(
    butler: Butler,
    types: Collection[str],
    where: Mapping[str, Any] = {},
    force: bool = False,
    dry_run: bool = False,
) -> Removed:
    """Remove from the first repository of a Butler; see `remove`."""
    root = os.path.realpath(butler.chain.inputs[0].root)
    _refuse_owner(root)
    removed = Removed()
    chosen: dict[str, list[Dataset]] = {}
    for name in types:
        numbers = _numbers(butler, name, where.get(name), root)
        for path, datasets in _chosen(butler, name, where.get(name), root).items():
            others = numbers.get(path, 0) - len(datasets)
            reason = _refusal(path, root)
            if others > 0:
                reason = f"has {others} other datasets, too, which are not chosen"
            if reason:
                removed.refused.append(f"{datasets[0]}  {path} {reason}")
            else:
                chosen[path] = datasets
    for datasets in chosen.values():
        for dataset in datasets:
            removed.dependents += _dependents(butler, dataset, chosen)
            removed.dependents += _composites(butler, dataset, types)
    removed.dependents = list(dict.fromkeys(removed.dependents))
    trash = _move(root, list(chosen), removed, force, dry_run)
    if trash is not None:
        removed.rows = sum(
            trash.take_rows(path, rows.select(path, tables, data_ids))
            for path, tables, data_ids in _registered(butler, root, chosen)
        )
    return removed


def remove_rerun(
    root: str | os.PathLike[str], name: str, force: bool = False, dry_run: bool = False
) -> Removed:
    """Move a whole rerun of a repository into the repository's trash; see `remove`.

    Parameters
    ----------
    root : path
        The repository.
    name : `str`
        The rerun, below ``rerun``.
    force, dry_run : `bool`, optional
        As for `remove`. Other reruns depend on it if it is one of their parents.
    """
    root = os.path.realpath(root)
    path = os.path.join(root, "rerun", name)
    if os.path.islink(path) or not os.path.realpath(path).startswith(f"{root}/rerun/"):
        raise RepositoryError(f"{path} is a link, or leads out of {root}: it is not removed")
    if not marks.is_repository(path):
        raise RepositoryError(f"{path} is not a repository")
    for directory in (root, path):
        _refuse_owner(directory)
    removed = Removed()
    for other in survey(root).repositories():
        if other != path and not other.startswith(f"{path}/") and path in _parents(other):
            removed.dependents.append(Dependent(os.path.relpath(other, root), other, name))
    _move(root, [path], removed, force, dry_run)
    return removed


def _refuse_owner(root: str) -> None:
    reason = ownership.refusal(root)
    if reason:
        raise RepositoryError(reason)


def _chosen(butler: Butler, name: str, where: Any, root: str) -> dict[str, list[Dataset]]:
    """Return the files of the chosen datasets of a type in the repository itself."""
    request = butler.request(name)
    if request.name != request.datasetType:
        raise UsageError(f"{name} is a part of {request.datasetType}: remove that as a whole")
    repository = butler.chain.inputs[0]
    dataset = repository.mapper.dataset(request)
    template = dataset.template
    keys = list(butler.getKeys(name, "") or ())
    is_whole = template is not None and set(keys) <= set(PathTemplate(template.file_text).keys)
    if not is_whole and not is_registered(repository, dataset):
        raise UsageError(f"the files of {name} have other datasets, too: they are not removed")
    chosen: dict[str, list[Dataset]] = {}
    for values in butler.query(name, where, columns=[*keys, *_OWN]).tuples():
        *own, home, path = values
        if os.path.realpath(home) in (root, os.path.realpath(repository.root_of(dataset))):
            found = Dataset(name, dict(zip(keys, own, strict=True)))
            chosen.setdefault(os.path.join(os.path.realpath(home), path), []).append(found)
    return chosen


def _numbers(butler: Butler, name: str, where: Any, root: str) -> dict[str, int]:
    """Return how many datasets each file has, if some of them may not be chosen."""
    if where is None:
        return {}
    return {path: len(every) for path, every in _chosen(butler, name, None, root).items()}


def _registered(
    butler: Butler, root: str, chosen: Mapping[str, Sequence[Dataset]]
) -> Iterator[tuple[str, Sequence[str], list[Mapping[str, Any]]]]:
    """Yield the registries, tables and data IDs of registered files that are gone."""
    repository = butler.chain.inputs[0]
    sources = [each.name for each in delivered(repository)]
    by_table: dict[tuple[str, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    for datasets in chosen.values():
        dataset = repository.mapper.types[datasets[0].datasetType]
        if not is_registered(repository, dataset):
            continue
        if dataset.section == "calibrations":
            registry = repository.calibrations_of(dataset).registry
            left = [each.dataId for each in datasets]
        else:
            registry = repository.registry
            left = [
                each.dataId
                for each in datasets
                if not any(butler.datasetExists(name, each.dataId) for name in sources)
            ]
        if registry is None or registry.lists_files:
            continue
        path = os.path.realpath(registry.path)
        if path.startswith(f"{root}/"):
            by_table.setdefault((path, tuple(dataset.tables)), []).extend(left)
    for (path, tables), data_ids in by_table.items():
        yield path, tables, data_ids


def _refusal(path: str, root: str) -> str:
    """Return why a file is not moved; an empty text if it may be."""
    folder = os.path.realpath(os.path.dirname(path))
    if folder != root and not folder.startswith(f"{root}/"):
        return f"is reached through a link, to {folder}"
    owner = os.lstat(path).st_uid
    if owner != os.geteuid():
        return f"belongs to {ownership.user(owner)}"
    return ""


def _dependents(butler: Butler, dataset: Dataset, chosen: Collection[str]) -> Iterator[Dependent]:
    """Yield what was made of a dataset, as far as journals tell, and is not removed as well."""
    try:
        origin = butler.used_by(dataset.datasetType, dataset.dataId)
    except PersistenceError:  # nothing is recorded of it
        return
    for each in _outputs(origin):
        path = os.path.realpath(each.file)
        if os.path.exists(path) and path not in chosen:
            yield Dependent(str(Dataset(each.datasetType, each.dataId)), path, str(dataset))


def _composites(butler: Butler, dataset: Dataset, types: Collection[str]) -> Iterator[Dependent]:
    """Yield the composites that have a dataset as a part, unless all their parts are removed."""
    for composite in butler.chain.inputs[0].mapper.types.values():
        parts = {part.datasetType for part in composite.composite.values() if not part.optional}
        if dataset.datasetType not in parts or composite.name in parts or parts <= set(types):
            continue
        with contextlib.suppress(PersistenceError):  # it needs other keys
            if butler.datasetExists(composite.name, dataset.dataId):
                name = str(Dataset(composite.name, dataset.dataId))
                yield Dependent(name, butler.chain.inputs[0].root, str(dataset))


def _outputs(origin: Origin) -> Iterator[Origin]:
    for each in origin.outputs:
        yield each
        yield from _outputs(each)


def _parents(root: str) -> list[str]:
    try:
        cfg = repository_cfg.read(root)
    except PersistenceError:  # the doctor tells
        return []
    parents = () if cfg is None else cfg.parents
    return [os.path.realpath(repository_cfg.shown(parent)) for parent in parents]


def _move(
    root: str, paths: Sequence[str], removed: Removed, force: bool, dry_run: bool
) -> Trash | None:
    """Move files into the trash, and return its session; None if nothing was moved."""
    if removed.dependents and not force:
        return None
    trash = Trash(root, "remove")
    for path in paths:
        removed.bytes += _size(path)
        if not dry_run:
            trash.move(path)
            tree = _tree_of(path, root)
            journal.append(tree, "remove", os.path.relpath(path, tree))
        removed.paths.append(path)
    removed.trash = trash.name if trash.is_used else ""
    return trash if trash.is_used else None


def _tree_of(path: str, root: str) -> str:
    """Return the calibration root that a file is in, or the repository."""
    folder = os.path.dirname(path)
    while folder != root and not os.path.exists(os.path.join(folder, CALIBRATIONS)):
        folder = os.path.dirname(folder)
    return folder


def _size(path: str) -> int:
    if not os.path.isdir(path) or os.path.islink(path):
        return os.lstat(path).st_size
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for folder, _folders, names in os.walk(path)
        for name in names
    )
