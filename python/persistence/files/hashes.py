"""Keys whose hashes take for ever, or are all the same: what a file may hold of them.

Work is counted, in values looked at; no clock is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable
from typing import Any

MOST = 1000  # keys of one hash: twice as many take four times as long
_LARGEST = 1_000_000  # values in a mapping's keys, the shared ones as often as they are held
_PLAIN = frozenset((str, bytes, bool, type(None), float))  # Python mixes a secret into their hashes


# Smaller integers have hashes of their own: Python's are remainders of a division by this.
_OWN_HASH = sys.hash_info.modulus
_PER_VALUE = 5  # bits of the size, in bytes, of a number whose hash takes as long as a small one's


HASHED_DEEP = (tuple, frozenset)  # their hash is made of those of what they hold


class TooManyAlikeError(ValueError):
    """Keys would take for ever."""


def weight(key: Any, known: dict[int, int]) -> int:
    """Return how many values a hash of a key looks at; ``known`` remembers that of tuples."""
    if not isinstance(key, HASHED_DEEP):
        return 1
    size = known.get(id(key))
    if size is None:
        size = known[id(key)] = 1 + sum(weight(part, known) for part in key)
    return size


def refuse_bomb(keys: Iterable[Hashable]) -> None:
    """Refuse keys that take for ever.

    Raises
    ------
    TooManyAlikeError
        If they hold too much, or if too many have the same hash.
    """
    odd = [key for key in keys if type(key) not in _PLAIN]
    known: dict[int, int] = {}
    if sum(weight(key, known) for key in odd) > _LARGEST:
        raise TooManyAlikeError(f"its keys hold more than {_LARGEST} values")
    if len(odd) <= MOST:
        return
    counts: dict[int, int] = {}
    for key in odd:
        code = hash(key)
        counts[code] = counts.get(code, 0) + 1
    if max(counts.values()) > MOST:
        raise TooManyAlikeError(f"more than {MOST} of its keys have the same hash")


class Ledger:
    """What the hashes of all keys of a file cost, entered as its objects are made one by one.

    Parameters
    ----------
    size : `int`
        The size of the file, in bytes: as many values its keys may hold even if none is shared.
    """

    def __init__(self, size: int) -> None:
        self._left = _LARGEST + size
        self._weights: dict[int, int] = {}
        self._counts: dict[int, dict[int, int]] = {}
        self._held: list[Any] = []  # so that the numbers of both stay theirs

    def note(self, made: tuple[Any, ...] | frozenset[Any]) -> None:
        """Remember the weight of what holds other tuples or frozensets."""
        self._weights[id(made)] = self._weight(made)
        self._held.append(made)

    def enter(self, holder: Any, keys: Iterable[Any]) -> None:
        """Enter keys of a mapping or a set, before they become that.

        Parameters
        ----------
        holder
            What they become keys of; None if it is made of these alone.
        keys : iterable
            The keys.

        Raises
        ------
        TooManyAlikeError
            If they hold too much, or too many of the holder's have the same hash.
        """
        odd = [
            key
            for key in keys
            if type(key) not in _PLAIN and not (type(key) is int and -_OWN_HASH < key < _OWN_HASH)
        ]
        if not odd:
            return
        for key in odd:
            self._left -= self._weight(key)
            if self._left < 0:
                raise TooManyAlikeError("its keys hold more values than the whole file")
        counts: dict[int, int] = {}
        if holder is not None:
            if id(holder) not in self._counts:
                self._counts[id(holder)] = {}
                self._held.append(holder)
            counts = self._counts[id(holder)]
        for key in odd:
            code = hash(key)
            counts[code] = counts.get(code, 0) + 1
            if counts[code] > MOST:
                raise TooManyAlikeError(f"more than {MOST} keys have the same hash")

    def _weight(self, value: Any) -> int:
        if type(value) in _PLAIN:
            return 1
        if not isinstance(value, HASHED_DEEP):
            return 1 + (sys.getsizeof(value) >> _PER_VALUE)
        known = self._weights.get(id(value))
        return 1 + sum(map(self._weight, value)) if known is None else known
