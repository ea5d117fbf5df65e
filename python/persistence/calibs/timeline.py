"""When calibrations are valid, as a picture: a bar for each, a line for each series."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from persistence.calibs import validity
from persistence.calibs.series import Series
from persistence.dataids.dataid import text
from persistence.errors import MissingExtra
from persistence.files import atomic

# Bars that follow each other are told apart by these, in turn (matplotlib's names).
_COLOURS = ("tab:blue", "tab:orange")


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
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("matplotlib", "plot", "A timeline") from error
    figure = Figure(figsize=(10, 1.2 + 0.22 * max(1, len(found))), layout="constrained")
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
    axes.set_title("Validity of calibrations; a tick is the date of each")
    with atomic.atomic_write(path) as temporary:
        figure.savefig(temporary, format=os.path.splitext(path)[1].lstrip(".") or "png")
