"""What all figures share: colours that everybody can tell apart, titles, scales.

A figure is one of matplotlib's own, drawn without pyplot: it has no window, and is gone when nobody
holds it any more.
"""

from __future__ import annotations

import functools
import io
import math
import os
from typing import Any, NamedTuple

import numpy as np

from persistence.errors import UsageError, did_you_mean
from persistence.files import atomic, extras

# Okabe & Ito's colours, which colour-blind people can tell apart: black comes last. Source:
# M. Okabe & K. Ito 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
GOOD, ODD = COLOURS[0], COLOURS[5]
# Maps of colours: of levels, and of what is too much or too little.
LEVELS, RESIDUALS, GREY = "viridis", "RdBu_r", "gray"
_DPI = 100


class Sides(NamedTuple):
    """Where the sides of a chip lie (pixels)."""

    left: float
    right: float
    bottom: float
    top: float


def figure(width: float, height: float, title: str) -> Any:
    """Return an empty figure (sizes in inches).

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    made = _shown()(figsize=(width, height), dpi=_DPI, layout="constrained")
    made.suptitle(title, fontsize=11)
    return made


@functools.cache
def _shown() -> Any:
    """Return a class of figures that notebooks show, though pyplot knows nothing of them."""
    with extras.needed("matplotlib", "A picture"):
        from matplotlib.figure import Figure

    class Shown(Figure):
        def _repr_png_(self) -> bytes:
            data = io.BytesIO()
            self.savefig(data, format="png")
            return data.getvalue()

    return Shown


def save(made: Any, path: str) -> None:
    """Write a figure; the ending of the path says in which format, PNG if it has none.

    Raises
    ------
    UsageError
        If there is no such format.
    """
    form = os.path.splitext(path)[1].lstrip(".") or "png"
    known = made.canvas.get_supported_filetypes()
    if form not in known:
        raise UsageError(
            f"{path}: no picture is written as {form!r}{did_you_mean(form, known)} (known: "
            f"{', '.join(known)})"
        )
    with atomic.atomic_write(path) as temporary:
        made.savefig(temporary, format=form)


def scatter(values: Any) -> float:
    """Return the standard deviation of values by their median absolute deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def say(axes: Any, text: str) -> None:
    """Write into axes that have nothing else to show."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4", wrap=True
    )


def chip(axes: Any, sides: Sides) -> None:
    """Set axes up to show a chip, in pixels."""
    axes.set_xlim(sides.left, sides.right)
    axes.set_ylim(sides.bottom, sides.top)
    axes.set_aspect("equal")
    axes.set_xlabel("x (pixel)")
    axes.set_ylabel("y (pixel)")
    axes.locator_params(axis="x", nbins=4)


def size_of_chip(sides: Sides, longest: float) -> tuple[float, float]:
    """Return width and height (inches) of a chip's picture whose longer side has a length."""
    across, along = sides.right - sides.left, sides.top - sides.bottom
    scale = longest / max(across, along)
    return max(across * scale, longest / 4), max(along * scale, longest / 4)


def round_number(value: float) -> float:
    """Return the nearest of 1, 2 and 5 times a power of ten that is not larger."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)) * power


def span(values: Any, percent: float = 2.0) -> tuple[float, float]:
    """Return limits that leave out so many per cent of the values at either end; never alike."""
    values = np.asarray(values, float)
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = np.percentile(known, [percent, 100 - percent])
    if high > low:
        return float(low), float(high)
    room = abs(float(low)) * 0.01 or 1.0
    return float(low) - room, float(high) + room


def widest(values: Any, percent: float = 95.0) -> float:
    """Return the size that so many per cent of the values do not exceed; never 0."""
    values = np.abs(np.asarray(values, float))
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percent)) or 1.0 if known.size else 1.0
