"""Measure the sources of an exposure: centroids, moments, fluxes and pixel flags.

Each source is measured without the light of the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from persistence.pipe.task import TaskError
from persistence.tasks import apertures, crowding, pixel_flags, shapes, stamps
from persistence.tasks.apertures import Circles
from persistence.tasks.crowding import Crowd, Light
from persistence.tasks.shapes import Middles, Moments
from persistence.tasks.stamps import Bools, Floats, Flux, Stamps

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf

# The radius of the aperture whose flux is calibrated (pixels): Gen2's, which contains nearly all
# light of a point source.
CALIBRATION_RADIUS = 12.0
# How often middles are found again, without the light of neighbours as it was found.
_ROUNDS = 2
# A source is extended if the PSF's flux is less than this part of the Gaussian's. Source: the
# default of meas_base's ClassificationExtendedness.
_POINTLIKE = 0.925


@dataclass(frozen=True, eq=False)
class Correction:
    """The factors by which fluxes were multiplied, their errors, and where there was none."""

    factor: Floats
    error: Floats
    failed: Bools

    @property
    def parts(self) -> tuple[Floats, Floats, Bools]:
        """All three."""
        return self.factor, self.error, self.failed


@dataclass(frozen=True, eq=False)
class Measured:
    """The measurements of each source.

    Attributes
    ----------
    x, y : array
        Middles (pixels of the parent image, as `Exposure.bbox` counts them), or where there was
        none to be found, those of the detection.
    x_error, y_error : array
        Their standard deviations (pixels).
    reset : array of `bool`
        Where no middle was to be found.
    moments : `~persistence.tasks.shapes.Moments`
    psf_moments : `~persistence.tasks.shapes.Moments`
        Those of the PSF at the sources.
    psf_flux, gaussian_flux : `~persistence.tasks.stamps.Flux`
        Fits of the PSF, and of Gaussians of the moments.
    psf_area : array
        The effective area of the PSF (pixels): that over which the noise of a pixel counts.
    circles : mapping [`float`, `~persistence.tasks.apertures.Circles`]
        Sums within circles, by radius (pixels).
    background : `~persistence.tasks.stamps.Flux`
        The level of the sky around, per pixel, that is left.
    variance : array
        That of a pixel in the middle.
    flags : mapping [`str`, array of `bool`]
        By the names of `persistence.tasks.pixel_flags.FLAGS`.
    psf_cut : array of `bool`
        Where the image ends within the PSF.
    calib_radius : `float`
        The radius of the circle whose flux is calibrated.
    corrections : mapping [`str`, `Correction`]
        What ``psf_flux`` and ``gaussian_flux`` were multiplied by, if they were, by these names.
    """

    x: Floats
    y: Floats
    x_error: Floats
    y_error: Floats
    reset: Bools
    moments: Moments
    psf_moments: Moments
    psf_flux: Flux
    gaussian_flux: Flux
    psf_area: Floats
    circles: Mapping[float, Circles]
    background: Flux
    variance: Floats
    flags: Mapping[str, Bools]
    psf_cut: Bools
    calib_radius: float = CALIBRATION_RADIUS
    corrections: Mapping[str, Correction] = field(default_factory=dict)

    @property
    def apertures(self) -> Mapping[float, Flux]:
        """The fluxes within circles, by radius (pixels)."""
        return {radius: circles.flux for radius, circles in self.circles.items()}

    @property
    def calib_flux(self) -> Flux:
        """The flux that is calibrated."""
        return self.circles[self.calib_radius].flux

    @property
    def position_error(self) -> Floats:
        """The standard deviation of a coordinate (pixels), in the mean of both."""
        return np.asarray(np.hypot(self.x_error, self.y_error) / np.sqrt(2))

    @property
    def signal_to_noise(self) -> Floats:
        """Of the PSF's flux; 0 where there is none."""
        with np.errstate(all="ignore"):
            return np.nan_to_num(
                self.psf_flux.value / self.psf_flux.error, nan=0.0, posinf=0.0, neginf=0.0
            )

    @property
    def clean(self) -> Bools:
        """Whether nothing failed, and no pixel nearby is flagged."""
        failed = self.moments.failed | self.psf_flux.failed | self.reset
        return np.asarray(~(failed | np.any(list(self.flags.values()), axis=0)))

    @property
    def extended(self) -> Floats:
        """1 for sources that are larger than points, 0 for others; NaN where it is not known."""
        point, gaussian = self.psf_flux.value, self.gaussian_flux.value
        larger = (point < _POINTLIKE * gaussian).astype(float)
        return np.where(np.isfinite(point) & np.isfinite(gaussian), larger, np.nan)


