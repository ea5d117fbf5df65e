"""The grammar of data IDs on the command line: ``visit=1^5..9:2 ccdnum=3^6..12 filter=g``.

It is Gen2's (gen2-cli 3.6), but for three things. A range without members, and a word without
``=``, are errors: there they chose nothing, or an empty value, without a word. What is too much for
any repository is one too: there it filled the memory. A range keeps leading zeros, ``007..009``, as
a value alone does. `persistence.dataids.shorthand` is the inverse.
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
# Nobody means more values, or data IDs, with one option: a digit too many is a slip. So many take a
# gigabyte.
_MOST = 10**6


def values(text: str) -> list[str]:
    """Give the alternatives of a value: parted by ``^``.

    ``a..b`` and ``a..b:step`` are ranges, ends included.

    Raises
    ------
    DataIdError
        If a range has no member, or too many.
    """
    found: list[str] = []
    for piece in text.split("^"):
        match = RANGE.fullmatch(piece)
        if match is None:
            found.append(piece)
            continue
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if last < first or step == 0:
            raise DataIdError(f"range {piece!r} has no member: write low..high or low..high:step")
        members = range(first, last + 1, step)
        _refuse_many(piece, (last - first) // step + 1)
        width = len(match[1]) if match[1].startswith("0") else 0  # 007..009 is 007, 008, 009
        found += [f"{number:0{width}d}" for number in members]
    return found


def _refuse_many(what: str, number: int) -> None:
    if number > _MOST:
        raise DataIdError(f"{what} stands for {number} values: more than {_MOST} are not meant")


def parse(
    tokens: Sequence[str], keys: Mapping[str, type] | None = None, aliases: Mapping[str, str] = {}
) -> list[dict[str, Any]]:
    """Give the data IDs that the words of one option stand for, the last key varying fastest.

    For the parameters and what is raised, see `alternatives`; so many data IDs are refused, too.
    """
    found = alternatives(tokens, keys, aliases)
    _refuse_many(" ".join(tokens), math.prod(map(len, found.values())))
    return [dict(zip(found, row, strict=True)) for row in itertools.product(*found.values())]


def alternatives(
    tokens: Sequence[str], keys: Mapping[str, type] | None = None, aliases: Mapping[str, str] = {}
) -> dict[str, list[Any]]:
    """Return the values that the words of one option give to each key.

    Parameters
    ----------
    tokens : sequence of `str`
        ``key=values`` each.
    keys : mapping, optional
        The keys that there are, with their types; without it, values stay text.
    aliases : mapping, optional
        Other names of keys, ``ccd`` for ``ccdnum``: the data IDs have the keys that they stand for.

    Raises
    ------
    DataIdError
        If a word is not of that form, a key is there twice or unknown, or a value is of another
        type.
    """
    found: dict[str, list[Any]] = {}
    for token in tokens:
        said, equals, text = token.partition("=")
        if not equals:
            raise DataIdError(f"{token!r} is no key=value")
        key = aliases.get(said, said)
        if key in found:
            raise DataIdError(f"key {key!r} is given twice; write {key}=A^B")
        if keys is not None and key not in keys:
            raise DataIdError(
                f"unknown key {key!r}{did_you_mean(key, [*keys, *aliases])} (known: "
                f"{', '.join(keys)})"
            )
        found[key] = [cast(key, value, keys[key] if keys else str) for value in values(text)]
    return found
