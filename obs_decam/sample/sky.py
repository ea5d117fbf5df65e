"""The generated sky, and the conditions of its visits: stars, pointing, seeing, zero point.

The stars are the same for all visits and depend on their position only. The conditions of a visit
depend on its number only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from obs_decam.sample.facts import FILTERS, PIXEL, SCALE, Layout, is_south
from persistence.types.wcs import sphere

Floats = NDArray[np.float64]
Card = tuple[str, Any, str]

EXPOSURE_TIME = 90.0  # s
FIELD = 1.3  # degrees from the pointing to beyond the farthest corner of a chip
# The magnitude of one electron a second, and the electrons of the sky in a pixel, on average.
_ZERO_POINTS = {"u": 23.7, "g": 25.4, "r": 25.6, "i": 25.5, "z": 25.2, "Y": 24.2}
SKY = {"u": 160.0, "g": 480.0, "r": 1000.0, "i": 1680.0, "z": 2800.0, "Y": 2400.0}
# How much fainter than in r a star is: by itself, and for each magnitude of g - r.
_COLOURS = {
    "u": (0.6, 1.2),
    "g": (0.0, 1.0),
    "r": (0.0, 0.0),
    "i": (-0.05, -0.3),
    "z": (-0.05, -0.4),
    "Y": (0.0, -0.45),
}
_FAINTEST, _BRIGHTEST = 20.9, 13.5  # in r: the faintest have about 20 times the noise in g
_STEEPNESS = 0.25  # of the logarithm of how many there are, for each magnitude
_CELLS = 42  # along the sides of a block of one square degree; each has one star
_JITTER = 0.6  # of a cell's side: neighbours are 34 arcseconds apart or more, eight small pixels
_OFFSET = 0.4  # arcsec


@dataclass(frozen=True, eq=False)
class Stars:
    """Stars of the invented sky.

    Attributes
    ----------
    ids : array of int64
        Their numbers.
    ra, dec : array
        Where they are (deg, ICRS).
    magnitudes : mapping [`str`, array]
        How bright they are in each filter (mag, AB).
    """

    ids: NDArray[np.int64]
    ra: Floats
    dec: Floats
    magnitudes: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, chosen: Any) -> Stars:
        bands = {band: values[chosen] for band, values in self.magnitudes.items()}
        return Stars(self.ids[chosen], self.ra[chosen], self.dec[chosen], bands)


@dataclass(frozen=True)
class Seen:
    """The conditions of a visit.

    Attributes
    ----------
    zero_point : `float`
        The magnitude of one electron in the exposure, for a flat of 1 (mag, AB).
    psf_sigma : `float`
        Standard deviation of the Gaussian point spread function (pixels of the image, of any size).
    offset : `tuple` [`float`, `float`]
        The offset east and north of a star's position in the header's WCS (arcsec).
    sky : `float`
        The level of the sky in the centre of a chip (electrons a pixel).
    """

    zero_point: float
    psf_sigma: float
    offset: tuple[float, float]
    sky: float


def seen(visit: int, band: str) -> Seen:
    """Return the conditions of a visit in a filter."""
    return Seen(
        zero_point=zero_point(band) + 0.01 * (visit * 13 % 11 - 5),
        psf_sigma=round(1.3 + 0.05 * (visit * 7 % 9), 2),
        offset=(_OFFSET * (visit * 5 % 7 - 3), _OFFSET * (visit * 3 % 5 - 2)),
        sky=SKY[band],
    )


def pointing(visit: int) -> tuple[float, float]:
    """Return right ascension and declination in degrees: a different field each visit."""
    return (10.0 + 0.37 * (visit % 900)) % 360.0, -45.0 + 0.11 * (visit % 500)


# -- stars
# -------------------------------------------------------------------------------------------------


def stars_near(ra: float, dec: float, radius: float) -> Stars:
    """Return all stars in a circle on the sky (deg)."""
    centre = sphere.vector(ra, dec)
    parts = [_block(row, column) for row, column in _blocks(centre, dec, radius)]
    magnitudes = {
        band: np.concatenate([part.magnitudes[band] for part in parts]) for band in FILTERS
    }
    ids, right, high = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "ra", "dec")
    )
    every = Stars(ids, right, high, magnitudes)
    return every[sphere.separation(sphere.vector(every.ra, every.dec), centre) <= radius]


def _blocks(centre: Floats, dec: float, radius: float) -> Iterator[tuple[int, int]]:
    """Yield the blocks, a degree high and about as wide, that a circle may touch."""
    lowest, highest = (
        min(max(int(np.floor(edge)), -90), 89) for edge in (dec - radius, dec + radius)
    )
    for row in range(lowest, highest + 1):
        number = _along(row)
        middles = sphere.vector(
            (np.arange(number) + 0.5) * 360 / number, np.full(number, row + 0.5)
        )
        for column in np.flatnonzero(sphere.separation(middles, centre) <= radius + 1):
            yield row, int(column)


def _along(row: int) -> int:
    """Return the number of blocks on a circle of declination."""
    return int(np.ceil(360 * np.cos(np.radians(row + 0.5))))


@functools.lru_cache(256)
def _block(row: int, column: int) -> Stars:
    """Generate the stars of a block: one in each cell, not too near to its edges."""
    rng = np.random.default_rng([row + 90, column])
    down, along = (axis.ravel() for axis in np.mgrid[:_CELLS, :_CELLS])
    right, high = (
        (cell + 0.5 + _JITTER * rng.uniform(-0.5, 0.5, down.size)) / _CELLS
        for cell in (along, down)
    )
    red = np.maximum(
        _FAINTEST + np.log10(1 - rng.uniform(0, 1, down.size)) / _STEEPNESS, _BRIGHTEST
    )
    colour = rng.uniform(0.2, 1.4, down.size)
    number = ((row + 90) * 360 + column) * _CELLS**2
    return Stars(
        number + 1 + np.arange(down.size),
        (column + right) * 360 / _along(row),
        row + high,
        magnitudes_of(red, colour),
    )


def magnitudes_of(red: Floats, colour: Floats) -> dict[str, Floats]:
    """Return the magnitudes of stars in all filters, by those in r and by g - r."""
    return {band: red + own + slope * colour for band, (own, slope) in _COLOURS.items()}


def zero_point(band: str, seconds: float = EXPOSURE_TIME) -> float:
    """Return the magnitude of one electron in an exposure, under a clear sky."""
    return _ZERO_POINTS[band] + 2.5 * float(np.log10(seconds))


# -- where they fall
# ---------------------------------------------------------------------------------------


class Attitude(NamedTuple):
    """Where the telescope points, and how its optics distort.

    Attributes
    ----------
    ra, dec : `float`
        Of the optical axis (degrees, ICRS).
    rotation : `float`
        By which the focal plane is turned (degrees, from north to east).
    distortion : mapping [`int`, `tuple` [`float`, `float`]]
        The terms PV1_n and PV2_n of TPV; those that are not here are 0.
    """

    ra: float
    dec: float
    rotation: float = 0.0
    distortion: Mapping[int, tuple[float, float]] = MappingProxyType(
        {1: (1.0, 1.0), 4: (0.002, 0.002), 7: (0.008, 0.008), 9: (0.008, 0.008)}
    )


# In the order in which they are written; 3 and 8 of the whole set are never used.
_TERMS = (0, 1, 2, 4, 5, 6, 7, 9)


def wcs_cards(visit: int, name: str, place: tuple[float, float], layout: Layout) -> Iterator[Card]:
    """Return the cards of a raw image's WCS; ``name`` and ``place`` are those of the chip."""
    return attitude_cards(Attitude(*pointing(visit)), name, place, layout)


