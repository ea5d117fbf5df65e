"""Stars that have moved leave two points of opposite sign: which sources are such dipoles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import sky
from persistence.tasks.difference.score import Peaks

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_STEPS = 30
_TINY = 1e-30
_CANDIDATE = 0.25  # of the score of a peak: one of the other sign that is fainter is of no dipole
_LEAST = 3.0  # the least score of it
_REACH = 3.0  # standard deviations of the PSF from a peak within which the other side is


@dataclass(frozen=True, eq=False)
class Dipoles:
    """The fits of two point sources of opposite sign; NaN where impossible.

    Attributes
    ----------
    positive, negative : array
        Fluxes; the second is below 0.
    error : array
        Standard deviation of either.
    x, y : array
        The centre between both (pixels of the parent image).
    separation, angle : array
        Their separation (pixels), and the direction from the negative to the positive one
        (radians, from x to y).
    chi2 : array
        The reduced chi squared.
    pixels : array of `int`
        The number of good pixels.
    is_dipole : array of `bool`
        Whether it is a dipole.
    """

    positive: Floats
    negative: Floats
    error: Floats
    x: Floats
    y: Floats
    separation: Floats
    angle: Floats
    chi2: Floats
    pixels: NDArray[np.int64]
    is_dipole: Bools


def candidates(detections: Peaks) -> Bools:
    """Return which peaks have one of the other sign beside them."""
    least = np.maximum(_CANDIDATE * np.abs(detections.score), _LEAST)
    return np.asarray(detections.opposite > least)


def fit(
    exposure: Exposure, x: Floats, y: Floats, sign: Floats, chosen: Bools, least_ratio: float
) -> Dipoles:
    """Fit two points to some sources.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The difference.
    x, y, sign : array
        All sources (pixels of the parent image): where, and of which sign.
    chosen : array of `bool`
        Which of them.
    least_ratio : `float`
        A dipole's fainter side has this part of the brighter side's flux at least.
    """
    from scipy.optimize import least_squares

    width = exposure.psf.width()
    radius = int(np.ceil(4 * width))
    columns = {
        name: np.full(x.size, np.nan)
        for name in ("positive", "negative", "error", "x", "y", "separation", "angle", "chi2")
    }
    is_dipole, pixels = np.zeros(x.size, bool), np.zeros(x.size, int)
    for index in np.flatnonzero(chosen):
        cut = _Cut.of(exposure, x[index], y[index], radius)
        if cut is None:
            continue
        start = cut.start(x[index], y[index], sign[index], width)
        result = least_squares(cut.residuals, start, max_nfev=_STEPS, diff_step=1e-3)
        fluxes, error = cut.fluxes(result.x)
        (xp, yp), (xn, yn) = result.x[:2], result.x[2:]
        apart = float(np.hypot(xp - xn, yp - yn))
        values = {
            "positive": fluxes[0], "negative": -fluxes[1], "error": error,
            "x": (xp + xn) / 2, "y": (yp + yn) / 2, "separation": apart,
            "angle": float(np.arctan2(yp - yn, xp - xn)),
            "chi2": 2 * result.cost,
        }  # fmt: skip
        for name, value in values.items():
            columns[name][index] = value
        pixels[index] = cut.count
        low, high = sorted(fluxes)
        is_dipole[index] = low > least_ratio * high and low > 3 * error and apart < 3 * width
    return Dipoles(**columns, pixels=pixels, is_dipole=is_dipole)


@dataclass(frozen=True, eq=False)
class _Cut:
    """The pixels around a source, whose fluxes are fitted for each pair of positions."""

    pixels: Floats
    weight: Floats
    x0: int
    y0: int
    profile: Floats
    radius: int

    @classmethod
    def of(cls, exposure: Exposure, x: float, y: float, radius: int) -> _Cut | None:
        left, low = exposure.origin
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        rows = slice(row - low - radius, row - low + radius + 1)
        columns = slice(column - left - radius, column - left + radius + 1)
        if rows.start < 0 or columns.start < 0:
            return None
        pixels = np.asarray(exposure.image[rows, columns], float)
        if pixels.shape != (2 * radius + 1,) * 2:
            return None
        variance = np.asarray(sky.planes(exposure)[1][rows, columns], float)
        with np.errstate(all="ignore"):
            weight = np.where(np.isfinite(variance) & (variance > 0), 1 / np.sqrt(variance), 0.0)
        side = 2 * (radius + 4) + 1
        profile = exposure.psf.stamps(np.array([float(column)]), np.array([float(row)]), side // 2)
        from scipy import ndimage

        return cls(
            pixels, weight, column - radius, row - radius,
            ndimage.spline_filter(profile[0], 3), radius,
        )  # fmt: skip

    @property
    def count(self) -> int:
        return int((self.weight > 0).sum())

    def start(self, x: float, y: float, sign: float, width: float) -> Floats:
        """Return positions to begin with: of both sides, moved towards their middle.

        Lobes of a star that has moved by less than its width are farther apart than it has moved.
        """
        from scipy import ndimage

        smooth = -sign * ndimage.gaussian_filter(self.pixels, width)
        first = max(self.radius - int(np.ceil(_REACH * width)), 0)
        inner = slice(first, 2 * self.radius + 1 - first)
        row, column = np.unravel_index(np.argmax(smooth[inner, inner]), smooth[inner, inner].shape)
        ends = np.array([x, y]), np.array([self.x0 + first + column, self.y0 + first + row], float)
        quarter = (ends[0] - ends[1]) / 4 * sign
        middle = (ends[0] + ends[1]) / 2
        return np.concatenate([middle + quarter, middle - quarter])

    def drawn(self, x: float, y: float) -> Floats:
        from scipy import ndimage

        middle = self.profile.shape[0] // 2
        steps = np.arange(2 * self.radius + 1, dtype=float)
        places = np.meshgrid(
            steps - (y - self.y0) + middle, steps - (x - self.x0) + middle, indexing="ij"
        )
        return np.asarray(ndimage.map_coordinates(self.profile, places, order=3, prefilter=False))

    def _solved(self, positions: Floats) -> tuple[Floats, Floats, Floats]:
        design = np.stack(
            [
                (self.drawn(*positions[:2]) * self.weight).ravel(),
                (-self.drawn(*positions[2:]) * self.weight).ravel(),
            ],
            axis=1,
        )
        normal = design.T @ design
        # A side that has left the cut-out is of no brightness.
        normal[np.diag_indices(2)] += 1e-6 * np.trace(normal) + _TINY
        wanted = (self.pixels * self.weight).ravel()
        return np.asarray(np.linalg.solve(normal, design.T @ wanted)), design, wanted

    def residuals(self, positions: Floats) -> Floats:
        fluxes, design, wanted = self._solved(positions)
        return np.asarray(design @ fluxes - wanted)

    def fluxes(self, positions: Floats) -> tuple[Floats, float]:
        fluxes, design, _ = self._solved(positions)
        with np.errstate(all="ignore"):
            error = float(1 / np.sqrt(max((design[:, 0] ** 2).sum(), 1e-300)))
        return fluxes, error