def measure(
    exposure: Exposure,
    x: Floats,
    y: Floats,
    psf: Psf,
    radii: Sequence[float],
    calib_radius: float = CALIBRATION_RADIUS,
) -> Measured:
    """Measure sources.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The background-subtracted exposure, with mask and variance.
    x, y : array, shape (sources,)
        Approximate positions (pixels of the array, 0 is the middle of the first one).
    psf : `~persistence.types.psf.psfimage.Psf`
        The PSF.
    radii : sequence of `float`
        The radii of the apertures (pixels).
    calib_radius : `float`, optional
        The radius of the aperture whose flux is calibrated (pixels), measured in addition to
        ``radii``.
    """
    crowd, placed = resolve(Light.of(exposure), psf, x, y)
    return of_crowd(exposure, psf, crowd, placed, radii, calib_radius)


def with_calib(radii: Sequence[float], calib_radius: float) -> list[float]:
    """Return the radii of all apertures, sorted, including that of the calibration.

    Raises
    ------
    TaskError
        If two of them have the same name, because they differ by less than a tenth of a pixel.
    """
    every = sorted({*map(float, radii), float(calib_radius)})
    for first, second in itertools.pairwise(every):
        name = apertures.aperture_name(first)
        if name == apertures.aperture_name(second):
            raise TaskError(
                f"apertures of {first:g} and {second:g} pixels would both be named {name}: "
                "apertureRadii and calibRadius must differ by a tenth of a pixel"
            )
    return every


class Placed(NamedTuple):
    """Sources where their middles are.

    Attributes
    ----------
    middles : `~persistence.tasks.shapes.Middles`
        In pixels of the array.
    parts : `~persistence.tasks.stamps.Stamps`
        Cut-outs of the sources' light.
    profiles : array, shape (sources, side, side)
        The PSF in these cut-outs.
    psf_moments : `~persistence.tasks.shapes.Moments`
        Those of the PSF.
    """

    middles: Middles
    parts: Stamps
    profiles: Floats
    psf_moments: Moments


def resolve(light: Light, psf: Psf, x: Floats, y: Floats) -> tuple[Crowd, Placed]:
    """Find the middles of sources, and the fluxes of points there, by turns.

    Parameters
    ----------
    light : `~persistence.tasks.crowding.Light`
    psf : `~persistence.types.psf.psfimage.Psf`
        What a point looks like.
    x, y : array
        Where the sources are, to a pixel, in the array.

    Returns
    -------
    crowd : `~persistence.tasks.crowding.Crowd`
    placed : `Placed`
        Each source without the light of all others.
    """
    sigma = psf.width()
    radius, start = _reach(sigma), (x, y)
    crowd = crowding.fit(light, psf, x, y, radius)
    psf_moments = _psf_moments(crowd.profiles, x, y, sigma)
    for _ in range(_ROUNDS):
        parts = crowd.alone()
        del crowd  # its light is as large as the image
        middles = shapes.middles(parts, *start, *_weights(psf_moments, sigma))
        crowd = crowding.fit(light, psf, middles.x, middles.y, radius)
    return crowd, Placed(middles, crowd.alone(), crowd.profiles, psf_moments)


def of_crowd(
    exposure: Exposure,
    psf: Psf,
    crowd: Crowd,
    placed: Placed,
    radii: Sequence[float],
    calib_radius: float = CALIBRATION_RADIUS,
) -> Measured:
    """Measure sources that were deblended by `resolve`; see `measure`."""
    circles = {
        radius: apertures.measure_alone(crowd, radius) for radius in with_calib(radii, calib_radius)
    }
    single = _gathered(exposure, psf, placed, crowd.rest, circles, calib_radius)
    flux = single.psf_flux
    return replace(
        single, psf_flux=Flux(flux.value, flux.error * np.sqrt(crowd.crowding), flux.failed)
    )


