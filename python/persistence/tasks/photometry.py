"""The zero point of an exposure by reference stars, and how it varies over the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks import robust, surfaces
from persistence.tasks.sources import aperture_name
from persistence.tasks.stamps import Bools, Floats
from persistence.tasks.surfaces import Frame, Surface
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.fields.boundedfield import ChebyshevField

if TYPE_CHECKING:
    from persistence.tasks.measure import Measured
    from persistence.tasks.recognize import Recognized

_MAGNITUDES = 2.5 / np.log(10)
_LEAST = 1e-4  # mag: the smallest error of a star, whatever its formal errors
# A flux varies as 10^(-0.4 zero point), whose polynomial is of this multiple of the degree: what is
# left out is below a millionth for zero points that vary by 10%.
_RISE = 2


@dataclass(frozen=True, eq=False)
class ZeroPoint:
    """A calibration by stars, and how each of them agrees.

    Attributes
    ----------
    calib : `~persistence.types.exposure.photocalib.PhotoCalib`
        What one count is worth.
    sources : array of int
        Which of the measured sources are the stars.
    x, y : array
        Where they are (pixels of the parent image).
    residuals : array
        The zero point by each star alone, less that at its place (mag).
    errors : array
        Their standard deviations, `excess` included (mag).
    used : array of `bool`
        Which stars it was fitted to.
    scatter : `float`
        The standard deviation of the residuals of those (mag).
    excess : `float`
        What stars scatter beyond the errors of source and catalog (mag).
    error : `float`
        The standard deviation of the zero point in the mean of the image (mag).
    degree : `int`
        That of the polynomial by which it varies; 0 if it does not.
    span : `float`
        By how much it varies over the image, from the least to the largest (mag).
    is_of_aperture : `bool`
        Whether it holds for the flux in the aperture, as it should, or for an uncorrected one of
        the PSF.
    """

    calib: PhotoCalib
    sources: NDArray[np.int64]
    x: Floats
    y: Floats
    residuals: Floats
    errors: Floats
    used: Bools
    scatter: float
    excess: float
    error: float
    degree: int
    span: float
    is_of_aperture: bool


def calibrate(stars: Recognized, frame: Frame, config: Any) -> ZeroPoint:
    """Return the zero point of the calibrated flux, the flux in the aperture.

    Where aperture corrections convert PSF fluxes to it, these are used: they have less noise, and
    neighbours affect them less. Otherwise the aperture fluxes of isolated point sources are used.
    If there are too few of these, the PSF fluxes of all point sources are used, and the calibration
    names this flux.

    Parameters
    ----------
    stars : `~persistence.tasks.recognize.Recognized`
        The sources that match stars.
    frame : `~persistence.tasks.surfaces.Frame`
        The frame of the exposure.
    config : `~persistence.tasks.calibrate_config.CalibrateConfig`
        The settings.

    Raises
    ------
    TaskError
        If no star has a flux and a magnitude.
    """
    sample = _sample(stars, config)
    value, error = (each[sample.pairs] for each in (sample.value, sample.error))
    magnitude, catalog_error = (
        each[stars.stars[sample.pairs]]
        for each in (stars.references.magnitudes, stars.references.magnitude_errors)
    )
    sources = stars.sources[sample.pairs]
    x, y = stars.measured.x[sources], stars.measured.y[sources]
    zero = (magnitude + 2.5 * np.log10(value))[:, np.newaxis]
    spread = np.hypot(_MAGNITUDES * error / value, catalog_error)[:, np.newaxis]
    bounds = surfaces.Bounds(config.maxZeroPointRimErr)
    surface = surfaces.chosen(
        frame,
        np.column_stack([x, y]),
        zero,
        np.maximum(spread, _LEAST),
        range(config.photometryOrder + 1),
        config.clipSigma,
        bounds,
    )
    deviation = _mean_error(surface)
    calib, span = _calib(surface, deviation, sample.name)
    residuals, used = surface.residuals[:, 0], surface.used
    scatter = robust.spread(surface.residuals[used])
    return ZeroPoint(
        calib,
        sources,
        x,
        y,
        residuals,
        surface.errors[:, 0],
        used,
        scatter,
        surface.excess,
        deviation,
        surface.degree,
        span,
        sample.is_of_aperture,
    )


class _Sample(NamedTuple):
    """A flux by its name, of all pairs of a source and a star, and which pairs are of use."""

    name: str
    value: Floats
    error: Floats
    pairs: NDArray[np.int64]
    is_of_aperture: bool


def _sample(stars: Recognized, config: Any) -> _Sample:
    measured, sources = stars.measured, stars.sources
    magnitude = stars.references.magnitudes[stars.stars]
    points = ~(measured.extended[sources] == 1)
    alone = points & _alone(measured, sources, config)
    aperture = aperture_name(measured.calib_radius)
    # An aperture of 12 pixels has the noise of 450, and whatever else is in it.
    corrected = points if "psf_flux" in measured.corrections else np.zeros_like(points)
    choices = (
        (aperture, measured.psf_flux, corrected, config.minIsolated),
        (aperture, measured.calib_flux, alone, config.minIsolated),
        ("base_PsfFlux", measured.psf_flux, points, 1),
    )
    for name, flux, is_usable, least in choices:
        value, error = flux.value[sources], flux.error[sources]
        with np.errstate(invalid="ignore"):
            known = (value > 0) & (error > 0) & np.isfinite(magnitude) & ~flux.failed[sources]
        pairs = np.flatnonzero(known & is_usable)
        if pairs.size >= max(least, 1):
            return _Sample(f"{name}_instFlux", value, error, pairs, name == aperture)
    raise TaskError(
        f"none of {sources.size} stars has both a flux and a magnitude in {stars.references.filter}"
    )


def _alone(measured: Measured, sources: NDArray[np.int64], config: Any) -> Bools:
    """Return which sources have no neighbour in their aperture that would count."""
    from scipy.spatial import KDTree

    flux = np.nan_to_num(measured.psf_flux.value)
    tree = KDTree(np.column_stack([measured.x, measured.y]))
    radius = measured.calib_radius + config.isolationMargin
    near = tree.query_ball_point(tree.data[sources], radius)
    brightest = [
        max((flux[other] for other in others if other != source), default=0.0)
        for source, others in zip(sources, near, strict=True)
    ]
    return np.asarray(np.array(brightest) <= config.isolationFraction * flux[sources])


def _mean_error(surface: Surface) -> float:
    """Return the standard deviation of the weighted mean, whatever varies."""
    weights = 1 / surface.errors[surface.used] ** 2
    pulls = surface.residuals[surface.used] / surface.errors[surface.used]
    return float(max(1.0, robust.spread(pulls)) / np.sqrt(np.sum(weights)))


def _calib(surface: Surface, error: float, name: str) -> tuple[PhotoCalib, float]:
    """Return the calibration for a surface of zero points, and its range."""
    if surface.degree == 0:
        return PhotoCalib.from_zero_point(float(surface.terms[0, 0, 0]), error, name), 0.0
    frame, degree = surface.frame, _RISE * surface.degree
    nodes = chebyshev.chebpts1(degree + 1)
    x, y = (each.ravel() for each in np.meshgrid(nodes, nodes))
    zero = surface(np.column_stack([x, y]) * frame.half + frame.middle)[:, 0]
    middle = PhotoCalib.from_zero_point(0.0).mean
    terms, *_ = np.linalg.lstsq(
        chebyshev.chebvander2d(y, x, [degree, degree]), middle * 10 ** (-0.4 * zero), rcond=None
    )
    field = ChebyshevField(frame.box, np.asarray(terms, float).reshape(degree + 1, -1))
    mean = float(_averages(degree) @ field.coefficients @ _averages(degree))
    return PhotoCalib(mean, mean * error / _MAGNITUDES, field, name), float(np.ptp(zero))


def _averages(degree: int) -> Floats:
    """Return the means of Chebyshev polynomials from -1 to 1: 1 / (1 - n^2) for even n, else 0."""
    numbers = np.arange(degree + 1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(numbers % 2, 0.0, 1 / (1.0 - numbers**2)))
