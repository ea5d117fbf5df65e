"""Match sources with true stars: which are reliable, and which errors the noise implies."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from obs_decam.sample.evaluate.fields import CHIP, Truth
from obs_decam.sample.evaluate.process import Chip
from obs_decam.sample.facts import chips, readouts
from obs_decam.sample.realistic.seeing import Seeing

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MARGIN = 20  # pixels at the edges that do not count
_NEAR = 1.5  # the largest distance of a source from its star (pixels)
# What a careful user does not use.
FLAGS = (
    "base_PixelFlags_flag_saturated",
    "base_PixelFlags_flag_bad",
    "base_PixelFlags_flag_edge",
    "base_PixelFlags_flag_interpolatedCenter",
    "base_PixelFlags_flag_crCenter",
    "base_SdssCentroid_flag",
    "base_PsfFlux_flag",
)
_LONELY, _PART = 20.0, 0.01  # pixels within which others bring no more than this part
_FAR, _TIMES = 60.0, 10.0  # pixels within which none is brighter by so much
RANGE = 15.5, 19.0  # magnitudes that goals are set for
_STEP = 0.5  # mag
_STEP_ASIDE = 0.01  # pixels: how far a star is moved to find how its pixels change


def column(sources: Any, name: str) -> Floats:
    """Return a column of numbers; NaN where it is masked."""
    values = sources[name]
    return np.asarray(getattr(values, "value", values), float)


def positions(sources: Any) -> Floats:
    """Return the sources' pixels, shape (sources, 2)."""
    return np.stack([column(sources, f"slot_Centroid_{axis}") for axis in "xy"], axis=1)


def is_clean(sources: Any) -> Bools:
    """Return which sources a careful user would use: no flag, no family of others."""
    clean = np.ones(len(sources), bool)
    for name in set(FLAGS) & set(sources.colnames):
        clean &= ~np.asarray(sources[name], bool)
    return clean & is_single(sources)


def is_single(sources: Any) -> Bools:
    """Return the sources that are neither parents nor children, nor sky sources."""
    single = np.ones(len(sources), bool)
    if "deblend_nChild" in sources.colnames:
        single &= np.asarray(sources["deblend_nChild"]) == 0
    if "sky_source" in sources.colnames:
        single &= ~np.asarray(sources["sky_source"], bool)
    return single


@functools.cache
def read_noise() -> float:
    """Return the noise of reading a pixel of the chip (electrons)."""
    (chip,) = (chip for chip in chips() if chip.number == CHIP)
    return float(np.mean([one.read_noise for one in readouts(chip.name, chip.number)]))


def noise(truth: Truth, counts: Any) -> Floats:
    """Return the standard deviation of the best possible flux of stars (electrons).

    It is that of a fit of the true PSF, weighted by the noise of sky, readout and star.
    """
    steps = np.arange(-24, 25)
    middle = truth.layout.columns, truth.layout.rows / 2
    shape = truth.seeing.shape(*middle, truth.layout)
    psf = truth.seeing.values(steps, steps[:, np.newaxis], shape).ravel()
    grid = np.logspace(0, 8, 60)
    variance = truth.sky + read_noise() ** 2 + grid[:, np.newaxis] * psf
    errors = 1 / np.sqrt((psf**2 / variance).sum(axis=1))
    counts = np.clip(np.asarray(counts, float), grid[0], grid[-1])
    return np.asarray(np.exp(np.interp(np.log(counts), np.log(grid), np.log(errors))))


def position_noise(truth: Truth, counts: Any) -> Floats:
    """Return the standard deviation of the best possible positions of stars, an axis (pixels).

    It is that of a fit of the true PSF, as for `noise`, in the root mean square of both axes.
    """
    steps = np.arange(-24, 25)
    middle = truth.layout.columns, truth.layout.rows / 2
    shape = truth.seeing.shape(*middle, truth.layout)

    def drawn(right: float, up: float) -> Floats:
        return truth.seeing.values(steps - right, (steps - up)[:, np.newaxis], shape).ravel()

    counts = np.asarray(counts, float)[:, np.newaxis]
    variance = truth.sky + read_noise() ** 2 + counts * drawn(0.0, 0.0)
    squares = []
    for right, up in ((_STEP_ASIDE, 0.0), (0.0, _STEP_ASIDE)):
        slope = (drawn(right, up) - drawn(-right, -up)) / (2 * _STEP_ASIDE)
        squares.append(1 / ((counts * slope) ** 2 / variance).sum(axis=1))
    return np.asarray(np.sqrt(np.mean(squares, axis=0)))


def is_inside(truth: Truth, table: Any, margin: float = MARGIN) -> Bools:
    """Return the true objects that are on the image."""
    columns, rows = 2 * truth.layout.columns, truth.layout.rows
    x, y = np.asarray(table["x"]), np.asarray(table["y"])
    return np.asarray(
        (x > margin) & (x < columns - 1 - margin) & (y > margin) & (y < rows - 1 - margin)
    )


