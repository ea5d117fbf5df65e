"""The choice of statistics, and their settings."""

from __future__ import annotations

import enum
from typing import Any

from persistence.errors import did_you_mean
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.images import maskplanes


class Property(enum.IntFlag):
    """Statistics, which are joined by ``|``."""

    NOTHING = 0x0
    ERRORS = 0x1
    NPOINT = 0x2
    MEAN = 0x4
    STDEV = 0x8
    VARIANCE = 0x10
    MEDIAN = 0x20
    IQRANGE = 0x40
    MEANCLIP = 0x80
    STDEVCLIP = 0x100
    VARIANCECLIP = 0x200
    MIN = 0x400
    MAX = 0x800
    SUM = 0x1000
    MEANSQUARE = 0x2000
    ORMASK = 0x4000
    NCLIPPED = 0x8000
    NMASKED = 0x10000


def stringToStatisticsProperty(property: str) -> Property:
    """Return the statistic of a name, such as ``MEANCLIP``."""
    try:
        return Property[property.upper()]
    except KeyError:
        known = [statistic.name for statistic in Property]
        raise InvalidParameterError(
            f"unknown statistic {property!r}{did_you_mean(property, map(str, known))}"
        ) from None


class WeightsBoolean(enum.IntEnum):
    """Whether pixels are weighted by their variance."""

    WEIGHTS_FALSE = 0
    WEIGHTS_TRUE = 1
    WEIGHTS_NONE = 2


class StatisticsControl:
    """How statistics are made.

    Parameters
    ----------
    numSigmaClip : `float`
        How many standard deviations from the middle is clipped.
    numIter : `int`
        How many times is clipped.
    andMask : `int`
        The planes of the mask, as a pixel value, whose pixels are left out.
    isNanSafe : `bool`
        Whether pixels that are not finite are left out.
    useWeights : `WeightsBoolean`
        Whether pixels are weighted by their variance.
    """

    WEIGHTS_FALSE, WEIGHTS_TRUE, WEIGHTS_NONE = WeightsBoolean

    def __init__(
        self,
        numSigmaClip: float = 3.0,
        numIter: int = 3,
        andMask: int = 0,
        isNanSafe: bool = True,
        useWeights: WeightsBoolean = WeightsBoolean.WEIGHTS_NONE,
    ) -> None:
        if numSigmaClip <= 0 or numIter <= 0:
            raise InvalidParameterError(
                f"numSigmaClip={numSigmaClip} and numIter={numIter} have to be positive"
            )
        self._clip, self._times = float(numSigmaClip), int(numIter)
        self._and_mask, self._no_good = int(andMask), 0
        self._nan_safe = bool(isNanSafe)
        self._weights = WeightsBoolean(useWeights)
        self._from_variance = self._mosaic = False
        self._thresholds: dict[int, float] = {}

    def getNumSigmaClip(self) -> float:
        return self._clip

    def setNumSigmaClip(self, numSigmaClip: float) -> None:
        self._clip = float(numSigmaClip)

    def getNumIter(self) -> int:
        return self._times

    def setNumIter(self, numIter: int) -> None:
        self._times = int(numIter)

    def getAndMask(self) -> int:
        return self._and_mask

    def setAndMask(self, andMask: int) -> None:
        self._and_mask = int(andMask)

    def getNoGoodPixelsMask(self) -> int:
        return self._no_good

    def setNoGoodPixelsMask(self, noGoodPixelsMask: int) -> None:
        self._no_good = int(noGoodPixelsMask)

    def getNanSafe(self) -> bool:
        return self._nan_safe

    def setNanSafe(self, isNanSafe: bool) -> None:
        self._nan_safe = bool(isNanSafe)

    def getWeighted(self) -> bool:
        return self._weights == WeightsBoolean.WEIGHTS_TRUE

    def getWeightedIsSet(self) -> bool:
        return self._weights != WeightsBoolean.WEIGHTS_NONE

    def setWeighted(self, useWeights: bool) -> None:
        self._weights = WeightsBoolean(int(bool(useWeights)))

    def getCalcErrorFromInputVariance(self) -> bool:
        return self._from_variance

    def setCalcErrorFromInputVariance(self, calcErrorFromInputVariance: bool) -> None:
        self._from_variance = bool(calcErrorFromInputVariance)

    def getCalcErrorMosaicMode(self) -> bool:
        return self._mosaic

    def setCalcErrorMosaicMode(self, calcErrorMosaicMode: bool) -> None:
        self._mosaic = bool(calcErrorMosaicMode)

    def getMaskPropagationThreshold(self, bit: int) -> float:
        return self._thresholds.get(bit, 1.0)

    def setMaskPropagationThreshold(self, bit: int, threshold: float) -> None:
        if not 0 <= bit < maskplanes.BITS:
            raise InvalidParameterError(f"a mask has no bit {bit}")
        self._thresholds[bit] = float(threshold)

    def thresholds(self) -> dict[int, float]:
        """Return, by bit, the part of the input above which left-out flags are kept."""
        return dict(self._thresholds)

    # afw 22 has both spellings
    numSigmaClip = property(getNumSigmaClip, setNumSigmaClip)
    numIter = property(getNumIter, setNumIter)
    andMask = property(getAndMask, setAndMask)


def is_single(flags: int) -> bool:
    """Check whether one statistic is requested, apart from errors."""
    return int(flags & ~Property.ERRORS).bit_count() == 1


def as_bits(value: Any) -> int:
    """Return planes of a mask as the number of a 32-bit integer, with its sign."""
    number = int(value) & 0xFFFFFFFF
    return number - (1 << maskplanes.BITS) if number >> (maskplanes.BITS - 1) else number
