"""Stars of the PSF beside its model, over the chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from persistence.drawing import figures

_NAMES = ("stars", "model", "residual")
_GAP = 0.12  # between the parts of a chip, in pictures
_TICKS = (0, 0.01, 0.03, 0.1, 0.3, 1)
_FAINT = 0.02  # below this part of the peak, colours go linearly with the level


@dataclass(frozen=True, eq=False)
class Cell:
    """A part of the chip.

    Attributes
    ----------
    stars, model, residual : array, shape (side, side), or None
        Medians of stars scaled to flux 1, of the model at their positions, and of their difference;
        None if there are no stars.
    number : `int`
        The number of stars.
    """

    stars: Any = None
    model: Any = None
    residual: Any = None
    number: int = 0


def residuals(grid: Sequence[Sequence[Cell]], title: str) -> Any:
    """Draw stacked stars, the model and the residuals, for each part of a chip.

    Parameters
    ----------
    grid : sequence of sequence of `Cell`
        Rows of parts, the lowest first, as on the chip.
    title : `str`
        The figure's title.
    """
    cells = [cell for row in grid for cell in row if cell.number]
    if not cells:
        made = figures.figure(8, 3, title)
        figures.say(_empty(made.subplots()), "no stars were used for the PSF")
        return made
    made = figures.figure(12, 1.35 * len(grid) + 0.7, title)
    peak = max(float(cell.model.max()) for cell in cells)
    left = figures.widest(np.concatenate([cell.residual.ravel() for cell in cells]), 99.5) / peak
    shown: dict[str, Any] = {}
    every = made.subplots(
        len(grid), 4 * len(grid[0]) - 1, squeeze=False,
        width_ratios=[*[1, 1, 1, _GAP] * (len(grid[0]) - 1), 1, 1, 1],
    )  # fmt: skip
    for axes in every.flat:
        _empty(axes)
    for axes, parts in zip(every[::-1], grid, strict=True):
        for place, cell in enumerate(parts):
            shown |= _draw(axes[4 * place : 4 * place + 3], cell, peak, 100 * left)
    for axes in every[-1]:
        axes.set_anchor("N")
    bars = {"levels": "part of the peak", "residual": "residual (% of the peak)"}
    for kind, label in bars.items():
        bar = made.colorbar(shown[kind], ax=every, label=label, shrink=0.9, aspect=30, pad=0.01)
        if kind == "levels":
            bar.set_ticks(_TICKS, labels=[f"{tick:g}" for tick in _TICKS], minor=False)
            bar.ax.minorticks_off()
    return made


def _empty(axes: Any) -> Any:
    axes.set_axis_off()
    return axes


def _draw(every: Any, cell: Cell, peak: float, limit: float) -> Mapping[str, Any]:
    """Draw a part; return the mapping of values to colours."""
    from matplotlib.colors import AsinhNorm, Normalize

    if not cell.number:
        figures.say(every[1], "no stars")
        return {}
    rms = 100 * float(np.sqrt(np.mean(cell.residual**2))) / peak
    stars = f"{cell.number} star{'' if cell.number == 1 else 's'}"
    every[1].set_title(f"{stars}, rms {rms:.2f}%", fontsize=9)
    images = (cell.stars / peak, cell.model / peak, 100 * cell.residual / peak)
    shown = {}
    for axes, image, name in zip(every, images, _NAMES, strict=True):
        is_left = name == "residual"
        norm = Normalize(-limit, limit) if is_left else AsinhNorm(_FAINT, vmin=0, vmax=1)
        colours = figures.RESIDUALS if is_left else figures.LEVELS
        shown["residual" if is_left else "levels"] = axes.imshow(
            image, origin="lower", cmap=colours, norm=norm
        )
        axes.text(
            0.03, 0.03, name, transform=axes.transAxes, fontsize=7,
            color="black" if is_left else "white",
        )  # fmt: skip
    return shown
