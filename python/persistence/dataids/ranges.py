"""The values of one key, written in the grammar of ``--id``: ``1..9:2^20``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"[0-9]{1,18}")


def rank(shown: str) -> tuple[bool, int, str]:
    """Return a sort key that orders numbers by value, before other texts."""
    return (False, int(shown), shown) if _NUMBER.fullmatch(shown) else (True, 0, shown)


def text(values: Iterable[str]) -> str:
    """Return the values of a key as text: ``1..9:2^20``.

    Numbers with leading zeros form ranges with numbers of the same length.
    """
    ordered = sorted(set(values), key=rank)
    if len(ordered) == 1:
        return ordered[0]
    numbers = [shown for shown in ordered if _NUMBER.fullmatch(shown)]
    padded = {len(shown) for shown in numbers if shown.startswith("0")} - {1}
    groups: dict[int, list[str]] = {}
    for shown in numbers:
        groups.setdefault(len(shown) if len(shown) in padded else 0, []).append(shown)
    ranges = [piece for width in sorted(groups) for piece in _ranges(groups[width])]
    return "^".join([*ranges, *(shown for shown in ordered if not _NUMBER.fullmatch(shown))])


def _ranges(texts: Sequence[str]) -> list[str]:
    """Split ascending numbers into ranges such that the text is shortest.

    The shortest text up to each number ends with that number alone, or with the longest range that
    ends there: a shorter range saves nothing, because the text before it only becomes longer.
    """
    numbers = [int(shown) for shown in texts]
    lengths, pieces, before = [0], [""], [0]
    first = 0  # of the longest run of equal steps that ends here
    for index, shown in enumerate(texts):
        if (
            index > 1
            and numbers[index] - numbers[index - 1] != numbers[index - 1] - numbers[index - 2]
        ):
            first = index - 1
        choices = [(lengths[index] + len(shown), shown, index)]
        if index - first > 1:
            step = numbers[index] - numbers[index - 1]
            whole = f"{texts[first]}..{shown}" + (f":{step}" if step > 1 else "")
            choices.append((lengths[first] + len(whole), whole, first))
        length, piece, start = min(choices, key=lambda choice: choice[0])
        lengths.append(length + 1)
        pieces.append(piece)
        before.append(start)
    chosen, end = [], len(texts)
    while end:
        chosen.append(pieces[end])
        end = before[end]
    return chosen[::-1]
