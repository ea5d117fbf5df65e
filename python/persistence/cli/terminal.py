"""Tables for people at a terminal: fitted to its width, with colours unless NO_COLOR is set."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_GAP = 2  # between columns
# A column is not made narrower than this, unless its texts are.
_LEAST = 8
# So many rows are laid out together: the first ones are shown at once.
_TOGETHER = 100


def lines(
    texts: Iterable[Sequence[str]], widths: Sequence[int], right: Sequence[bool]
) -> Iterator[str] | None:
    """Return the lines of a table, whose long texts are wrapped within their columns.

    Parameters
    ----------
    texts : iterable of sequence of `str`
        The rows, the header first.
    widths : sequence of `int`
        How wide each column would be (characters).
    right : sequence of `bool`
        Whether a column has numbers, which stand on the right.

    Returns
    -------
    lines : iterator of `str` or None
        None if rich is not installed.
    """
    try:
        from rich.console import Console
    except ImportError:
        return None
    return _lines(texts, widths, right, Console(highlight=False))


def _lines(
    texts: Iterable[Sequence[str]], widths: Sequence[int], right: Sequence[bool], console: Any
) -> Iterator[str]:
    from rich.table import Table
    from rich.text import Text

    rows = iter(texts)
    header: Sequence[str] | None = next(rows)
    while some := list(itertools.islice(rows, _TOGETHER)):
        wanted = zip(widths, *(map(len, row) for row in some), strict=True)
        widths = [max(each) for each in wanted]  # what comes late may be wider
        room = fitted(widths, console.width - _GAP * (len(widths) - 1))
        grid = Table(
            box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=header is not None,
            header_style="bold cyan",
        )  # fmt: skip
        for column, width in enumerate(room):
            grid.add_column(
                Text(header[column]) if header is not None else "", width=width, overflow="fold",
                justify="right" if right[column] else "left",
            )  # fmt: skip
        for row in some:
            grid.add_row(*map(Text, row))
        with console.capture() as captured:
            console.print(grid)
        yield from (line.rstrip() for line in captured.get().splitlines())
        header = None


def fitted(widths: Sequence[int], room: int) -> list[int]:
    """Return how wide columns are made so that they fit: the widest ones become narrower.

    The first one, which names what a row is about, keeps up to a third of the room.

    Parameters
    ----------
    widths : sequence of `int`
        How wide they would be (characters).
    room : `int`
        How wide they may be together. It is exceeded if they would become narrower than 8 each.
    """
    first, *others = widths
    kept = min(first, max(room // 3, _LEAST))
    limits = [(limit, max(limit, kept)) for limit in range(max(widths), _LEAST, -1)]
    limits += [(_LEAST, limit) for limit in range(max(kept, _LEAST), _LEAST - 1, -1)]
    for limit, of_first in limits:
        narrow = [min(first, of_first), *(min(width, limit) for width in others)]
        if sum(narrow) <= room:
            break
    return narrow
