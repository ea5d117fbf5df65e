"""Figures: numbers with their goals, and how they are shown."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

_SIGMA = 1.4826  # standard deviations of a Gaussian in its median absolute deviation
_EFFICIENCY = 0.37  # of that as an estimate of the standard deviation


class Figure(NamedTuple):
    """A number with its goal.

    Attributes
    ----------
    case : `str`
        The case, such as ``seed 1, 4.0 px``.
    measure : `str`
        The name of the measure.
    name : `str`
        The name of the number.
    value : `float`
        The value.
    unit : `str`
        Its unit.
    error : `float`
        Its standard error; NaN if there is none.
    low, high : `float`
        The goal; without one it is infinite both ways.
    note : `str`
        A remark, such as the number of stars.
    """

    case: str
    measure: str
    name: str
    value: float
    unit: str = ""
    error: float = math.nan
    low: float = -math.inf
    high: float = math.inf
    note: str = ""

    @property
    def has_goal(self) -> bool:
        """Whether anything is wanted of it."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    @property
    def is_met(self) -> bool:
        """Whether the goal is met; for NaN it is not."""
        return not self.has_goal or self.low <= self.value <= self.high

    @property
    def goal(self) -> str:
        """The goal as text."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{self.low:.4g} to {self.high:.4g}"
        if math.isfinite(self.high):
            return f"<= {self.high:.4g}"
        return f">= {self.low:.4g}" if math.isfinite(self.low) else ""

    @property
    def verdict(self) -> str:
        """``met`` or ``missed``; empty without a goal."""
        return ("met" if self.is_met else "MISSED") if self.has_goal else ""


class Spread(NamedTuple):
    """Median and scatter of some numbers, by robust estimates, with their standard errors."""

    median: float
    median_error: float
    scatter: float
    scatter_error: float
    number: int


def spread(values: Any) -> Spread:
    """Return the median and the scatter (1.48 median absolute deviations) of finite numbers."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if values.size < 3:
        return Spread(math.nan, math.nan, math.nan, math.nan, int(values.size))
    median = float(np.median(values))
    scatter = _SIGMA * float(np.median(np.abs(values - median)))
    each = scatter / math.sqrt(values.size)
    return Spread(
        median, 1.2533 * each, scatter, each / math.sqrt(2 * _EFFICIENCY), int(values.size)
    )


def table(figures: Iterable[Figure], only_missed: bool = False) -> str:
    """Return figures as text, a line each, under the case that they are of."""
    lines = list(_lines(figures, only_missed))
    return "\n".join(lines)


def _lines(figures: Iterable[Figure], only_missed: bool) -> Iterator[str]:
    case = ""
    for figure in figures:
        if only_missed and figure.is_met:
            continue
        if figure.case != case:
            case = figure.case
            yield case
        error = "" if math.isnan(figure.error) else f"+- {figure.error:.2g}"
        value = f"{figure.value:.4g} {figure.unit}"
        yield (
            f"  {figure.measure:12} {figure.name:34} {value:>15} {error:10} "
            f"{figure.goal:16} {figure.verdict:7} {figure.note}"
        ).rstrip()


def summary(figures: Iterable[Figure]) -> str:
    """Return figures as tables of reStructuredText, a line for each name.

    All seeds and seeings are one table: a line has the range of the values, a goal, and in how many
    cases it is met. Other cases, such as crowded fields, have tables of their own.
    """
    kinds: dict[str, dict[tuple[str, str], list[Figure]]] = {}
    for figure in figures:
        # What a case is called goes before the seed.
        kind = figure.case.partition(", seed")[0]
        kind = "full chips" if kind.startswith("seed") else kind
        kinds.setdefault(kind, {}).setdefault((figure.measure, figure.name), []).append(figure)
    return "\n\n".join(
        f"**{kind}**\n\n{_ruled([_line(*names, group) for names, group in groups.items()])}"
        for kind, groups in kinds.items()
    )


def _line(measure: str, name: str, group: Sequence[Figure]) -> tuple[str, ...]:
    wanted = [figure for figure in group if figure.has_goal]
    values = sorted(figure.value for figure in group)
    span = f"{values[0]:.3g}" if len(values) == 1 else f"{values[0]:.3g} to {values[-1]:.3g}"
    # What is granted to few stars differs from case to case; the strictest grants the least.
    goal = min(wanted, key=_leeway).goal if wanted else ""
    met = f"{sum(figure.is_met for figure in wanted)} of {len(wanted)}" if wanted else ""
    return measure, name, f"{span} {group[0].unit}", goal, met


def _leeway(figure: Figure) -> float:
    """Return a number that is smaller the stricter a goal is."""
    if math.isinf(figure.low):
        return figure.high
    return -figure.low if math.isinf(figure.high) else figure.high - figure.low


def _ruled(rows: Sequence[tuple[str, ...]]) -> str:
    rows = [("measure", "figure", "values", "goal", "met"), *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruler = "  ".join("=" * width for width in widths)
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([ruler, lines[0], ruler, *lines[1:], ruler])


def as_json(figures: Iterable[Figure]) -> str:
    """Return figures as JSON: a list of objects, with null for values that are not finite."""
    rows = [
        {
            **{key: _plain(value) for key, value in figure._asdict().items()},
            "verdict": figure.verdict,
        }
        for figure in figures
    ]
    return json.dumps(rows, indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return float(value) if math.isfinite(value) else None
