"""Statistics of a stack of images, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.imagemath import moments
from persistence.gen2types.imagemath.properties import (
    Property,
    StatisticsControl,
    as_bits,
    is_single,
)
from persistence.gen2types.images.image import Image, ImageF
from persistence.gen2types.images.mask import MaskX
from persistence.gen2types.images.maskedimage import MaskedImage, Pixels
from persistence.gen2types.images.plane import check_size


def statisticsStack(
    images: Sequence[Any],
    flags: int,
    sctrl: StatisticsControl | None = None,
    wvector: Sequence[float] = (),
    clipped: int = 0,
    maskMap: Sequence[tuple[int, int]] = (),
) -> Any:
    """Return an image of which each pixel is a statistic of those of some images.

    Parameters
    ----------
    images : sequence of `Image` or `MaskedImage`, or of sequences of numbers
        All of the same size.
    flags : `Property`
        One statistic.
    sctrl : `StatisticsControl`, optional
        The settings.
    wvector : sequence of `float`, optional
        A weight for each image.
    clipped : `int`, optional
        The flag, as a pixel value, of pixels of which some were clipped.
    maskMap : sequence of `tuple` [`int`, `int`], optional
        Flags of pixels that were left out, and those that the result gets instead.

    Returns
    -------
    stack : `Image`, `MaskedImage` or `list`
        As the images are. The variance of a masked image is the square of the statistic's error;
        its flags are those of the pixels used, or those of no good pixels.

    Raises
    ------
    InvalidParameterError
        If there are no images, or several statistics.
    LengthError
        If the images differ in size.
    """
    control = sctrl or StatisticsControl()
    prop = Property(flags) & ~Property.ERRORS
    if not is_single(prop):
        raise InvalidParameterError(f"a stack computes one statistic, not {prop!r}")
    if not len(images):
        raise InvalidParameterError("no images to stack")
    first = images[0]
    if not isinstance(first, Image | Pixels):
        lists = np.asarray(images, float)
        value, _ = _stacked(prop, lists, np.ones(lists.shape, bool), control, wvector, None)
        return list(value[prop][0])
    planes = [member.image if isinstance(member, Pixels) else member for member in images]
    for plane in planes:
        check_size(plane.array.shape, planes[0].array.shape)
    values = np.stack([plane.array.astype(float) for plane in planes])
    good = np.ones(values.shape, bool)
    if not isinstance(first, Pixels):
        stacked, _ = _stacked(prop, values, good, control, wvector, None)
        return ImageF._over(stacked[prop][0].astype(np.float32), first.getX0(), first.getY0())
    masks = np.stack([member.mask.array for member in images])
    variances = np.stack([member.variance.array.astype(float) for member in images])
    good &= (masks & as_bits(control.getAndMask())) == 0
    stacked, good = _stacked(prop | Property.NCLIPPED, values, good, control, wvector, variances)
    flags_out = np.bitwise_or.reduce(np.where(good, masks, 0), axis=0)
    for left_out, instead in maskMap:
        lost = (~good & ((masks & as_bits(left_out)) != 0)).any(axis=0)
        flags_out[lost] |= as_bits(instead)
    for bit, threshold in control.thresholds().items():
        has = (masks >> bit & 1).astype(bool)
        part = (has & ~good).sum(axis=0) / len(images)
        flags_out[part > threshold] |= as_bits(1 << bit)
    if clipped:
        flags_out[stacked[Property.NCLIPPED][0] > 0] |= as_bits(clipped)
    flags_out[~good.any(axis=0)] |= as_bits(control.getNoGoodPixelsMask())
    value, error = stacked[prop]
    origin = first.getX0(), first.getY0()
    return MaskedImage["F"](
        ImageF._over(value.astype(np.float32), *origin),
        MaskX._over(flags_out.astype(np.int32), *origin),
        ImageF._over(np.square(error).astype(np.float32), *origin),
    )


def _stacked(
    flags: int, values: Any, good: Any, control: StatisticsControl, wvector: Any, variances: Any
) -> tuple[Any, Any]:
    """Return the statistics, and which pixels were used."""
    if control.getNanSafe():
        good = good & np.isfinite(values)
    weights = None
    if len(wvector):
        one_axis = np.asarray(wvector, float).reshape(-1, *[1] * (values.ndim - 1))
        weights = np.broadcast_to(one_axis, values.shape)
    elif control.getWeighted() and variances is not None:
        with np.errstate(divide="ignore"):
            weights = 1.0 / variances
        good = good & np.isfinite(weights)
    errors = variances if control.getCalcErrorFromInputVariance() else None
    return moments.statistics(flags, values, good, control, weights, errors), good
