"""Keys whose hashes take for ever, or are all the same: what a file may hold of them.

Work is counted, in values looked at; no clock is asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

MOST = 1000  # keys of one hash: twice as many take four times as long
_LARGEST = 1_000_000  # values in a mapping's keys, the shared ones as often as they are held
_PLAIN = frozenset((str, bytes, bool, type(None), float))  # Python mixes a secret into their hashes


class TooManyAlikeError(ValueError):
    """Keys would take for ever."""


def weight(key: Any, known: dict[int, int]) -> int:
    """Return how many values a hash of a key looks at; ``known`` remembers that of tuples."""
    if not isinstance(key, tuple | frozenset):
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
