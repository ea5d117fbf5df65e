"""Boost text archives: metadata as Gen2 wrote them until about 2018 (doc/gen2/afw-files.md 5.3).

The format cannot be parsed without the program that wrote it: whether a type's description precedes
its values depends on earlier values. The reader is therefore lenient, and reports the items that it
could not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import FormatterError
from persistence.types.metadata.property import PropertySet

SIGNATURE = b"22 serialization::archive"
_HEADER = re.compile(rb"22 serialization::archive \d+(?: \d+){0,8}\s+0 (\d+)\s")
_START = re.compile(rb"(?<!\S)(\d{1,4}) (?=[A-Za-z0-9_:.\-]+ \d)")
_TOKEN = re.compile(rb"\s*(\S+)")
_REST = re.compile(rb"\s*\Z")
_DIGITS = 19


def _bool(token: str) -> bool:
    return {"0": False, "1": True}[token]


# Code of a type -> its name, and the function that reads a value; None for texts.
_TYPES: Mapping[int, tuple[str, Callable[[str], Any] | None]] = {
    98: ("Bool", _bool),
    **dict.fromkeys((99, 121, 67), ("Char", int)),
    119: ("Short", int),
    105: ("Int", int),
    87: ("Int", int),
    108: ("Long", int),
    **dict.fromkeys((73, 120), ("LongLong", int)),
    **dict.fromkeys((76, 88), ("UnsignedLongLong", int)),
    102: ("Float", float),
    100: ("Double", float),
    115: ("String", None),
}
_BOOL = 98
# Types of unknown layout: times, and pointers to other sets.
_UNREAD = (84, 112)


class _Damaged(Exception):  # not raised to callers
    """The bytes at a position are not what they should be."""


def parse(data: bytes, path: str) -> PropertySet:
    """Read an archive; items that could not be read are named in the attribute ``lost``.

    Raises
    ------
    FormatterError
        If it is no such archive.
    """
    header = _HEADER.match(data)
    if header is None:
        raise FormatterError(
            f"{path} is not a Boost archive of metadata: it begins with {data[:40]!r}"
        )
    archive, properties = _Archive(data, header.end()), PropertySet()
    lost: list[str] = []
    left = int(header[1])
    while not archive.at_end:
        left -= 1
        start, name = archive.next_token, "?"
        try:
            name = archive.text()
            kind, values = archive.values()
            properties.set(name, values, kind=kind)
        except (_Damaged, TypeError):
            lost.append(name)
            archive.position = _next_item(data, start + 1)
    properties.lost = (*lost, f"{left} more") if left > 0 else tuple(lost)
    return properties


def _next_item(data: bytes, start: int) -> int:
    """Find the position of the next item, by its pattern.

    It is a length, a name of that length, and a known type.
    """
    for match in _START.finditer(data, start):
        stop = match.end() + int(match[1])
        code = re.match(rb" (\d+) ", data[stop : stop + 5])
        whole = re.fullmatch(rb"[A-Za-z0-9_:.\-]+", data[match.end() : stop])
        if whole and code and int(code[1]) in (*_TYPES, *_UNREAD):
            return match.start()
    return len(data)


class _Archive:
    """The bytes of an archive, and the position of the next one to read."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position
        self._seen: dict[int, bool] = {}

    @property
    def at_end(self) -> bool:
        return _REST.match(self._data, self.position) is not None

    @property
    def next_token(self) -> int:
        """The position of the next token."""
        match = _TOKEN.match(self._data, self.position)
        return match.start(1) if match else len(self._data)

    def token(self) -> str:
        match = _TOKEN.match(self._data, self.position)
        if match is None:
            raise _Damaged
        self.position = match.end()
        return match[1].decode("latin-1")

    def number(self) -> int:
        token = self.token()
        if not token.isdecimal() or len(token) > _DIGITS:
            raise _Damaged
        return int(token)

    def text(self) -> str:
        """Read a length, one blank, and that many bytes, because a text may contain blanks."""
        start = self.position
        length = self.number()
        first, last = self.position + 1, self.position + 1 + length
        if last > len(self._data) or self._data[last : last + 1].strip():
            self.position = start
            raise _Damaged
        self.position = last
        return _decoded(self._data[first:last])

    def values(self) -> tuple[str, list[Any]]:
        """Read a type and the values of one item."""
        code = self.number()
        if code not in _TYPES:
            raise _Damaged
        kind, convert = _TYPES[code]
        count = self.number()
        if count == 0 and code not in self._seen:  # the description of the type, once: two zeros
            self.number()
            count = self.number()
        self._seen[code] = True
        if code != _BOOL:  # Booleans have no version
            self.number()
        if count * 2 > len(self._data) - self.position + 1:
            raise _Damaged
        try:
            return kind, [
                self.text() if convert is None else convert(self.token()) for _ in range(count)
            ]
        except (ValueError, KeyError):
            raise _Damaged from None


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")
