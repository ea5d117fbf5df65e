"""Sources that moved while the exposure was taken: fits of trails of constant brightness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import Column
from numpy.typing import NDArray

from persistence.tasks import sky

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Gen2's name of the measurement; there it was by moments.
NAME = "ext_trailedSources_Naive"
_STEPS = 15
_WIDTHS = 4.0  # of the PSF, and pixels, that a cut-out reaches beyond the middle
_REACH = 20
_SIDES = 45, 49, 63, 75, 81, 105, 125, 135, 175, 189, 225  # that transforms are fast of
_ANGLES, _LENGTHS = 6, (1.5, 4.0, 9.0, 16.0)  # where fits begin; the lengths in widths of the PSF
_BRIGHT = 8.0  # signal to noise from which moments tell
_ELONGATED = 4.0  # standard deviations by which moments differ from the PSF's
_CERTAIN = 5.0  # standard deviations that a trail is long at least
_SHORTEST = 1.0  # of the widths of the PSF
_BESIDE = 2.0  # of them: a peak that is nearer to a trail is of it
_HOPELESS = 0.5  # of the chi squared of all light there, that is left where a fit begins
_MOST = 1.25  # of chi squared per pixel
_FAULT = 0.05  # of the flux, that the PSF may be wrong by, in quadrature
_FITTED = (
    *("x", "y", "x_error", "y_error", "length", "length_error", "angle", "angle_error"),
    *("flux", "flux_error"),
)


@dataclass(frozen=True, eq=False)
class Trails:
    """The results of fits of trails; NaN where there was nothing to fit, or the fit failed.

    Attributes
    ----------
    x, y, x_error, y_error : array
        The middle (pixels of the parent image), and its standard deviations.
    length, length_error : array
        From end to end (pixels).
    angle, angle_error : array
        From x to y (radians), from 0 to pi.
    flux, flux_error : array
        Of the whole trail, negative where the difference is.
    chi2 : array
    pixels : array of `int`
        How many good pixels were fitted; 0 where no trail was fitted.
    failed : array of `bool`
        Where one was fitted, or would have been, and there is none to be believed.
    at_edge : array of `bool`
        Where an end lies on a pixel that is flagged EDGE, or off the image.
    """

    x: Floats
    y: Floats
    x_error: Floats
    y_error: Floats
    length: Floats
    length_error: Floats
    angle: Floats
    angle_error: Floats
    flux: Floats
    flux_error: Floats
    chi2: Floats
    pixels: NDArray[np.int64]
    failed: Bools
    at_edge: Bools

    @classmethod
    def none(cls, number: int) -> Trails:
        """Return the trails of sources none of which was fitted."""
        values = {name: np.full(number, np.nan) for name in (*_FITTED, "chi2")}
        never = {name: np.zeros(number, bool) for name in ("failed", "at_edge")}
        return cls(**values, pixels=np.zeros(number, int), **never)


def candidates(table: Any) -> Bools:
    """Return which sources of a ``diaSrc`` may be trails: no points, no dipoles, or elongated."""
    moments = {
        name: np.asarray(table[f"base_SdssShape_{name}"], float)
        for name in ("xx", "yy", "xy", "psf_xx", "psf_yy", "psf_xy", "xxErr", "yyErr", "xyErr")
    }
    along = moments["xx"] - moments["psf_xx"] - moments["yy"] + moments["psf_yy"]
    across = 2 * (moments["xy"] - moments["psf_xy"])
    noise = np.hypot(np.hypot(moments["xxErr"], moments["yyErr"]), 2 * moments["xyErr"])
    with np.errstate(invalid="ignore"):
        elongated = np.hypot(along, across) > _ELONGATED * noise
    unlike = np.asarray(table["ip_diffim_PsfFit_flag"], bool)
    dipole = np.asarray(table["ip_diffim_DipoleFit_flag_classification"], bool)
    bright = np.abs(np.asarray(table["ip_diffim_score"], float)) > _BRIGHT
    return np.asarray(((elongated & bright) | unlike) & ~dipole)


def fit(exposure: Exposure, x: Floats, y: Floats, score: Floats, chosen: Bools) -> Trails:
    """Fit trails to some sources, the brightest first.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The difference.
    x, y, score : array
        All sources: where (pixels of the parent image), and their ratios of signal to noise,
        negative where the difference is.
    chosen : array of `bool`
        Which of them. One that lies on the trail of another is of that, and fails.
    """
    width, trails = exposure.psf.width(), Trails.none(x.size)
    least = 2 * (int(np.ceil(_WIDTHS * width)) + _REACH) + 1
    radius = next((side for side in _SIDES if side >= least), least) // 2
    bad = sky.unusable(exposure)
    for index in sorted(np.flatnonzero(chosen), key=lambda index: -abs(score[index])):
        trails.failed[index] = True
        if _is_beside(trails, x[index], y[index], _BESIDE * width):
            continue
        cut = _Cut.of(exposure, bad, x[index], y[index], radius)
        if cut is None:
            continue
        values = cut.fitted(np.sign(score[index]), width)
        if values is None:
            continue
        trails.pixels[index], trails.chi2[index] = cut.count, values.pop("chi2")
        ratio = values["length"] / max(values["length_error"], 1e-9)
        allowed = _MOST * cut.count + (_FAULT * values["flux"] / values["flux_error"]) ** 2
        if (
            not ratio > _CERTAIN
            or values["length"] < _SHORTEST * width
            or values["length"] > 2 * _REACH
            or trails.chi2[index] > allowed
            or np.sign(values["flux"]) != np.sign(score[index])
        ):
            continue
        trails.failed[index] = False
        for name, value in values.items():
            getattr(trails, name)[index] = value
        trails.at_edge[index] = _is_at_edge(exposure, values)
    return trails


def _ends(x: Any, y: Any, length: Any, angle: Any) -> tuple[Floats, Floats]:
    """Return x and y of both ends."""
    half = np.array([-0.5, 0.5]) * length
    return x + half * np.cos(angle), y + half * np.sin(angle)


def _is_beside(trails: Trails, x: float, y: float, distance: float) -> bool:
    """Return whether a position lies on a trail."""
    known = np.isfinite(trails.length)
    dx, dy = x - trails.x[known], y - trails.y[known]
    cos, sin = np.cos(trails.angle[known]), np.sin(trails.angle[known])
    along = np.maximum(np.abs(cos * dx + sin * dy) - trails.length[known] / 2, 0)
    return bool((np.hypot(along, cos * dy - sin * dx) < distance).any())


def _is_at_edge(exposure: Exposure, values: dict[str, float]) -> bool:
    x0, y0 = exposure.origin
    rows, columns = exposure.image.shape
    mask = sky.planes(exposure)[0]
    for x, y in zip(
        *_ends(values["x"], values["y"], values["length"], values["angle"]), strict=True
    ):
        column, row = round(float(x)) - x0, round(float(y)) - y0
        if not (0 <= column < columns and 0 <= row < rows):
            return True
        if "EDGE" in mask.planes and mask["EDGE"][row, column]:
            return True
    return False


@dataclass(frozen=True, eq=False)
class _Cut:
    """The pixels about a source; trails in them are drawn by the transform of the PSF."""

    pixels: Floats
    weight: Floats
    x0: float
    y0: float
    transform: NDArray[np.complex128]

    @classmethod
    def of(cls, exposure: Exposure, bad: Bools, x: float, y: float, radius: int) -> _Cut | None:
        """Return the square about a position; None if its middle is not on the image."""
        left, low = exposure.origin
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        position = row - low, column - left
        if not all(0 <= at < size for at, size in zip(position, exposure.image.shape, strict=True)):
            return None
        steps = np.arange(-radius, radius + 1)
        rows, columns = position[0] + steps[:, np.newaxis], position[1] + steps[np.newaxis, :]
        inside = (rows >= 0) & (rows < exposure.image.shape[0])
        inside = inside & (columns >= 0) & (columns < exposure.image.shape[1])
        at = (
            np.clip(rows, 0, exposure.image.shape[0] - 1),
            np.clip(columns, 0, exposure.image.shape[1] - 1),
        )
        variance = np.asarray(sky.planes(exposure)[1][at], float)
        good = inside & ~bad[at] & np.isfinite(variance) & (variance > 0)
        with np.errstate(all="ignore"):
            weight = np.where(good, 1 / np.sqrt(variance), 0.0)
        profile = exposure.psf.stamps(np.array([float(column)]), np.array([float(row)]), radius)[0]
        pixels = np.where(good, np.asarray(exposure.image[at], float), 0.0)
        middle = np.fft.ifftshift(profile)
        return cls(pixels, weight, column - radius, row - radius, np.fft.rfft2(middle))

    @property
    def count(self) -> int:
        return int((self.weight > 0).sum())

    def drawn(self, x: float, y: float, dx: float, dy: float) -> Floats:
        """Draw a trail of flux 1 about a middle, of some columns and rows from end to end."""
        rows, columns = self.pixels.shape
        across, along = np.fft.rfftfreq(columns), np.fft.fftfreq(rows)[:, np.newaxis]
        # A segment's transform is a sinc; a step's is a phase.
        moved = self.transform * np.exp(-2j * np.pi * (across * x + along * y))
        return np.asarray(np.fft.irfft2(moved * np.sinc(across * dx + along * dy), (rows, columns)))

    def residuals(self, values: Any) -> Floats:
        """Return what a trail leaves, whose flux is the one that leaves the least."""
        return self._compared(values)[0]

    def _compared(self, values: Any) -> tuple[Floats, float, float]:
        """Return the residuals, the flux and its standard deviation."""
        model, data = (part * self.weight for part in (self.drawn(*values), self.pixels))
        norm = max(float((model**2).sum()), 1e-300)
        flux = float((model * data).sum()) / norm
        return np.asarray((data - flux * model).ravel()), flux, 1 / np.sqrt(norm)

    def fitted(self, sign: float, width: float) -> dict[str, float] | None:
        """Fit a trail about the middle, of light of a sign; None if none is like what is there."""
        from scipy.optimize import least_squares

        radius = self.pixels.shape[0] // 2
        starts = [
            (radius, radius, length * width * np.cos(angle), length * width * np.sin(angle))
            for angle in np.pi * np.arange(_ANGLES) / _ANGLES
            for length in _LENGTHS
        ]
        compared = [(self._compared(start), start) for start in starts]
        right = [each for each in compared if each[0][1] * sign > 0] or compared
        (left, *_), start = min(right, key=lambda each: float((each[0][0] ** 2).sum()))
        light = float(((self.pixels * self.weight) ** 2).sum()) - self.count
        if float((left**2).sum()) - self.count > max(_HOPELESS * light, 0):
            return None
        result = least_squares(self.residuals, start, max_nfev=_STEPS, diff_step=1e-3)
        residuals, flux, error = self._compared(result.x)
        x, y, dx, dy = result.x
        covariance = np.linalg.pinv(result.jac.T @ result.jac)
        length = float(np.hypot(dx, dy))
        along = np.array([dx, dy]) / max(length, 1e-9)
        across = np.array([-along[1], along[0]])
        part = covariance[2:, 2:]
        return {
            "x": self.x0 + float(x), "y": self.y0 + float(y),
            "x_error": float(np.sqrt(covariance[0, 0])),
            "y_error": float(np.sqrt(covariance[1, 1])),
            "length": length, "length_error": float(np.sqrt(along @ part @ along)),
            "angle": float(np.arctan2(dy, dx) % np.pi),
            "angle_error": float(np.sqrt(across @ part @ across)) / max(length, 1e-9),
            "flux": flux, "flux_error": error, "chi2": float((residuals**2).sum()),
        }  # fmt: skip


def add(table: Any, trails: Trails) -> None:
    """Add the columns of trails to a ``diaSrc``."""
    unit = table["base_PsfFlux_instFlux"].unit
    for name, values, its, doc in _columns(trails, unit):
        table[f"{NAME}_{name}"] = Column(np.asarray(values), unit=its, description=doc)


def _columns(trails: Trails, unit: Any) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield names, values, units and meanings."""
    for axis in ("x", "y"):
        yield axis, getattr(trails, axis), "pixel", f"middle of the trail, {axis}"
        error = getattr(trails, f"{axis}_error")
        yield f"{axis}Err", error, "pixel", f"standard deviation of its {axis}"
    yield "length", trails.length, "pixel", "from end to end of the trail"
    yield "lengthErr", trails.length_error, "pixel", "standard deviation of the length"
    yield "angle", trails.angle, "rad", "of the trail, from x to y"
    yield "angleErr", trails.angle_error, "rad", "standard deviation of the angle"
    yield "instFlux", trails.flux, unit, "flux of the whole trail"
    yield "instFluxErr", trails.flux_error, unit, "standard deviation of it, of that trail"
    yield "chi2", trails.chi2, None, "chi squared of the trail"
    yield "nData", trails.pixels, None, "good pixels that a trail was fitted to; 0: none was"
    yield "flag", trails.failed, None, "it may be a trail, and none fits or it is another's"
    yield "flag_edge", trails.at_edge, None, "the trail reaches the edge"
