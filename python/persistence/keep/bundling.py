"""``persistence.keep.bundle``: datasets, and what they need, in one archive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.butler.butler import Butler
from persistence.dataids.template import PathTemplate
from persistence.errors import FileConflict
from persistence.files import durable, marks, mirrors
from persistence.keep import archive_formats, parts, standalone, workspaces
from persistence.keep.archive_writing import Archive, Source, Track, member_of
from persistence.keep.selection import File, definition, select

_MARK, _TREE, _PARTS = "bundle", "tree", "parts"


@dataclass
class Bundled:
    """The result of `bundle`, or of a dry run.

    Attributes
    ----------
    archive : `str`
        The archive.
    files : `list` [`File`]
        The files of datasets; the archive has the registry and others, too.
    present : `int`
        How many of them a killed run had written.
    bytes : `int`
        The size of all of them.
    rows : `int`
        The rows in its registries.
    missing : `list` [`str`]
        Inputs that are recorded, and are gone.
    """

    archive: str
    files: list[File] = field(default_factory=list)
    present: int = 0
    bytes: int = 0
    rows: int = 0
    missing: list[str] = field(default_factory=list)


def bundle(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    types: Collection[str],
    where: Any = None,
    with_inputs: int = 0,
    dry_run: bool = False,
    track: Track = iter,
    **arguments: Any,
) -> Bundled:
    """Write the datasets of a query, with what they need, into an archive that is a repository.

    Parameters
    ----------
    source, target : path
        The repository, whose parents are searched, too; the archive: ``.zip`` or ``.tar``.
    types : collection of `str`
        The dataset types.
    where : `str` or `Expression`, optional
        A condition on their columns, as of `Butler.query`.
    with_inputs : `int`, optional
        How many levels of inputs are bundled, too, as far as the journals tell of them.
    dry_run : `bool`, optional
        Whether to write nothing.
    track : callable, optional
        Takes the list of files, and yields them: shows how far it is.
    **arguments
        Further arguments of `Butler` on the source, such as ``mapper`` and ``calibRoot``.

    Returns
    -------
    bundled : `Bundled`
        What was done.

    Raises
    ------
    UsageError
        If a type cannot be brought alone, or the archive's ending is unknown.
    FileConflict
        If the archive exists.
    RepositoryError
        If a file is written while it is bundled.

    Notes
    -----
    The members are the files of the repository that `copy` makes, not compressed, links followed,
    with the manifests that `verify` would write there, which come first. The archive appears when
    it is complete; after a kill, the same call goes on where this one was.
    """
    butler = Butler(source, **arguments)
    return bundle_from(
        butler, target, types, dict.fromkeys(types, where), with_inputs, dry_run, track
    )


def bundle_from(
    butler: Butler,
    target: str | os.PathLike[str],
    types: Collection[str],
    where: Mapping[str, Any] = {},
    with_inputs: int = 0,
    dry_run: bool = False,
    track: Track = iter,
) -> Bundled:
    """Write a bundle from the chain of a Butler, with a condition for each type; see `bundle`."""
    path = os.path.abspath(target)
    form = archive_formats.form_of(path)
    workspace = workspaces.path_of(path, _MARK)
    if os.path.lexists(path) and not os.path.isdir(workspace):
        raise _exists(path)
    selection = select(butler, types, where, with_inputs)
    bundled = Bundled(path, selection.files, missing=selection.missing)
    whole = [file for file in bundled.files if not file.part]
    for file in whole if not dry_run else ():
        mirrors.fetch(file.source)
    sources = [_source(file.source, file, butler) for file in whole]
    bundled.bytes = sum(source.member.size for source in sources)
    if dry_run or not bundled.files:
        return bundled
    durable.make_directories(os.path.dirname(path))
    with workspaces.opened(workspace):
        tree = os.path.join(workspace, _TREE)
        shutil.rmtree(tree, ignore_errors=True)
        bundled.rows = standalone.copy_rows(butler, bundled.files, tree)
        standalone.configure(butler, bundled.files, tree)
        for file in bundled.files:
            if file.part:
                cut = os.path.join(workspace, _PARTS, file.path)
                parts.cut(butler, file.request, file.dataIds[0], file.source, cut)
                sources.append(_source(cut, file, butler))
        bundled.bytes = sum(source.member.size for source in sources)
        every = [*_frame(tree), *sorted(sources, key=lambda source: source.member.name)]
        archive = Archive(form, workspace, every)
        if _was_moved(path, archive):
            bundled.present = len(bundled.files)
            return bundled
        bundled.present = archive.write(track)
        _appear(archive.path, path)
    return bundled


def _exists(path: str) -> FileConflict:
    return FileConflict(f"{path} exists: choose another name, or remove it first", pathname=path)


def _source(path: str, file: File, butler: Butler) -> Source:
    return Source(path, member_of(path, file.path), file.datasetType, _named(butler, file))


def _named(butler: Butler, file: File) -> Mapping[str, Any]:
    """Return the values of the keys in a file's name, as manifests have them."""
    dataset = definition(butler, file.request.datasetType)
    if dataset is None or dataset.template is None:
        return {}
    keys, (first, *_) = PathTemplate(dataset.template.file_text).keys, file.dataIds
    return {key: first[key] for key in keys if key in first}


def _frame(tree: str) -> Iterator[Source]:
    """Yield the configuration, the registries and the definitions, the configuration first."""
    paths = [
        os.path.relpath(os.path.join(folder, name), tree)
        for folder, _folders, names in os.walk(tree)
        for name in names
    ]
    for name in sorted(paths, key=lambda name: (name != marks.CONFIGURATION, name)):
        path = os.path.join(tree, name)
        yield Source(path, member_of(path, name))


def _was_moved(path: str, archive: Archive) -> bool:
    """Return whether a killed run had finished the archive, and only its workspace is left.

    Raises
    ------
    FileConflict
        If something else is in the archive's place.
    """
    if not os.path.lexists(path):
        return False
    is_own = not os.path.exists(archive.path) or os.path.samefile(archive.path, path)
    if is_own and os.path.getsize(path) == archive.size():
        return True
    raise _exists(path)


def _appear(written: str, path: str) -> None:
    """Move the whole archive to its place; nothing there is replaced."""
    try:
        os.link(written, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # there are no hard links
        if os.path.lexists(path):
            raise _exists(path) from None
        os.rename(written, path)
    durable.flush_directory(os.path.dirname(path))
