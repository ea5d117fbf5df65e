"""Moves an exposure onto the pixels of another, by the world coordinate systems of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks import sky
from persistence.tasks.difference import resampledpsf
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

NO_DATA = "NO_DATA"
# pixels between the positions at which the WCSs are evaluated; in between, splines are used
_STEP = 32
_ORDER = 5  # of the splines through the pixels
_STRIP = 512  # rows at once, so that memory stays small
_MARGIN = 3  # pixels near the edge for which the splines have too few neighbours


class Mapping:
    """The positions of the pixels of one image in another.

    Parameters
    ----------
    wcs, box
        The WCS and box of the image whose pixels are mapped.
    other : `~astropy.wcs.WCS`
        The WCS of the other one.
    """

    def __init__(self, wcs: Any, box: Box, other: Any) -> None:
        from scipy.interpolate import RectBivariateSpline

        self.box = box
        columns = np.arange(box.x0 - _STEP, box.x0 + box.width + 2 * _STEP, _STEP, dtype=float)
        rows = np.arange(box.y0 - _STEP, box.y0 + box.height + 2 * _STEP, _STEP, dtype=float)
        grid = np.meshgrid(columns, rows)
        there = sphere.to_pixels(other, *sphere.of_pixels(wcs, *(axis.ravel() for axis in grid)))
        self._x, self._y = (
            RectBivariateSpline(rows, columns, axis.reshape(grid[0].shape)) for axis in there
        )

    def rows(self, start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return columns and rows in the other image of the pixels of some rows of the array."""
        columns = self.box.x0 + np.arange(self.box.width, dtype=float)
        rows = self.box.y0 + np.arange(start, stop, dtype=float)
        return self._x(rows, columns), self._y(rows, columns)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the position in the other image."""
        return float(self._x.ev(y, x)), float(self._y.ev(y, x))


def warp(exposure: Exposure, wcs: Any, box: Box) -> Exposure:
    """Return an exposure resampled to the pixels of another.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        An exposure with WCS, mask, variance and PSF.
    wcs : `~astropy.wcs.WCS`
        The WCS of the result.
    box : `~persistence.types.pixels.box.Box`
        The pixels of the result, in the parent image that the WCS counts.

    Returns
    -------
    warped : `~persistence.types.exposure.exposure.Exposure`
        Pixels that the exposure does not reach are 0 and flagged NO_DATA, their variance is
        infinite. Fluxes are per pixel, as before: where pixels are larger, a fitted kernel
        compensates. The variance is that of the nearest pixel; the correlation that splines cause
        is not described.

    Raises
    ------
    TaskError
        If the exposure does not overlap with the box.
    """
    from scipy import ndimage

    (given, noise), mapping = sky.planes(exposure), Mapping(wcs, box, exposure.wcs)
    x0, y0 = exposure.origin
    height, width = exposure.image.shape
    pixels = np.where(np.isfinite(exposure.image), exposure.image, np.float32(0))
    coefficients = ndimage.spline_filter(pixels, _ORDER, output=np.float32)
    flags, planes = _spread(given.array), dict(given.planes)
    planes.setdefault(NO_DATA, max(planes.values(), default=-1) + 1)
    shape = box.height, box.width
    image = np.zeros(shape, np.float32)
    variance = np.full(shape, np.inf, np.float32)
    mask = np.full(shape, 1 << planes[NO_DATA], np.int32)
    for start in range(0, box.height, _STRIP):
        strip = slice(start, min(start + _STRIP, box.height))
        x, y = mapping.rows(strip.start, strip.stop)
        x -= x0
        y -= y0
        inside = (x >= _MARGIN) & (x < width - _MARGIN) & (y >= _MARGIN) & (y < height - _MARGIN)
        if not inside.any():
            continue
        values = ndimage.map_coordinates(
            coefficients, [y, x], order=_ORDER, prefilter=False, output=np.float32
        )
        nearest = (
            np.clip(np.rint(y), 0, height - 1).astype(np.int32),
            np.clip(np.rint(x), 0, width - 1).astype(np.int32),
        )
        image[strip] = np.where(inside, values, np.float32(0))
        variance[strip] = np.where(inside, noise[nearest], np.float32(np.inf))
        mask[strip] = np.where(inside, flags[nearest], mask[strip])
    if (mask == 1 << planes[NO_DATA]).all():
        raise TaskError(
            "the template does not reach into the science exposure: they do not overlap"
        )
    # It is turned and stretched by next to nothing.
    psf = resampledpsf.fitted(
        lambda x, y: resampledpsf.square(exposure.psf, *mapping.point(x, y)), box
    )
    return exposure.replaced(
        image=image, variance=variance, mask=Mask(mask, planes), wcs=wcs, psf=psf,
        cutout=(box.x0, box.y0), ap_corr_map=None, valid_polygon=None,
    )  # fmt: skip


def _spread(flags: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return flags that each pixel hands on to its eight neighbours."""
    for axis in (0, 1):
        spread = flags.copy()
        low, high = (
            (slice(None),) * axis + (slice(None, -1),),
            (slice(None),) * axis + (slice(1, None),),
        )
        spread[low] |= flags[high]
        spread[high] |= flags[low]
        flags = spread
    return flags