def attitude_cards(
    attitude: Attitude, name: str, place: tuple[float, float], layout: Layout
) -> Iterator[Card]:
    """Yield the cards of a raw image's WCS; ``name`` and ``place`` are those of the chip."""
    first_column, first_row = origin(name, layout)
    scale = SCALE * layout.binning
    across, along = (middle / PIXEL / layout.binning for middle in place)
    yield "WCSAXES", 2, "WCS Dimensionality"
    yield "RADESYS", "ICRS", "World coordinate reference frame"
    yield "CTYPE1", "RA---TPV", "Coordinate type"
    yield "CTYPE2", "DEC--TPV", "Coordinate type"
    yield "CUNIT1", "deg", ""
    yield "CUNIT2", "deg", ""
    yield "CRVAL1", round(attitude.ra, 6), "[deg] WCS Reference Coordinate (RA)"
    yield "CRVAL2", round(attitude.dec, 6), "[deg] WCS Reference Coordinate (DEC)"
    yield (
        "CRPIX1",
        round(first_column + layout.columns + 0.5 - across, 4),
        "Reference pixel, axis 1",
    )
    yield "CRPIX2", round(first_row + 0.5 + layout.rows / 2 - along, 4), "Reference pixel, axis 2"
    turn = np.radians(attitude.rotation)
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))
    yield "CD1_1", scale * sine, "World coordinate transformation matrix"
    yield "CD1_2", scale * cosine, "World coordinate transformation matrix"
    yield "CD2_1", -scale * cosine, "World coordinate transformation matrix"
    yield "CD2_2", scale * sine, "World coordinate transformation matrix"
    for axis in (0, 1):
        for term in dict.fromkeys((*_TERMS, *sorted(attitude.distortion))):
            value = attitude.distortion.get(term, (0.0, 0.0))[axis]
            yield f"PV{axis + 1}_{term}", value, "PV distortion coefficient"


def origin(name: str, layout: Layout) -> tuple[int, int]:
    """Return column and row, from 0, of a chip's first light-sensitive pixel in its raw image."""
    return layout.prescan + layout.overscan, layout.postscan if is_south(name) else 0


def falling(
    visit: int, name: str, place: tuple[float, float], layout: Layout
) -> tuple[Stars, Floats, Floats]:
    """Return the stars on a chip, or near it, with their columns and rows.

    Columns and rows are counted from 0 at the first light-sensitive pixel.
    """
    cards = {key: value for key, value, _ in wcs_cards(visit, name, place, layout)}
    stars, x, y = _on_focal_plane(visit, layout.binning)
    column, row = (
        axis + cards[key] - 1 - first
        for axis, key, first in zip((x, y), ("CRPIX1", "CRPIX2"), origin(name, layout), strict=True)
    )
    margin = 12  # more than 7 standard deviations of any visit's PSF
    near = (np.abs(column - layout.columns) < layout.columns + margin) & (
        np.abs(row - layout.rows / 2) < layout.rows / 2 + margin
    )
    return stars[near], column[near], row[near]


@functools.lru_cache(8)
def _on_focal_plane(visit: int, binning: float) -> tuple[Stars, Floats, Floats]:
    """Return the stars of a visit; pixels count from the reference pixel."""
    layout = Layout(0, round(4096 / binning), 0, 0, 0, binning)
    header = fits.Header(list(wcs_cards(visit, "N", (0.0, 0.0), layout)))
    header["CRPIX1"] = header["CRPIX2"] = 0.0
    wcs = WCS(header)
    stars = stars_near(*pointing(visit), FIELD)
    east, north = (arcsec / 3600 for arcsec in seen(visit, "r").offset)
    x, y = wcs.wcs_world2pix(stars.ra + east / np.cos(np.radians(stars.dec)), stars.dec + north, 0)
    return stars, x + 1, y + 1
