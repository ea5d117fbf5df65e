"""Archives as origins: what zip and tar files have in common."""

from __future__ import annotations

import abc
import functools
import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from persistence.errors import RepositoryError
from persistence.files import marks
from persistence.files.mirrors.origin import Entry, Origin

_T = TypeVar("_T")
# How many links are followed to a file.
_LINKS = 40
PIECE = 1 << 20  # bytes that are read at once


class Member(NamedTuple, Generic[_T]):
    """A member of an archive.

    Attributes
    ----------
    path : `str`
        Its name.
    entry : `Entry`
        Its properties.
    place : object
        Where its content is, in the form of the archive's kind.
    target : `str` or None
        The target of a link, relative to the directory of the link.
    """

    path: str
    entry: Entry
    place: _T
    target: str | None = None


class Archive(Origin, Generic[_T]):
    """An archive, whose members are a tree.

    Links are followed inside the archive; those that lead out of it are not there.

    Parameters
    ----------
    path : `str`
        The archive.

    Raises
    ------
    RepositoryError
        If it is damaged, or a member's name leads out of the tree.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self.identity = identity_of(path)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._members = _by_path(path, self.members(path))
        self._folders = _folders(self._members)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    @abc.abstractmethod
    def members(self, path: str) -> Iterable[Member[_T]]:
        """Return the members of an archive, without reading their content.

        Raises
        ------
        RepositoryError
            If it is damaged.
        """

    @abc.abstractmethod
    def is_plain(self, member: Member[_T]) -> bool:
        """Return whether a member is stored as it is, so that its parts can be read."""

    @abc.abstractmethod
    def part(self, member: Member[_T], start: int, size: int) -> bytes:
        """Return bytes of a member; see `Origin.read`."""

    @abc.abstractmethod
    def whole(self, member: Member[_T]) -> Iterator[bytes]:
        """Yield the content of a member; see `Origin.pieces`."""

    def pread(self, start: int, size: int) -> bytes:
        """Return bytes of the archive itself, wherever other readers are in it.

        Raises
        ------
        OSError
            If it ends before.
        """
        data = os.pread(self._descriptor, size, start)
        while len(data) < size and (
            more := os.pread(self._descriptor, size - len(data), start + len(data))
        ):
            data += more
        if len(data) < size:
            raise OSError(f"{self.name} is truncated: {size - len(data)} bytes are missing")
        return data

    def entry(self, path: str) -> Entry | None:
        """Return the properties of a member, or of a directory; see `Origin.entry`."""
        path = self._followed(path)
        if path in self._folders:
            return Entry(0, 0, is_directory=True)
        member = self._members.get(path)
        return None if member is None else member.entry

    def entries(self, path: str) -> Mapping[str, Entry]:
        """Return what is in a directory; see `Origin.entries`."""
        path = self._followed(path)
        start = f"{path}/" if path else ""
        entries = {name: self.entry(start + name) for name in self._folders.get(path, ())}
        return {name: entry for name, entry in entries.items() if entry is not None}

    def read(self, path: str, start: int, size: int) -> bytes:
        """Return bytes of a member; see `Origin.read`."""
        return self.part(self._member(path), start, size)

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield the content of a member; see `Origin.pieces`."""
        return self.whole(self._member(path))

    def has_parts(self, path: str) -> bool:
        """Return whether a member is stored as it is."""
        return self.is_plain(self._member(path))

    def digest(self, path: str) -> str | None:
        """Return the digest of a member by the manifests in the archive."""
        return self._digests.get(self._followed(path))

    def structure(self, folder: str) -> Iterator[str]:
        """Yield all members that describe repositories: all names are known at once."""
        for path in filter(describes, self._members):
            entry = self.entry(path)
            if entry is not None and not entry.is_directory:
                yield path

    @functools.cached_property
    def _digests(self) -> Mapping[str, str]:
        digests: dict[str, str] = {}
        for path, member in self._members.items():
            start, found, rest = path.rpartition(marks.MANIFEST)
            if found and not rest and start[-1:] in ("", "/"):
                digests |= _stated(start, b"".join(self.whole(member)))
        return digests

    def _member(self, path: str) -> Member[_T]:
        member = self._members.get(self._followed(path))
        if member is None:
            raise FileNotFoundError(f"{self.name} has no member {path}")
        return member

    def _followed(self, path: str) -> str:
        """Return the path to which links in the archive lead; that of nothing, if they lead out."""
        for _ in range(_LINKS):
            parts = path.split("/")
            for number in range(1, len(parts) + 1):
                above = "/".join(parts[:number])
                member = self._members.get(above)
                if member is not None and member.target is not None:
                    target = posixpath.join(posixpath.dirname(above), member.target)
                    path = posixpath.normpath(posixpath.join(target, *parts[number:]))
                    break
            else:
                return path
            if path.startswith(("/", "..")):
                break
            path = "" if path == "." else path
        return "\0"


def identity_of(path: str) -> str:
    """Return a text that is different for another file, or another content, at a path."""
    status = os.stat(path)
    stamps = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return repr((os.path.realpath(path), status.st_dev, status.st_ino, *stamps))


def _by_path(archive: str, members: Iterable[Member[_T]]) -> dict[str, Member[_T]]:
    """Return members by path; of several with one name the last one counts, as in `tar`."""
    by_path: dict[str, Member[_T]] = {}
    for member in members:
        path = posixpath.normpath(member.path)
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or "\0" in path:
            raise RepositoryError(
                f"{archive}: the name of the member {member.path!r} leads out of the archive: this "
                "is no archive of a repository"
            )
        if path != ".":
            by_path[path] = member._replace(path=path)
    return by_path


def _folders(members: Mapping[str, Member[_T]]) -> dict[str, dict[str, None]]:
    """Return the names in each directory, in order."""
    folders: dict[str, dict[str, None]] = {"": {}}
    for path, member in sorted(members.items()):
        if member.entry.is_directory:
            folders.setdefault(path, {})
        while path:
            path, _, name = path.rpartition("/")
            folders.setdefault(path, {})[name] = None
    return folders


def describes(path: str) -> bool:
    """Return whether a member describes a repository."""
    *folders, name = path.split("/")
    return (
        name in marks.NAMES
        or name.endswith(".sqlite3")
        or ".persistence" in folders
        or folders[-1:] == ["policy"]
    )


def _stated(start: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield files and their digests by a manifest; lines that are damaged state nothing."""
    for line in content.splitlines():
        try:
            fields = json.loads(line)
            yield start + str(fields["f"]), str(fields["sha256"])
        except (ValueError, TypeError, KeyError):
            continue
