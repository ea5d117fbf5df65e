"""The level of the sky, and what stands out of it: found by sep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError

if TYPE_CHECKING:
    from persistence.types.background import BackgroundList
    from persistence.types.exposure import Exposure
    from persistence.types.mask import Mask

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Planes whose pixels are left out of whatever is found or measured.
BAD = ("BAD", "SAT", "NO_DATA")
_AKIMA = 5  # the number of the kind of curve
_STACK = 300_000  # sep's own
_FILTER = 2  # half the side of the matched filter, in standard deviations: a wider one takes longer and gains little
# Half the side of the square by which a source is taken to reach beyond its detected pixels.
_HALO = 3


class Detected(NamedTuple):
    """What stands out.

    Attributes
    ----------
    x, y : array
        Barycentres (pixels).
    peak : array
        The brightest pixel's value.
    pixels : array of `bool`
        Which pixels of the image belong to some source.
    """

    x: Floats
    y: Floats
    peak: Floats
    pixels: Bools


def background(exposure: Exposure, bin_size: int, sources: Bools | None = None) -> BackgroundList:
    """Find the level of the sky.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.Exposure`
        With a mask.
    bin_size : `int`
        About how long the sides of the bins are (pixels).
    sources : array of `bool`, optional
        Pixels that are left out beside bad ones.

    Returns
    -------
    background : `~persistence.types.background.BackgroundList`
        Its ``image()`` is what is to be subtracted: Akima splines through levels of bins, which sep's surface has in
        their middles.
    """
    import sep

    from persistence.types.background import REDUCE, Background, BackgroundList, Surface, centres
    from persistence.types.box import Box
    from persistence.types.mask import Mask

    rows, columns = exposure.image.shape
    mask = unusable(exposure) if sources is None else unusable(exposure) | grown(sources)
    if mask.all():
        raise TaskError("no pixel is left of which the level of the sky could be found")
    surface = sep.Background(plain(exposure.image), mask=mask, bw=bin_size, bh=bin_size)
    along, across = (centres(max(1, round(size / bin_size)), size) for size in (rows, columns))
    middles = np.ix_(np.rint(along).astype(int), np.rint(across).astype(int))
    levels, scatter = (plane[middles].astype(np.float32) for plane in (surface.back(), surface.rms()))
    flags = Mask.from_flags({"BAD": np.zeros(levels.shape, bool)})
    box = Box(*exposure.origin, columns, rows)
    return BackgroundList((Background(levels, scatter**2, flags, box, Surface(_AKIMA, REDUCE)),))


def detect(exposure: Exposure, threshold: float, sigma: float, fewest: int) -> Detected:
    """Find sources in an image whose background is subtracted.

    Parameters
    ----------
    threshold : `float`
        How many standard deviations of the noise, after a matched filter, a pixel stands out.
    sigma : `float`
        Of the Gaussian that the filter is (pixels).
    fewest : `int`
        Pixels that a source has.

    Raises
    ------
    TaskError
        If there are more of them than sep can tell apart.
    """
    import sep

    radius = int(np.ceil(_FILTER * sigma))
    offsets = np.arange(-radius, radius + 1)
    profile = np.exp(-(offsets**2) / (2 * sigma**2))
    sep.set_extract_pixstack(max(_STACK, exposure.image.size // 4))
    mask, variance = unusable(exposure), planes(exposure)[1]
    noise = np.sqrt(np.where(mask, 1.0, variance))
    try:
        found, segments = sep.extract(
            plain(exposure.image),
            threshold,
            err=plain(noise),
            mask=mask,
            minarea=fewest,
            filter_kernel=np.outer(profile, profile),
            segmentation_map=True,
            clean=False,  # it measures by the unfiltered image, and so takes away what is faint but certain
        )
    except Exception as error:  # what sep raises has no class of its own
        raise TaskError(f"sources cannot be told apart: {error}") from error
    return Detected(found["x"], found["y"], found["peak"], segments > 0)


def planes(exposure: Exposure) -> tuple[Mask, Floats]:
    """Give mask and variance.

    Raises
    ------
    TaskError
        If the exposure has not both.
    """
    if exposure.mask is None or exposure.variance is None:
        raise TaskError("sources are found in exposures with mask and variance")
    return exposure.mask, exposure.variance


def unusable(exposure: Exposure) -> Bools:
    """Give the pixels that count for nothing."""
    mask, _variance = planes(exposure)
    return np.asarray(mask.any_of(name for name in BAD if name in mask.planes) | ~np.isfinite(exposure.image))


def grown(pixels: Bools) -> Bools:
    """Give pixels with those around them."""
    reach = np.pad(pixels, _HALO)
    for axis in (0, 1):
        reach = np.logical_or.reduce([np.roll(reach, step, axis) for step in range(-_HALO, _HALO + 1)])
    return np.asarray(reach[_HALO:-_HALO, _HALO:-_HALO])


def plain(image: Any) -> Floats:
    """Give an array as sep takes it."""
    return np.ascontiguousarray(image, dtype=float)
