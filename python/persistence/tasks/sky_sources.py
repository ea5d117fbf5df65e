"""Positions without sources, which are measured like sources to determine the noise."""

from __future__ import annotations

import numpy as np
from lsst.pex.config import Config, ListField, RangeField

from persistence.tasks import stamps
from persistence.tasks.stamps import Floats
from persistence.types.pixels.mask import Mask

_TRIES = 5  # places tried for each that is wanted


class SkySourcesConfig(Config):
    """How many places there are, and where. Names and defaults are those of meas_algorithms."""

    nSources = RangeField(doc="How many sky sources there are.", dtype=int, default=100, min=0)
    avoidMask = ListField[str](
        doc="Planes that sky sources avoid.",
        dtype=str,
        default=["DETECTED", "DETECTED_NEGATIVE", "BAD", "NO_DATA", "SAT", "EDGE"],
    )
    sourceRadius = RangeField(
        doc="How far they keep off such pixels (pixels).", dtype=float, default=8.0, min=0.0
    )


def choose(mask: Mask, config: SkySourcesConfig, seed: int) -> tuple[Floats, Floats]:
    """Return random positions, the same for the same seed.

    Parameters
    ----------
    mask : `~persistence.types.pixels.mask.Mask`
        The mask.
    config : `SkySourcesConfig`
        The settings.
    seed : `int`
        The exposure's number.

    Returns
    -------
    x, y : array
        Pixels of the array; fewer than requested if there is no space.
    """
    height, width = mask.array.shape
    wanted, margin = config.nSources, int(np.ceil(config.sourceRadius))
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(0, size, wanted * _TRIES) for size in (width, height))
    columns, rows = stamps.pixel_numbers(x, y, margin)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    bits = sum(1 << mask.planes[name] for name in config.avoidMask if name in mask.planes)
    flagged = mask.array[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)] & bits
    chosen = np.flatnonzero((inside & (flagged == 0)).all(axis=(1, 2)))[:wanted]
    return x[chosen].astype(float), y[chosen].astype(float)
