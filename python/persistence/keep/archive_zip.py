"""Zip archives with stored members: what surrounds each of them.

Source: PKWARE's APPNOTE.TXT 6.3.10, section 4.3.
"""

from __future__ import annotations

import stat
import struct
import time
import zlib
from collections.abc import Sequence

from persistence.errors import UsageError
from persistence.keep.archive_layout import NS, Member, Slot

_MANY, _LARGE = 0xFFFF, 0xFFFFFFFF  # what 2 and 4 bytes cannot hold; zip then has longer fields
_UTF8 = 0x800  # the flag of names in UTF-8
_PLAIN, _LONG = 20, 45  # versions of the format: 2.0; 4.5, with 64-bit sizes
_UNIX = 3 << 8
# The years that the times of MS-DOS can hold.
_YEARS = (1980, 2107)


class Zip:
    """A zip archive with stored members, and ZIP64 where it is needed."""

    def checksum(self, chunk: memoryview | bytes, before: int) -> int:
        """Return a CRC-32, continued."""
        return zlib.crc32(chunk, before)

    def padding(self, size: int) -> int:
        """Return 0: members are not aligned."""
        return 0

    def header(self, member: Member, checksum: int) -> bytes:
        """Return a local file header (4.3.7)."""
        size, large = _fields(member.size)
        extra = _times(member) + (_long(member.size, member.size) if large else b"")
        version = _LONG if large else _PLAIN
        name = _encoded(member.name)
        fixed = struct.pack(
            "<4s5H3I2H", b"PK\3\4", version, _UTF8, 0, *_dos_time(member.mtime),
            checksum, size, size, len(name), len(extra),
        )  # fmt: skip
        return fixed + name + extra

    def end(self, slots: Sequence[Slot], checksums: Sequence[int], position: int) -> bytes:
        """Return the central directory (4.3.12) and its end (4.3.14 to 4.3.16)."""
        entries = b"".join(map(self._entry, slots, checksums))
        count, size = len(slots), len(entries)
        long = b""
        if count >= _MANY or position >= _LARGE or size >= _LARGE:
            long = struct.pack(
                "<4sQ2H2I4Q", b"PK\6\6", 44, _UNIX | _LONG, _LONG, 0, 0, count, count,
                size, position,
            )  # fmt: skip
            long += struct.pack("<4sIQI", b"PK\6\7", 0, position + size, 1)
        number = min(count, _MANY)
        last = struct.pack(
            "<4s4H2IH", b"PK\5\6", 0, 0, number, number, min(size, _LARGE), min(position, _LARGE), 0
        )  # fmt: skip
        return entries + long + last

    def _entry(self, slot: Slot, checksum: int) -> bytes:
        member = slot.member
        (size, large), (offset, far) = _fields(member.size), _fields(slot.header)
        numbers = [*([member.size] * 2 if large else ()), *([slot.header] if far else ())]
        extra = _times(member) + (_long(*numbers) if numbers else b"")
        version = _LONG if numbers else _PLAIN
        name = _encoded(member.name)
        fixed = struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", _UNIX | version, version, _UTF8, 0, *_dos_time(member.mtime),
            checksum, size, size, len(name), len(extra), 0, 0, 0,
            (stat.S_IFREG | member.mode) << 16, offset,
        )  # fmt: skip
        return fixed + name + extra


def _encoded(name: str) -> bytes:
    """Return a name in UTF-8.

    Raises
    ------
    UsageError
        If that is impossible, because the bytes of the file's name are in no encoding.
    """
    try:
        return name.encode()
    except UnicodeEncodeError:
        shown = name.encode(errors="backslashreplace").decode()
        raise UsageError(
            f"the name {shown} is not in UTF-8, as names in a zip have to be: make a .tar"
        ) from None


def _fields(number: int) -> tuple[int, bool]:
    """Return a number for a field of 4 bytes, and whether it is too large for it."""
    return min(number, _LARGE), number >= _LARGE


def _long(*numbers: int) -> bytes:
    """Return the extra field with the numbers that are too large for theirs (4.5.3)."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def _times(member: Member) -> bytes:
    """Return the extra field with the time in UTC, as Info-ZIP writes it; until 2038."""
    seconds = member.mtime // NS
    return struct.pack("<2HBi", 0x5455, 5, 1, seconds) if -(1 << 31) <= seconds < 1 << 31 else b""


def _dos_time(mtime: int) -> tuple[int, int]:
    """Return the time and the date of MS-DOS (4.4.6), of UTC."""
    year, month, day, hour, minute, second, *_ = time.gmtime(mtime // NS)
    if not _YEARS[0] <= year <= _YEARS[1]:
        year, month, day, hour, minute, second = _YEARS[0], 1, 1, 0, 0, 0
    return hour << 11 | minute << 5 | second // 2, (year - _YEARS[0]) << 9 | month << 5 | day
