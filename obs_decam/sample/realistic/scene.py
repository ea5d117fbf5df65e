"""What is in the realistic sky: stars that move and vary, galaxies, transients.

All follows from a seed. Positions are ICRS, in degrees, those of stars at `EPOCH`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from astropy.table import Table
from astropy.wcs import WCS

from obs_decam.sample import sky
from obs_decam.sample.facts import SCALE, Layout
from obs_decam.sample.realistic.seeing import Floats

EPOCH = 57205.875  # MJD (TAI) of the positions: Gaia's J2015.5
_YEAR = 365.25  # days
_MARGIN = 150  # pixels around the chip that have objects, too
_GALAXIES = (
    4096  # numbers of galaxies begin above those of the stars, those of transients above both
)


class Numbers(NamedTuple):
    """How much there is on a chip.

    Attributes
    ----------
    stars, galaxies, transients, variables : `int`
        How many there are on a chip, whatever its size.
    brightest, faintest : `float`
        Magnitudes of stars in r.
    slope : `float`
        Of the logarithm of the number of stars, for each magnitude.
    proper_motion : `float`
        Its typical size along each axis (mas a year).
    """

    stars: int = 2000
    galaxies: int = 2500
    transients: int = 0
    variables: int = 0
    brightest: float = 11.0
    faintest: float = 23.5
    slope: float = 0.18
    proper_motion: float = 8.0


class Scene(NamedTuple):
    """The objects of a field.

    Attributes
    ----------
    stars : `~astropy.table.Table`
        ``id ra dec pm_ra pm_dec`` (deg, mas/yr; along right ascension that of the true arc), a
        magnitude for each filter, and ``change``, the part by which the flux differs in all epochs
        but the first.
    galaxies : `~astropy.table.Table`
        ``id ra dec``, magnitudes; ``radius``, that holds half of the light (pixels),
        ``index`` (Sersic's), ``ratio`` of the axes, ``angle`` (rad, from the columns).
    transients : `~astropy.table.Table`
        ``id ra dec``; ``strength``, the ratio of signal to noise that it is to have in a
        difference; ``host``, the galaxy's id or -1; ``sign``, -1 if it is in the first epoch alone.
    """

    stars: Table
    galaxies: Table
    transients: Table


def make(seed: int, wcs: WCS, layout: Layout, numbers: Numbers) -> Scene:
    """Return the objects of a chip.

    Parameters
    ----------
    seed : `int`
        The seed of all random numbers.
    wcs : `~astropy.wcs.WCS`
        The true WCS of the trimmed image in the first epoch.
    layout : `~obs_decam.sample.facts.Layout`
        The chip's size.
    numbers : `Numbers`
        The numbers of objects.
    """
    rng = np.random.default_rng([seed, 1])
    field = _Field(rng, wcs, layout)
    stars = _stars(field, numbers)
    galaxies = _galaxies(field, numbers)
    return Scene(stars, galaxies, _transients(field, galaxies, numbers))


class _Field(NamedTuple):
    rng: np.random.Generator
    wcs: WCS
    layout: Layout

    @property
    def margin(self) -> float:
        return _MARGIN / self.layout.binning

    def scaled(self, number: int) -> int:
        """Return how many objects the chip with its margin has, of which it has a number itself."""
        rows, columns = self.layout.rows, 2 * self.layout.columns
        area = (columns + 2 * self.margin) * (rows + 2 * self.margin)
        return round(number * area / (rows * columns))

    def positions(self, number: int, margin: float) -> tuple[Floats, Floats]:
        columns, rows = (
            self.rng.uniform(-margin, size + margin, number)
            for size in (2 * self.layout.columns, self.layout.rows)
        )
        ra, dec = self.wcs.wcs_pix2world(columns, rows, 0)
        return ra, dec


def _stars(field: _Field, numbers: Numbers) -> Table:
    rng, number = field.rng, field.scaled(numbers.stars)
    ra, dec = field.positions(number, field.margin)
    red = _magnitudes(rng, number, numbers.brightest, numbers.faintest, numbers.slope)
    motions = (numbers.proper_motion * rng.standard_t(3, number) for _ in range(2))
    stars = Table(dict(zip(("id", "ra", "dec"), (1 + np.arange(number), ra, dec), strict=True)))
    stars["pm_ra"], stars["pm_dec"] = motions
    _add_magnitudes(stars, red, rng.uniform(0.2, 1.4, number))
    stars["change"] = np.zeros(number)
    middling = np.flatnonzero((red > 16.5) & (red < 22))
    chosen = rng.choice(middling, min(numbers.variables, middling.size), replace=False)
    signs = rng.choice([-1, 1], chosen.size)
    stars["change"][chosen] = signs * 10 ** rng.uniform(-1.3, -0.05, chosen.size)
    return stars


def _galaxies(field: _Field, numbers: Numbers) -> Table:
    rng, number = field.rng, field.scaled(numbers.galaxies)
    ra, dec = field.positions(number, field.margin)
    red = _magnitudes(rng, number, 18.0, 24.0, 0.33)
    galaxies = Table({"id": 10 * _GALAXIES + np.arange(number), "ra": ra, "dec": dec})
    _add_magnitudes(galaxies, red, rng.uniform(0.3, 1.3, number))
    galaxies["radius"] = rng.uniform(1.2, 7.0, number)
    galaxies["index"] = np.where(rng.uniform(size=number) < 0.3, 4.0, 1.0)
    galaxies["ratio"] = rng.uniform(0.3, 1.0, number)
    galaxies["angle"] = rng.uniform(0, np.pi, number)
    return galaxies


def _transients(field: _Field, galaxies: Table, numbers: Numbers) -> Table:
    """Return transients, half of them on galaxies, and half anywhere."""
    rng = field.rng
    bright = np.flatnonzero(galaxies["mag_r"] < 22.5)
    hosted = min(numbers.transients // 2, bright.size)
    hosts = rng.choice(bright, hosted, replace=False)
    ra, dec = field.positions(numbers.transients - hosted, -0.4 * field.margin)
    degrees = (
        galaxies["radius"][hosts]
        * np.abs(rng.normal(0, 0.8, hosted))
        * SCALE
        * field.layout.binning
    )
    angle = rng.uniform(0, 2 * np.pi, hosted)
    near_dec = galaxies["dec"][hosts] + degrees * np.sin(angle)
    near_ra = galaxies["ra"][hosts] + degrees * np.cos(angle) / np.cos(np.radians(near_dec))
    table = Table({"id": 20 * _GALAXIES + np.arange(numbers.transients)})
    table["ra"], table["dec"] = np.r_[near_ra, ra], np.r_[near_dec, dec]
    table["strength"] = rng.uniform(3, 20, numbers.transients)
    table["host"] = np.r_[galaxies["id"][hosts], np.full(ra.size, -1)]
    table["sign"] = np.where(rng.uniform(size=numbers.transients) < 0.1, -1, 1)
    return table


def _magnitudes(
    rng: np.random.Generator, number: int, brightest: float, faintest: float, slope: float
) -> Floats:
    """Return magnitudes with exponentially growing numbers."""
    low, high = 10 ** (slope * brightest), 10 ** (slope * faintest)
    return np.asarray(np.log10(low + rng.uniform(size=number) * (high - low)) / slope)


def _add_magnitudes(table: Table, red: Floats, colour: Floats) -> None:
    magnitudes: Mapping[str, Floats] = sky.magnitudes_of(red, colour)
    for band, values in magnitudes.items():
        table[f"mag_{band}"] = values


def at(stars: Table, mjd: float) -> tuple[Floats, Floats]:
    """Return right ascension and declination (deg) of stars at a time, by their proper motions."""
    years = (mjd - EPOCH) / _YEAR
    dec = stars["dec"] + years * stars["pm_dec"] / 3.6e6
    ra = stars["ra"] + years * stars["pm_ra"] / 3.6e6 / np.cos(np.radians(stars["dec"]))
    return np.asarray(ra), np.asarray(dec)
