"""The names of ``lsst.afw.math``, in one list."""

from __future__ import annotations

from persistence.gen2types.boundedfield import (
    BoundedField,
    ChebyshevBoundedField,
    ProductBoundedField,
)
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
from persistence.gen2types.imagemath.convolution import ConvolutionControl, convolve
from persistence.gen2types.imagemath.curves import (
    lookupMaxInterpStyle,
    lookupMinInterpPoints,
    makeInterpolate,
)
from persistence.gen2types.imagemath.kernels import (
    AnalyticKernel,
    DeltaFunctionKernel,
    DoubleGaussianFunction2D,
    GaussianFunction1D,
    GaussianFunction2D,
    Kernel,
    SeparableKernel,
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
from persistence.gen2types.imagemath.warping import (
    Warper,
    WarperConfig,
    WarpingControl,
    warpExposure,
    warpImage,
)
from persistence.gen2types.psf.kernel import FixedKernel

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
    "AnalyticKernel",
    "Background",
    "BackgroundControl",
    "BackgroundList",
    "BackgroundMI",
    "BoundedField",
    "ChebyshevBoundedField",
    "ConvolutionControl",
    "DeltaFunctionKernel",
    "DoubleGaussianFunction2D",
    "FixedKernel",
    "GaussianFunction1D",
    "GaussianFunction2D",
    "Interpolate",
    "Kernel",
    "ProductBoundedField",
    "Property",
    "Random",
    "SeparableKernel",
    "Statistics",
    "StatisticsControl",
    "UndersampleStyle",
    "Warper",
    "WarperConfig",
    "WarpingControl",
    "WeightsBoolean",
    "binImage",
    "convolve",
    "flipImage",
    "lookupMaxInterpStyle",
    "lookupMinInterpPoints",
    "makeBackground",
    "makeInterpolate",
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
    "warpExposure",
    "warpImage",
]
