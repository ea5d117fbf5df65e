"""``persistence.keep.copy``: datasets, and what they need, in a repository of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.butler import Butler
from persistence.butler.repository import Repository
from persistence.errors import FileConflict, RepositoryError, UsageError
from persistence.files import atomic, durable, mirrors, ownership, temporaries
from persistence.files.atomic import Mode
from persistence.keep import parts, standalone
from persistence.keep.selection import File, select

# Transfer -> how files are delivered.
TRANSFERS: Mapping[str, Mode] = {
    "copy": "copy",
    "link": "link",
    "relsymlink": "relsymlink",
    "hardlink": "hardlink",
}
# Files that are flushed, and can be read, before the next ones are begun.
_TOGETHER = 64
# It marks a copy that is not finished.
_BEGUN = ".persistence/copying"
Track = Callable[[Sequence[Any]], Iterable[Any]]


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

    def target(self, file: File) -> str:
        """Return where a file is, or will be."""
        return os.path.join(self.root, file.path)


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
        The dataset types, or components of exposures (``calexp.photoCalib``), which come without
        the others. Calibrations go into the directory ``CALIB``.
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
        If a type is a view, or a component that cannot be brought without its whole.
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
    if transfer != "copy" and mirrors.of(butler.chain.inputs[0].root) is not None:
        raise UsageError(f"files of an archive are copied: they have no paths to {transfer}")
    _refuse_target(root, butler.chain.inputs[0])
    selection = select(butler, types, where, with_inputs)
    copied = Copied(root, selection.files, missing=selection.missing)
    for file in copied.files:
        if _is_there(file, copied.target(file)):
            copied.present += 1
        elif not file.part:  # how large a part is, is only known when it is cut out
            copied.bytes += mirrors.stat(file.source).st_size
    if dry_run or not copied.files:
        return copied
    begun = os.path.join(root, _BEGUN)
    atomic.write_text(begun, "", replace=True)
    _deliver(butler, copied, TRANSFERS[transfer], track)
    copied.rows = standalone.copy_rows(butler, copied.files, root)
    standalone.configure(butler, copied.files, root)
    with contextlib.suppress(FileNotFoundError):  # another copy into it has ended
        os.unlink(begun)
    return copied


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


def _is_there(file: File, target: str) -> bool:
    """Return whether a file was copied before: by its size and time, or by its content."""
    source = file.source
    if not os.path.lexists(target):
        return False
    if file.part:  # it has the time of its whole
        return bool(mirrors.stat(source).st_mtime_ns == os.stat(target).st_mtime_ns)
    if os.path.islink(target) or not os.path.isfile(target):
        return atomic.same(source, target)
    before, after = mirrors.stat(source), os.stat(target)
    if before.st_size != after.st_size:
        return False
    if before.st_mtime_ns == after.st_mtime_ns:
        return True
    mirrors.fetch(source)
    return atomic.same(source, target)


def _deliver(butler: Butler, copied: Copied, mode: Mode, track: Track) -> None:
    new: list[str] = []
    for file in track(copied.files):
        target = copied.target(file)
        if _is_there(file, target):
            temporaries.sweep_once(os.path.dirname(target))  # of a copy that was killed
            continue
        if os.path.lexists(target):
            raise FileConflict(
                f"{target} is another file than {file.source}: copy to another directory",
                pathname=target,
            )
        mirrors.fetch(file.source)
        if file.part:
            parts.cut(butler, file.request, file.dataIds[0], file.source, target)
        else:
            source = os.path.realpath(file.source) if mode != "copy" else file.source
            atomic.deliver(source, target, mode)
        new.append(target)
        if len(new) >= _TOGETHER:
            _flush(new, copied.root)
            new.clear()
    _flush(new, copied.root)


def _flush(paths: Sequence[str], root: str) -> None:
    contents = [path for path in paths if not os.path.islink(path)]
    durable.flush(contents, durable.ancestors(paths, root) if paths else ())
