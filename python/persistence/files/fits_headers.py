"""A fast reader of FITS headers: only the cards, without building HDUs.

Ingest reads thousands of headers and needs a dozen values of each; astropy builds every HDU for
that. Values are parsed on access. Source of the format: FITS Standard 4.0, sections 3 and 4, and
the CONTINUE and HIERARCH conventions.
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
from persistence.files import mirrors
from persistence.files.header_values import FORTRAN, INTEGER, REAL

_BLOCK = 2880
_CARD = 80
_CHUNK = 4 * _BLOCK  # most headers end in the first read
GZIP = b"\x1f\x8b"
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
# A number of FITS, or NaN and infinity, which some programs write although they are not FITS.
_REAL = re.compile(f"{REAL.pattern}|[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
_END = b"END" + 77 * b" "
# The name that fpack and PyFITS gave to the table of a compressed image, before the image's own
# name.
COMPRESSED = "COMPRESSED_IMAGE"


# For each pattern of keywords, the first eight characters of cards -> the keyword if it matches,
# else "": nearly the same ones are in every header, and matching all takes most of the time.
_matching: dict[re.Pattern[str], dict[str, str]] = {}
_MOST = 20_000


class _Stream(Protocol):
    """A readable stream: a file, or the inside of a compressed one."""

    def read(self, size: int, /) -> bytes | None: ...
    def seek(self, position: int, /) -> int: ...


class Cards(Mapping[str, Any]):
    """The cards of one header by keyword; the first counts if a keyword is repeated.

    The exception is EXTNAME, which some programs wrote for the table of a compressed image before
    that of the image: the image's name counts.

    Parameters
    ----------
    block : `str`
        The header, 80 characters per card.
    """

    __slots__ = ("_block", "_index", "_long")

    def __init__(self, block: str) -> None:
        self._block = block
        starts_at = range(len(block) - _CARD, -1, -_CARD)
        index = {block[start : start + 8]: start for start in starts_at}
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

    def __contains__(self, keyword: object) -> bool:
        return f"{keyword:8}" in self._index or str(keyword).upper() in self._hierarch()

    def __iter__(self) -> Iterator[str]:
        names = (name.rstrip(" ") for name in sorted(self._index, key=self._index.__getitem__))
        yield from (name for name in names if name not in ("", "HIERARCH", "CONTINUE", "END"))
        yield from self._hierarch()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def images(self, keywords: re.Pattern[str]) -> dict[str, str]:
        """Return the texts of some cards by keyword, 80 characters each.

        Their numbers lose no digits.
        """
        known = _matching.setdefault(keywords, {})
        found = {}
        for name, start in self._index.items():
            keyword = known.get(name)
            if keyword is None:
                bare = name.rstrip(" ")
                keyword = bare if keywords.fullmatch(bare) else ""
                if len(known) < _MOST:
                    known[name] = keyword
            if keyword:
                found[keyword] = self._block[start : start + _CARD]
        return found

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
    """Return a real number, or a complex one in parentheses; FORTRAN's exponents may begin with D.

    ``NaN`` and ``Inf`` are accepted although they are not FITS: some programs write them.
    """
    word = word.strip()
    if word.startswith("("):
        real, _, imaginary = word.strip("() ").partition(",")
        return complex(_number(real), _number(imaginary))
    if not _REAL.fullmatch(word):
        raise ValueError(word)
    return float(word.translate(FORTRAN))


class Span(NamedTuple):
    """The position of an HDU in its file, in bytes, including its padding, and that of its data."""

    start: int
    stop: int
    data: int


def scan(path: str) -> Iterator[Cards]:
    """Return an iterator over the headers of a file's HDUs, without reading data.

    Parameters
    ----------
    path : `str`
        A FITS file. Gzip is recognized by its first bytes, whatever the file's name.

    Raises
    ------
    FormatterError
        If the file is not FITS, or an HDU is truncated.
    OSError
        If the file cannot be read.
    """
    return (cards for cards, _span in _hdus(path))


def is_packed(path: str) -> bool:
    """Return whether a whole file is compressed with gzip, whatever its name."""
    with mirrors.opened(path) as raw:
        return raw.read(2) == GZIP


def spans(path: str, wanted: int) -> list[Span]:
    """Return the positions of a file's HDUs, up to HDU ``wanted`` or the last one.

    Raises
    ------
    FormatterError
        As for `scan`.
    OSError
        As for `scan`.
    """
    return [span for _cards, span in itertools.islice(_hdus(path), wanted + 1)]


def unpacked(path: str) -> bytes | None:
    """Return the decompressed content of a gzip file; None for other files.

    Raises
    ------
    FormatterError
        If the compressed data are damaged.
    """
    with mirrors.opened(path) as raw:
        if raw.read(2) != GZIP:
            return None
        raw.seek(0)
        try:
            return gzip.decompress(raw.read())
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FormatterError(f"{path}: the gzip data are damaged: {error}") from error


def walk(path: str, content: bytes | None = None) -> Iterator[tuple[Cards, Span]]:
    """Return an iterator over the header and position of each HDU of a file, as `scan` does.

    Parameters
    ----------
    path : `str`
        The file.
    content : `bytes` or `None`, optional
        The file's content, if it was read before.
    """
    if content is None:
        return _hdus(path)
    return _walk(path, _at(content), content[:_CHUNK], len(content))


def _at(content: bytes) -> io.BytesIO:
    """Return bytes as a stream whose first chunk has been read."""
    stream = io.BytesIO(content)
    stream.seek(_CHUNK)
    return stream


def content(path: str, first: int) -> bytes:
    """Return the content of a file from one of its HDUs to the end.

    Raises
    ------
    FormatterError
        As for `scan`, or if there is no such HDU.
    OSError
        As for `scan`.
    """
    whole = unpacked(path)
    before = [span for _cards, span in itertools.islice(walk(path, whole), first)]
    if len(before) < first:
        raise FormatterError(f"{path} has no HDU {first}; its last is {len(before) - 1}")
    if whole is not None:
        return whole[before[-1].stop :]
    with mirrors.opened(path) as stream:
        stream.seek(before[-1].stop)
        return stream.read()


class Part(NamedTuple):
    """An HDU in memory."""

    cards: Cards
    header: memoryview
    data: memoryview


def parts(content: bytes, what: str) -> Iterator[Part]:
    """Yield the HDUs in the content of a file, or of its end.

    Raises
    ------
    FormatterError
        If an HDU is truncated; the message begins with ``what``.
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
    with mirrors.opened(path) as raw:
        head = raw.read(_CHUNK)
        if head.startswith(GZIP):
            raw.seek(0)
            with gzip.open(raw) as stream:
                try:
                    yield from _walk(path, stream, stream.read(_CHUNK), None)
                except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                    raise FormatterError(f"{path}: the gzip data are damaged: {error}") from error
        else:
            yield from _walk(path, raw, head, _size_of(raw))


def _size_of(stream: Any) -> int:
    """Return the size of a stream, which keeps its position."""
    position = stream.tell()
    size = int(stream.seek(0, os.SEEK_END))
    stream.seek(position)
    return size


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
        if size is None and data:  # the length of compressed data is only known after reading them
            stream.seek(position + header + data - 1)
            if not stream.read(1):
                raise FormatterError(f"{path} is truncated: HDU {number} does not end")
        stop = position + header + -(-data // _BLOCK) * _BLOCK
        yield cards, Span(position, stop, position + header)
        position = stop
        number += 1
        stream.seek(position)
        chunk = stream.read(_CHUNK)
        if chunk and not chunk.startswith(b"XTENSION"):
            return  # special records may follow the last HDU


def _find_end(chunk: bytes, start: int) -> int:
    """Return the position of the END card, which is at a multiple of 80; -1 if it is not there."""
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
            raise ValueError(f"one of {numbers} is not a count")
        return abs(int(bits)) // 8 * groups * (heap + math.prod(axes)) if axes else 0
    except (KeyError, TypeError, ValueError) as error:
        raise FormatterError(f"{what} does not state the size of its data: {error}") from error
