"""``persistence.keep.unbundle``: a repository unpacked from a bundle, each file checked."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.errors import RepositoryError
from persistence.files import durable, temporaries
from persistence.keep import archive_members, bundle_manifests, digests, manifest, workspaces
from persistence.keep.archive_members import Entry, refused
from persistence.keep.manifest import Line

_MARK = "unbundle"
_TREE = "tree"
_CHUNK = 1 << 20
# Files that are flushed before the next ones are begun.
_TOGETHER = 64
Track = Callable[[Sequence[Any]], Iterable[Any]]


@dataclass
class Unbundled:
    """The result of `unbundle`, or of a dry run.

    Attributes
    ----------
    root : `str`
        The new repository.
    files : `list` [`Line`]
        The files by their paths in it, with sizes, checksums and data IDs.
    present : `int`
        How many of them a killed run had written.
    bytes : `int`
        The size of all of them.
    """

    root: str
    files: list[Line] = field(default_factory=list)
    present: int = 0
    bytes: int = 0


def unbundle(
    archive: str | os.PathLike[str],
    target: str | os.PathLike[str],
    dry_run: bool = False,
    track: Track = iter,
) -> Unbundled:
    """Unpack a bundle into a new directory, and check each file by its checksum.

    Parameters
    ----------
    archive, target : path
        The bundle, a zip or a tar; the directory, which is new or empty.
    dry_run : `bool`, optional
        Whether to write nothing. The list of members is checked, and not their content.
    track : callable, optional
        Takes the list of files, and yields them: shows how far it is.

    Returns
    -------
    unbundled : `Unbundled`
        What was done.

    Raises
    ------
    RepositoryError
        If the archive has no manifest, is damaged or cut off, lacks a file, has one that the
        manifest lacks or one with other content, or a member is unsafe; or if the directory is not
        empty, or the disk too small.

    Notes
    -----
    The directory appears when all of it is there. After a kill, the same call goes on where this
    one was. Times of files are those of the source, and permissions are limited by the umask.
    """
    path, root = os.path.abspath(archive), os.path.abspath(target)
    workspace = workspaces.path_of(root, _MARK)
    is_begun = os.path.isdir(workspace)
    if os.path.lexists(root) and not (is_begun or _is_empty(root)):
        raise _not_empty(root)
    with archive_members.opened(path) as entries:
        manifests = bundle_manifests.read(path, entries)
        lines = bundle_manifests.declared(path, entries, manifests)
        unbundled = Unbundled(root, lines, bytes=sum(line.digest.size for line in lines))
        if dry_run:
            return unbundled
        durable.make_directories(os.path.dirname(root))
        with workspaces.opened(workspace):
            tree = os.path.join(workspace, _TREE)
            if not os.path.isdir(tree) and _holds(root, manifests):  # it was killed at its end
                unbundled.present = len(lines)
                return unbundled
            if os.path.lexists(root) and not _is_empty(root):
                raise _not_empty(root)
            if not _holds(tree, manifests):  # it is new, or of another archive
                shutil.rmtree(tree, ignore_errors=True)
                for name, content in manifests.items():
                    _write(os.path.join(tree, name), content)
            bundle_manifests.refuse_collisions(path, entries, tree)
            _refuse_lack_of_room(unbundled, tree)
            unbundled.present = _fill(path, entries, lines, tree, track)
            _sweep(tree, entries)
            _appear(tree, root)
    return unbundled


def _is_empty(root: str) -> bool:
    return os.path.isdir(root) and not os.path.islink(root) and not os.listdir(root)


def _not_empty(root: str) -> RepositoryError:
    return RepositoryError(f"{root} is there, and not empty: unpack into a new directory")


def _holds(tree: str, manifests: Mapping[str, bytes]) -> bool:
    """Return whether a directory has just these manifests: it is of the same archive."""
    for name, content in manifests.items():
        try:
            with open(os.path.join(tree, name), "rb") as stream:
                if stream.read() != content:
                    return False
        except OSError:
            return False
    return True


def _refuse_lack_of_room(unbundled: Unbundled, tree: str) -> None:
    there = sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _folders, names in os.walk(tree)
        for name in names
    )
    free = shutil.disk_usage(tree).free
    if unbundled.bytes - there > free:
        raise RepositoryError(
            f"no room for {unbundled.bytes} bytes in {os.path.dirname(unbundled.root)}: {free} "
            "bytes are free"
        )


def _fill(
    path: str, entries: Mapping[str, Entry], lines: Sequence[Line], tree: str, track: Track
) -> int:
    """Write all files that are not there yet, and return how many were."""
    written, present = list[str](), 0
    for line in track(lines):
        target = os.path.join(tree, line.path)
        if _is_there(target, line):
            present += 1
            continue
        _extract(path, entries[line.path], target, line)
        written.append(target)
        if len(written) >= _TOGETHER:
            durable.flush(written)
            written.clear()
    manifests = [os.path.join(tree, name) for name in entries if name.endswith(manifest.FILE)]
    durable.flush([*written, *manifests], [folder for folder, *_ in os.walk(tree)])
    return present


def _is_there(target: str, line: Line) -> bool:
    """Return whether a killed run has written a file, by all of its content."""
    if not os.path.exists(target) or os.path.getsize(target) != line.digest.size:
        return False
    return digests.digest(target).sha256 == line.digest.sha256


def _extract(path: str, entry: Entry, target: str, line: Line) -> None:
    """Write a member beside its place, check its content, and rename it."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    temporary = temporaries.beside(target)
    sha = hashlib.sha256()
    try:
        with open(temporary, "xb") as stream:

            def put(chunk: bytes) -> None:
                sha.update(chunk)
                stream.write(chunk)

            archive_members.read(path, entry, put)
            allowed = os.fstat(stream.fileno()).st_mode  # 0666 limited by the umask
            os.fchmod(stream.fileno(), stat.S_IMODE(entry.mode & allowed | stat.S_IRUSR))
        if sha.hexdigest() != line.digest.sha256:
            raise refused(path, entry.name, "has other content than its manifest says")
        os.utime(temporary, ns=(line.digest.mtime, line.digest.mtime))
        os.replace(temporary, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _write(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)


def _sweep(tree: str, entries: Mapping[str, Entry]) -> None:
    """Remove the temporary files of a killed run."""
    for folder, _folders, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, tree) not in entries:
                os.unlink(path)


def _appear(tree: str, root: str) -> None:
    """Move the whole tree to its place, which is free, or an empty directory."""
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(root)
    os.rename(tree, root)
    durable.flush_directory(os.path.dirname(root))
