"""The values of one key, written as the grammar has them: ``1..9:2^20``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"[0-9]{1,18}")


def rank(shown: str) -> tuple[bool, int, str]:
    """Put numbers in their order, before other texts."""
    return (False, int(shown), shown) if _NUMBER.fullmatch(shown) else (True, 0, shown)


def text(values: Iterable[str]) -> str:
    """Write the values of a key: ``1..9:2^20``.

    Numbers with leading zeros go with those that are as long.
    """
    ordered = sorted(set(values), key=rank)
    if len(ordered) == 1:
        return ordered[0]
    numbers = [shown for shown in ordered if _NUMBER.fullmatch(shown)]
    padded = {len(shown) for shown in numbers if shown.startswith("0")} - {1}
    alike: dict[int, list[str]] = {}
    for shown in numbers:
        alike.setdefault(len(shown) if len(shown) in padded else 0, []).append(shown)
    ranges = [piece for width in sorted(alike) for piece in _ranges(alike[width])]
    return "^".join([*ranges, *(shown for shown in ordered if not _NUMBER.fullmatch(shown))])


def _ranges(texts: Sequence[str]) -> list[str]:
    """Part ascending numbers such that the text is shortest.

    The shortest text up to each number ends with it alone, or with the longest range that ends
    there: a shorter range saves nothing, for what stands before it only becomes longer.
    """
    numbers = [int(shown) for shown in texts]
    lengths, pieces, before = [0], [""], [0]
    first = 0  # of the longest run of equal steps that ends here
    for place, shown in enumerate(texts):
        if (
            place > 1
            and numbers[place] - numbers[place - 1] != numbers[place - 1] - numbers[place - 2]
        ):
            first = place - 1
        choices = [(lengths[place] + len(shown), shown, place)]
        if place - first > 1:
            step = numbers[place] - numbers[place - 1]
            whole = f"{texts[first]}..{shown}" + (f":{step}" if step > 1 else "")
            choices.append((lengths[first] + len(whole), whole, first))
        length, piece, start = min(choices, key=lambda choice: choice[0])
        lengths.append(length + 1)
        pieces.append(piece)
        before.append(start)
    found, end = [], len(texts)
    while end:
        found.append(pieces[end])
        end = before[end]
    return found[::-1]
