"""Effects of the detector on light in the realistic mode, which calibrations have to correct."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from obs_decam.sample import curated, sky
from obs_decam.sample.facts import Chip, Layout, is_south, readouts
from obs_decam.sample.pixels import pattern
from obs_decam.sample.realistic.seeing import Floats

_LEVELS = 1500.0, 2000.0  # counts, of the two amplifiers' bias
_DRIFT = 0.05  # counts by which the bias changes from row to row
_PIXELS = 0.006  # by which the efficiency of single pixels scatters
_FRINGES = {"z": 0.01, "Y": 0.04}  # of the sky's level
_DEFECT = 0.2  # of the light that is left in a bad pixel
_DEFECT_NOISE = 120.0  # electrons
_RAYS = 2.7, 4.0  # logarithm of the electrons that a cosmic ray leaves in a step of a pixel


class Ccd(NamedTuple):
    """A chip of a size, with its faults.

    Attributes
    ----------
    chip : `~obs_decam.sample.facts.Chip`
        The chip.
    layout : `~obs_decam.sample.facts.Layout`
        Its pixels.
    dead : `str`
        ``left`` or ``right`` for an amplifier that yields only noise; empty otherwise.
    """

    chip: Chip
    layout: Layout
    dead: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the trimmed image."""
        return self.layout.rows, 2 * self.layout.columns

    def own(self, what: str) -> np.random.Generator:
        """Return random numbers that are the same for the chip each time."""
        return np.random.default_rng(zlib.crc32(f"realistic {what} {self.chip.number}".encode()))

    def crosstalk(self) -> tuple[float, float]:
        """Return which part of the other's counts the left amplifier gets, and the right one."""
        there, back = curated.crosstalk_of(self.chip, curated.EPOCHS[0])
        return (there, back) if is_south(self.chip.name) else (back, there)

    def flat(self, band: str) -> Floats:
        """Return the efficiency of each pixel, about 1."""
        smooth = pattern("flat", band, self.chip.number, self.chip.place, self.layout)
        return smooth * (1 + _PIXELS * self.own(f"flat {band}").normal(size=self.shape))

    def bias(self) -> Floats:
        """Return the counts of each pixel above the level of its row."""
        smooth = pattern("bias", "NONE", self.chip.number, self.chip.place, self.layout)
        columns = np.arange(self.shape[1])
        glow = 4.0 * np.exp(-np.maximum(columns - self.layout.columns, 0) / 60.0)
        glow[: self.layout.columns] = 0.0
        rng = self.own("bias")
        return (
            smooth + glow + 0.6 * rng.normal(size=self.shape[1]) + 0.3 * rng.normal(size=self.shape)
        )

    def fringes(self, band: str) -> Floats:
        """Return the part of the sky's level that interferes with itself in the thick chip."""
        if band not in _FRINGES:
            return np.zeros((1, 1))
        waves = pattern("fringe", band, self.chip.number, self.chip.place, self.layout)
        return np.asarray(waves * (_FRINGES[band] / np.abs(waves).max()))

    def defects(self) -> NDArray[np.bool_]:
        """Return which pixels are bad: those of the curated defects of the first epoch."""
        bad = np.zeros(self.shape, bool)
        for x0, y0, width, height in curated.boxes_of(self.chip, curated.EPOCHS[0], self.layout):
            bad[y0 : y0 + height, x0 : x0 + width] = True
        return bad


class Collected(NamedTuple):
    """The charge that a chip collects: electrons, and which of them came by cosmic rays."""

    electrons: Floats
    rays: Floats


def expose(light: Floats, ccd: Ccd, band: str, rng: np.random.Generator, rays: int) -> Collected:
    """Return the electrons that a chip collects.

    Parameters
    ----------
    light : array
        What would be collected if all pixels were alike (electrons).
    rays : `int`
        How many cosmic rays come.
    """
    electrons = rng.poisson(np.maximum(light * ccd.flat(band), 0)).astype(float)
    struck = _tracks(ccd.shape, rng, rays)
    electrons += struck
    for half, readout in enumerate(readouts(ccd.chip.name, ccd.chip.number)):
        columns = slice(half * ccd.layout.columns, (half + 1) * ccd.layout.columns)
        _bleed(electrons[:, columns], readout.saturation * readout.gain)
    bad = ccd.defects()
    spoilt = _DEFECT * electrons[bad] + _DEFECT_NOISE * rng.normal(size=int(bad.sum()))
    electrons[bad] = np.maximum(spoilt, 0)
    return Collected(electrons, struck)


def _tracks(shape: tuple[int, int], rng: np.random.Generator, rays: int) -> Floats:
    """Return the electrons of cosmic rays: tracks that are sharper than any star."""
    rows, columns = shape
    electrons = np.zeros(shape)
    for _ in range(rays):
        length, angle = rng.exponential(8.0) + 1.0, rng.uniform(0, np.pi)
        x, y = rng.uniform(0, columns), rng.uniform(0, rows)
        charge = 10 ** rng.uniform(*_RAYS)
        for step in np.arange(0.0, length, 0.5):
            column, row = int(x + step * np.cos(angle)), int(y + step * np.sin(angle))
            if 0 <= column < columns and 0 <= row < rows:
                electrons[row, column] += 0.5 * charge * rng.uniform(0.5, 1.5)
    return electrons


def _bleed(electrons: Floats, full: float) -> None:
    """Move electrons above full well along their column, equally in both directions."""
    rows = electrons.shape[0]
    for column in np.flatnonzero((electrons > full).any(axis=0)):
        line = electrons[:, column]
        excess = np.maximum(line - full, 0.0)
        np.minimum(line, full, out=line)
        for row in np.flatnonzero(excess):
            for step in (-1, 1):
                left, place = excess[row] / 2, row + step
                while left > 0 and 0 <= place < rows:
                    taken = min(left, full - line[place])
                    line[place] += taken
                    left -= taken
                    place += step


def read_out(electrons: Floats, ccd: Ccd, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return the raw image: counts with bias, overscan, crosstalk and noise."""
    layout = ccd.layout
    first_column, first_row = sky.origin(ccd.chip.name, layout)
    each = readouts(ccd.chip.name, ccd.chip.number)
    halves = [electrons[:, : layout.columns], electrons[:, layout.columns :]]
    counts = [light / readout.gain for light, readout in zip(halves, each, strict=True)]
    drift = np.cumsum(rng.normal(0, _DRIFT, layout.shape[0]))[:, np.newaxis]
    bias = ccd.bias()
    raw = np.empty(layout.shape)
    for half, (readout, part) in enumerate(zip(each, ccd.crosstalk(), strict=True)):
        width = layout.shape[1] // 2
        across = slice(half * width, (half + 1) * width)
        noise = rng.normal(0, readout.read_noise / readout.gain, (layout.shape[0], width))
        raw[:, across] = rng.uniform(*_LEVELS) + drift + noise
        # Both amplifiers read towards the middle of the chip at once.
        light = counts[half] + part * counts[1 - half][:, ::-1]
        if ccd.dead == ("left", "right")[half]:
            light = 0.02 * light
            raw[:, across] += 40 * rng.normal(size=(layout.shape[0], width))
        own = slice(half * layout.columns, (half + 1) * layout.columns)
        columns = slice(first_column + own.start, first_column + own.stop)
        raw[first_row : first_row + layout.rows, columns] += light + bias[:, own]
        raw[:, across] = np.minimum(raw[:, across], readout.saturation)
    return np.clip(np.rint(raw), 0, 65535).astype(np.uint16)
