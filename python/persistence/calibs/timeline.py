"""When calibrations are valid, as a picture: a bar for each, a line for each series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from persistence.calibs import validity
from persistence.calibs.series import Series
from persistence.dataids.dataid import text
from persistence.drawing import figures

# Bars that follow each other are told apart by these, in turn.
_COLOURS = figures.COLOURS[:2]


def save(found: Sequence[Series], path: str) -> None:
    """Draw the validity of series over time.

    Parameters
    ----------
    found : sequence of `Series`
        What is drawn, from top to bottom.
    path : `str`
        Where to; its ending says which form: ``.png``, ``.pdf``, ``.svg``.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    UsageError
        If there is no such form.
    """
    figures.save(draw(found), path)


def draw(found: Sequence[Series]) -> Any:
    """Return a figure of the validity of series over time; see `save`."""
    title = "Validity of calibrations; a tick is the date of each"
    figure = figures.figure(10, 1.2 + 0.22 * max(1, len(found)), title)
    axes = figure.subplots()
    for line, one in enumerate(found):
        for number, (date, window) in enumerate(sorted(one.windows.items())):
            # matplotlib adds what can be added
            days: Any = window.end - window.start + timedelta(days=1)
            first: Any = window.start
            axes.barh(line, days, left=first, height=0.7, color=_COLOURS[number % 2], alpha=0.7)
            made: Any = [validity.day_of(date)]
            axes.plot(made, [line], "k|", markersize=6)
    axes.set_yticks(
        range(len(found)), [f"{one.datasetType} {text(one.key)}" for one in found], fontsize=7
    )
    axes.invert_yaxis()
    axes.xaxis_date()
    return figure
