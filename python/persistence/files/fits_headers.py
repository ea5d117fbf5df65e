"""FITS headers read fast: the cards alone, without building what lies behind them.

Ingest reads thousands of headers and wants a dozen values of each; astropy builds every HDU for
that. Values are parsed when they are asked for. Source of the format: FITS Standard 4.0, sections 3
and 4, and the CONTINUE and HIERARCH conventions.
"""

from __future__ import annotations

import gzip
import io
import itertools
import math
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from persistence.errors import FormatterError
from persistence.files.header_values import FORTRAN, INTEGER, REAL

_BLOCK = 2880
_CARD = 80
_CHUNK = 4 * _BLOCK  # most headers end in the first read
GZIP = b"\x1f\x8b"
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
# A number of FITS; and what some programs write for one, though it is no FITS.
_REAL = re.compile(f"{REAL.pattern}|[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
_END = b"END" + 77 * b" "
# What fpack and PyFITS named the table of a compressed image; in front of the image's own name.
COMPRESSED = "COMPRESSED_IMAGE"


class _Stream(Protocol):
    """What is read: a file, or the inside of a compressed one."""

    def read(self, size: int, /) -> bytes | None: ...
    def seek(self, position: int, /) -> int: ...


class Cards(Mapping[str, Any]):
    """The cards of one header, by keyword; of a keyword that is there twice, the first.

    Of EXTNAME, which some programs wrote for the table of a compressed image, and behind it for the
    image, it is the image's.

    Parameters
    ----------
    block : `str`
        The header, 80 characters a card.
    """

    __slots__ = ("_block", "_index", "_long")

    def __init__(self, block: str) -> None:
        self._block = block
        index: dict[str, int] = {}
        for start in range(len(block) - _CARD, -1, -_CARD):
            index[block[start : start + 8]] = start
        start = index.get("EXTNAME ", -1)
        if block.startswith(f"'{COMPRESSED}'", start + 10):
            again = re.compile("EXTNAME ")
            starts = (match.start() for match in again.finditer(block, start + _CARD))
            index["EXTNAME "] = next((one for one in starts if one % _CARD == 0), start)
        self._index = index
        self._long: dict[str, int] | None = None

    def __getitem__(self, keyword: str) -> Any:
        start = self._index.get(f"{keyword:8}")
        if start is None:
            start = self._hierarch().get(keyword.upper())
            if start is None:
                raise KeyError(keyword)
            equals = self._block.index("=", start) + 1
            return self._value(equals, start + _CARD, start)
        if self._block[start + 8 : start + 10] != "= ":
            return self._block[start + 8 : start + _CARD].strip()
        return self._value(start + 10, start + _CARD, start)

    def __iter__(self) -> Iterator[str]:
        names = (name.rstrip(" ") for name in sorted(self._index, key=self._index.__getitem__))
        yield from (name for name in names if name not in ("", "HIERARCH", "CONTINUE", "END"))
        yield from self._hierarch()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def images(self, keywords: re.Pattern[str]) -> dict[str, str]:
        """Give the cards of some keywords as they stand, 80 characters each.

        Their numbers lose no digit.
        """
        names = ((name.rstrip(" "), start) for name, start in self._index.items())
        return {
            name: self._block[start : start + _CARD]
            for name, start in names
            if keywords.fullmatch(name)
        }

    def _hierarch(self) -> dict[str, int]:
        if self._long is None:
            starts = [match.start() for match in re.finditer("HIERARCH ", self._block)]
            cards = (
                (start, self._block[start + 9 : start + _CARD])
                for start in reversed(starts)
                if start % _CARD == 0
            )
            self._long = {card.split("=", 1)[0].strip().upper(): start for start, card in cards}
        return self._long

    def _value(self, begin: int, end: int, start: int) -> Any:
        text = self._block[begin:end].strip()
        if text.startswith("'"):
            return self._text(text, start)
        word = text.split("/", 1)[0].strip()
        if word in ("T", "F"):
            return word == "T"
        if INTEGER.fullmatch(word):
            return int(word)
        try:
            return _number(word)
        except ValueError:
            return word or None

    def _text(self, text: str, start: int) -> str:
        match = _QUOTED.match(text)
        value = match.group(1).replace("''", "'").rstrip() if match else text
        following = start + _CARD
        while value.endswith("&") and self._block.startswith("CONTINUE", following):
            more = _QUOTED.match(self._block[following + 8 : following + _CARD].strip())
            value = value[:-1] + (more.group(1).replace("''", "'").rstrip() if more else "")
            following += _CARD
        return value


def _number(word: str) -> float | complex:
    """Read a real number, or two in brackets; FORTRAN's exponents may begin with D.

    ``NaN`` and ``Inf``, which some programs write, are no FITS, but what they say is clear.
    """
    word = word.strip()
    if word.startswith("("):
        real, _, imaginary = word.strip("() ").partition(",")
        return complex(_number(real), _number(imaginary))
    if not _REAL.fullmatch(word):
        raise ValueError(word)
    return float(word.translate(FORTRAN))


class Span(NamedTuple):
    """Where an HDU lies in its file, in bytes; padding is inside."""

    start: int
    stop: int


def scan(path: str) -> Iterator[Cards]:
    """Give the header of each HDU of a file, reading no data.

    Parameters
    ----------
    path : `str`
        A FITS file; gzip is known by its first bytes, whatever the file is called.

    Raises
    ------
    FormatterError
        If the file is not FITS, or ends before an HDU that was reached does.
    OSError
        If it cannot be read.
    """
    return (cards for cards, _span in _hdus(path))


def is_packed(path: str) -> bool:
    """Say whether a whole file is compressed with gzip, whatever it is called."""
    with open(path, "rb", buffering=0) as raw:
        return raw.read(2) == GZIP


def spans(path: str, wanted: int) -> list[Span]:
    """Find out where the HDUs of a file lie, from the first to the one wanted.

    The list ends with the file.

    Raises
    ------
    FormatterError, OSError
        As `scan` does.
    """
    return [span for _cards, span in itertools.islice(_hdus(path), wanted + 1)]


def unpacked(path: str) -> bytes | None:
    """Read all of a file that is compressed with gzip; None if it is not.

    Raises
    ------
    FormatterError
        If it is damaged.
    """
    with open(path, "rb") as raw:
        if raw.read(2) != GZIP:
            return None
        raw.seek(0)
        try:
            return gzip.decompress(raw.read())
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FormatterError(f"{path}: the gzip data are damaged: {error}") from error


def walk(path: str, content: bytes | None = None) -> Iterator[tuple[Cards, Span]]:
    """Give the header of each HDU of a file, and where it lies, as `scan` does.

    Parameters
    ----------
    path : `str`
        The file.
    content : `bytes`, optional
        What is in it, if that has been read already.
    """
    if content is None:
        return _hdus(path)
    return _walk(path, _at(content), content[:_CHUNK], len(content))


def _at(content: bytes) -> io.BytesIO:
    """Open bytes as if their first chunk had been read."""
    stream = io.BytesIO(content)
    stream.seek(_CHUNK)
    return stream


def content(path: str, first: int) -> bytes:
    """Read a file from one of its HDUs to its end; what comes before is passed over.

    Raises
    ------
    FormatterError, OSError
        As `scan` does, and if there is no such HDU.
    """
    whole = unpacked(path)
    before = [span for _cards, span in itertools.islice(walk(path, whole), first)]
    if len(before) < first:
        raise FormatterError(f"{path} has no HDU {first}; its last is {len(before) - 1}")
    if whole is not None:
        return whole[before[-1].stop :]
    with open(path, "rb") as stream:
        stream.seek(before[-1].stop)
        return stream.read()


class Part(NamedTuple):
    """An HDU in memory."""

    cards: Cards
    header: memoryview
    data: memoryview


def parts(content: bytes, what: str) -> Iterator[Part]:
    """Give the HDUs of a file, or of its end, that has been read already.

    Raises
    ------
    FormatterError
        If an HDU that was reached is not whole; the message begins with ``what``.
    """
    view, position = memoryview(content), 0
    while content.startswith((b"XTENSION", b"SIMPLE"), position):
        end = _find_end(content, position)
        if end < 0:
            raise FormatterError(f"{what} is truncated: a header does not end")
        cards = Cards(content[position:end].decode("latin-1"))
        start = position + -(-(end + _CARD - position) // _BLOCK) * _BLOCK
        stop = start + _data_size(cards, what)
        if stop > len(content):
            raise FormatterError(f"{what} is truncated: {stop - len(content)} bytes are missing")
        yield Part(cards, view[position:start], view[start:stop])
        position = start + -(-(stop - start) // _BLOCK) * _BLOCK


def _hdus(path: str) -> Iterator[tuple[Cards, Span]]:
    with open(path, "rb", buffering=0) as raw:
        head = raw.read(_CHUNK)
        if head.startswith(GZIP):
            with gzip.open(path) as stream:
                try:
                    yield from _walk(path, stream, stream.read(_CHUNK), None)
                except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                    raise FormatterError(f"{path}: the gzip data are damaged: {error}") from error
        else:
            yield from _walk(path, raw, head, os.fstat(raw.fileno()).st_size)


def _walk(
    path: str, stream: _Stream, chunk: bytes | None, size: int | None
) -> Iterator[tuple[Cards, Span]]:
    chunk = chunk or b""
    if not chunk:
        raise FormatterError(f"{path} is not a FITS file: it is empty")
    if not chunk.startswith(b"SIMPLE  ="):
        raise FormatterError(f"{path} is not a FITS file: it begins with {chunk[:16]!r}")
    position, number = 0, 0
    while chunk:
        end = _find_end(chunk, 0)
        while end < 0:
            more = stream.read(_CHUNK)
            if not more:
                raise FormatterError(
                    f"{path} is truncated: the header of HDU {number} does not end"
                )
            known = len(chunk) // _CARD * _CARD
            chunk += more
            end = _find_end(chunk, known)
        cards = Cards(chunk[:end].decode("latin-1"))
        data = _data_size(cards, f"{path}: HDU {number}")
        header = -(-(end + _CARD) // _BLOCK) * _BLOCK
        if size is not None and position + header + data > size:
            missing = position + header + data - size
            raise FormatterError(
                f"{path} is truncated: {missing} bytes are missing from HDU {number}"
            )
        if size is None and data:  # what is compressed tells its length only by being read
            stream.seek(position + header + data - 1)
            if not stream.read(1):
                raise FormatterError(f"{path} is truncated: HDU {number} does not end")
        stop = position + header + -(-data // _BLOCK) * _BLOCK
        yield cards, Span(position, stop)
        position = stop
        number += 1
        stream.seek(position)
        chunk = stream.read(_CHUNK)
        if chunk and not chunk.startswith(b"XTENSION"):
            return  # special records may follow the last HDU


def _find_end(chunk: bytes, start: int) -> int:
    """Find the END card, which begins where cards begin; -1 if it is not there yet."""
    end = chunk.find(_END, start)
    while (end - start) % _CARD and end > 0:
        end = chunk.find(_END, end + 1)
    return end


def _data_size(cards: Cards, what: str) -> int:
    """Return the length of an HDU's data in bytes, unpadded (FITS Standard 4.0, equation 2)."""
    try:
        axes = [cards[f"NAXIS{axis}"] for axis in range(1, cards.get("NAXIS", 0) + 1)]
        bits, groups, heap = (
            cards["BITPIX"] if axes else 8,
            cards.get("GCOUNT", 1),
            cards.get("PCOUNT", 0),
        )
        numbers = [*axes, groups, heap]
        if any(type(number) is not int or number < 0 for number in numbers):
            raise ValueError(f"one of {numbers} is no count")
        return abs(int(bits)) // 8 * groups * (heap + math.prod(axes)) if axes else 0
    except (KeyError, TypeError, ValueError) as error:
        raise FormatterError(f"{what} does not tell the size of its data: {error}") from error
