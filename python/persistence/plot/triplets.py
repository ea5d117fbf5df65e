"""What changed: a whole difference image, and the places of sources in all three images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.drawing import figures, pixels
from persistence.drawing.figures import Sides

_HALF = 20  # pixels on each side of a source
_FINE = 256  # squares that the longer side of a whole image is shown by
_INCHES = 1.5  # of a stamp's side
_LEVELS = 5.0  # standard deviations that differences are shown by
_SKY, _LIGHT = 2.0, 12.0  # the same, of images of the sky: below it, and above


def draw(images: Mapping[str, Any], x: Any, y: Any, names: Any, rows: Any, title: str) -> Any:
    """Draw a difference with all sources, and beside it cut-outs around some.

    Parameters
    ----------
    images : mapping [`str`, array]
        Of the same pixels, without sky: by what stands above them. The last is the difference.
    x, y : array
        Where all sources are (pixels of the array).
    names : sequence of `str`
        What stands beside cut-outs, of each source.
    rows : sequence of `int`
        Which sources are cut out.
    title : `str`
        The figure's.
    """
    *_, difference = images.values()
    height, width = difference.shape
    across, along = figures.size_of_chip(Sides(0, width, 0, height), 6.0)
    stamps = _INCHES * len(images)
    made = figures.figure(across + stamps + 1.4, max(along, _INCHES * len(rows)) + 0.8, title)
    left, right = made.subfigures(1, 2, width_ratios=[across + 0.9, stamps + 0.4])
    whole = left.subplots()
    step = max(1, round(max(height, width) / _FINE))
    binned = pixels.binned(difference, step)
    reach = (-0.5, binned.shape[1] * step - 0.5, -0.5, binned.shape[0] * step - 0.5)
    _show(whole, binned, binned, True, reach)
    figures.chip(whole, Sides(-0.5, width - 0.5, -0.5, height - 0.5))
    whole.plot(x, y, "o", ms=10, mfc="none", mec=figures.ODD, mew=1.0)
    whole.set_title(f"the difference, and {len(x)} sources in it", fontsize=9)
    axes = right.subplots(len(rows), len(images), squeeze=False)
    for place, name in zip(axes[0], images, strict=True):
        place.set_title(name, fontsize=9)
    for line, row in zip(axes, rows, strict=True):
        line[0].set_ylabel(names[row], fontsize=8)
        for place, image in zip(line, images.values(), strict=True):
            _show(place, _cut(image, x[row], y[row]), image, image is difference)
            place.set_xticks([])
            place.set_yticks([])
    return made


def _show(axes: Any, shown: Any, whole: Any, signed: bool, extent: Any = None) -> None:
    """Show an image, or a part of it, by the noise of the whole."""
    # Pixels without data are 0.
    noise = figures.scatter(whole[np.isfinite(whole) & (whole != 0)])
    low, high = (_LEVELS, _LEVELS) if signed else (_SKY, _LIGHT)
    colours = figures.RESIDUALS if signed else figures.GREY
    axes.imshow(
        shown, origin="lower", cmap=colours, vmin=-low * noise, vmax=high * noise,
        interpolation="nearest", extent=extent,
    )  # fmt: skip


def _cut(image: Any, x: float, y: float) -> Any:
    """Return the square around a position; what lies off the image is NaN."""
    side = 2 * _HALF + 1
    cut = np.full((side, side), np.nan)
    column, row = round(float(x)) - _HALF, round(float(y)) - _HALF
    rows = slice(max(row, 0), min(row + side, image.shape[0]))
    columns = slice(max(column, 0), min(column + side, image.shape[1]))
    cut[rows.start - row : rows.stop - row, columns.start - column : columns.stop - column] = image[
        rows, columns
    ]
    return cut
