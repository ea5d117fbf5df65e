"""The grammar of data IDs on the command line: ``visit=1^5..9:2 ccdnum=3^6..12 filter=g``.

It is Gen2's (doc/gen2/gen2-cli.md 3.6), with three differences. A range without members and a word
without ``=`` are errors: Gen2 silently selected nothing, or an empty value. Too many values are an
error: Gen2 filled the memory. A range keeps leading zeros, ``007..009``, as a single value does.
`persistence.dataids.shorthand` is the inverse.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from persistence.dataids.dataid import cast
from persistence.errors import DataIdError, did_you_mean

RANGE = re.compile(r"(\d+)\.\.(\d+)(?::(\d+))?")
# The most values, or data IDs, of one option: more are a typing error, and take a gigabyte.
_MOST = 10**6


def values(text: str) -> list[str]:
    """Return the alternatives of a value, which are separated by ``^``.

    ``a..b`` and ``a..b:step`` are ranges, inclusive.

    Raises
    ------
    DataIdError
        If a range is emptys, or too many.
    """
    alternatives: list[str] = []
    for piece in text.split("^"):
        match = RANGE.fullmatch(piece)
        if match is None:
            alternatives.append(piece)
            continue
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if last < first or step == 0:
            raise DataIdError(f"range {piece!r} is empty: write low..high or low..high:step")
        members = range(first, last + 1, step)
        _refuse_many(piece, (last - first) // step + 1)
        width = len(match[1]) if match[1].startswith("0") else 0  # 007..009 is 007, 008, 009
        alternatives += [f"{number:0{width}d}" for number in members]
    return alternatives


def _refuse_many(what: str, number: int) -> None:
    if number > _MOST:
        raise DataIdError(f"{what} selects {number} values: more than {_MOST} are too many")


def parse(
    tokens: Sequence[str], keys: Mapping[str, type] | None = None, aliases: Mapping[str, str] = {}
) -> list[dict[str, Any]]:
    """Return the data IDs that the words of one option select, the last key varying fastest.

    Parameters and errors are those of `alternatives`; `DataIdError` is also raised for too many
    data IDs.
    """
    choices = alternatives(tokens, keys, aliases)
    _refuse_many(" ".join(tokens), math.prod(map(len, choices.values())))
    return [dict(zip(choices, row, strict=True)) for row in itertools.product(*choices.values())]


def alternatives(
    tokens: Sequence[str], keys: Mapping[str, type] | None = None, aliases: Mapping[str, str] = {}
) -> dict[str, list[Any]]:
    """Return the values of each key that the words of one option list.

    Parameters
    ----------
    tokens : sequence of `str`
        Words ``key=values``.
    keys : mapping, optional
        The known keys with their types; without it, values stay text.
    aliases : mapping
        Other names of keys, such as ``ccd`` for ``ccdnum``; the result has the true names.

    Raises
    ------
    DataIdError
        If a word is not of that form, a key is repeated or unknown, or a value has another type.
    """
    chosen: dict[str, list[Any]] = {}
    for token in tokens:
        name, equals, text = token.partition("=")
        if not equals:
            raise DataIdError(f"{token!r} is not key=value")
        key = aliases.get(name, name)
        if key in chosen:
            raise DataIdError(f"key {key!r} is given twice; write {key}=A^B")
        if keys is not None and key not in keys:
            raise DataIdError(
                f"unknown key {key!r}{did_you_mean(key, [*keys, *aliases])} (known: "
                f"{', '.join(keys)})"
            )
        chosen[key] = [cast(key, value, keys[key] if keys else str) for value in values(text)]
    return chosen
