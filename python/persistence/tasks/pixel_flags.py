"""Flags of sources from the flags of their pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from persistence.tasks import sky, stamps
from persistence.tasks.stamps import Bools, Floats

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

_CENTRE = 1  # pixels from the middle that count as its centre
# Planes whose flags sources take over, and what the flags are called. Source: the PixelFlags of
# meas_base; badCenter is ours.
PLANES: Mapping[str, str] = {
    "BAD": "bad",
    "CR": "cr",
    "INTRP": "interpolated",
    "SAT": "saturated",
    "SUSPECT": "suspect",
}
# Planes of pixels that are not a part of the usable image.
_OUTSIDE = ("EDGE", "NO_DATA")
# The description of each flag.
FLAGS: Mapping[str, str] = {
    **{
        f"{word}{suffix}": f"a {plane} pixel is {place}"
        for plane, word in PLANES.items()
        for suffix, place in {"": "near the source", "Center": "in its centre"}.items()
    },
    "edge": "the source reaches the image's edge, or pixels that are EDGE or NO_DATA",
    "offimage": "the middle of the source is off the image",
}


def flags(exposure: Exposure, x: Floats, y: Floats, radius: int) -> dict[str, Bools]:
    """Return the flags of the pixels in squares around positions.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        An exposure with a mask.
    x, y : array, shape (sources,)
        Positions (pixels of the array).
    radius : `int`
        Half the side of the squares (pixels).

    Returns
    -------
    flags : `dict` [`str`, array of `bool`]
        By the names of `FLAGS`; all False for planes that the mask lacks.
    """
    mask, _variance = sky.planes(exposure)
    height, width = exposure.image.shape
    columns, rows = stamps.pixel_numbers(x, y, radius)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    index = np.where(inside, rows * width + columns, 0)
    bits = np.where(inside, mask.array.reshape(-1)[index], 0)
    near = np.bitwise_or.reduce(bits, axis=(1, 2))
    middle = slice(radius - _CENTRE, radius + _CENTRE + 1)
    centre = np.bitwise_or.reduce(bits[:, middle, middle], axis=(1, 2))
    named: dict[str, Bools] = {}
    for plane, word in PLANES.items():
        named[word] = _has(near, mask.planes, plane)
        named[f"{word}Center"] = _has(centre, mask.planes, plane)
    outside = [_has(near, mask.planes, plane) for plane in _OUTSIDE]
    named["edge"] = np.any([~inside.all(axis=(1, 2)), *outside], axis=0)
    named["offimage"] = ~inside[:, radius, radius]
    return named


def cut_off(exposure: Exposure, x: Floats, y: Floats, radius: int) -> Bools:
    """Return where squares around positions reach beyond the image."""
    height, width = exposure.image.shape
    column, row = (np.floor(at + 0.5) for at in (x, y))
    inside = (column >= radius) & (column < width - radius) & (row >= radius)
    return np.asarray(~(inside & (row < height - radius)))


def _has(bits: Bools, planes: Mapping[str, int], plane: str) -> Bools:
    return np.asarray(bits & (1 << planes[plane] if plane in planes else 0), bool)
