"""Pixels of pictures: images in bins, a stretch that shows faint things, flags over them, and PNG.

Needs no matplotlib: a notebook shows an exposure by this.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence import notebook
from persistence.drawing.figures import COLOURS
from persistence.notebook import Html

# Grey levels of a picture: with a colour for each of `PLANES`, for the others, and for none, they
# are the 256 colours of a palette.
LEVELS = 32
# What planes of a mask are drawn in, and how much of it covers the image; those that are to be seen
# best come last.
PLANES: Mapping[str, tuple[str, float]] = {
    "DETECTED": (COLOURS[0], 0.4),
    "EDGE": (COLOURS[6], 0.4),
    "INTRP": (COLOURS[4], 0.8),
    "BAD": (COLOURS[1], 0.9),
    "SAT": (COLOURS[5], 0.9),
    "CR": (COLOURS[3], 0.9),
}
OTHERS = (COLOURS[2], 0.8)
# The asinh stretch: what is this much brighter than the upper limit of zscale is white, and below
# this part of the way to that limit it is linear.
_BRIGHT, _SOFT = 20.0, 0.5
# So many pixels are along the longer side of a picture in a notebook, and it is so wide at least.
LONGEST, _NARROWEST = 512, 200
_SAMPLE = 10_000  # pixels that zscale looks at


class Picture(NamedTuple):
    """A picture of an image.

    Attributes
    ----------
    grey : array of uint8, shape (rows, columns)
        The image: 0 to ``LEVELS - 1``.
    plane : array of uint8, shape (rows, columns)
        Which plane is seen: 0 is none, 1 one of the others, then those of `PLANES`, in their order.
    step : `int`
        So many pixels of the image, along each axis, are one of the picture.
    low, high : `float`
        What zscale chose: black is at the lower limit.
    """

    grey: NDArray[np.uint8]
    plane: NDArray[np.uint8]
    step: int
    low: float
    high: float

    def rgb(self) -> NDArray[np.uint8]:
        """Return the colours of the pixels, shape (rows, columns, 3)."""
        return _palette()[self._indices()]

    def png(self) -> bytes:
        """Return it as a PNG file; the first row is at the bottom, as astronomers have it."""
        return png(self._indices()[::-1], _palette())

    def _indices(self) -> NDArray[np.uint8]:
        return (self.plane * np.uint8(LEVELS) + self.grey).astype(np.uint8)


def picture(
    image: NDArray[Any], flags: NDArray[Any] | None, planes: Mapping[str, int], longest: int
) -> Picture:
    """Return a picture of an image, with the flags of its pixels over it.

    Parameters
    ----------
    image : array, shape (rows, columns)
        The pixels.
    flags : array of integers, shape (rows, columns), or None
        The mask.
    planes : mapping [`str`, `int`]
        The bits of the flags that are shown, by the names of their planes. A pixel of the picture
        shows a flag if one of the pixels that it stands for has it.
    longest : `int`
        So many pixels are along the longer side at most.
    """
    step = max(1, -(-max(image.shape) // longest))
    small = binned(image, step)
    low, high = limits(small)
    grey = np.nan_to_num(LEVELS * stretched(small, low, high), nan=0.0)
    seen = np.zeros(small.shape, dtype=np.uint8)
    if flags is not None:
        together = joined(flags, step)
        for number, names in enumerate(drawn(planes).values(), start=1):
            bits = np.array(sum(1 << planes[name] for name in names), dtype=np.uint32)
            seen[(together & bits.view(np.int32)) != 0] = number
    return Picture(np.clip(grey, 0, LEVELS - 1).astype(np.uint8), seen, step, low, high)


def html(shown: Picture, description: str) -> Html:
    """Return a picture in a page."""
    data = shown.png()
    return notebook.image(data, description, max(shown.grey.shape[1], _NARROWEST))


def drawn(names: Sequence[str] | Mapping[str, Any]) -> dict[str, list[str]]:
    """Return which of some planes of a mask are drawn alike: the others first, then `PLANES`."""
    others = [name for name in names if name not in PLANES]
    return {"": others, **{name: [name] if name in names else [] for name in PLANES}}


def colour(name: str) -> str:
    """Return the colour of a plane of a mask."""
    return PLANES.get(name, OTHERS)[0]


def binned(image: NDArray[Any], step: int) -> NDArray[np.float32]:
    """Return the means of the finite pixels of blocks; NaN where a block has none.

    Parameters
    ----------
    image : array, shape (rows, columns)
        The pixels.
    step : `int`
        The side of a block; those at the far edges may be smaller.
    """
    if step == 1:
        return np.asarray(image, dtype=np.float32)
    with np.errstate(all="ignore"):
        means = _sums(image, step) / _sums(np.ones(image.shape[:1]), step)[:, np.newaxis]
        means /= _sums(np.ones(image.shape[1:]), step)
        if not np.isfinite(means).all():
            good = np.isfinite(image)
            means = _sums(np.where(good, image, 0), step) / _sums(good, step)
    return np.asarray(means, dtype=np.float32)


def joined(flags: NDArray[Any], step: int) -> NDArray[np.int32]:
    """Return the flags that some pixel of each block has; see `binned`."""
    for axis in range(flags.ndim if step > 1 else 0):
        flags = np.bitwise_or.reduceat(flags, np.arange(0, flags.shape[axis], step), axis=axis)
    return flags


def _sums(values: NDArray[Any], step: int) -> NDArray[np.float32]:
    for axis in range(values.ndim):
        starts = np.arange(0, values.shape[axis], step)
        values = np.add.reduceat(values, starts, axis=axis, dtype=np.float32)
    return values


def limits(image: NDArray[Any], contrast: float = 0.25) -> tuple[float, float]:
    """Return IRAF's zscale limits of the finite pixels; never alike."""
    from astropy.visualization import ZScaleInterval  # lazy: takes its time

    good = image[np.isfinite(image)]
    if not good.size:
        return 0.0, 1.0
    low, high = ZScaleInterval(_SAMPLE, contrast).get_limits(good)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def stretched(image: NDArray[Any], low: float, high: float) -> NDArray[np.floating[Any]]:
    """Return levels from 0 to 1 of an asinh stretch, which is linear below the upper limit."""
    with np.errstate(all="ignore"):
        above = np.clip((image - low) / (high - low), 0.0, _BRIGHT)
        levels = np.arcsinh(above / _SOFT) / np.arcsinh(_BRIGHT / _SOFT)
    return np.asarray(levels)


def _palette() -> NDArray[np.uint8]:
    """Return the colours of a picture: a row of greys for each plane, shape (256, 3)."""
    greys = np.repeat(np.linspace(0.0, 255.0, LEVELS)[:, np.newaxis], 3, axis=1)
    rows = [greys]
    for name, share in (OTHERS, *PLANES.values()):
        rgb = np.array([int(name[place : place + 2], 16) for place in (1, 3, 5)])
        rows.append((1 - share) * greys + share * rgb)
    return np.concatenate(rows).round().astype(np.uint8)


def png(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Return a PNG file with a palette (PNG 1.2, 4.1); the first row is at the top.

    Parameters
    ----------
    indices : array of uint8, shape (rows, columns)
        The colour of each pixel, by its number.
    palette : array of uint8, shape (colours, 3)
        Red, green and blue of each colour; 256 at most.
    """
    rows, columns = indices.shape
    lines = np.zeros((rows, columns + 1), dtype=np.uint8)  # each begins with its filter: none
    lines[:, 1:] = indices
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0),
        b"PLTE": palette.tobytes(),
        b"IDAT": zlib.compress(lines.tobytes(), 6),
        b"IEND": b"",
    }
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
