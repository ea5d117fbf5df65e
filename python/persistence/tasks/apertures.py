"""Fluxes in circles, and the level of the sky in rings around sources, by sep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from persistence.tasks import robust
from persistence.tasks.crowding import Crowd, Light, Points
from persistence.tasks.stamps import Bools, Floats, Flux

# The ring of the local background, in standard deviations of the PSF. Source: the default of
# meas_base's LocalBackground.
_RING = 7.0, 15.0
_CLIP = 3.0  # standard deviations of a pixel's noise beyond which a pixel of the ring is pulled in
_STRIDE = 2  # sampling step of rows and columns, for medians
_MANY = 1000  # number of points drawn into one mosaic, which limits the memory


@dataclass(frozen=True, eq=False)
class Circles:
    """Circles in an image: their sums, standard deviations, and which reach beyond it."""

    value: Floats
    error: Floats
    truncated: Bools
    empty: Bools

    @property
    def flux(self) -> Flux:
        """The fluxes; those of circles that are not whole are not known."""
        failed = self.truncated | self.empty
        nan = np.where(failed, np.nan, 0.0)
        return Flux(self.value + nan, self.error + nan, failed)


def aperture_name(radius: float) -> str:
    """Return the name of an aperture's fields: ``base_CircularApertureFlux_12_0``."""
    return f"base_CircularApertureFlux_{radius:.1f}".replace(".", "_")


def measure(light: Light, x: Floats, y: Floats, radius: float) -> Circles:
    """Sum up the light in circles; bad pixels count as the mean of the others.

    Parameters
    ----------
    light : `~persistence.tasks.crowding.Light`
    x, y : array
        The middles (pixels of the array).
    radius : `float`
        Of the circles (pixels).
    """
    import sep

    if not x.size:  # sep does not accept empty arrays
        return Circles(np.zeros(0), np.zeros(0), np.zeros(0, bool), np.zeros(0, bool))
    value, error, flag = sep.sum_circle(
        light.image, x, y, radius, var=light.variance, mask=light.bad, subpix=0
    )
    return Circles(value, error, (flag & sep.APER_TRUNC) != 0, (flag & sep.APER_ALLMASKED) != 0)


def measure_alone(crowd: Crowd, radius: float) -> Circles:
    """Sum each source's light in a circle, without that of other sources.

    The sum is that of the residual image and the source's own PSF model there. Bad pixels are
    replaced by the model, and by the mean residual of the others.
    """
    rest = measure(crowd.rest, crowd.x, crowd.y, radius)
    own = np.zeros(crowd.x.size)
    for points in crowd.points:
        for part in _parts(points):
            own[part.sources] = _enclosed(
                part, crowd.x[part.sources], crowd.y[part.sources], radius
            )
    return Circles(rest.value + crowd.flux * own, rest.error, rest.truncated, rest.empty)


def _parts(points: Points) -> Iterator[Points]:
    arrays = points.sources, points.profiles, points.shown, points.place
    for first in range(0, points.sources.size, _MANY):
        yield Points(*(array[first : first + _MANY] for array in arrays))


def _enclosed(points: Points, x: Floats, y: Floats, radius: float) -> Floats:
    """Return the part of a point's light within a circle: of a mosaic of points, far apart."""
    import sep

    number, half = points.sources.size, points.radius
    if radius > np.sqrt(2) * (half + 1):
        return np.asarray(points.profiles.sum(axis=(1, 2)))
    gap = max(0, int(np.ceil(radius)) + 1 - half)
    side = 2 * (half + gap) + 1
    mosaic = np.zeros((number, side, side), np.float32)
    mosaic[:, gap : side - gap, gap : side - gap] = points.profiles
    middle = half + gap
    off_x, off_y = (at - np.floor(at + 0.5) for at in (x, y))
    rows = np.arange(number) * side + middle + off_y
    value, _error, _flag = sep.sum_circle(
        mosaic.reshape(number * side, side), middle + off_x, rows, radius, subpix=0
    )
    return np.asarray(value)


def local_background(light: Light, x: Floats, y: Floats, sigma: float) -> Flux:
    """Return the background around sources (per pixel), from rings in the residual image.

    It is the clipped mean of every fourth pixel.

    Parameters
    ----------
    light : `~persistence.tasks.crowding.Light`
        The image without the sources.
    x, y : array
        The centroids (pixels of the array, 0 is the middle of the first one).
    sigma : `float`
        The standard deviation of the PSF (pixels).
    """
    inner, outer = (step * sigma for step in _RING)
    steps = np.arange(-np.floor(outer), outer + 1, _STRIDE)
    up, right = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    inside = (np.hypot(up, right) > inner) & (np.hypot(up, right) < outer)
    height, width = light.image.shape
    column, row = (
        np.floor(at + 0.5).astype(int)[:, np.newaxis] + step[inside].astype(int)
        for at, step in ((x, right), (y, up))
    )
    there = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = np.where(there, row * width + column, 0)
    good = there & ~light.bad.reshape(-1)[index]
    level = np.where(good, light.image.reshape(-1)[index], np.nan)
    with np.errstate(all="ignore"):  # of rings without a good pixel
        middle = robust.medians(level)[:, np.newaxis]
        variance = light.variance.reshape(-1)[index]
        kept = good & (np.abs(level - middle) <= _CLIP * np.sqrt(variance))
        number = kept.sum(axis=1)
        mean = np.where(kept, level, 0.0).sum(axis=1) / number
        error = np.sqrt(np.where(kept, variance, 0.0).sum(axis=1)) / number
    return Flux(mean, error, number == 0)
