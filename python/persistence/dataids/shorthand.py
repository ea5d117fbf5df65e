"""The inverse of the grammar: few and short ``--id`` options that select many data IDs."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence.dataids import grammar, ranges
from persistence.dataids.dataid import plain
from persistence.errors import DataIdError

# A cross product: for each key, the number of the set of its values. Many products are stored as
# one column per key.
_Product = tuple[int, ...]
_Columns = list[list[int]]

# The number of keys from which a factoring is tried; the shortest result is used.
_BEGINNINGS = 3


def text(data_ids: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the texts to type after ``--id`` to select some data IDs.

    Parameters
    ----------
    data_ids : iterable of mapping
        The data IDs. Order and repetition do not matter.

    Returns
    -------
    texts : `list` [`str`]
        Such as ``visit=410877^410878 ccdnum=1..62``: one for each option, quoted for a shell where
        necessary. Each data ID is in exactly one of them. Empty if there are no data IDs; ``''``
        for a data ID without keys.

    Raises
    ------
    DataIdError
        If the grammar cannot express a value: text with ``^``, text that looks like a range, or
        None.

    Notes
    -----
    The options are products of values, found greedily key by key: they need not be the fewest
    possible. The text of each list of values is the shortest in which no two ranges interleave.
    """
    return [" ".join(map(quoted, words)) for words in options(data_ids)]


def typed(data_ids: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ``--id`` options that select some data IDs, as they are typed; see `text`."""
    return [f"--id {option}".rstrip() for option in text(data_ids)]


def quoted(word: str) -> str:
    """Return a word quoted for a shell. ``^`` within a word needs no quotes in any Bourne shell."""
    bare = word.replace("^", "")
    return word if shlex.quote(bare) == bare else shlex.quote(word)


def options(data_ids: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return the words of each option, as `persistence.dataids.grammar.parse` takes them.

    See `text` for the parameter and the errors.
    """
    alike: dict[frozenset[str], list[Mapping[str, Any]]] = {}
    for data_id in data_ids:
        alike.setdefault(frozenset(data_id), []).append(data_id)
    return [words for some in alike.values() for words in _of_same_keys(some)]


def _of_same_keys(data_ids: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    keys = tuple(data_ids[0])
    if not keys:
        return [[]]
    known = _Known()
    columns = [known.column(key, [data_id[key] for data_id in data_ids]) for key in keys]
    return min(
        (_written(keys, known.sets, rows) for rows in _factored(known, columns)), key=_length
    )


def _length(written: Sequence[Sequence[str]]) -> int:
    return sum(len(word) for words in written for word in words)


def _written(
    keys: Sequence[str], sets: Sequence[frozenset[str]], products: Iterable[_Product]
) -> list[list[str]]:
    """Return products as words, in the order of their first values."""
    products = list(products)
    used = set(itertools.chain.from_iterable(products))
    texts = {number: ranges.text(sets[number]) for number in used}
    least = {number: min(map(ranges.rank, sets[number])) for number in used}
    ordered = sorted(products, key=lambda product: [least[number] for number in product])
    return [
        [f"{key}={texts[number]}" for key, number in zip(keys, numbers, strict=True)]
        for numbers in ordered
    ]


# -- products
# ---------------------------------------------------------------------------------------------


class _Known:
    """The sets of values that occur.

    Products hold their numbers, which compare faster than the sets.
    """

    def __init__(self) -> None:
        self.sets: list[frozenset[str]] = []
        self._numbers: dict[frozenset[str], int] = {}

    def number(self, values: frozenset[str]) -> int:
        """Return the number of a set of values."""
        number = self._numbers.setdefault(values, len(self.sets))
        if number == len(self.sets):
            self.sets.append(values)
        return number

    def column(self, key: str, values: Sequence[Any]) -> list[int]:
        """Return each value of a key as the number of its one-element set."""
        if not key or "=" in key or key.startswith("-"):
            raise DataIdError(f"key {key!r} cannot be given with --id")
        numbers = {value: self.number(frozenset((_shown(key, value),))) for value in set(values)}
        return [numbers[value] for value in values]

    def united(self, numbers: Sequence[int]) -> int:
        """Return the number of the union of some sets."""
        if len(numbers) == 1:
            return numbers[0]
        return self.number(frozenset().union(*(self.sets[number] for number in numbers)))


def _factored(known: _Known, columns: _Columns) -> list[Iterable[_Product]]:
    """Return the factorings with the fewest products; they begin with different keys."""
    columns = _columns(dict.fromkeys(zip(*columns, strict=True)))
    beginnings = _uniting(columns)[:_BEGINNINGS]
    ended = [_settled(known, _united(known, columns, key)) for _, key in beginnings] or [columns]
    fewest = min(len(some[0]) for some in ended)
    return [zip(*some, strict=True) for some in ended if len(some[0]) == fewest]


def _settled(known: _Known, columns: _Columns) -> _Columns:
    """Merge products by the key that leaves the fewest, until no key merges any."""
    while mergers := _uniting(columns):
        columns = _united(known, columns, mergers[0][1])
    return columns


def _uniting(columns: _Columns) -> list[tuple[int, int]]:
    """Return the keys that merge products, each after how many products it leaves; fewest first."""
    counted = [(len(set(_others(columns, key))), key) for key in range(len(columns))]
    return sorted(pair for pair in counted if pair[0] < len(columns[0]))


def _united(known: _Known, columns: _Columns, place: int) -> _Columns:
    """Merge the products that differ in one key only."""
    alike: dict[_Product, list[int]] = {}
    for others, number in zip(_others(columns, place), columns[place], strict=True):
        alike.setdefault(others, []).append(number)
    return _columns(
        (*rest[:place], known.united(some), *rest[place:]) for rest, some in alike.items()
    )


def _others(columns: _Columns, place: int) -> Iterable[_Product]:
    """Return each product without one of its keys."""
    others = [*columns[:place], *columns[place + 1 :]]
    return zip(*others, strict=True) if others else [()] * len(columns[0])


def _columns(products: Iterable[_Product]) -> _Columns:
    return [list(column) for column in zip(*products, strict=True)]


def _shown(key: str, value: Any) -> str:
    converted = plain(value)
    if type(converted) not in (int, float, str):
        raise DataIdError(
            f"{key}={value!r} cannot be given with --id, which knows numbers and text"
        )
    shown = str(converted)
    if "^" in shown or "\0" in shown or grammar.RANGE.fullmatch(shown):
        raise DataIdError(
            f"{key}={value!r} cannot be given with --id, where it has another meaning"
        )
    return shown
