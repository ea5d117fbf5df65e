"""``persistence.keep.copy``: datasets, and what they need, in a repository of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from persistence.butler import repository_cfg
from persistence.butler.butler import Butler
from persistence.butler.provenance.origin import Origin
from persistence.butler.repository import Repository
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.cameras.installed import gen2_name
from persistence.errors import FileConflict, RepositoryError, UsageError
from persistence.files import atomic, durable, marks, ownership, sqlite, temporaries
from persistence.files.atomic import Mode
from persistence.policy import in_repository
from persistence.policy.dataset_type import DatasetType

# Transfer -> how files are delivered.
TRANSFERS: Mapping[str, Mode] = {
    "copy": "copy",
    "link": "link",
    "relsymlink": "relsymlink",
    "hardlink": "hardlink",
}
_CALIBRATIONS = "CALIB"
_OWN = ("repository", "path")
# Files that are flushed, and can be read, before the next ones are begun.
_TOGETHER = 64
Track = Callable[[Sequence[Any]], Iterable[Any]]


class File(NamedTuple):
    """A file to copy.

    Attributes
    ----------
    source, target : `str`
        Where it is, and where it will be.
    datasetType : `str`
        The dataset type.
    dataIds : `list`
        The data IDs of the datasets in it.
    """

    source: str
    target: str
    datasetType: str
    dataIds: list[Mapping[str, Any]]


@dataclass
class Copied:
    """The result of `copy`, or of a dry run.

    Attributes
    ----------
    root : `str`
        The new repository.
    files : `list` [`File`]
        All files.
    present : `int`
        How many of them were there already.
    bytes : `int`
        The size of the others.
    rows : `int`
        Rows that were added to registries.
    missing : `list` [`str`]
        Inputs that are recorded, and are gone.
    """

    root: str
    files: list[File] = field(default_factory=list)
    present: int = 0
    bytes: int = 0
    rows: int = 0
    missing: list[str] = field(default_factory=list)


def copy(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    types: Collection[str],
    where: Any = None,
    transfer: str = "copy",
    with_inputs: int = 0,
    dry_run: bool = False,
    track: Track = iter,
    **arguments: Any,
) -> Copied:
    """Copy the datasets of a query, with what they need, into a repository of their own.

    Parameters
    ----------
    source, target : path
        The repository, whose parents are searched, too; the directory of the new one. If a copy is
        there already, this one is added to it.
    types : collection of `str`
        The dataset types. Calibrations go into the directory ``CALIB``.
    where : `str` or `Expression`, optional
        A condition on their columns, as of `Butler.query`.
    transfer : `str`, optional
        How files are brought: one of `TRANSFERS`.
    with_inputs : `int`, optional
        How many levels of inputs are copied, too, as far as the journals tell of them.
    dry_run : `bool`, optional
        Whether to write nothing.
    track : callable, optional
        Takes the list of files, and yields them: shows how far it is.
    **arguments
        Further arguments of `Butler` on the source, such as ``mapper`` and ``calibRoot``.

    Returns
    -------
    copied : `Copied`
        What was done.

    Raises
    ------
    UsageError
        If a type is a component or a view: its dataset is copied as a whole.
    RepositoryError
        If the target has other files, belongs to another user, or is inside the source.
    FileConflict
        If another file is in the place of one of them.

    Notes
    -----
    Registry rows of these data IDs, definitions of dataset types, and all datasets without keys
    (sky maps, configurations, schemas, versions) are copied, too. Files come first, rows next, and
    the configuration last: after a kill, the same call goes on where this one was.
    """
    butler = Butler(source, **arguments)
    return copy_from(
        butler, target, types, dict.fromkeys(types, where), transfer, with_inputs, dry_run, track
    )


def copy_from(
    butler: Butler,
    target: str | os.PathLike[str],
    types: Collection[str],
    where: Mapping[str, Any] = {},
    transfer: str = "copy",
    with_inputs: int = 0,
    dry_run: bool = False,
    track: Track = iter,
) -> Copied:
    """Copy from the repositories of a Butler, with a condition for each type; see `copy`."""
    root = os.path.abspath(target)
    if transfer not in TRANSFERS:
        raise UsageError(f"there is no transfer {transfer!r} (known: {', '.join(TRANSFERS)})")
    _refuse_target(root, butler.chain.inputs[0])
    copied = Copied(root)
    files = _Plan(butler, root)
    for name in types:
        files.add_query(name, where.get(name))
    if with_inputs:
        files.add_inputs(with_inputs, copied)
    if files.by_target:
        files.add_keyless()
    copied.files = list(files.by_target.values())
    for file in copied.files:
        if _is_there(file):
            copied.present += 1
        else:
            copied.bytes += os.path.getsize(file.source)
    if dry_run or not copied.files:
        return copied
    _deliver(copied, TRANSFERS[transfer], track)
    copied.rows = _copy_rows(butler, copied)
    _configure(butler, copied)
    return copied


class _Plan:
    """The files to copy, each once."""

    def __init__(self, butler: Butler, root: str) -> None:
        self._butler, self._root = butler, root
        self.by_target: dict[str, File] = {}

    def add_query(self, name: str, where: Any) -> None:
        request = self._butler.request(name)
        if request.name != request.datasetType:
            raise UsageError(
                f"{name} is a part of {request.datasetType}, which is copied as a whole: name that"
            )
        keys = list(self._butler.getKeys(name, "") or ())
        rows = self._butler.query(name, where, columns=[*keys, *_OWN])
        for values in rows.tuples():
            *own, root, path = values
            self._add(name, dict(zip(keys, own, strict=True)), root, path)

    def add_inputs(self, levels: int, copied: Copied) -> None:
        for file in list(self.by_target.values()):
            for data_id in file.dataIds:
                origin = self._butler.why(file.datasetType, data_id)
                for each in _inputs(origin, levels):
                    if not os.path.exists(each.file):
                        copied.missing.append(
                            f"{each.datasetType} {dict(each.dataId)}: {each.file}"
                        )
                    elif each.datasetType:
                        self._add(each.datasetType, each.dataId, each.root, each.path)

    def add_keyless(self) -> None:
        """Add sky maps, configurations, schemas and versions: what has no keys."""
        seen = set[str]()
        for repository in self._butler.chain.inputs:
            for dataset in repository.mapper.types.values():
                template = dataset.template
                if template is None or template.keys or template.file_text in seen:
                    continue
                root = repository.root_of(dataset)
                if os.path.isfile(os.path.join(root, template.file_text)):
                    seen.add(template.file_text)
                    self._add(dataset.name, {}, root, template.file_text)

    def _add(self, name: str, data_id: Mapping[str, Any], root: str, path: str) -> None:
        is_calibration = _is_calibration(self._butler, name)
        folder = os.path.join(self._root, _CALIBRATIONS) if is_calibration else self._root
        target = os.path.join(folder, path)
        source = os.path.join(root, path)
        file = self.by_target.setdefault(target, File(source, target, name, []))
        file.dataIds.append(dict(data_id))


def _dataset(butler: Butler, name: str) -> DatasetType | None:
    for repository in butler.chain.inputs:
        if name in repository.mapper.types:
            return repository.mapper.types[name]
    return None


def _is_calibration(butler: Butler, name: str) -> bool:
    dataset = _dataset(butler, name)
    return dataset is not None and dataset.section == "calibrations"


def _inputs(origin: Origin, levels: int) -> Iterator[Origin]:
    for each in origin.inputs if levels else ():
        yield each
        yield from _inputs(each, levels - 1)


def _refuse_target(root: str, source: Repository) -> None:
    """Raise an error for a directory that must not become, or grow, a copy."""
    real, above = os.path.realpath(root), os.path.realpath(source.root)
    if real == above or real.startswith(f"{above}/"):
        raise RepositoryError(f"{root} is inside {source.root}: copy to a directory beside it")
    if not os.path.isdir(root):
        return
    reason = ownership.refusal(root)
    if reason:
        raise RepositoryError(reason)
    cfg = repository_cfg.read(root)
    is_begun = os.path.exists(os.path.join(root, _BEGUN))
    # A copy that was killed at once has made that directory, and no more.
    is_empty = set(os.listdir(root)) <= {_BEGUN.split("/")[0]}
    if cfg is None and not (is_begun or is_empty):
        raise RepositoryError(f"{root} is not empty, and no repository: copy to a new directory")
    if cfg is not None and cfg.parents:
        raise RepositoryError(f"{root} has parents: a copy stands alone, in a new directory")


# It marks a copy that is not finished.
_BEGUN = ".persistence/copying"


def _is_there(file: File) -> bool:
    """Return whether a file was copied before: by its size and time, or by its content."""
    if not os.path.lexists(file.target):
        return False
    if os.path.islink(file.target) or not os.path.isfile(file.target):
        return atomic.same(file.source, file.target)
    before, after = os.stat(file.source), os.stat(file.target)
    if before.st_size != after.st_size:
        return False
    return before.st_mtime_ns == after.st_mtime_ns or atomic.same(file.source, file.target)


def _deliver(copied: Copied, mode: Mode, track: Track) -> None:
    atomic.write_text(os.path.join(copied.root, _BEGUN), "", replace=True)
    new: list[str] = []
    for file in track(copied.files):
        if _is_there(file):
            temporaries.sweep_once(os.path.dirname(file.target))  # of a copy that was killed
            continue
        if os.path.lexists(file.target):
            raise FileConflict(
                f"{file.target} is another file than {file.source}: copy to another directory",
                pathname=file.target,
            )
        source = os.path.realpath(file.source) if mode != "copy" else file.source
        atomic.deliver(source, file.target, mode)
        new.append(file.target)
        if len(new) >= _TOGETHER:
            _flush(new, copied.root)
            new.clear()
    _flush(new, copied.root)


def _flush(paths: Sequence[str], root: str) -> None:
    contents = [path for path in paths if not os.path.islink(path)]
    durable.flush(contents, durable.ancestors(paths, root) if paths else ())


def _copy_rows(butler: Butler, copied: Copied) -> int:
    """Copy the rows of registries that describe the copied data IDs, and return their number."""
    # A calibration's detector, or filter, would fit the rows of every exposure.
    exposures = [
        data_id
        for file in copied.files
        if not _is_calibration(butler, file.datasetType)
        for data_id in file.dataIds
    ]
    first, count = butler.chain.inputs[0], 0
    if not first.registry.lists_files:
        count += sqlite.add_part(
            first.registry.path, os.path.join(copied.root, "registry.sqlite3"), exposures
        )
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    registries: dict[str, str] = {}
    for file in copied.files:
        dataset = _dataset(butler, file.datasetType)
        if dataset is not None and dataset.section == "calibrations" and dataset.tables:
            registry = butler.chain.inputs[0].calibrations_of(dataset).registry
            if registry is not None:
                registries[registry.path] = registry.path
                for table in dataset.tables:
                    by_table.setdefault(table, []).extend(file.dataIds)
    for path in registries:
        target = os.path.join(copied.root, _CALIBRATIONS, "calibRegistry.sqlite3")
        for table, data_ids in by_table.items():
            count += sqlite.add_part(path, target, data_ids, [table, f"{table}_visit"])
    return count


def _configure(butler: Butler, copied: Copied) -> None:
    """Write the definitions of dataset types, and at last the configuration."""
    first = butler.chain.inputs[0]
    for repository in reversed(butler.chain.inputs):
        for definition in in_repository.read(repository.root):
            target = os.path.join(
                copied.root, in_repository.FOLDER, os.path.basename(definition.path)
            )
            atomic.write_text(target, definition.text, replace=True)
    cfg = repository_cfg.read(first.root)
    calib = os.path.join(copied.root, _CALIBRATIONS)
    arguments = {"calibRoot": calib} if os.path.isdir(calib) else {}
    if not os.path.exists(os.path.join(copied.root, marks.CONFIGURATION)):
        policy = None if cfg is None else cfg.policy
        repository_cfg.write(
            RepositoryCfg(copied.root, copied.root, gen2_name(first.mapper), arguments, (), policy)
        )
    begun = os.path.join(copied.root, _BEGUN)
    if os.path.exists(begun):
        os.unlink(begun)
