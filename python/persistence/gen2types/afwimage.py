"""The names of ``lsst.afw.image``, in one list."""

from __future__ import annotations

from persistence.gen2types.apcorr import ApCorrMap
from persistence.gen2types.coaddinputs import CoaddInputs
from persistence.gen2types.images.calib import Calib
from persistence.gen2types.images.exposure import (
    Exposure,
    ExposureD,
    ExposureF,
    ExposureI,
    ExposureL,
    ExposureU,
    makeExposure,
    makeImageFromArray,
    makeMaskedImage,
    makeMaskedImageFromArrays,
    makeMaskFromArray,
)
from persistence.gen2types.images.filters import Filter, FilterLabel, FilterProperty
from persistence.gen2types.images.image import (
    DecoratedImage,
    DecoratedImageD,
    DecoratedImageF,
    DecoratedImageI,
    DecoratedImageL,
    DecoratedImageU,
    Image,
    ImageD,
    ImageF,
    ImageI,
    ImageL,
    ImageU,
)
from persistence.gen2types.images.imagefiles import readMetadata
from persistence.gen2types.images.indexing import LOCAL, PARENT, ImageOrigin
from persistence.gen2types.images.info import ExposureInfo
from persistence.gen2types.images.magnitudes import (
    JanskysPerABFlux,
    abMagErrFromFluxErr,
    abMagFromFlux,
    fluxErrFromABMagErr,
    fluxFromABMag,
)
from persistence.gen2types.images.mask import Mask, MaskPixel, MaskX
from persistence.gen2types.images.maskedimage import (
    MaskedImage,
    MaskedImageD,
    MaskedImageF,
    MaskedImageI,
    MaskedImageL,
    MaskedImageU,
)
from persistence.gen2types.images.multiband import (
    MultibandExposure,
    MultibandImage,
    MultibandMask,
    MultibandMaskedImage,
)
from persistence.gen2types.images.photocalib import (
    Measurement,
    PhotoCalib,
    makePhotoCalibFromCalibZeroPoint,
    makePhotoCalibFromMetadata,
)
from persistence.gen2types.images.positions import indexToPosition, positionToIndex
from persistence.gen2types.images.readers import (
    ExposureFitsReader,
    ImageFitsReader,
    MaskedImageFitsReader,
    MaskFitsReader,
    bboxFromMetadata,
)
from persistence.gen2types.images.visitinfo import RotType, VisitInfo, makeVisitInfo
from persistence.gen2types.images.visitkeywords import (
    setVisitInfoMetadata,
    stripVisitInfoKeywords,
)
from persistence.gen2types.transmission import TransmissionCurve
from persistence.gen2types.wcsmake import makeSkyWcs

# Older names.
MaskU = MaskX
makeWcs = makeSkyWcs
VariancePixel = ImageF.dtype.type
RotType_UNKNOWN, RotType_SKY, RotType_HORIZON, RotType_MOUNT = RotType

__all__ = [
    "LOCAL",
    "PARENT",
    "ApCorrMap",
    "Calib",
    "CoaddInputs",
    "DecoratedImage",
    "DecoratedImageD",
    "DecoratedImageF",
    "DecoratedImageI",
    "DecoratedImageL",
    "DecoratedImageU",
    "Exposure",
    "ExposureD",
    "ExposureF",
    "ExposureFitsReader",
    "ExposureI",
    "ExposureInfo",
    "ExposureL",
    "ExposureU",
    "Filter",
    "FilterLabel",
    "FilterProperty",
    "Image",
    "ImageD",
    "ImageF",
    "ImageFitsReader",
    "ImageI",
    "ImageL",
    "ImageOrigin",
    "ImageU",
    "JanskysPerABFlux",
    "Mask",
    "MaskFitsReader",
    "MaskPixel",
    "MaskU",
    "MaskX",
    "MaskedImage",
    "MaskedImageD",
    "MaskedImageF",
    "MaskedImageFitsReader",
    "MaskedImageI",
    "MaskedImageL",
    "MaskedImageU",
    "Measurement",
    "MultibandExposure",
    "MultibandImage",
    "MultibandMask",
    "MultibandMaskedImage",
    "PhotoCalib",
    "RotType",
    "RotType_HORIZON",
    "RotType_MOUNT",
    "RotType_SKY",
    "RotType_UNKNOWN",
    "TransmissionCurve",
    "VariancePixel",
    "VisitInfo",
    "abMagErrFromFluxErr",
    "abMagFromFlux",
    "bboxFromMetadata",
    "fluxErrFromABMagErr",
    "fluxFromABMag",
    "indexToPosition",
    "makeExposure",
    "makeImageFromArray",
    "makeMaskFromArray",
    "makeMaskedImage",
    "makeMaskedImageFromArrays",
    "makePhotoCalibFromCalibZeroPoint",
    "makePhotoCalibFromMetadata",
    "makeVisitInfo",
    "makeWcs",
    "positionToIndex",
    "readMetadata",
    "setVisitInfoMetadata",
    "stripVisitInfoKeywords",
]
