"""The sky of an exposure, and its image under the planes of its mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.drawing import figures, pixels
from persistence.drawing.figures import Sides

# So many pixels of a picture along the longer side of a chip.
_FINE = 700


def sky(level: Any, noise: Any, sides: Sides, unit: str, title: str) -> Any:
    """Draw the level of the sky, and its noise, over the chip.

    Parameters
    ----------
    level : array, shape (rows, columns)
        Of the sky.
    noise : array, or None
        Standard deviations of pixels, in bins.
    sides : `~persistence.drawing.figures.Sides`
        The chip's.
    unit : `str`
        Of both.
    title : `str`
        The figure's.
    """
    width, height = figures.size_of_chip(sides, 6.0)
    panels = [(level, f"sky ({unit})")]
    if noise is not None:
        panels.append((noise, f"noise of pixels ({unit})"))
    made = figures.figure(len(panels) * (width + 2.0), height + 1.2, title)
    for axes, (values, label) in zip(
        made.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        low, high = figures.span(values, 0.5)
        shown = axes.imshow(
            values, origin="lower", extent=sides, cmap=figures.LEVELS, vmin=low, vmax=high,
            interpolation="nearest", aspect="equal",
        )  # fmt: skip
        figures.chip(axes, sides)
        bar = made.colorbar(shown, ax=axes, label=label, shrink=0.85)
        bar.formatter.set_useOffset(False)
        middle = float(np.nanmedian(values))
        spread = 100 * (high - low) / middle if middle else 0.0
        axes.set_title(f"median {middle:.4g}; range {spread:.1f}% of it", fontsize=9)
    return made


def exposure(
    image: Any,
    flags: Any,
    planes: Mapping[str, int],
    sides: Sides,
    title: str,
    wcs: Any = None,
    sources: tuple[Any, Any] | None = None,
    unit: str = "",
    longest: float = 8.0,
) -> Any:
    """Draw an image in grey, by zscale and an asinh stretch, with its flagged pixels over it.

    Parameters
    ----------
    image : array, shape (rows, columns)
        The pixels.
    flags : array of integers, shape (rows, columns), or None
        The mask.
    planes : mapping [`str`, `int`]
        The bits of the planes that are drawn, by name.
    sides : `~persistence.drawing.figures.Sides`
        Where the image lies (pixels).
    title : `str`
        The figure's.
    wcs : `astropy.wcs.WCS`, optional
        Of the pixels of ``sides``; the axes then show the sky.
    sources : tuple of two arrays, optional
        Columns and rows of sources, which are circled (pixels).
    unit : `str`
        Of the pixels.
    longest : `float`
        How long the longer side of the image is (inches).
    """
    width, height = figures.size_of_chip(sides, longest)
    made = figures.figure(width + 3.4, height + 1.0, title)
    axes = made.add_subplot() if wcs is None else made.add_subplot(projection=wcs)
    drawn = pixels.picture(image, flags, planes, _FINE)
    rows, columns = (size * drawn.step for size in drawn.grey.shape)
    extent = (sides.left, sides.left + columns, sides.bottom, sides.bottom + rows)
    axes.imshow(drawn.rgb(), origin="lower", extent=extent, interpolation="nearest", aspect="equal")
    figures.chip(axes, sides) if wcs is None else _sky_axes(axes, sides)
    axes.set_title(f"grey: {drawn.low:.4g} to {drawn.high:.4g} {unit}".rstrip(), fontsize=9)
    handles = [] if flags is None else _legend(flags, planes)
    if sources is not None:
        x, y = sources
        axes.scatter(
            x, y, s=18, facecolors="none", edgecolors=figures.COLOURS[2], linewidths=0.7,
            label=f"{len(x)} sources",
        )  # fmt: skip
        handles += axes.get_legend_handles_labels()[0]
    if handles:
        made.legend(
            handles=handles, loc="outside right upper", title="part of the pixels", fontsize=9,
            title_fontsize=9, frameon=False,
        )  # fmt: skip
    return made


def _legend(flags: Any, planes: Mapping[str, int]) -> list[Any]:
    """Return what colours mean, with the part of the pixels that has each flag."""
    from matplotlib.patches import Patch

    return [
        Patch(
            color=pixels.PLANES.get(name, pixels.OTHERS)[0],
            alpha=pixels.PLANES.get(name, pixels.OTHERS)[1],
            label=f"{name}  {100 * np.count_nonzero(flags >> planes[name] & 1) / flags.size:.3g}%",
        )
        for names in pixels.drawn(planes).values()
        for name in names
    ]


def _sky_axes(axes: Any, sides: Sides) -> None:
    """Set axes of a WCS up: RA and Dec, with a grid."""
    axes.set_xlim(sides.left, sides.right)
    axes.set_ylim(sides.bottom, sides.top)
    for place, label in enumerate(axes.coords):
        label.set_axislabel("RA" if place == axes.wcs.wcs.lng else "Dec")
        label.set_ticklabel(exclude_overlapping=True, size=8)
    axes.coords.grid(color="white", alpha=0.25, linewidth=0.5)
