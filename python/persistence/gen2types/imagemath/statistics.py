"""Statistics of images, masks and lists of numbers."""

from __future__ import annotations

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
from persistence.gen2types.images.image import Image
from persistence.gen2types.images.mask import Mask
from persistence.gen2types.images.maskedimage import Pixels


class Statistics:
    """The requested statistics; see `makeStatistics`."""

    def __init__(self, flags: int, results: Any, or_mask: int) -> None:
        self._flags, self._results, self._or_mask = Property(flags), results, or_mask

    def getResult(self, prop: int = Property.NOTHING) -> tuple[float, float]:
        """Return a statistic and its standard deviation, which is NaN unless ERRORS was asked for.

        Parameters
        ----------
        prop : `Property`, optional
            Which; needed if several were asked for.

        Raises
        ------
        InvalidParameterError
            If it was not asked for, or several were and none is named.
        """
        wanted = Property(prop) & ~Property.ERRORS
        if not wanted:
            wanted = self._flags & ~Property.ERRORS
            if not is_single(wanted):
                raise InvalidParameterError(
                    f"several statistics were computed, {wanted!r}: name the one to return"
                )
        if not wanted & self._flags:
            raise InvalidParameterError(f"{wanted!r} was not computed; these were: {self._flags!r}")
        value, error = self._results[wanted]
        has_errors = bool(self._flags & Property.ERRORS)
        return float(value), float(error) if has_errors else np.nan

    def getValue(self, prop: int = Property.NOTHING) -> float:
        """Return a statistic; see `getResult`."""
        return self.getResult(prop)[0]

    def getError(self, prop: int = Property.NOTHING) -> float:
        """Return the standard deviation of a statistic; see `getResult`."""
        return self.getResult(prop)[1]

    def getOrMask(self) -> int:
        """Return the flags that any of the pixels used has."""
        return self._or_mask


def makeStatistics(data: Any, *words: Any, **named: Any) -> Statistics:
    """Compute statistics of pixels.

    Parameters
    ----------
    data : `Image`, `MaskedImage`, `Exposure`, `Mask`, array or sequence
        The pixels. Of a mask there is their number and SUM, which joins their flags.
    mask : `Mask`, optional
        Beside an image: flags of its pixels.
    flags : `Property`
        Which statistics: ``MEAN | STDEV``.
    sctrl : `StatisticsControl`, optional
        The settings.

    Raises
    ------
    InvalidParameterError
        If there are no pixels.
    """
    mask = weights = None
    if words and isinstance(words[0], Mask):
        mask, *words = words  # type: ignore[assignment]
    if words and not isinstance(words[0], int):  # weights of a list of numbers
        weights, *words = words  # type: ignore[assignment]
    flags = int(named["flags"] if "flags" in named else words[0])
    control = named.get("sctrl", words[1] if len(words) > 1 else None) or StatisticsControl()
    if isinstance(data, Mask):
        return _of_mask(data, flags)
    return _of_pixels(data, named.get("mask", mask), weights, flags, control)


def _of_pixels(
    data: Any, mask: Any, weights: Any, flags: int, control: StatisticsControl
) -> Statistics:
    variances = None
    if isinstance(data, Pixels):
        mask = data.mask
        if control.getWeighted() or control.getCalcErrorFromInputVariance():
            variances = data.variance.array.reshape(-1, 1).astype(float)
        data = data.image
    array = data.array if isinstance(data, Image) else np.asarray(data)
    values = array.reshape(-1, 1).astype(float)
    if not values.size:
        raise InvalidParameterError("the image has no pixels, hence no statistics")
    good = np.isfinite(values) if control.getNanSafe() else np.ones(values.shape, bool)
    masked = used = 0
    if mask is not None:
        bad = mask.array & as_bits(control.getAndMask())
        masked = int(np.count_nonzero(bad))
        good &= bad.reshape(-1, 1) == 0
    if weights is not None:
        weights = np.asarray(weights, float).reshape(-1, 1)
    elif control.getWeighted() and variances is not None:
        with np.errstate(divide="ignore"):
            weights = 1.0 / variances
        good &= np.isfinite(weights)
    errors = variances if control.getCalcErrorFromInputVariance() else None
    moments_of_values = moments.statistics(flags, values, good, control, weights, errors)
    results = {name: (value[0], error[0]) for name, (value, error) in moments_of_values.items()}
    results[Property.NMASKED] = (masked, np.nan)
    if mask is not None:
        used = int(np.bitwise_or.reduce(mask.array[good.reshape(array.shape)]))
    results[Property.ORMASK] = (used, np.nan)
    return Statistics(flags, results, used)


def _of_mask(mask: Mask, flags: int) -> Statistics:
    joined = int(np.bitwise_or.reduce(mask.array, axis=None))
    results = {Property.SUM: (joined, np.nan), Property.NPOINT: (mask.array.size, 0.0)}
    unknown = Property(flags) & ~(Property.SUM | Property.NPOINT | Property.ERRORS)
    if unknown:
        raise InvalidParameterError(f"statistics of a mask are SUM and NPOINT, not {unknown!r}")
    return Statistics(flags, results, joined)
