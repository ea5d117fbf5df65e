"""Generate the pixels of raw exposures, with the effects that generated calibrations correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from obs_decam.sample import curated, sky
from obs_decam.sample.facts import LAYOUTS, Chip, Layout, chips, readouts, taken_on
from obs_decam.sample.pixels import pattern
from obs_decam.sample.sky import Floats, Seen, Stars

_LEVELS = 1900, 2000  # of the bias, in counts
# electrons that a hot pixel adds, and the sensitivity of a cold one
_HOT, _COLD = 60000.0, 0.02
_BLOTCH = 4  # columns: the widest of a chip's defects is cold


@dataclass(frozen=True, eq=False)
class Truth:
    """The true properties of a chip, which processing should recover.

    Attributes
    ----------
    seen : `~obs_decam.sample.sky.Seen`
        Zero point, PSF, offset of the WCS and sky level of the visit.
    stars : `~obs_decam.sample.sky.Stars`
        The stars whose centres are on the chip.
    x, y : array
        Their positions: pixels of the trimmed image, counted from 0.
    counts : array
        Their counts (electrons, for a flat of 1).
    """

    seen: Seen
    stars: Stars
    x: Floats
    y: Floats
    counts: Floats


def truth(visit: int, band: str, number: int, size: str = "small") -> Truth:
    """Return the true properties of a chip in a visit.

    Parameters
    ----------
    visit, band, size
        See `~obs_decam.sample.generate.exposure`.
    number : `int`
        The chip's CCDNUM.
    """
    layout = LAYOUTS[size]
    [chip] = [one for one in chips() if one.number == number]
    stars, x, y = sky.falling(visit, chip.name, chip.place, layout)
    inside = (x >= -0.5) & (x < 2 * layout.columns - 0.5) & (y >= -0.5) & (y < layout.rows - 0.5)
    seen = sky.seen(visit, band)
    return Truth(seen, stars[inside], x[inside], y[inside], _counts(stars[inside], band, seen))


def _counts(stars: Stars, band: str, seen: Seen) -> Floats:
    return np.asarray(10 ** (0.4 * (seen.zero_point - stars.magnitudes[band])))


def raw_pixels(visit: int, band: str, chip: Chip, layout: Layout) -> NDArray[np.uint16]:
    """Return a chip's raw image: bias, light, defects, noise."""
    rng = np.random.default_rng([visit, chip.number])
    response = pattern("flat", band, chip.number, chip.place, layout)
    electrons = rng.poisson(response * _light(visit, band, chip, layout)).astype(float)
    spoil(electrons, chip, visit, layout)
    return read_out(electrons, chip, layout, rng)


def read_out(
    electrons: Floats, chip: Chip, layout: Layout, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Return the raw image of a chip's amplifiers for electrons (trimmed).

    Each adds a level of its own, the chip's bias pattern and its read noise, and saturates.
    """
    first_column, first_row = sky.origin(chip.name, layout)
    raw = np.empty(layout.shape)
    for half, readout in enumerate(readouts(chip.name, chip.number)):
        across = slice(half * layout.shape[1] // 2, (half + 1) * layout.shape[1] // 2)
        noise = rng.normal(
            0.0, readout.read_noise / readout.gain, (layout.shape[0], layout.shape[1] // 2)
        )
        raw[:, across] = rng.uniform(*_LEVELS) + noise
        own = slice(half * layout.columns, (half + 1) * layout.columns)
        data = np.s_[
            first_row : first_row + layout.rows, first_column + own.start : first_column + own.stop
        ]
        raw[data] += electrons[:, own] / readout.gain
        raw[data] += pattern("bias", "NONE", chip.number, chip.place, layout)[:, own]
        raw[:, across] = np.minimum(raw[:, across], readout.saturation)
    return np.clip(np.rint(raw), 0, 65535).astype(np.uint16)


def _light(visit: int, band: str, chip: Chip, layout: Layout) -> Floats:
    """Return the electrons of sky and stars for a flat of 1."""
    seen = sky.seen(visit, band)
    stars, x, y = sky.falling(visit, chip.name, chip.place, layout)
    rows, columns = np.arange(layout.rows), np.arange(2 * layout.columns)
    # A round Gaussian is a product of one along each axis; sampled so finely, its sum over the
    # pixels is 1.
    along, across = (
        np.exp(-((pixels - middle[:, np.newaxis]) ** 2) / (2 * seen.psf_sigma**2))
        for pixels, middle in ((rows, y), (columns, x))
    )
    peaks = _counts(stars, band, seen) / (2 * np.pi * seen.psf_sigma**2)
    slope = 0.05 * (columns / columns.size - 0.5) + 0.03 * (rows[:, np.newaxis] / rows.size - 0.5)
    return np.asarray(seen.sky * (1 + slope) + (along * peaks[:, np.newaxis]).T @ across)


def spoil(
    electrons: Floats, chip: Chip, visit: int, layout: Layout, seconds: float = sky.EXPOSURE_TIME
) -> None:
    """Change the pixels of a science chip that the curated defects list.

    Hot ones collect electrons during the exposure, cold ones have hardly any light.
    """
    if chip.name[0] not in "NS":
        return
    hot = _HOT * seconds / sky.EXPOSURE_TIME
    begun = [epoch for epoch in curated.epochs(chip) if np.datetime64(epoch) <= taken_on(visit)]
    for x0, y0, width, height in curated.boxes_of(chip, begun[-1], layout):
        part = np.s_[y0 : y0 + height, x0 : x0 + width]
        electrons[part] = electrons[part] * _COLD if width == _BLOTCH else electrons[part] + hot
