"""The names of ``lsst.afw.math``, in one list."""

from __future__ import annotations

from persistence.gen2types.imagemath.backgrounds import (
    Background,
    BackgroundControl,
    BackgroundList,
    BackgroundMI,
    Interpolate,
    UndersampleStyle,
    makeBackground,
    stringToInterpStyle,
    stringToUndersampleStyle,
)
from persistence.gen2types.imagemath.operations import (
    Random,
    binImage,
    flipImage,
    randomChisqImage,
    randomFlatImage,
    randomGaussianImage,
    randomPoissonImage,
    randomUniformImage,
    randomUniformIntImage,
    randomUniformPosImage,
    rotateImageBy90,
)
from persistence.gen2types.imagemath.properties import (
    Property,
    StatisticsControl,
    WeightsBoolean,
    stringToStatisticsProperty,
)
from persistence.gen2types.imagemath.stack import statisticsStack
from persistence.gen2types.imagemath.statistics import Statistics, makeStatistics

NOTHING, ERRORS, NPOINT, MEAN = (
    Property.NOTHING,
    Property.ERRORS,
    Property.NPOINT,
    Property.MEAN,
)
STDEV, VARIANCE, MEDIAN, IQRANGE = (
    Property.STDEV,
    Property.VARIANCE,
    Property.MEDIAN,
    Property.IQRANGE,
)
MEANCLIP, STDEVCLIP, VARIANCECLIP = Property.MEANCLIP, Property.STDEVCLIP, Property.VARIANCECLIP
MIN, MAX, SUM, MEANSQUARE = Property.MIN, Property.MAX, Property.SUM, Property.MEANSQUARE
ORMASK, NCLIPPED, NMASKED = Property.ORMASK, Property.NCLIPPED, Property.NMASKED
THROW_EXCEPTION, REDUCE_INTERP_ORDER, INCREASE_NXNYSAMPLE = UndersampleStyle

__all__ = [
    "ERRORS",
    "INCREASE_NXNYSAMPLE",
    "IQRANGE",
    "MAX",
    "MEAN",
    "MEANCLIP",
    "MEANSQUARE",
    "MEDIAN",
    "MIN",
    "NCLIPPED",
    "NMASKED",
    "NOTHING",
    "NPOINT",
    "ORMASK",
    "REDUCE_INTERP_ORDER",
    "STDEV",
    "STDEVCLIP",
    "SUM",
    "THROW_EXCEPTION",
    "VARIANCE",
    "VARIANCECLIP",
    "Background",
    "BackgroundControl",
    "BackgroundList",
    "BackgroundMI",
    "Interpolate",
    "Property",
    "Random",
    "Statistics",
    "StatisticsControl",
    "UndersampleStyle",
    "WeightsBoolean",
    "binImage",
    "flipImage",
    "makeBackground",
    "makeStatistics",
    "randomChisqImage",
    "randomFlatImage",
    "randomGaussianImage",
    "randomPoissonImage",
    "randomUniformImage",
    "randomUniformIntImage",
    "randomUniformPosImage",
    "rotateImageBy90",
    "statisticsStack",
    "stringToInterpStyle",
    "stringToStatisticsProperty",
    "stringToUndersampleStyle",
]
