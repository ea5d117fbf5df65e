"""Scan a pickle's opcodes for what C's unpickler cannot bear, before it reads them.

Whatever classes a pickle names, some contents end the process or take forever: a place in the memo
so far away that all memory before it is allocated; tuples nested so deeply that their recursive
hash overflows the stack; a tuple that contains another one twice, and so on, whose hash visits each
as often as it is contained; and many keys of the same hash, each compared with all before it.

A tuple is contained twice only if it is fetched from the memo. So C's unpickler gets a pickle with
a stand-in in the memo for each tuple (and frozenset); if one is fetched, the careful unpickler is
needed. Otherwise each value is in one tuple at most, and all hashes together take no longer than
reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import UnsafeContent

# Levels of tuples that fit Python's stack: 160,000 overflowed 8 MiB (Python 3.11).
DEEPEST = 20_000
# This many tuples and large integers, as keys of the same hash, take 0.2 s.
_MOST = 5000
_NEAR = 1 << 16  # a place in the memo that costs little

# Source of the opcodes and their arguments: Python's pickletools. An opcode that no pickler writes
# (DUP) is missing, and so are persistent names: that opcode fetches the stand-in.
_BARE = rb"(N01abesu\x88\x89\x90\x97\x98"
_COUNTED: Mapping[bytes, int] = {  # the bytes of the argument's length
    **dict.fromkeys((b"U", b"C", b"\x8a", b"\x8c"), 1),
    **dict.fromkeys((b"T", b"X", b"B", b"\x8b"), 4),
    **dict.fromkeys((b"\x8d", b"\x8e", b"\x96"), 8),
}
_TUPLES = (b"\x85", b"\x86", b"\x87", b"t", b"\x91")  # and frozensets
_NUMBERS = (b"\x8a", b"\x8b", b"I", b"L")  # too large for a run
_FRAME = b"\x95"  # with 8 bytes
_FRAMED = 9
_ENDS = (b".", b"")  # a truncated pickle, which the unpickler reports
_LONGEST = 20  # digits of a place
_STAND_IN = b"NQ%b0"  # a persistent object goes into the memo, and from the stack


def _line(text: bytes) -> tuple[int, int]:
    """Read the number on a line.

    The result is beyond all places if it is not a number or has no end.
    """
    line, end, _rest = text.partition(b"\n")
    return int(line) if end and line.strip().isdigit() else 1 << 64, len(line) + 1


# Opcodes that store the last value in the memo: its place, and the bytes of the argument.
_PUTS: Mapping[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"p": _line,
    b"q": lambda text: (0, 1),
    b"r": lambda text: (int.from_bytes(text[:4], "little"), 4),
    b"\x94": lambda text: (0, 0),
}


def _short(width: int) -> bytes:
    """Return a pattern of an argument with a length of ``width`` bytes, which is below 256."""
    zeros = re.escape(bytes(width - 1))
    each = (re.escape(bytes([size])) + zeros + b".{%d}" % size for size in range(256))
    return b"(?=.%b)(?:%b)" % (zeros, b"|".join(each))  # a long one has other first bytes


# Opcodes after which picklers store the value in the memo, except tuples.
_KEPT = b"|".join(
    [
        rb"[])}dlRo\x81\x8f\x92\x93]",
        rb"\x82.",
        rb"\x83..",
        rb"\x84.{4}",
        rb"[UC\x8c](?:" + _short(1) + b")",
        rb"[TXB](?:" + _short(4) + b")",
        rb"[SV][^\n]*\n",
        rb"[ci][^\n]*\n[^\n]*\n",
    ]
)
# Integers below 2**61, whose hashes are all different.
_SMALL = b"|".join(
    [
        *(re.escape(bytes([size])) + b".{%d}" % size for size in range(8)),
        rb"\x08.{7}[\x00-\x1f\xe0-\xff]",
    ]
)
_OTHERS = b"|".join(
    [
        b"[" + _BARE + b"]",
        rb"[Kh\x80].",
        rb"M..",
        rb"[Jj].{4}",
        rb"G.{8}",
        rb"\x8a(?:" + _SMALL + b")",
        rb"[IL]-?1?\d{1,18}L?\n",
        rb"[Fg][^\n]*\n",
    ]
)
# Many opcodes at once, at the speed of C; others are scanned one by one. The
# repetition is not possessive, though nothing follows it: before 3.11.5, Python matches those that
# backtrack wrongly (gh-106052).
_MEMO = rb"\x94|q.|r..\x00\x00|p[1-5]?\d{1,4}\n|(?![\x94qrp])"
# ... up to a tuple, its storing in the memo, and the call that consumes it if it is arguments; or
# up to a larger integer.
_RUN = re.compile(
    b"(?:%b|(?:%b)(?:%b)){0,1000}(?:[%b](%b)(?=([R\\x81]?))|(\\x8a\\x08.{8}))?"
    % (_OTHERS, _KEPT, _MEMO, b"".join(_TUPLES), _MEMO),
    re.DOTALL,
)
# A small pickle of texts, numbers, lists and dictionaries only: it has no names, no tuples, and too
# few keys to matter.
_PLAIN = re.compile(
    b"(?:\x80.)?(?:\x95.{8})?(?:[]})(Naesu\x88\x89\x94]|[Khq].|M..|J.{4}|G.{8}"
    b"|\x8c%b|X%b|\x8a(?:%b))*\\." % (b"(?:%b)" % _short(1), b"(?:%b)" % _short(4), _SMALL),
    re.DOTALL,
)
_LARGEST_PLAIN = 4096
_ONE = re.compile(b"(?:%b)|[IL][^\\n]*\\n" % _KEPT, re.DOTALL)


class _Copy:
    """A pickle with some bytes replaced, in increasing order of position."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pieces: list[bytes] = []
        self._done = 0
        self._has_others = False

    def replace(self, begin: int, end: int, others: bytes = b"") -> None:
        """Replace the bytes between two positions by others."""
        if begin < end or others:
            self._pieces += self._data[self._done : begin], others
            self._done = end
        self._has_others |= bool(others)

    def whole(self) -> bytes:
        """Return the copy; the very pickle if nothing was inserted."""
        if not self._has_others:
            return self._data
        return b"".join([*self._pieces, self._data[self._done :]])


