"""Modules and names of lsst.afw.image, math and display that scripts import."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import lsst.afw.image
import persistence.gen2types.afwimage as afwimage

# Source: doc/gen2/gen2-programs.md, 1, and what programs of public repositories import.
NAMES = {
    "lsst.afw.image": "Image LOCAL PARENT abMagFromFlux fluxFromABMag PhotoCalib MultibandExposure "
    "MaskedImageF ExposureFitsReader ExposureF ImageF VisitInfo makePhotoCalibFromCalibZeroPoint "
    "FilterLabel makeVisitInfo bboxFromMetadata Calib Filter FilterProperty Mask MaskU MaskX makeWcs "
    "DecoratedImageF ExposureInfo readMetadata makeExposure makeMaskedImage ApCorrMap CoaddInputs",
    "lsst.afw.image.utils": "defineFilter resetFilters",
    "lsst.afw.image.imageLib": "ExposureF MaskedImageF",
    "lsst.afw.image.testUtils": "makeRampImage imagesDiffer",
    "lsst.afw.image.basicUtils": "makeMaskedImageFromArrays",
    "lsst.afw.image.visitInfo": "VisitInfo RotType RotType_SKY RotType_UNKNOWN",
    "lsst.afw.image.photoCalib": "PhotoCalib",
    "lsst.afw.image.exposure": "Exposure ExposureF",
    "lsst.afw.math": "makeStatistics StatisticsControl MEAN STDEV MEDIAN MEANCLIP STDEVCLIP "
    "VARIANCECLIP MIN MAX SUM ERRORS statisticsStack makeBackground BackgroundControl Interpolate "
    "BackgroundList binImage rotateImageBy90 flipImage Random randomGaussianImage convolve "
    "ConvolutionControl FixedKernel AnalyticKernel GaussianFunction2D Warper WarpingControl "
    "warpExposure ChebyshevBoundedField stringToStatisticsProperty",
    "lsst.afw.math.mathLib": "makeStatistics",
    "lsst.afw.display": "Display setDefaultBackend getDisplay mtv setMaskTransparency scale RED "
    "GREEN BLUE CYAN MAGENTA YELLOW ORANGE WHITE BLACK IGNORE rgb utils delAllDisplays",
    "lsst.afw.display.rgb": "makeRGB AsinhMapping AsinhZScaleMapping LinearMapping ZScaleMapping "
    "displayRGB writeRGB",
    "lsst.afw.display.ds9": "mtv dot line erase Buffering RED setMaskTransparency setMaskPlaneColor",
    "lsst.afw.display.utils": "drawBBox drawFootprint Mosaic",
    "lsst.afw.fits": "FitsError readMetadata setAllowImageCompression",
    "lsst.afw.coord": "Observatory Weather",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_module_has_the_names_that_scripts_import(module: str) -> None:
    imported = importlib.import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(imported, name)] == []


@pytest.mark.parametrize("package", ["image", "math", "display", "fits"])
def test_each_module_of_a_package_is_imported(package: str) -> None:
    folder = Path(lsst.afw.image.__file__).parents[1] / package
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    for name in names:
        module = importlib.import_module(f"lsst.afw.{package}.{name}")
        assert [each for each in module.__all__ if not hasattr(module, each)] == []


def test_a_package_lists_its_names() -> None:
    assert set(afwimage.__all__) <= set(dir(lsst.afw.image))
    assert len(afwimage.__all__) == len(set(afwimage.__all__))
