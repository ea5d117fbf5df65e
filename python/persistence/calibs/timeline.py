"""When calibrations are valid, over time, as a picture.

A line is a series, or several that are alike (`persistence.calibs.grouping`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from persistence.calibs import spans
from persistence.calibs.grouping import Group
from persistence.calibs.series import Series
from persistence.calibs.validity import Window
from persistence.drawing import figures

_DAY = timedelta(days=1)
# Windows that follow each other are told apart by these, in turn.
_COLOURS = figures.COLOURS[:2]
_GAP = figures.ODD
_HEIGHT = 0.62  # of a bar, in lines
_LABEL = 40  # at most so many characters of a line's label are in one row


def save(groups: Sequence[Group], path: str, shown: Window | None = None) -> None:
    """Draw when calibrations are valid.

    Parameters
    ----------
    groups : sequence of `Group`
        What is drawn, from top to bottom.
    path : `str`
        The file to write; its ending says which format: ``.png``, ``.pdf``, ``.svg``.
    shown : `Window`, optional
        The days that are shown; see `persistence.calibs.spans.span`.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    UsageError
        If there is no such format.
    """
    figures.save(draw(groups, shown), path)


def draw(groups: Sequence[Group], shown: Window | None = None) -> Any:
    """Return a figure of when calibrations are valid; see `save`."""
    shown = spans.span(groups) if shown is None else shown
    labels = [textwrap.fill(group.label, _LABEL) for group in groups]
    rows = sum(label.count("\n") + 1 for label in labels)
    made = figures.figure(11, 1.6 + 0.3 * max(2, rows), "When calibrations are valid")
    axes = made.subplots()
    legend: dict[str, Any] = {}
    for line, group in enumerate(groups):
        legend |= _draw(axes, line, group.members[0], shown)
    if not groups:
        figures.say(axes, "there are no calibrations")
    before = [group.members[0].datasetType for group in groups]
    for line in range(1, len(groups)):
        if before[line] != before[line - 1]:
            axes.axhline(line - 0.5, color="0.8", linewidth=0.8)
    axes.set_yticks(range(len(groups)), labels, fontsize=8)
    axes.set_ylim(max(len(groups), 1) - 0.5, -0.5)
    axes.set_xlim(_number(shown.start), _number(shown.end + _DAY))
    _scale(axes)
    order = [name for name in _LEGEND if name in legend]
    if order:
        made.legend(
            [legend[name] for name in order], [_LEGEND[name] for name in order],
            loc="outside lower center", ncols=len(order), fontsize=8, frameon=False,
        )  # fmt: skip
    return made


# What is explained, in this order.
_LEGEND = {
    "even": "valid",
    "odd": "valid: the next one",
    "gap": "none is valid",
    "before": "open end",
    "after": "open end",
    spans.GOOD: "date of the calibration",
    spans.BROKEN: "validity never worked out",
    spans.TIMELESS: "chosen by its date alone",
}
_MARKERS = {
    spans.GOOD: {"marker": "|", "color": "black", "markersize": 9},
    spans.BROKEN: {"marker": "x", "color": _GAP, "markersize": 6},
    spans.TIMELESS: {"marker": "D", "color": "black", "markersize": 4},
}


def _draw(axes: Any, line: int, one: Series, shown: Window) -> dict[str, Any]:
    """Draw a series, and return its artists for the legend, by the keys of `_LEGEND`."""
    legend: dict[str, Any] = {}
    for window in spans.gaps(one, shown):
        legend["gap"] = _fill(
            axes, line, window, facecolor="none", edgecolor=_GAP, hatch="////", linewidth=0.0,
            alpha=0.6,
        )  # fmt: skip
    for number, window in spans.windows(one, shown):
        which = ("even", "odd")[number % 2]
        legend[which] = _fill(
            axes, line, _clipped(window, shown), color=_COLOURS[number % 2], alpha=0.75
        )
        for side, day, is_open in (
            ("before", shown.start, window.is_open_before and window.start < shown.start),
            ("after", shown.end + _DAY, window.is_open_after and window.end > shown.end),
        ):
            if is_open:
                legend[side] = axes.plot(
                    [_number(day)], [line], linestyle="none", marker="<>"[side == "after"],
                    color=_COLOURS[number % 2], markersize=11, clip_on=False, zorder=4,
                )[0]  # fmt: skip
    for day, kind in spans.dates(one):
        if shown.start <= day <= shown.end:
            legend[kind] = axes.plot(
                [_number(day) + 0.5], [line], linestyle="none", zorder=5, **_MARKERS[kind]
            )[0]
    if "before" in legend and "after" in legend:
        del legend["before"]  # it is explained once
    return legend


def _fill(axes: Any, line: int, window: Window, **style: Any) -> Any:
    days = (window.end - window.start).days + 1
    return axes.barh(line, days, left=_number(window.start), height=_HEIGHT, **style)


def _clipped(window: Window, shown: Window) -> Window:
    return Window(max(window.start, shown.start), min(window.end, shown.end))


def _number(day: date) -> float:
    """Return a day as matplotlib counts: days since 1970."""
    return float((day - date(1970, 1, 1)).days)


def _scale(axes: Any) -> None:
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.grid(axis="x", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
