"""The sky of an exposure, and its image under the planes of its mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.plot import figures
from persistence.plot.figures import Sides

# So many pixels of a picture along the longer side of a chip.
_FINE = 700
# What planes are drawn in, those that are to be seen best come last.
_PLANES: Mapping[str, tuple[str, float]] = {
    "DETECTED": (figures.COLOURS[0], 0.4),
    "EDGE": (figures.COLOURS[6], 0.4),
    "INTRP": (figures.COLOURS[4], 0.8),
    "BAD": (figures.COLOURS[1], 0.9),
    "SAT": (figures.COLOURS[5], 0.9),
    "CR": (figures.COLOURS[3], 0.9),
}
_OTHERS = (figures.COLOURS[2], 0.8)


def sky(level: Any, noise: Any, sides: Sides, unit: str, title: str) -> Any:
    """Draw the level of the sky, and its noise, over the chip.

    Parameters
    ----------
    level : array, shape (rows, columns)
        Of the sky.
    noise : array, or None
        Standard deviations of pixels, in bins.
    sides : `~persistence.plot.figures.Sides`
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


def mask(image: Any, flags: Mapping[str, Any], sides: Sides, title: str) -> Any:
    """Draw an image in grey, by IRAF's zscale, and the flagged pixels over it.

    Parameters
    ----------
    image : array, shape (rows, columns)
        The pixels.
    flags : mapping [`str`, array of `bool`]
        The planes; a pixel of the picture is flagged if one of those that it stands for is.
    sides : `~persistence.plot.figures.Sides`
        The chip's.
    title : `str`
        The figure's.
    """
    from astropy.visualization import ZScaleInterval
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    width, height = figures.size_of_chip(sides, 8.0)
    made = figures.figure(width + 3.4, height + 1.0, title)
    axes = made.subplots()
    step = max(1, -(-max(image.shape) // _FINE))
    low, high = ZScaleInterval().get_limits(image[:: max(1, step // 2), :: max(1, step // 2)])
    small = _binned(np.where(np.isfinite(image), image, low), step, np.mean)
    grey = np.clip((small - low) / ((high - low) or 1), 0, 1)
    picture = np.repeat(grey[..., np.newaxis], 3, axis=2)
    handles = []
    order = [*sorted(set(flags) - set(_PLANES)), *(name for name in _PLANES if name in flags)]
    for name in order:
        flagged = flags[name]
        fraction = 100 * np.count_nonzero(flagged) / flagged.size
        colour, share = _PLANES.get(name, _OTHERS)
        where = _binned(flagged, step, np.any)
        picture[where] = (1 - share) * picture[where] + share * np.array(to_rgb(colour))
        handles.append(Patch(color=colour, alpha=share, label=f"{name}  {fraction:.3g}%"))
    rows, columns = (size * step for size in grey.shape)
    extent = (sides.left, sides.left + columns, sides.bottom, sides.bottom + rows)
    axes.imshow(picture, origin="lower", extent=extent, interpolation="nearest", aspect="equal")
    figures.chip(axes, sides)
    axes.set_title(f"grey: {low:.4g} to {high:.4g}", fontsize=9)
    if handles:
        axes.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1), title="part of the pixels",
            fontsize=9, title_fontsize=9, frameon=False,
        )  # fmt: skip
    return made


def _binned(values: Any, step: int, how: Any) -> Any:
    """Return what blocks of pixels have together; those at the far edges may be smaller."""
    if step == 1:
        return values
    rows, columns = (-(-size // step) * step for size in values.shape)
    padding = ((0, rows - values.shape[0]), (0, columns - values.shape[1]))
    whole = np.pad(values, padding, mode="edge")
    return how(whole.reshape(rows // step, step, columns // step, step), axis=(1, 3))
