"""Protection against keys whose hashes are very slow, or all the same.

Work is counted in values, not in time.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable
from typing import Any

MOST = 1000  # keys of one hash: twice as many take four times as long
_LARGEST = 1_000_000  # values in a mapping's keys, shared ones counted every time
_PLAIN = frozenset((str, bytes, bool, type(None), float))  # Python mixes a secret into their hashes


# Smaller integers have distinct hashes: Python's hash of an integer is its remainder modulo this.
_OWN_HASH = sys.hash_info.modulus
_PER_VALUE = 5  # bits of the size, in bytes, of a number that is hashed as fast as a small one


HASHED_DEEP = (tuple, frozenset)  # their hash is computed from the hashes of their items


class TooManyAlikeError(ValueError):
    """Keys that would take too long to hash or compare."""


def weight(key: Any, known: dict[int, int]) -> int:
    """Return the number of values that a key's hash visits; ``known`` caches those of tuples."""
    if not isinstance(key, HASHED_DEEP):
        return 1
    size = known.get(id(key))
    if size is None:
        size = known[id(key)] = 1 + sum(weight(part, known) for part in key)
    return size


def refuse_bomb(keys: Iterable[Hashable]) -> None:
    """Raise an error for keys that would take too long.

    Raises
    ------
    TooManyAlikeError
        If they contain too many values, or too many have the same hash.
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
    """The cost of hashing all keys of a file, counted while its objects are created.

    Parameters
    ----------
    size : `int`
        The size of the file in bytes: its keys may hold as many values even if none is shared.
    """

    def __init__(self, size: int) -> None:
        self._left = _LARGEST + size
        self._weights: dict[int, int] = {}
        self._counts: dict[int, dict[int, int]] = {}
        self._held: list[Any] = []  # keeps objects alive, so that no id is used twice

    def note(self, made: tuple[Any, ...] | frozenset[Any]) -> None:
        """Record the weight of a tuple or frozenset that contains others."""
        self._weights[id(made)] = self._weight(made)
        self._held.append(made)

    def enter(self, holder: Any, keys: Iterable[Any]) -> None:
        """Count keys before they are added to a mapping or a set.

        Parameters
        ----------
        holder : object
            The mapping or set; None if it is created from these keys alone.
        keys : iterable
            The keys.

        Raises
        ------
        TooManyAlikeError
            If the keys contain too many values, or too many keys of the holder have the same hash.
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
