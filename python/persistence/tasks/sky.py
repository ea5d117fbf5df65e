"""The sky background, and the detection of sources with sep."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.fields.background import BackgroundList
    from persistence.types.pixels.mask import Mask

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Planes whose pixels are ignored in all detections and measurements.
BAD = ("BAD", "SAT", "NO_DATA")
_AKIMA = 5  # the number of the kind of curve
# How many pixels of sources sep keeps in mind: its own default, and the part of a large image.
_STACK = 300_000
_STACKED = 4
_FEW = 4  # of this part is enough nearly always
# The smallest fraction of the light of a detection for a deblended source.
_CONTRAST = 0.001
_PARTS = 4096  # the maximal number of deblending levels
# The boxes (pixels) of the background that is subtracted where sources cannot be deblended.
_SMALLER = 64, 32, 16
# half the side of the matched filter, in standard deviations: a wider one is slower and gains
_FILTER = 2
# The fraction of good pixels that sep requires in a bin.
_ENOUGH = 0.5
_ROWS = 128  # that are looked through at once


class Detected(NamedTuple):
    """The detected pixels and sources.

    Attributes
    ----------
    x, y : array
        Barycentres (pixels).
    segments : array of `int`
        The number of the source that each pixel belongs to, counted from 1; 0 where there is none.
    bin_size : `int`
        The boxes of the background that was subtracted for it; 0 if none was.
    """

    x: Floats
    y: Floats
    segments: NDArray[np.int32]
    bin_size: int

    @property
    def pixels(self) -> Bools:
        """Which pixels of the image belong to some source."""
        return np.asarray(self.segments > 0)


def background(exposure: Exposure, bin_size: int, sources: Bools | None = None) -> BackgroundList:
    """Return the sky background.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        An exposure with a mask.
    bin_size : `int`
        The approximate side of the bins (pixels).
    sources : array of `bool`, optional
        Pixels to ignore in addition to bad ones.

    Returns
    -------
    background : `~persistence.types.fields.background.BackgroundList`
        Its ``image()`` is the background: Akima splines through levels of bins, which are those of
        sep's surface in the bins' centres.
    """
    import sep

    from persistence.types.fields.background import (
        REDUCE,
        Background,
        BackgroundList,
        Surface,
        centres,
    )
    from persistence.types.pixels.box import Box
    from persistence.types.pixels.mask import Mask

    rows, columns = exposure.image.shape
    mask = _masked(exposure, bin_size, sources)
    image = np.ascontiguousarray(exposure.image, np.float32)  # as sep reckons
    surface = sep.Background(image, mask=mask, bw=bin_size, bh=bin_size)
    along, across = (centres(max(1, round(size / bin_size)), size) for size in (rows, columns))
    middles = np.ix_(np.rint(along).astype(int), np.rint(across).astype(int))
    levels, scatter = (draw(dtype=np.float32)[middles] for draw in (surface.back, surface.rms))
    flags = Mask.from_flags({"BAD": np.zeros(levels.shape, bool)})
    box = Box(*exposure.origin, columns, rows)
    return BackgroundList((Background(levels, scatter**2, flags, box, Surface(_AKIMA, REDUCE)),))


def _masked(exposure: Exposure, bin_size: int, sources: Bools | None) -> Bools:
    """Return the pixels to ignore: bad ones, and those of sources if each bin has enough others.

    A bin with too few pixels would get its level from others, which is wrong where the sky has a
    gradient; and if none has enough, sep returns a level of 0.
    """
    bad = unusable(exposure)
    enough = _left(bad, bin_size) > _ENOUGH
    if not enough.any():
        raise TaskError(
            f"of {bad.size} pixels {np.count_nonzero(~bad)} are good: there is no bin of "
            f"{bin_size} x {bin_size} in "
            "which more than half are, to find the level of the sky"
        )
    if sources is None:
        return bad
    both = np.asarray(bad | sources)
    return both if (_left(both, bin_size)[enough] > _ENOUGH).all() else bad


def _left(mask: Bools, bin_size: int) -> Floats:
    """Return the fraction of usable pixels in each of sep's bins."""
    down, across = (np.arange(0, size, bin_size) for size in mask.shape)
    rows = np.stack([np.count_nonzero(mask[first : first + bin_size], axis=0) for first in down])
    sizes = [
        np.diff(starts, append=size)
        for starts, size in zip((down, across), mask.shape, strict=True)
    ]
    return np.asarray(1 - np.add.reduceat(rows, across, axis=1) / np.outer(*sizes))


def detect(exposure: Exposure, threshold: float, sigma: float, fewest: int) -> Detected:
    """Detect sources in a background-subtracted image.

    If there are more than can be deblended, as on a nebula, detection is repeated after subtracting
    background in smaller and smaller boxes.

    Parameters
    ----------
    threshold : `float`
        The threshold of a pixel after a matched filter, in standard deviations of the noise.
    sigma : `float`
        The standard deviation of the Gaussian filter (pixels).
    fewest : `int`
        The smallest number of pixels of a source.

    Raises
    ------
    TaskError
        If there are more sources than sep can deblend.
    """
    import sep

    radius = int(np.ceil(_FILTER * sigma))
    profile = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel = np.outer(profile, profile)
    # Noise after the filter, which sep does not reckon with.
    quieter = float(np.sqrt((kernel**2).sum()) / kernel.sum())
    mask, variance = unusable(exposure), planes(exposure)[1]
    noise = np.where(mask, np.float32(1), variance).astype(np.float32, copy=False)
    np.sqrt(noise, out=noise)
    image = np.ascontiguousarray(exposure.image, np.float32)
    sep.set_sub_object_limit(_PARTS)
    for bin_size, part in ((0, _FEW), (0, 1), *((smaller, 1) for smaller in _SMALLER)):
        sep.set_extract_pixstack(max(_STACK, image.size // _STACKED // part))
        if bin_size:
            image = image - sep.Background(image, mask=mask, bw=bin_size, bh=bin_size).back()
        try:
            objects, segments = sep.extract(
                image,
                threshold * quieter,
                err=noise,
                mask=mask,
                minarea=fewest,
                filter_kernel=kernel,
                # its other filter, "matched", merges stars that it should separate
                filter_type="conv",
                segmentation_map=True,
                deblend_cont=_CONTRAST,
                clean=False,  # faint but significant sources are kept
            )
        except Exception as error:  # sep's errors have no class of their own
            failure = error
        else:
            return Detected(objects["x"], objects["y"], segments, bin_size)
    raise TaskError(
        "sources cannot be deblended, even after subtracting a background in boxes of "
        f"{_SMALLER[-1]} "
        f"pixels: {failure}; a higher thresholdValue detects fewer"
    ) from failure


def planes(exposure: Exposure) -> tuple[Mask, Floats]:
    """Return mask and variance.

    Raises
    ------
    TaskError
        If the exposure lacks one of them.
    """
    if exposure.mask is None or exposure.variance is None:
        raise TaskError("sources are found in exposures with mask and variance")
    return exposure.mask, exposure.variance


def unusable(exposure: Exposure, names: Collection[str] = BAD) -> Bools:
    """Return the pixels that count for nothing: of some planes, or not finite."""
    mask, _variance = planes(exposure)
    bad = mask.any_of(name for name in names if name in mask.planes)
    for first in range(0, len(bad), _ROWS):  # a temporary of this size stays in the cache
        bad[first : first + _ROWS] |= ~np.isfinite(exposure.image[first : first + _ROWS])
    return bad


def plain(image: Any) -> Floats:
    """Return an array in the form that sep accepts."""
    return np.ascontiguousarray(image, dtype=float)