def is_plain(data: bytes) -> bool:
    """Return whether a pickle is small, and has texts, numbers, lists and dictionaries only."""
    return len(data) < _LARGEST_PLAIN and _PLAIN.fullmatch(data) is not None


def harmless(data: bytes, path: str) -> bytes | None:
    """Return what C's unpickler may read in place of a pickle; None if the careful one is needed.

    If there are tuples, that unpickler needs a method ``persistent_load``, which returns their
    stand-in in the memo. If any object read from it contains the stand-in, the careful unpickler is
    needed.

    Raises
    ------
    UnsafeContent
        If it names a place in the memo that no pickle of this size can need.

    Notes
    -----
    A frame has the number of its bytes. Insertions would make it wrong, and C's unpickler then
    silently reads other values: frames are removed, because nothing needs them.
    """
    position = odd = 0
    copy = _Copy(data)
    while odd <= _MOST:
        run: Any = _RUN.match(data, position)  # of nothing, perhaps
        began, position = position, run.end()
        memo, call, number = run.groups()
        if memo is not None:
            odd += not call
            copy.replace(run.start(1), position, memo and _STAND_IN % memo)
            continue
        if number:
            odd += 1
            continue
        code = data[position : position + 1]
        if code in _ENDS:
            return copy.whole()
        if code == _FRAME:
            copy.replace(position, position + _FRAMED)
            position += _FRAMED
            continue
        end = _end(data, position, code)
        index, begin, after = _put(data, end)
        if index > max(len(data), _NEAR):
            raise UnsafeContent(
                f"{path} names a place in the memo beyond the file's size; it was not read"
            )
        if after == position > began:
            continue  # a run has an end
        if end == position or (code in _NUMBERS and after > end):
            return None  # nobody knows what follows, or what is put into the memo
        odd += code in _NUMBERS or code in _TUPLES
        copy.replace(end, begin)  # a frame
        if code in _TUPLES:
            copy.replace(begin, after, _STAND_IN % data[begin:after])
        position = after
    return None


def _end(data: bytes, position: int, code: bytes) -> int:
    """Return where the opcode that stopped a run ends; its own position if it is unknown."""
    if code in _COUNTED:
        start = position + 1 + _COUNTED[code]
        return start + int.from_bytes(data[position + 1 : start], "little")
    if code in _TUPLES:
        return position + 1
    match = _ONE.match(data, position)
    return match.end() if match else position


def _put(data: bytes, position: int) -> tuple[int, int, int]:
    """Return the place in the memo that an opcode names, and where it begins and ends.

    The place is 0, and the opcode is empty, if there is none.
    """
    begin = position + _FRAMED
    if data.startswith(_FRAME, position) and data[begin : begin + 1] in _PUTS:
        position = begin  # a long text is in no frame, but what puts it into the memo is
    size = _PUTS.get(data[position : position + 1])
    if size is None:
        return 0, position, position
    index, length = size(data[position + 1 : position + 1 + _LONGEST])
    return index, position, position + 1 + length
