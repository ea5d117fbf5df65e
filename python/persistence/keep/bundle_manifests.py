"""The manifests in a bundle: what its members have to be."""

from __future__ import annotations

import os
from collections.abc import Mapping

from persistence.errors import RepositoryError
from persistence.keep import archive_members, manifest
from persistence.keep.archive_members import Entry, refused
from persistence.keep.manifest import Line

_LARGEST = 1 << 30  # bytes: of several million files


def read(path: str, entries: Mapping[str, Entry]) -> dict[str, bytes]:
    """Return the manifests in an archive, by their names.

    Parameters
    ----------
    path : `str`
        The archive, for messages.
    entries : mapping
        Its members.

    Raises
    ------
    RepositoryError
        If it has none.
    """
    names = [name for name in entries if f"/{name}".endswith(f"/{manifest.FILE}")]
    if manifest.FILE not in names:
        raise RepositoryError(f"{path} is no bundle: it has no {manifest.FILE}, or is cut off")
    contents = {}
    for name in names:
        entry = entries[name]
        if entry.size > _LARGEST:
            raise refused(path, name, f"declares {entry.size} bytes")
        chunks: list[bytes] = []
        archive_members.read(path, entry, chunks.append)
        contents[name] = b"".join(chunks)
    return contents


def declared(path: str, entries: Mapping[str, Entry], manifests: Mapping[str, bytes]) -> list[Line]:
    """Return the files that the manifests list, by their paths in the archive.

    Parameters
    ----------
    path : `str`
        The archive, for messages.
    entries : mapping
        Its members.
    manifests : mapping
        The manifests among them; see `read`.

    Raises
    ------
    RepositoryError
        If the members are not the files that the manifests list, with their sizes.
    """
    lines = {}
    for name, content in manifests.items():
        tree = name.removesuffix(manifest.FILE)
        for line in manifest.parse(content.splitlines(keepends=True), f"{path}: {name}"):
            lines[tree + line.path] = line._replace(path=tree + line.path)
    missing = [name for name in lines if name not in entries]
    if missing:
        raise RepositoryError(
            f"{path} lacks {len(missing)} of {len(lines)} files that its manifest lists, such as "
            f"{missing[0]}: it is not whole"
        )
    for name, entry in entries.items():
        if name in manifests:
            continue
        if name not in lines:
            raise refused(path, name, "is not in the manifest")
        if entry.size != lines[name].digest.size:
            raise refused(
                path, name, f"declares {entry.size} bytes, not {lines[name].digest.size} as in the "
                "manifest"
            )  # fmt: skip
    return list(lines.values())


def refuse_collisions(path: str, entries: Mapping[str, Entry], tree: str) -> None:
    """Raise an error for names that are one file, on disks that do not tell case apart."""
    if not os.path.exists(os.path.join(tree, manifest.FILE.upper())):
        return
    for first, second in archive_members.collisions(list(entries)):
        raise refused(path, second, f"is the same file as {first!r} on this disk")
