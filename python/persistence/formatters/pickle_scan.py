"""A look at a pickle's opcodes before C's unpickler reads it, for what that cannot bear.

Two things end a process, whatever classes a pickle may name: a place in the memo so far away that
all memory before it is taken, and touched; and tuples nested so deeply that their hash, which calls
itself, leaves the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from persistence.errors import UnsafeContent

# As many levels of tuples Python's stack bears: 160,000 were its end with 8 MiB (Python 3.11).
DEEPEST = 20_000
_NEAR = 1 << 16  # a place in the memo that costs next to nothing

# Source of the opcodes and their arguments: Python's pickletools.
_BARE = rb"()\]}N012abdelosRQu\x81\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
_COUNTED: Mapping[bytes, int] = {  # how many bytes tell the length of the argument
    **dict.fromkeys((b"U", b"C", b"\x8a", b"\x8c"), 1),
    **dict.fromkeys((b"T", b"X", b"B", b"\x8b"), 4),
    **dict.fromkeys((b"\x8d", b"\x8e", b"\x96"), 8),
}
_TUPLES = (b"\x85", b"\x86", b"\x87", b"t")
_ENDS = (b".", b"")  # a pickle cut off is damaged, which the unpickler finds as well
_LONGEST = 20  # digits of a place


def _line(text: bytes) -> tuple[int, int]:
    """Read the number on a line; what is none, or has no end, is beyond all places."""
    line, end, _rest = text.partition(b"\n")
    return int(line) if end and line.strip().isdigit() else 1 << 64, len(line) + 1


def _four(text: bytes) -> tuple[int, int]:
    return int.from_bytes(text[:4], "little"), 4


# What puts something into the memo: the place, and how many bytes tell it.
_PUTS: Mapping[bytes, Callable[[bytes], tuple[int, int]]] = {b"p": _line, b"r": _four}


def _short(width: int) -> bytes:
    """Give a pattern of all arguments of less than 256 bytes, behind their length."""
    zeros = re.escape(bytes(width - 1))
    return b"|".join(re.escape(bytes([size])) + zeros + b".{%d}" % size for size in range(256))


# Many opcodes at once, at the speed of C; what this does not match is looked at one by one. The
# repetition is not possessive, though nothing follows it: before 3.11.5, Python matches those that
# backtrack wrongly (gh-106052).
_RUN = re.compile(
    b"(?:"
    + b"|".join(
        [
            b"[" + _BARE + b"]",
            rb"[Khq\x80\x82].",
            rb"[M\x83]..",
            rb"[Jj\x84].{4}",
            rb"r..\x00\x00",
            rb"[G\x95].{8}",
            rb"[UC\x8a\x8c](?:" + _short(1) + b")",
            rb"[TXB\x8b](?:" + _short(4) + b")",
            rb"p\d{1,4}\n",
            rb"[FILSVgP][^\n]*\n",
            rb"[ci][^\n]*\n[^\n]*\n",
        ]
    )
    + b"){1,1000}",
    re.DOTALL,
)


def is_harmless(data: bytes, path: str) -> bool:
    """Say whether C's unpickler may read a pickle; if not, it is one for the careful unpickler.

    Raises
    ------
    UnsafeContent
        If it names a place in the memo that no pickle of this size can need.
    """
    position = tuples = 0
    while tuples < DEEPEST:
        run = _RUN.match(data, position)
        position = run.end() if run else position
        code = data[position : position + 1]
        if code in _ENDS:
            return True
        if code in _TUPLES:
            tuples += 1
            position += 1
        elif code in _PUTS:
            place, size = _PUTS[code](data[position + 1 : position + 1 + _LONGEST])
            if place > max(len(data), _NEAR):
                raise UnsafeContent(
                    f"{path} names a place in the memo that lies beyond the file; it was not read"
                )
            position += 1 + size
        elif code in _COUNTED:
            width = _COUNTED[code]
            position += (
                1 + width + int.from_bytes(data[position + 1 : position + 1 + width], "little")
            )
        elif not run:
            return False  # nobody knows what follows
    return False
