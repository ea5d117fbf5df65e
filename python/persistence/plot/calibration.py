"""How stars differ from their references: in magnitude, and in position."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from persistence.drawing import figures
from persistence.drawing.figures import Sides

_FEWEST = 3
_ARROWS = 0.06  # how long a typical arrow is, in sides of the chip


def zero_point(
    x: Any, y: Any, magnitude: Any, residual: Any, error: Any, used: Any, sides: Sides, title: str
) -> Any:
    """Draw residuals of the zero point over the chip, and against magnitude.

    Parameters
    ----------
    x, y : array
        Where stars are (pixels).
    magnitude : array
        Of their references (mag).
    residual, error : array
        Calibrated less reference magnitude, and its standard deviation without that of the
        reference (mag).
    used : array of `bool`
        Which ones the zero point was found by.
    sides : `~persistence.drawing.figures.Sides`
        The chip's.
    title : `str`
        The figure's.
    """
    width, height = figures.size_of_chip(sides, 5.2)
    figure = figures.figure(width + 8.2, height + 1.4, title)
    known = np.isfinite(residual)
    chip, against = figure.subplots(1, 2, width_ratios=[width + 1.6, 6.0])
    figures.chip(chip, sides)
    if not (known & used).any():
        figures.say(chip, "no stars")
        figures.say(against, "no stars")
        return figure
    rows = known & used
    # the colours are for the stars that are certain
    sure = rows & (error <= np.median(error[rows]))
    limit = 1000 * figures.widest(residual[sure if sure.any() else rows])
    points = chip.scatter(
        x[rows], y[rows], c=1000 * residual[rows], s=_sizes(error[rows]), cmap=figures.RESIDUALS,
        vmin=-limit, vmax=limit, edgecolors="0.3", linewidths=0.4,
    )  # fmt: skip
    figure.colorbar(points, ax=chip, label="star less reference (mmag)", shrink=0.8)
    chip.set_title(f"{np.count_nonzero(rows)} stars used; small ones are uncertain", fontsize=9)
    _against(against, magnitude, 1000 * residual, 1000 * error, rows, known & ~used)
    return figure


def _sizes(error: Any) -> Any:
    """Return areas of points: the less certain a star, the smaller."""
    typical = np.nanmedian(error)
    return np.clip(22 * typical / np.where(error > 0, error, typical or 1), 6, 40)


def _against(axes: Any, magnitude: Any, residual: Any, error: Any, used: Any, others: Any) -> None:
    axes.axhline(0, color="0.4", lw=0.8)
    axes.errorbar(
        magnitude[used], residual[used], error[used], fmt=".", ms=4, color=figures.GOOD,
        elinewidth=0.5, alpha=0.6, label="used",
    )  # fmt: skip
    if others.any():
        axes.plot(
            magnitude[others], residual[others], "x", ms=4, color="0.5", alpha=0.8, label="not used"
        )
    edges = np.arange(np.floor(magnitude[used].min()), np.ceil(magnitude[used].max()) + 0.5, 0.5)
    places, medians, errors = [], [], []
    for low, high in itertools.pairwise(edges):
        values = residual[used & (magnitude >= low) & (magnitude < high)]
        if values.size >= _FEWEST:
            scatter = figures.scatter(values)
            places.append((low + high) / 2)
            medians.append(np.median(values))
            errors.append(1.25 * scatter / np.sqrt(values.size))
    axes.errorbar(
        places, medians, errors, fmt="s-", ms=5, color=figures.ODD, lw=1.5, capsize=3,
        label="medians of half magnitudes", zorder=5,
    )  # fmt: skip
    reach = 3 * figures.widest(residual[used], 80)
    axes.set_ylim(-reach, reach)
    outside = np.count_nonzero(np.abs(residual[used | others]) > reach)
    scatter = figures.scatter(residual[used])
    told = f", {outside} outside" if outside else ""
    axes.set_title(f"scatter {scatter:.1f} mmag{told}", fontsize=9)
    axes.set_xlabel("reference magnitude (mag, AB)")
    axes.set_ylabel("star less reference (mmag)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left")


def astrometry(
    x: Any, y: Any, east: Any, north: Any, used: Any, axes: Any, sides: Sides, title: str
) -> Any:
    """Draw how far stars are from their references: arrows over the chip, and all about one point.

    Parameters
    ----------
    x, y : array
        Where stars are (pixels).
    east, north : array
        How far from their references (mas).
    used : array of `bool`
        Which ones the WCS was corrected by.
    axes : array, shape (2, 2)
        Where a column and a row lead to on the sky: unit vectors, (east, north), as columns.
    sides : `~persistence.drawing.figures.Sides`
        The chip's.
    title : `str`
        The figure's.
    """
    width, height = figures.size_of_chip(sides, 6.0)
    figure = figures.figure(width + 7.0, height + 1.2, title)
    chip, about = figure.subplots(1, 2, width_ratios=[width + 1.0, 4.8])
    figures.chip(chip, sides)
    if not used.any():
        figures.say(chip, "no stars")
        figures.say(about, "no stars")
        return figure
    right, up = np.linalg.solve(axes, np.stack([east, north]))
    _arrows(chip, x[used], y[used], right[used], up[used], sides)
    _about(about, east, north, used)
    return figure


def _arrows(axes: Any, x: Any, y: Any, right: Any, up: Any, sides: Sides) -> None:
    """Draw offsets along the chip's columns and rows."""
    typical = figures.widest(np.hypot(right, up), 90)
    across = max(sides.right - sides.left, sides.top - sides.bottom)
    axes.quiver(
        x, y, right, up, angles="uv", scale_units="xy", scale=typical / (_ARROWS * across),
        units="inches", width=0.014, color=figures.GOOD,
    )  # fmt: skip
    length = figures.round_number(typical)
    reach = _ARROWS * across * length / typical
    low = sides.bottom - 0.055 * (sides.top - sides.bottom)
    arrow = {"arrowstyle": "->", "color": figures.ODD, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
    axes.annotate(
        "", (sides.left + reach, low), (sides.left, low), annotation_clip=False, arrowprops=arrow,
    )  # fmt: skip
    axes.set_title(
        f"{len(x)} stars used, offsets along x and y\norange arrow below: {length:g} mas",
        fontsize=9,
    )
    axes.xaxis.labelpad = 8
    axes.tick_params(axis="x", pad=10)


def _about(axes: Any, east: Any, north: Any, used: Any) -> None:
    reach = 3 * figures.widest(np.hypot(east[used], north[used]), 70)
    others = ~used
    if others.any():
        axes.plot(east[others], north[others], "x", ms=4, color="0.5", label="not used")
    axes.plot(east[used], north[used], ".", ms=4, color=figures.GOOD, alpha=0.7, label="used")
    axes.axhline(0, color="0.4", lw=0.8)
    axes.axvline(0, color="0.4", lw=0.8)
    axes.set_xlim(reach, -reach)  # east is to the left
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    spread = [figures.scatter(axis[used]) for axis in (east, north)]
    middle = [np.median(axis[used]) for axis in (east, north)]
    outside = np.count_nonzero((np.abs(east) > reach) | (np.abs(north) > reach))
    lines = [
        f"median {middle[0]:+.1f} east, {middle[1]:+.1f} north",
        f"scatter {spread[0]:.1f} east, {spread[1]:.1f} north (mas)",
    ]
    axes.set_title("\n".join(lines), fontsize=9)
    axes.set_xlabel(f"east (mas){f'; {outside} outside' if outside else ''}")
    axes.set_ylabel("north (mas)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper right")
