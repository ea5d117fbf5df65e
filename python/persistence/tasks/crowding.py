"""Fluxes of blended point sources, by one fit, and the light of each without its neighbours.

All point sources are fitted simultaneously, so that no flux contains light of neighbours. The light
of a galaxy in excess of a point source stays in the residuals, and is therefore included when it is
measured, and slightly affects neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import sky, stamps
from persistence.tasks.stamps import Bools, Floats, Stamps

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf

# Half the side of a point's square, in standard deviations of the PSF, and that of a bright one,
# whose wings its neighbours have (pixels).
REACH = 4.0
_WIDE = 25
# A point is bright if at the edge of the small square it stands so far out of the noise of a pixel.
_OUTSTANDING = 0.1
_SPARSE = 8  # sampling step of rows and columns for the noise
_LEAST = 0.5  # the least fraction of a profile on good pixels
_ROUNDS = 100
_SETTLED = 1e-5
# The largest factor by which neighbours may increase a variance: two points that cannot be
# separated from
_MOST = 100.0


@dataclass(frozen=True, eq=False)
class Light:
    """The pixels in which sources are measured.

    Attributes
    ----------
    image, variance : array, shape (rows, columns)
        The planes.
    bad : array of `bool`, same shape
        Pixels to ignore.
    origin : `tuple` [`int`, `int`]
        The position (x, y) of the first pixel in the parent image.
    """

    image: Any
    variance: Any
    bad: Bools
    origin: tuple[int, int]

    @classmethod
    def of(cls, exposure: Exposure) -> Light:
        """Return the light of a background-subtracted exposure."""
        _mask, variance = sky.planes(exposure)
        light, noise = (
            np.ascontiguousarray(plane, np.float32) for plane in (exposure.image, variance)
        )
        return cls(light, noise, sky.unusable(exposure), exposure.origin)

    @property
    def noise(self) -> float:
        """The standard deviation of a pixel's noise, in the median."""
        return float(np.sqrt(np.median(self.variance[::_SPARSE, ::_SPARSE])))

    def cut(self, x: Floats, y: Floats, radius: int) -> Stamps:
        """Cut squares out around positions."""
        return stamps.cut(self.image, self.variance, self.bad, x, y, radius)

    def less(self, points: list[Points], flux: Floats) -> Light:
        """Return the light without that of some points."""
        image = self.image.copy()
        for each in points:
            own = flux[each.sources].astype(np.float32)[:, np.newaxis, np.newaxis] * each.shown
            np.subtract.at(image.reshape(-1), each.place.reshape(-1), own.reshape(-1))
        return Light(image, self.variance, self.bad, self.origin)


