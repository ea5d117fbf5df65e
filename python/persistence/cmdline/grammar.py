"""The grammar of data IDs on the command line: ``visit=1^5..9:2 ccdnum=3^6..12 filter=g``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from persistence.dataid import cast
from persistence.errors import DataIdError, did_you_mean

_RANGE = re.compile(r"(\d+)\.\.(\d+)(?::(\d+))?")


def values(text: str) -> list[str]:
    """Give the alternatives of a value: parted by ``^``; ``a..b`` and ``a..b:step`` are ranges, ends included.

    Raises
    ------
    DataIdError
        If a range has no member.
    """
    found: list[str] = []
    for piece in text.split("^"):
        match = _RANGE.fullmatch(piece)
        if match is None:
            found.append(piece)
            continue
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if last < first or step == 0:
            raise DataIdError(f"range {piece!r} has no member: write low..high or low..high:step")
        width = len(match[1]) if match[1].startswith("0") else 0  # 007..009 is 007, 008, 009
        found += [f"{number:0{width}d}" for number in range(first, last + 1, step)]
    return found


def parse(tokens: Sequence[str], keys: Mapping[str, type] | None = None) -> list[dict[str, Any]]:
    """Give the data IDs that the words of one option stand for, the last key varying fastest.

    Parameters
    ----------
    tokens : sequence of `str`
        ``key=values`` each.
    keys : mapping, optional
        The keys that there are, with their types; without it, values stay text.

    Raises
    ------
    DataIdError
        If a word is not of that form, a key is there twice or unknown, or a value is of another type.
    """
    alternatives: dict[str, list[Any]] = {}
    for token in tokens:
        key, equals, text = token.partition("=")
        if not equals:
            raise DataIdError(f"{token!r} is no key=value")
        if key in alternatives:
            raise DataIdError(f"key {key!r} is given twice; write {key}=A^B")
        if keys is not None and key not in keys:
            raise DataIdError(f"unknown key {key!r}{did_you_mean(key, keys)} (known: {', '.join(keys)})")
        alternatives[key] = [cast(key, value, keys[key] if keys else str) for value in values(text)]
    return [dict(zip(alternatives, row, strict=True)) for row in itertools.product(*alternatives.values())]
