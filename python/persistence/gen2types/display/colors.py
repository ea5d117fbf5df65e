"""Names of colours, and the colours of mask planes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

WHITE, BLACK, GRAY = "white", "black", "gray"
RED, GREEN, BLUE = "red", "green", "blue"
CYAN, MAGENTA, YELLOW, ORANGE = "cyan", "magenta", "yellow", "orange"
# The colour of a plane that is not shown.
IGNORE = "ignore"

# Source: afw's default colours.
DEFAULTS: Mapping[str, str] = {
    "BAD": RED,
    "CR": MAGENTA,
    "EDGE": YELLOW,
    "INTERPOLATED": GREEN,
    "SATURATED": GREEN,
    "DETECTED": BLUE,
    "DETECTED_NEGATIVE": CYAN,
    "SUSPECT": YELLOW,
    "NO_DATA": ORANGE,
    "INTRP": GREEN,
    "SAT": GREEN,
}


def generator(omitBW: bool = True) -> Iterator[str]:
    """Yield colours for planes that have none, again and again."""
    colors = [RED, GREEN, BLUE, CYAN, MAGENTA, YELLOW, ORANGE]
    return itertools.cycle(colors if omitBW else [WHITE, BLACK, *colors])
