"""Tar archives, with pax headers where ustar is not enough: what surrounds each member.

Source: POSIX.1-2001, ``pax``.
"""

from __future__ import annotations

import tarfile
from collections.abc import Sequence

from persistence.keep.archive_layout import NS, Member, Slot


class Tar:
    """A tar archive, with pax headers where ustar is not enough."""

    def checksum(self, chunk: memoryview | bytes, before: int) -> int:
        """Return 0: its headers have no checksum of the data."""
        return 0

    def padding(self, size: int) -> int:
        """Return how many zeros follow: members begin at multiples of 512 bytes."""
        return -size % tarfile.BLOCKSIZE

    def header(self, member: Member, checksum: int) -> bytes:
        """Return a header, of no user and no group: members belong to whoever unpacks them."""
        info = tarfile.TarInfo(member.name)
        info.size, info.mode, info.mtime = member.size, member.mode, member.mtime // NS
        return info.tobuf(tarfile.PAX_FORMAT)

    def end(self, slots: Sequence[Slot], checksums: Sequence[int], position: int) -> bytes:
        """Return at least two empty blocks, which fill the last record."""
        length = 2 * tarfile.BLOCKSIZE
        return bytes(length + -(position + length) % tarfile.RECORDSIZE)