def every(truth: Truth) -> tuple[Floats, Floats, Floats]:
    """Return positions, shape (objects, 2), counts and radii (pixels) of all true objects."""
    tables = (truth.stars, truth.galaxies, truth.transients)
    places = np.concatenate([np.stack([table["x"], table["y"]], axis=1) for table in tables])
    counts = np.concatenate([np.asarray(table["counts"], float) for table in tables])
    radii = [
        np.asarray(table["radius"], float) if "radius" in table.colnames else np.zeros(len(table))
        for table in tables
    ]
    return places, counts, np.concatenate(radii)


def is_alone(truth: Truth) -> Bools:
    """Return the true stars without neighbours that would affect their measurement."""
    from scipy.spatial import cKDTree

    places, counts, _ = every(truth)
    tree = cKDTree(places)
    number = len(truth.stars)
    alone = np.ones(number, bool)
    for row, (near, far) in enumerate(
        zip(
            tree.query_ball_point(places[:number], _LONELY),
            tree.query_ball_point(places[:number], _FAR),
            strict=True,
        )
    ):
        own = counts[row]
        alone[row] = counts[near].sum() - own <= _PART * own and counts[far].max() <= _TIMES * own
    return alone


def nearest(places: Floats, others: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the distance to the nearest of some others (pixels), and which it is."""
    from scipy.spatial import cKDTree

    if not len(others):
        return np.full(len(places), np.inf), np.zeros(len(places), np.intp)
    apart, which = cKDTree(others).query(places)
    return np.asarray(apart), np.asarray(which)


class Stars(NamedTuple):
    """True stars that are alone, with their clean sources.

    Attributes
    ----------
    true, sources : array of `int`
        Rows of the truth's stars and of ``src``.
    x, y : array
        True pixels.
    magnitude : array
        True ones.
    off, error : array
        What ``slot_PsfFlux`` is too faint by, and its error (mag), by the exposure's calibration.
    """

    true: NDArray[np.intp]
    sources: NDArray[np.intp]
    x: Floats
    y: Floats
    magnitude: Floats
    off: Floats
    error: Floats

    def chosen(self, rows: Any) -> Stars:
        """Return some of them."""
        true, sources, x, y, *numbers = (np.asarray(values)[rows] for values in self)
        magnitude, off, error = numbers
        return Stars(true, sources, x, y, magnitude, off, error)

    @property
    def bright(self) -> Stars:
        """Those of the magnitudes that goals are set for."""
        is_bright = (self.magnitude >= RANGE[0]) & (self.magnitude < RANGE[1])
        return self.chosen(is_bright)


def matched(chip: Chip, alone: bool = True) -> Stars:
    """Return the stars of a chip that have a clean source."""
    truth, sources = chip.truth, chip.sources
    wanted = is_inside(truth, truth.stars) & (np.asarray(truth.stars["counts"]) > 0)
    wanted &= is_alone(truth) if alone else True
    true = np.flatnonzero(wanted)
    clean = np.flatnonzero(is_clean(sources))
    places = np.stack([truth.stars["x"], truth.stars["y"]], axis=1)[true]
    apart, which = nearest(places, positions(sources)[clean])
    true, rows, places = true[apart < _NEAR], clean[which[apart < _NEAR]], places[apart < _NEAR]
    counts = np.asarray(truth.stars["counts"], float)[true]
    magnitude = truth.zero_point - 2.5 * np.log10(counts)
    measured, error = magnitudes(chip.exposure, sources, "slot_PsfFlux", rows)
    x, y = places.T
    return Stars(true, rows, x, y, magnitude, measured - magnitude, error)


def magnitudes(exposure: Any, sources: Any, flux: str, rows: Any) -> tuple[Floats, Floats]:
    """Return magnitudes and errors of sources, as a user computes them."""
    where = positions(sources)[rows]
    counts, error = (
        column(sources, f"{flux}_{name}")[rows] for name in ("instFlux", "instFluxErr")
    )
    # The error of the zero point is common to all, and not part of the scatter.
    calib = exposure.photo_calib
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.asarray(calib.to_magnitude(counts, x=where[:, 0], y=where[:, 1]), float),
            np.asarray(2.5 / np.log(10) * error / counts, float),
        )


def bins() -> list[tuple[float, float]]:
    """Return the bins of magnitude that goals are set for."""
    edges = np.arange(RANGE[0], RANGE[1] + _STEP / 2, _STEP)
    return [(float(low), float(low + _STEP)) for low in edges[:-1]]


def true_psf(seeing: Seeing, truth: Truth, x: float, y: float, half: int) -> Floats:
    """Return the true PSF at a position, in the middle of a pixel."""
    steps = np.arange(-half, half + 1)
    return seeing.values(steps, steps[:, np.newaxis], seeing.shape(x, y, truth.layout))
