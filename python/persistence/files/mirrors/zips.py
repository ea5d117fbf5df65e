"""Zip files as origins of a repository's files."""

from __future__ import annotations

import datetime
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from persistence.errors import RepositoryError
from persistence.files.mirrors.archive import PIECE, Archive, Member
from persistence.files.mirrors.origin import Entry

# A local header: how it begins, its length without the name and the extra field, the place of their
# lengths, and the kind of extra field with the modification time, in seconds since 1970. Source:
# APPNOTE.TXT 6.3.10, 4.3.7; Info-ZIP, proginfo/extrafld.txt
_BEGIN = b"PK\3\4"
_HEADER, _LENGTHS, _TIME = 30, 26, 0x5455
_ENCRYPTED = 1
_LINK_MAX = 4096  # bytes of the target of a link


class Place(NamedTuple):
    """Where the content of a member is.

    Attributes
    ----------
    header : `int`
        The position of its local header.
    packed : `int`
        The number of its bytes in the archive.
    method : `int`
        How they are compressed.
    crc : `int`
        The CRC-32 of its content.
    """

    header: int
    packed: int
    method: int
    crc: int


class Zip(Archive[Place]):
    """A zip file; parts of members that are stored, not compressed, are read in place.

    Parameters
    ----------
    path : `str`
        The file.
    """

    def members(self, path: str) -> Iterator[Member[Place]]:
        """Yield the members; see `Archive.members`."""
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise RepositoryError(f"{path} is damaged: {error}") from error
        for info in infos:
            if info.flag_bits & _ENCRYPTED:
                raise RepositoryError(f"{path}: {info.filename} is encrypted: unpack the archive")
            place = Place(info.header_offset, info.compress_size, info.compress_type, info.CRC)
            entry = Entry(info.file_size, _time(info), info.is_dir())
            member = Member(info.filename, entry, place)
            if stat.S_ISLNK(info.external_attr >> 16):
                target = b"".join(self.whole(member)) if info.file_size < _LINK_MAX else b"/"
                member = member._replace(target=target.decode(errors="surrogateescape"))
            yield member

    def is_plain(self, member: Member[Place]) -> bool:
        """Return whether a member is stored, not compressed."""
        return member.place.method == zipfile.ZIP_STORED

    def part(self, member: Member[Place], start: int, size: int) -> bytes:
        """Return bytes of a stored member."""
        size = max(0, min(size, member.entry.size - start))
        return self.pread(self._start(member) + start, size)

    def whole(self, member: Member[Place]) -> Iterator[bytes]:
        """Yield the content of a member, and compare it with its size and its checksum."""
        crc = size = 0
        for piece in self._unpacked(member):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            if size > member.entry.size:
                break
            yield piece
        if (size, crc) != (member.entry.size, member.place.crc):
            raise OSError(
                f"{self.name}: {member.path} is damaged: {size} bytes with CRC-32 {crc:08x}, and "
                f"the archive states {member.entry.size} and {member.place.crc:08x}"
            )

    def _unpacked(self, member: Member[Place]) -> Iterator[bytes]:
        method, start, left = member.place.method, self._start(member), member.place.packed
        if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise OSError(
                f"{self.name}: {member.path} is compressed by method {method}; stored and deflated "
                "members can be read: unpack the archive"
            )
        unpack = zlib.decompressobj(-zlib.MAX_WBITS) if method == zipfile.ZIP_DEFLATED else None
        while left:
            piece = self.pread(start, min(left, PIECE))
            start, left = start + len(piece), left - len(piece)
            if unpack is None:
                yield piece
                continue
            try:  # a few bytes may be gigabytes when unpacked
                while piece:
                    yield unpack.decompress(piece, PIECE)
                    piece = unpack.unconsumed_tail
            except zlib.error as error:
                raise OSError(f"{self.name}: {member.path} is damaged: {error}") from error

    def _start(self, member: Member[Place]) -> int:
        """Return where the content begins: its local header has a length of its own."""
        header = self.pread(member.place.header, _HEADER)
        if not header.startswith(_BEGIN):
            raise OSError(f"{self.name}: {member.path} is damaged: its header is not there")
        name, extra = struct.unpack_from("<HH", header, _LENGTHS)
        return int(member.place.header + _HEADER + name + extra)


def _time(info: zipfile.ZipInfo) -> int:
    """Return the modification time of a member, in ns since 1970.

    Without the extra field that many writers add, it is local time, of an even second.
    """
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == _TIME and length >= 5 and len(extra) >= 9 and extra[4] & 1:
            return int(struct.unpack_from("<i", extra, 5)[0]) * 10**9
        extra = extra[4 + length :]
    try:
        return int(datetime.datetime(*info.date_time).timestamp()) * 10**9  # local
    except (ValueError, OverflowError):
        return 0
