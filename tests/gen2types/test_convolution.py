"""Images convolved and resampled, against scipy, formulas, and the sky."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import lsst.afw.geom as afwGeom
import lsst.afw.image as afwImage
import lsst.afw.math as afwMath
from lsst.geom import Box2I, Extent2I, Point2D, Point2I, SpherePoint, arcseconds, degrees
from persistence.gen2types.exceptions import InvalidParameterError, LengthError

RNG = np.random.default_rng(12)
PIXELS = RNG.normal(100, 10, (40, 50)).astype(np.float32)


def lopsided() -> Any:
    """Return a kernel that is not the same when it is turned round."""
    return afwMath.FixedKernel(afwImage.ImageD(np.arange(15.0).reshape(3, 5)))


@pytest.mark.parametrize(
    "kernel",
    [
        lopsided(),
        afwMath.AnalyticKernel(7, 5, afwMath.GaussianFunction2D(1.5, 1.0, 0.3)),
        afwMath.SeparableKernel(5, 5, *[afwMath.GaussianFunction1D(1.2)] * 2),
        afwMath.AnalyticKernel(7, 7, afwMath.DoubleGaussianFunction2D(1.0, 2.0, 0.1)),
    ],
)
@pytest.mark.parametrize("normalize", [True, False])
def test_an_image_is_convolved_as_scipys_correlation(kernel: Any, normalize: bool) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    weights = afwImage.ImageD(kernel.getDimensions())
    total = kernel.computeImage(weights, normalize)
    assert weights.array.sum() == pytest.approx(total)
    result = afwImage.ImageF(50, 40)
    afwMath.convolve(result, afwImage.ImageF(PIXELS), kernel, afwMath.ConvolutionControl(normalize))
    expected = ndimage.correlate(PIXELS.astype(float), weights.array)
    inner = kernel.shrinkBBox(result.getBBox())
    rows, columns = inner.getSlices()
    np.testing.assert_allclose(result.array[rows, columns], expected[rows, columns], rtol=1e-5)
    assert np.isnan(result.array).sum() == 50 * 40 - inner.getArea()
    assert kernel.growBBox(inner) == result.getBBox()


def test_flags_and_variances_are_convolved() -> None:
    image = afwImage.MaskedImageF(afwImage.ImageF(PIXELS))
    image.variance.array[:] = 4
    image.mask.array[20, 20] = 2
    kernel = afwMath.SeparableKernel(3, 3, *[afwMath.GaussianFunction1D(1.0)] * 2)
    weights = afwImage.ImageD(3, 3)
    kernel.computeImage(weights, True)
    afwMath.convolve(image, image, kernel, afwMath.ConvolutionControl(True, True))
    assert (image.mask.array[19:22, 19:22] == 2).all()
    assert (image.mask.array == 2).sum() == 9
    edge = image.mask.getPlaneBitMask("EDGE")
    assert (image.mask.array[0] == edge).all()
    np.testing.assert_allclose(
        image.variance.array[1:-1, 1:-1], 4 * np.square(weights.array).sum(), rtol=1e-5
    )
    np.testing.assert_array_equal(image.image.array[0], PIXELS[0])


def test_a_gap_spreads_over_the_kernel_only() -> None:
    pixels = PIXELS.copy()
    pixels[20, 20] = np.nan
    result = afwImage.ImageF(50, 40)
    kernel = afwMath.AnalyticKernel(3, 3, afwMath.GaussianFunction2D(1, 1))
    afwMath.convolve(result, afwImage.ImageF(pixels), kernel, True, True)
    assert np.isnan(result.array).sum() == 9
    delta = afwMath.DeltaFunctionKernel(3, 3, Point2I(2, 1))
    afwMath.convolve(result, afwImage.ImageF(PIXELS), delta, False, True)
    np.testing.assert_allclose(result.array[1:-1, 1:-1], PIXELS[1:-1, 2:], rtol=1e-5)
    with pytest.raises(LengthError):
        afwMath.convolve(afwImage.ImageF(3, 3), afwImage.ImageF(PIXELS), kernel)
    with pytest.raises(InvalidParameterError, match="larger"):
        afwMath.convolve(afwImage.ImageF(2, 2), afwImage.ImageF(2, 2), kernel)


def wcs(x: float, y: float, scale: float = 0.2, angle: float = 0.0) -> Any:
    matrix = afwGeom.makeCdMatrix(scale * arcseconds, angle * degrees)
    return afwGeom.makeSkyWcs(Point2D(x, y), SpherePoint(150, 2, degrees), matrix)


def star(x: float, y: float) -> Any:
    """Return an exposure of a star of flux 1000 at a pixel of the parent."""
    exposure = afwImage.ExposureF(Box2I(Point2I(5, 7), Extent2I(61, 61)), wcs(35, 37))
    rows, columns = np.mgrid[7:68, 5:66]
    square = np.square(columns - x) + np.square(rows - y)
    exposure.image.array[:] = 1000 / (2 * math.pi * 9) * np.exp(-square / 18)
    exposure.variance.array[:] = 2
    exposure.setPhotoCalib(afwImage.PhotoCalib(3.0))
    return exposure


def test_an_exposure_in_its_own_pixels_is_the_same() -> None:
    source = star(33.2, 40.1)
    result = afwMath.Warper("lanczos4").warpExposure(
        source.getWcs(), source, destBBox=source.getBBox()
    )
    np.testing.assert_allclose(result.image.array, source.image.array, atol=1e-4)
    np.testing.assert_allclose(result.variance.array, 2, rtol=1e-4)
    assert result.getPhotoCalib() == source.getPhotoCalib()
    assert not result.mask.array.any()


def test_whole_pixels_are_moved() -> None:
    source = star(33.2, 40.1)
    source.mask[30, 30] = 4
    result = afwMath.Warper("lanczos3", "bilinear").warpExposure(
        wcs(37, 36), source, destBBox=source.getBBox()
    )
    # the same place of the sky is 2 columns further, 1 row lower
    np.testing.assert_allclose(result.image.array[:-1, 2:], source.image.array[1:, :-2], atol=1e-4)
    assert result.mask[32, 29] == 4
    assert (result.mask.array == 4).sum() == 1
    no_data = result.mask.getPlaneBitMask("NO_DATA")
    assert (result.mask.array[:, :2] == no_data).all()
    assert np.isnan(result.image.array[:, :2]).all()


@pytest.mark.parametrize(
    ("kernel", "tolerance"), [("lanczos3", 0.03), ("lanczos4", 0.01), ("bilinear", 0.4)]
)
def test_a_star_keeps_its_place_and_its_flux(kernel: str, tolerance: float) -> None:
    source, target = star(35, 37), wcs(50.3, 60.6, 0.1, 30)
    result = afwMath.Warper(kernel).warpExposure(target, source)
    pixels = np.nan_to_num(result.image.array.astype(float))
    assert pixels.sum() == pytest.approx(1000, rel=2e-3)
    y, x = np.mgrid[: result.getHeight(), : result.getWidth()]
    assert (pixels * x).sum() / pixels.sum() + result.getX0() == pytest.approx(50.3, abs=0.02)
    assert (pixels * y).sum() / pixels.sum() + result.getY0() == pytest.approx(60.6, abs=0.02)
    # the star itself, in pixels of half the size
    square = np.square(x + result.getX0() - 50.3) + np.square(y + result.getY0() - 60.6)
    expected = 1000 / (2 * math.pi * 36) * np.exp(-square / 72)
    assert np.abs(pixels - expected)[pixels != 0].max() < tolerance
    assert result.getBBox().contains(Point2I(50, 61))


def test_a_warped_exposure_is_cut_and_grown() -> None:
    source, warper = star(35, 37), afwMath.Warper.fromConfig(afwMath.WarperConfig())
    whole = warper.warpExposure(wcs(35, 37), source)
    assert whole.getBBox() == source.getBBox().dilatedBy(0) or whole.getBBox().contains(
        source.getBBox()
    )
    grown = warper.warpExposure(wcs(35, 37), source, border=3)
    assert grown.getWidth() == whole.getWidth() + 6
    box = Box2I(Point2I(20, 20), Extent2I(5, 5))
    assert warper.warpExposure(wcs(35, 37), source, maxBBox=box).getBBox() == box
    with pytest.raises(InvalidParameterError, match="lanczos3"):
        afwMath.Warper("lanczos9")
