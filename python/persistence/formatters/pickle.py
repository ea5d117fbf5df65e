"""``PickleStorage``: pickles, read with an unpickler that makes nothing but what is known to be harmless."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any

from persistence.errors import FormatterError, UnsafeContent
from persistence.formatters.pickle_careful import DEEPEST, Careful
from persistence.formatters.pickle_names import QUICK, find
from persistence.location import Location

# How many bytes of argument follow an opcode; those not here have none. Source: Python's pickletools.
_FIXED: Mapping[bytes, int] = {
    **dict.fromkeys((b"K", b"h", b"q", b"\x80", b"\x82"), 1),
    **dict.fromkeys((b"M", b"\x83"), 2),
    **dict.fromkeys((b"J", b"j", b"r", b"\x84"), 4),
    **dict.fromkeys((b"G", b"\x95"), 8),
}
# How many bytes tell the length of the argument.
_COUNTED: Mapping[bytes, int] = {
    **dict.fromkeys((b"U", b"\x8a", b"\x8c", b"C"), 1),
    **dict.fromkeys((b"T", b"X", b"B", b"\x8b"), 4),
    **dict.fromkeys((b"\x8d", b"\x8e", b"\x96"), 8),
}
# How many lines the argument takes.
_LINES: Mapping[bytes, int] = {**dict.fromkeys((b"F", b"I", b"L", b"S", b"V", b"g", b"p", b"P"), 1), b"c": 2, b"i": 2}
# What may be a place in the memo beyond 16 million, for which C's unpickler would take, and touch, all memory before.
_FAR = re.compile(rb"r...[^\x00]|p\d{8}", re.DOTALL)
_TUPLES = (b"\x85", b"\x86", b"\x87", b"t")


class _CareNeededError(Exception):
    """The pickle names something that needs to be looked at as it is called."""


class _Quick(pickle.Unpickler):
    """Reads in C, as long as nothing is named that takes care."""

    def __init__(self, data: bytes, path: str, trust: frozenset[str]) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self.path = path
        self.trust = trust

    def find_class(self, module: str, name: str) -> Any:
        module, name, dotted = find(module, name, self.path, self.trust)
        if dotted not in QUICK and dotted not in self.trust:
            raise _CareNeededError
        return super().find_class(module, name)


def read(location: Location, stand_ins: Mapping[str, Callable[..., Any]] = {}) -> Any:
    """Read a pickle of plain data, numpy arrays, dates, and classes that ``trust`` among the options names.

    Parameters
    ----------
    location : `Location`
        The file.
    stand_ins : mapping, optional
        Dotted names of classes, and what is made in their place.

    Raises
    ------
    UnsafeContent
        If it names what is neither known nor trusted, or could be meant to exhaust the reader.
    FormatterError
        If it is damaged.
    """
    path = location.full_path
    trust = frozenset(location.options.get("trust", ()))
    with open(path, "rb") as stream:
        data = stream.read()
    try:
        return _load(data, path, trust, stand_ins)
    except UnsafeContent:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise FormatterError(f"{path} is no pickle, or a damaged one: {error!r}") from error


def _load(data: bytes, path: str, trust: frozenset[str], stand_ins: Mapping[str, Callable[..., Any]]) -> Any:
    if not stand_ins and sum(map(data.count, _TUPLES)) < DEEPEST:
        if _FAR.search(data) and not _memo_fits(data):
            raise UnsafeContent(f"{path} names a place in the memo that lies beyond the file; it was not read")
        try:
            return _Quick(data, path, trust).load()
        except _CareNeededError:
            pass
    return Careful(data, path, trust, stand_ins).load()


def _memo_fits(data: bytes) -> bool:
    """Say whether each place in the memo is one that a file of this size may need."""
    position, size = 0, len(data)
    while position < size:
        code = data[position : position + 1]
        position += 1
        if code == b"r" and int.from_bytes(data[position : position + 4], "little") > size:
            return False
        if code in _COUNTED:
            width = _COUNTED[code]
            position += width + int.from_bytes(data[position : position + width], "little")
        elif code in _FIXED:
            position += _FIXED[code]
        elif code in _LINES:
            start = position
            for _ in range(_LINES[code]):
                position = data.find(b"\n", position) + 1 or size
            if code == b"p" and not _is_below(data[start : position - 1], size):
                return False
        elif code == pickle.STOP:
            return True
    return True


def _is_below(text: bytes, size: int) -> bool:
    return len(text) < len(str(2**63)) and text.strip().isdigit() and int(text) <= size


def write(obj: Any, path: str, location: Location) -> None:
    """Write a pickle, in the newest protocol."""
    try:
        with open(path, "wb") as stream:
            pickle.dump(obj, stream, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise FormatterError(f"{location.datasetType}: {type(obj)} cannot be pickled: {error}") from error