def measure_in(
    exposure: Exposure,
    light: Light,
    psf: Psf,
    at: tuple[Floats, Floats],
    radii: Sequence[float],
    calib_radius: float = CALIBRATION_RADIUS,
    fixed: bool = False,
) -> Measured:
    """Measure sources in light that they do not share with others, or places in it.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        Whose mask flags them.
    light : `~persistence.tasks.crowding.Light`
    psf : `~persistence.types.psf.psfimage.Psf`
        What a point looks like.
    at : (array, array)
        Columns and rows of the array, to a pixel.
    radii : sequence of `float`
        Of the apertures (pixels).
    calib_radius : `float`, optional
        As for `measure`.
    fixed : `bool`, optional
        Are the positions kept? They then have no errors.
    """
    sigma = psf.width()
    radius, (x, y), (x0, y0) = _reach(sigma), at, light.origin
    psf_moments = _psf_moments(psf.stamps(x + x0, y + y0, radius), x, y, sigma)
    nan = np.full(x.size, np.nan)
    middles = Middles(x, y, nan, nan, np.zeros(x.size, bool))
    if not fixed:
        middles = shapes.middles(light.cut(x, y, radius), x, y, *_weights(psf_moments, sigma))
        x, y = middles.x, middles.y
    profiles = psf.stamps(x + x0, y + y0, radius)
    placed = Placed(middles, light.cut(x, y, radius), profiles, psf_moments)
    circles = {
        radius: apertures.measure(light, x, y, radius) for radius in with_calib(radii, calib_radius)
    }
    return _gathered(exposure, psf, placed, light, circles, calib_radius)


def _reach(sigma: float) -> int:
    return int(np.ceil(crowding.REACH * sigma))


def _psf_moments(profiles: Floats, x: Floats, y: Floats, sigma: float) -> Moments:
    """Return the moments of points that are drawn around positions."""
    columns, rows = stamps.pixel_numbers(x, y, profiles.shape[1] // 2)
    whole = Stamps(
        profiles, np.zeros_like(profiles), np.ones(profiles.shape, bool), 1.0 * columns, 1.0 * rows
    )
    return shapes.moments(whole, x, y, sigma)


def _weights(moments: Moments, sigma: float) -> tuple[Floats, Floats, Floats]:
    """Return the moments of weights: those of the PSF, or a round one's where it has none."""
    failed, square = moments.failed, sigma**2
    round_ones = (moments.xx, square), (moments.yy, square), (moments.xy, 0.0)
    return tuple(np.where(failed, other, value) for value, other in round_ones)  # type: ignore[return-value]


def _gathered(
    exposure: Exposure,
    psf: Psf,
    placed: Placed,
    rest: Light,
    circles: Mapping[float, Circles],
    calib_radius: float,
) -> Measured:
    """Measure sources in cut-outs, and the surrounding residual light."""
    middles, parts, sigma = placed.middles, placed.parts, psf.width()
    x, y, (x0, y0) = middles.x, middles.y, rest.origin
    moments = shapes.moments(parts, x, y, sigma)
    middle = parts.variance.shape[1] // 2
    return Measured(
        x + x0,
        y + y0,
        middles.x_error,
        middles.y_error,
        middles.failed,
        replace(moments, x=moments.x + x0, y=moments.y + y0),
        placed.psf_moments,
        stamps.psf_flux(parts, placed.profiles),
        shapes.gaussian_flux(parts, moments),
        1 / (placed.profiles**2).sum(axis=(1, 2)),
        circles,
        apertures.local_background(rest, x, y, sigma),
        parts.variance[:, middle, middle],
        pixel_flags.flags(exposure, x, y, middle),
        pixel_flags.cut_off(exposure, x, y, middle),
        float(calib_radius),
    )