@dataclass(frozen=True, eq=False)
class Points:
    """Point sources drawn in squares.

    Attributes
    ----------
    sources : array of `int`, shape (points,)
        The indices of the sources.
    profiles : array, shape (points, side, side)
        Their images for a flux of 1.
    shown : array, same shape
        The same, 0 where pixels are bad.
    place : array of `int`, same shape
        The flat indices of the pixels in the image, row by row; 0 outside.
    """

    sources: NDArray[Any]
    profiles: Floats
    shown: Floats
    place: NDArray[Any]

    @property
    def radius(self) -> int:
        """Half the side of the squares, without the pixel in the middle."""
        return int(self.profiles.shape[1] // 2)


def draw(
    light: Light, psf: Psf, x: Floats, y: Floats, sources: NDArray[Any], radius: int
) -> Points:
    """Draw some of the points at positions (pixels of the array)."""
    x, y = x[sources], y[sources]
    x0, y0 = light.origin
    profiles: Any = psf.stamps(x + x0, y + y0, radius).astype(np.float32)
    columns, rows = stamps.pixel_numbers(x, y, radius)
    height, width = light.image.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    index = np.where(inside, rows * width + columns, 0).astype(np.int32)
    good = inside & ~light.bad.reshape(-1)[index]
    return Points(sources, profiles, np.where(good, profiles, np.float32(0)), index)


@dataclass(frozen=True, eq=False)
class Crowd:
    """Points that were fitted together.

    Attributes
    ----------
    light : `Light`
        All of it.
    rest : `Light`
        What is left without them.
    x, y : array
        Where they are (pixels of the array).
    flux : array
        Their fluxes; 0 where there is none.
    crowding : array
        The factor by which neighbours raise the variance of a flux.
    points : `list` [`Points`]
        Those with wings, and all others.
    profiles : array, shape (sources, side, side)
        All, drawn in squares of one size.
    """

    light: Light
    rest: Light
    x: Floats
    y: Floats
    flux: Floats
    crowding: Floats
    points: list[Points]
    profiles: Floats

    def alone(self) -> Stamps:
        """Return cut-outs in which each source is without the light of all others."""
        radius = self.profiles.shape[1] // 2
        parts = self.rest.cut(self.x, self.y, radius)
        own = np.where(parts.good, self.flux[:, np.newaxis, np.newaxis] * self.profiles, 0.0)
        return Stamps(parts.pixels + own, parts.variance, parts.good, parts.columns, parts.rows)

    def without(self, sources: Bools) -> Light:
        """Return the light without that of some of the sources."""
        return self.light.less(self.points, np.where(sources, self.flux, 0.0))


def fit(light: Light, psf: Psf, x: Floats, y: Floats, radius: int) -> Crowd:
    """Fit the fluxes of points, all good pixels counting alike.

    Parameters
    ----------
    light : `Light`
    psf : `~persistence.types.psf.psfimage.Psf`
    x, y : array
        Where they are (pixels of the array).
    radius : `int`
        Half the side of the squares in which they are fitted.
    """
    near = draw(light, psf, x, y, np.arange(x.size), radius)
    with np.errstate(all="ignore"):
        single = np.nan_to_num(_projected(light, near) / (near.shown**2).sum(axis=(1, 2)))
    bright = np.abs(single) * near.profiles[:, radius, -1] > _OUTSTANDING * light.noise
    few, many = np.flatnonzero(bright), np.flatnonzero(~bright)
    points = [
        draw(light, psf, x, y, few, max(_WIDE, radius)),
        Points(many, near.profiles[many], near.shown[many], near.place[many]),
    ]
    flux, crowding = _together(light, points, x.size)
    return Crowd(light, light.less(points, flux), x, y, flux, crowding, points, near.profiles)


def _projected(light: Light, points: Points) -> Floats:
    """Return the sums of pixels, as much as each is a point's."""
    pixels = np.where(points.shown != 0, light.image.reshape(-1)[points.place], 0.0)
    return np.asarray((points.shown * pixels).sum(axis=(1, 2)))


def _together(light: Light, points: list[Points], number: int) -> tuple[Floats, Floats]:
    """Return fluxes from the normal equations, and how much neighbours increase their variances."""
    from scipy import sparse

    if not number:
        return np.zeros(0), np.ones(0)
    sources = np.concatenate([each.sources for each in points])
    right = np.concatenate([_projected(light, each) for each in points])
    norms = np.sqrt(np.concatenate([(each.shown**2).sum(axis=(1, 2)) for each in points]))
    fitted = np.concatenate([each.shown.sum(axis=(1, 2)) for each in points]) >= _LEAST
    scale = np.where(fitted, 1 / np.maximum(norms, np.finfo(float).tiny), 0.0)
    # Profiles of norm 1: the diagonal is 1, off-diagonal elements are the overlaps of points.
    profiles = sparse.diags(scale) @ _shared(light, points)
    alike = profiles @ profiles.T
    alike.setdiag(1.0)
    heights, _info = sparse.linalg.cg(alike, scale * right, rtol=_SETTLED, maxiter=_ROUNDS)
    shared = np.asarray(alike.multiply(alike).sum(axis=1)).reshape(-1) - 1
    flux, crowding = np.zeros(number), np.ones(number)
    flux[sources] = heights * scale
    # of two points, exactly; of more, nearly
    crowding[sources] = 1 / np.maximum(1 - shared, 1 / _MOST)
    return flux, crowding


def _shared(light: Light, points: list[Points]) -> Any:
    """Return points as rows of a sparse matrix, whose columns are the pixels that they share."""
    from scipy import sparse

    count = np.zeros(light.image.size, np.int16)
    for each in points:
        np.add.at(count, each.place.reshape(-1), (each.shown.reshape(-1) != 0).astype(np.int16))
    pixels = np.flatnonzero(count > 1)
    rows = []
    for each in points:
        kept = (count[each.place] > 1) & (each.shown != 0)
        ends = np.concatenate([[0], np.cumsum(kept.sum(axis=(1, 2)))])
        entries = each.shown[kept], np.searchsorted(pixels, each.place[kept]), ends
        rows.append(sparse.csr_matrix(entries, (each.sources.size, pixels.size)))
    shared: Any = sparse.vstack(rows, "csr")
    return shared
