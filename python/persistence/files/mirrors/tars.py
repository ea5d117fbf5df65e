"""Tar files as origins of a repository's files."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator

from persistence.errors import RepositoryError
from persistence.files.mirrors.archive import PIECE, Archive, Member
from persistence.files.mirrors.origin import Entry


class Tar(Archive[int]):
    """A tar file that is not compressed: all parts of members are read in place.

    Parameters
    ----------
    path : `str`
        The file.
    """

    def members(self, path: str) -> Iterator[Member[int]]:
        """Yield the members; see `Archive.members`."""
        try:
            with tarfile.open(path, "r:") as archive:
                infos = archive.getmembers()
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise RepositoryError(f"{path} is damaged: {error}") from error
        for info in infos:
            name = info.name.removeprefix("./")
            entry = Entry(info.size, int(info.mtime * 10**9), info.isdir())
            if info.issym():
                yield Member(name, entry, 0, info.linkname)
            elif info.islnk():  # its target is a name in the archive
                folder = posixpath.dirname(name) or "."
                target = posixpath.relpath(info.linkname.removeprefix("./") or ".", folder)
                yield Member(name, entry, 0, target)
            elif info.isdir() or (info.isreg() and not info.issparse()):
                yield Member(name, entry, info.offset_data)

    def is_plain(self, member: Member[int]) -> bool:
        """Return True: nothing is compressed."""
        return True

    def part(self, member: Member[int], start: int, size: int) -> bytes:
        """Return bytes of a member."""
        return self.pread(member.place + start, max(0, min(size, member.entry.size - start)))

    def whole(self, member: Member[int]) -> Iterator[bytes]:
        """Yield the content of a member; tar files have no checksum of it."""
        for start in range(0, member.entry.size, PIECE):
            yield self.part(member, start, PIECE)
